//! Keys without the tenant, and cursors of other tenants.

use shared::domain::{AddressHash, OrganizationId};

use super::{Plant, Planted};
use crate::callers::Callers;
use crate::database::Call;
use crate::requests::Asked;
use crate::scene::{ADDRESSES, ORGANIZATIONS, STABLE_ADDRESS};

/// Replaces texts in a call.
fn replace(call: &mut Call, replacements: &[(String, String)]) {
    let mut text = call.body.to_string();
    for (from, to) in replacements {
        text = text.replace(from, to);
    }
    call.body = serde_json::from_str(&text).unwrap();
}

pub(super) const FAULTS: &[Planted] = &[
    (
        "tenant-left-out-of-contacts",
        "the keys of contacts do not depend on the organization",
        Plant::Call(|call| {
            let [first, second] =
                ORGANIZATIONS.map(|organization| format!("ORG#{organization}#CONTACT#"));
            replace(call, &[(second, first)]);
        }),
    ),
    (
        "tenant-left-out-of-addresses",
        "the keys of addresses do not depend on the organization",
        Plant::Call(|call| {
            let key = |organization: &str, address: &str| {
                let id = OrganizationId::parse(organization).unwrap();
                format!(
                    "ORG#{organization}#ADDRESS#{}",
                    AddressHash::of(&id, address)
                )
            };
            let replacements: Vec<_> = ADDRESSES
                .iter()
                .chain([&STABLE_ADDRESS])
                .map(|address| {
                    let [first, second] =
                        ORGANIZATIONS.map(|organization| key(organization, address));
                    (second, first)
                })
                .collect();
            replace(call, &replacements);
        }),
    ),
    (
        "cursor-of-another-tenant",
        "a page of a history follows its cursor, even into another organization",
        Plant::Request(|request| {
            if let Asked::History {
                cursor_of: Some((organization, contact)),
            } = &request.asked
            {
                let organization = ORGANIZATIONS
                    .into_iter()
                    .find(|known| known == organization)
                    .unwrap();
                let owner =
                    Callers::new(organization, 0, STABLE_ADDRESS).history_page(contact, 3, None);
                (request.token, request.contact) = (owner.token, owner.contact);
            }
        }),
    ),
];
