//! After an erasure with an answer of success, the contact's items hold nothing personal.

use super::Violations;
use super::timeline::parts;
use crate::history::History;
use crate::ledger::key_of;
use crate::requests::{Asked, Sent};
use crate::scene::{ADDRESSES, PHONES, STABLE_ADDRESS, STABLE_PHONE};

pub(super) fn check(history: &History, found: &mut Violations) {
    let is_erased = |sent: &&Sent| {
        sent.request.asked == Asked::Erase
            && sent.definite().is_some_and(|answer| answer.status == 200)
    };
    for sent in history.sent.iter().filter(is_erased) {
        let of_contact = history.items.iter().filter(|item| {
            let (partition, _) = key_of(item);
            parts(&partition).is_some_and(|(organization, kind, id)| {
                organization == sent.request.organization
                    && kind == "CONTACT"
                    && id == sent.request.contact
            })
        });
        for item in of_contact {
            if key_of(item).1.starts_with("SUBSCRIPTION#") {
                found.add(
                    "an erasure leaves no subscription",
                    format!("{item} after {sent:?}"),
                );
            }
            let text = item.to_string();
            let personal = ADDRESSES
                .iter()
                .chain(&PHONES)
                .chain([&STABLE_ADDRESS, &STABLE_PHONE]);
            // The contact's item names the actor of the erasure.
            let by = item["sk"]["S"] != "CONTACT"
                && text.contains(&format!("{}_", sent.request.organization))
                && !text.contains("client:");
            if by || personal.into_iter().any(|value| text.contains(value)) {
                found.add(
                    "an erasure leaves nothing personal",
                    format!("{text} after {sent:?}"),
                );
            }
        }
    }
}
