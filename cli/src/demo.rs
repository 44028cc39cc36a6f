//! The demo data of `serve`, and the identities that may access them.

use anyhow::Context;
use shared::domain::{ClientSlug, OrganizationId};

use crate::development::Identity;

/// The demo data: the examples of the three source documents, as a seed file.
pub const DEMO: &str = include_str!("serve/demo.json");

/// The organization whose contacts the CRM's examples are about.
pub const CRM_ORGANIZATION: &str = "64f0a1b2c3d4e5f6a7b8c9d3";
/// The organization whose contact the mailer's example is about.
pub const MAILER_ORGANIZATION: &str = "org_a";
/// A person of the CRM's organization.
pub const PERSON: &str = "64a1b2c3d4e5f60012345679";
/// An audience of the mailer's organization.
pub const AUDIENCE: &str = "newsletter";
/// A client of the mailer's organization, and the subject of its tokens.
pub const CLIENT: &str = "website";

/// A person of the organization whose contacts the CRM's examples are about.
///
/// # Errors
/// Never, as long as the ids above are valid.
pub fn person() -> anyhow::Result<Identity> {
    Ok(Identity {
        subject: PERSON.to_owned(),
        organization: Some(organization(CRM_ORGANIZATION)?),
        ..Identity::default()
    })
}

/// The application whose subscription the mailer's example is about.
///
/// # Errors
/// As [`person`].
pub fn application() -> anyhow::Result<Identity> {
    Ok(Identity {
        subject: CLIENT.to_owned(),
        organization: Some(organization(MAILER_ORGANIZATION)?),
        client: Some(ClientSlug::parse(CLIENT).context("the demo data's client")?),
        ..Identity::default()
    })
}

fn organization(id: &str) -> anyhow::Result<OrganizationId> {
    OrganizationId::parse(id).context("the demo data's organization")
}
