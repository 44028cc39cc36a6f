//! The organizations whose data a request may read or write. A value of these types is a proof: only this crate creates
//! one, from a verified token.

use super::OrganizationId;

/// The organization whose data a request may read or write.
///
/// For requests, two places create a tenant: `auth` from a verified token, and `store` when a verified super administrator
/// finds a contact by its id alone. The store's request methods take only a tenant or a [`Reach`], so a function cannot choose
/// an organization that the token does not allow. The operator's tool names its organization itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenant(OrganizationId);

impl Tenant {
    pub(crate) fn new(organization: OrganizationId) -> Self {
        Self(organization)
    }

    /// The organization's id.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.0
    }
}

/// The contacts that a caller may use on endpoints 1 and 2, on reads and on erasures (contract section 3).
#[derive(Debug, Clone)]
pub enum Reach {
    /// The contacts of its own organization.
    Own(Tenant),
    /// The contacts of any organization, found by their id alone.
    Any(SuperAdmin),
}

/// Proof of a verified `SUPERADMIN` token, which gives access to every organization (contract section 3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SuperAdmin {
    own: Option<Tenant>,
}

impl SuperAdmin {
    pub(crate) fn new(own: Option<Tenant>) -> Self {
        Self { own }
    }

    /// The organization that the token names, if it names one.
    #[must_use]
    pub fn own_tenant(&self) -> Option<&Tenant> {
        self.own.as_ref()
    }

    /// The tenant of a contact that the store found by its id.
    #[expect(clippy::unused_self, reason = "only a super administrator may call it")]
    pub(crate) fn tenant_of(&self, organization: OrganizationId) -> Tenant {
        Tenant::new(organization)
    }
}
