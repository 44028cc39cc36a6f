//! The demo data of `serve`, and the identities that may access them.

use anyhow::Context;
use shared::domain::{ClientSlug, OrganizationId};

use crate::development::Identity;

/// The demo data: the examples of the three source documents, as a seed file.
pub const DEMO: &str = include_str!("serve/demo.json");

/// A person of the organization whose contacts the CRM's examples are about.
///
/// # Errors
/// Never, as long as the ids below are valid.
pub(crate) fn person() -> anyhow::Result<Identity> {
    Ok(Identity {
        subject: "64a1b2c3d4e5f60012345679".to_owned(),
        organization: Some(organization("64f0a1b2c3d4e5f6a7b8c9d3")?),
        ..Identity::default()
    })
}

/// The application whose subscription the mailer's example is about.
///
/// # Errors
/// As [`person`].
pub(crate) fn application() -> anyhow::Result<Identity> {
    Ok(Identity {
        subject: "website".to_owned(),
        organization: Some(organization("org_a")?),
        client: Some(ClientSlug::parse("website").context("the demo data's client")?),
        ..Identity::default()
    })
}

fn organization(id: &str) -> anyhow::Result<OrganizationId> {
    OrganizationId::parse(id).context("the demo data's organization")
}
