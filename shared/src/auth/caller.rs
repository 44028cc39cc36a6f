//! The caller that a verified token proves.

use crate::domain::{Actor, ClientSlug, OrganizationId, Reach, SuperAdmin, Tenant};

/// The caller of a request. Only a verified token can create a caller.
#[derive(Debug, Clone)]
pub struct Caller {
    actor: Actor,
    tenant: Option<Tenant>,
    client: Option<ClientSlug>,
    roles: Roles,
}

/// The roles of a caller.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Roles {
    pub(super) is_super_admin: bool,
    pub(super) is_admin: bool,
}

impl Caller {
    /// A caller; `None` if there is no organization and the caller is not a super administrator.
    pub(super) fn new(
        actor: Actor,
        organization: Option<OrganizationId>,
        client: Option<ClientSlug>,
        roles: Roles,
    ) -> Option<Self> {
        (organization.is_some() || roles.is_super_admin).then(|| Self {
            actor,
            tenant: organization.map(Tenant::new),
            client,
            roles,
        })
    }

    /// The actor that is recorded with a change.
    #[must_use]
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The caller's own organization. Only a super administrator can have none.
    #[must_use]
    pub fn tenant(&self) -> Option<&Tenant> {
        self.tenant.as_ref()
    }

    /// The slug of the application, if the caller is one.
    #[must_use]
    pub fn client(&self) -> Option<&ClientSlug> {
        self.client.as_ref()
    }

    /// The organization and slug of an application; `None` if the caller is not an application of an organization.
    #[must_use]
    pub fn application(&self) -> Option<(&Tenant, &ClientSlug)> {
        self.tenant.as_ref().zip(self.client.as_ref())
    }

    /// Whether the caller is a super administrator, who has access to every organization.
    #[must_use]
    pub fn is_super_admin(&self) -> bool {
        self.roles.is_super_admin
    }

    /// Whether the caller is an administrator of its own organization.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.roles.is_admin && self.tenant.is_some()
    }

    /// The contacts to which the caller has access.
    #[must_use]
    pub fn reach(&self) -> Reach {
        match &self.tenant {
            Some(tenant) if !self.is_super_admin() => Reach::Own(tenant.clone()),
            own => Reach::Any(SuperAdmin::new(own.clone())),
        }
    }

    /// The kind of the caller in the log: an operator of the whole system, an application (a token with a client), or a
    /// person or service of one organization.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        if self.is_super_admin() {
            "superadmin"
        } else if self.client.is_some() {
            "application"
        } else {
            "user"
        }
    }
}
