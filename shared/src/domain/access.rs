//! Whose data a request may touch. Values of these types are proofs: only this crate makes them, from verified tokens.

use super::OrganizationId;

/// The organization whose data a request may touch.
///
/// It is made in two places: by `auth` from a verified token, and by `store` when a verified super administrator
/// reaches a contact by its id alone. The store's request methods take nothing else, so a function cannot name a
/// tenant that no token stands for.
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

/// The contacts that a caller reaches on endpoints 1 and 2 and on reads (contract section 3).
#[derive(Debug, Clone)]
pub enum Reach {
    /// Those of its own organization.
    Own(Tenant),
    /// Those of any organization, by their id alone.
    Any(SuperAdmin),
}

/// Proof of a verified `SUPERADMIN` token, which reaches every organization (contract section 3).
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

    /// The tenant of a contact that was found by its id.
    #[expect(clippy::unused_self, reason = "the proof is what allows it")]
    pub(crate) fn tenant_of(&self, organization: OrganizationId) -> Tenant {
        Tenant::new(organization)
    }
}
