//! The contacts that are loaded, and the requests that are sent about them.

use std::fmt;
use std::ops::Range;

use contacts::development::Identity;
use serde_json::{Value, json};
use shared::domain::{ClientSlug, OrganizationId};

use crate::recorded_api;

const ORGANIZATION: &str = "bench";
const AUDIENCE: &str = "newsletter";
const CLIENT: &str = "website";
const EMAIL_ADDRESS: &str = "jane.doe@example.com";
const VERIFIED_AT: &str = "2026-05-20T15:04:01.135Z";

/// What each of the contacts has.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shape {
    /// Phone numbers; e-mail addresses it has one.
    pub(crate) entries: usize,
    /// Subscriptions, the one that is verified included.
    pub(crate) subscriptions: usize,
}

impl Shape {
    /// An ordinary contact: with a subscription of the client and one at audience level.
    pub(crate) const ORDINARY: Self = Self {
        entries: 1,
        subscriptions: 2,
    };
    /// A contact that is only there so that there are many.
    pub(super) const FILLER: Self = Self {
        entries: 1,
        subscriptions: 0,
    };
}

/// A contact's id. All are of one length, and a number in it means the same contact everywhere.
pub(crate) fn contact_id(contact: usize) -> String {
    format!("c_{contact:08}")
}

/// A seed file's text with these contacts.
pub(crate) fn seed(contacts: Range<usize>, shape: Shape) -> String {
    let audience = |n: usize| match n {
        0 | 1 => AUDIENCE.to_owned(),
        n => format!("audience_{n}"),
    };
    let audiences: Vec<_> = std::iter::once(0)
        .chain(2..shape.subscriptions)
        .map(audience)
        .collect();
    let phones: Vec<_> = (0..shape.entries)
        .map(|n| json!({ "value": phone_number(n) }))
        .collect();
    let subscriptions: Vec<_> = (0..shape.subscriptions)
        .map(|n| {
            // The second is the one at audience level.
            let client = (n != 1).then_some(CLIENT);
            json!({ "audience": audience(n), "client": client, "status": "subscribed" })
        })
        .collect();
    let contacts: Vec<Value> = contacts
        .map(|contact| {
            json!({
                "id": contact_id(contact), "firstName": "Jane", "lastName": "Doe",
                "phoneNumber": phones, "emails": [{ "value": EMAIL_ADDRESS }], "subscriptions": subscriptions,
            })
        })
        .collect();
    json!({ "organizations": [{
        "id": ORGANIZATION, "audiences": audiences, "clients": [CLIENT], "contacts": contacts,
    }] })
    .to_string()
}

fn phone_number(n: usize) -> String {
    format!("+1416555{n:04}")
}

/// An endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    PhoneNumber,
    ContactMethod,
    Contact,
}

impl Endpoint {
    pub(crate) const ALL: [Self; 3] = [Self::PhoneNumber, Self::ContactMethod, Self::Contact];

    pub(super) fn path(self, id: &str) -> String {
        let rest = match self {
            Self::PhoneNumber => "phone-number/verify",
            Self::ContactMethod => "verify-contact-methods",
            Self::Contact => "verification",
        };
        format!("/api/contacts/{id}/{rest}")
    }

    /// The body of a request that verifies.
    pub(super) fn body(self) -> String {
        match self {
            Self::PhoneNumber => {
                json!({ "phoneNumber": phone_number(0), "verifiedAt": VERIFIED_AT })
            }
            Self::ContactMethod => {
                json!({ "type": "email", "value": EMAIL_ADDRESS, "verifiedAt": VERIFIED_AT })
            }
            Self::Contact => json!({
                "verified": true, "verified_at": VERIFIED_AT, "audience": AUDIENCE, "client": CLIENT,
            }),
        }
        .to_string()
    }

    /// A token that may do it.
    pub(super) fn token(self) -> anyhow::Result<String> {
        let client = match self {
            Self::Contact => Some(ClientSlug::parse(CLIENT)?),
            Self::PhoneNumber | Self::ContactMethod => None,
        };
        recorded_api::token(&Identity {
            subject: "bench".to_owned(),
            organization: Some(OrganizationId::parse(ORGANIZATION)?),
            client,
            ..Identity::default()
        })
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PhoneNumber => "1",
            Self::ContactMethod => "2",
            Self::Contact => "3",
        })
    }
}

/// What a request finds, and so does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing was verified.
    Recorded,
    /// The same request was sent before.
    Kept,
}

impl Outcome {
    pub(super) const ALL: [Self; 2] = [Self::Recorded, Self::Kept];
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Recorded => "recorded",
            Self::Kept => "kept",
        })
    }
}
