//! Reads the items of a state: verifications by entry and level.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::domain::{AddressHash, OrganizationId};

use super::timeline::State;
use crate::ledger::{Item, entries, text};

/// A verification: its time, its verifier and its label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Verification {
    pub(super) at: String,
    pub(super) by: Option<String>,
    pub(super) label: Option<String>,
}

/// The name of the contact's level. The level of a subscription has its sort key as the name.
pub(super) const CONTACT_LEVEL: &str = "CONTACT";

/// The sort key of a client's subscription.
pub(super) fn client_level(audience: &str, client: &str) -> String {
    format!("SUBSCRIPTION#{audience}#{client}")
}

/// One level of an entry: its verification, and the time of its last clear.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Level {
    pub(super) current: Option<Verification>,
    pub(super) cleared_at: Option<String>,
}

impl Level {
    /// Reads a level from the attributes of an entry.
    pub(super) fn of(entry: &Item) -> Self {
        let owned = |name| text(entry, name).map(str::to_owned);
        Self {
            current: owned("verifiedAt").map(|at| Verification {
                at,
                by: owned("verifiedBy"),
                label: owned("verificationSource"),
            }),
            cleared_at: owned("clearedAt"),
        }
    }

    /// Records a verification by the one rule: the earliest one stays. Returns whether the level changed.
    pub(super) fn record(&mut self, verification: &Verification) -> bool {
        let replaces = self
            .current
            .as_ref()
            .is_none_or(|stored| stored.at > verification.at);
        if replaces {
            self.current = Some(verification.clone());
        }
        replaces
    }

    /// Records a verification that an upsert or an import reports. It does not count if it is not later than the last clear.
    pub(super) fn report(&mut self, verification: &Verification) -> Reported {
        if self
            .current
            .as_ref()
            .is_some_and(|stored| stored.at <= verification.at)
        {
            return Reported::Kept;
        }
        if self
            .cleared_at
            .as_ref()
            .is_some_and(|cleared| *cleared >= verification.at)
        {
            return Reported::Cleared;
        }
        self.current = Some(verification.clone());
        Reported::Recorded
    }
}

/// The effect of a reported verification at one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reported {
    Recorded,
    Kept,
    Cleared,
}

/// A phone number or address of a contact.
#[derive(Debug, Clone)]
pub(super) struct Entry<'a> {
    pub(super) id: &'a str,
    pub(super) normal_form: &'a str,
    pub(super) is_primary: bool,
    pub(super) position: u64,
    pub(super) item: &'a Value,
}

/// The entries of a kind, in the order in which they were added.
pub(super) fn methods<'a>(contact: &'a Item, kind: &str) -> Vec<Entry<'a>> {
    let map = if kind == "phone" { "phones" } else { "emails" };
    let number = |item: &Value| item.pointer("/position/N")?.as_str()?.parse().ok();
    let mut found: Vec<_> = entries(contact, map)
        .map(|(normal_form, item)| Entry {
            id: text(item, "id").unwrap_or_default(),
            normal_form,
            is_primary: item.pointer("/isPrimary/BOOL") == Some(&Value::Bool(true)),
            position: number(item).unwrap_or_default(),
            item,
        })
        .collect();
    found.sort_by_key(|entry| entry.position);
    found
}

/// The method of a contact that has this normal form.
pub(super) fn method<'a>(contact: &'a Item, kind: &str, value: &str) -> Option<Entry<'a>> {
    methods(contact, kind)
        .into_iter()
        .find(|entry| entry.normal_form == value)
}

/// The level that a subscription has for the entry of this id.
pub(super) fn at_subscription(subscription: Option<&Item>, id: &str) -> Level {
    let found = subscription
        .and_then(|item| entries(item, "verifications").find(|(entry, _)| *entry == id));
    found.map(|(_, entry)| Level::of(entry)).unwrap_or_default()
}

/// All levels of all entries of a state, by entry and level.
pub(super) fn levels(state: &State) -> BTreeMap<(String, String), Level> {
    let mut levels = BTreeMap::new();
    for kind in ["phone", "email"] {
        for entry in methods(&state.contact, kind) {
            levels.insert(
                (entry.id.to_owned(), CONTACT_LEVEL.to_owned()),
                Level::of(entry.item),
            );
            for (sort, subscription) in &state.subscriptions {
                levels.insert(
                    (entry.id.to_owned(), sort.clone()),
                    at_subscription(Some(subscription), entry.id),
                );
            }
        }
    }
    levels
}

/// The address that endpoint 3 verifies if the request names none: that of the subscription, or else the primary one.
pub(super) fn known_address<'a>(
    state: &'a State,
    organization: &str,
    sort: &str,
) -> Option<Entry<'a>> {
    let emails = methods(&state.contact, "email");
    let organization = OrganizationId::parse(organization).ok()?;
    let subscription = state.subscriptions.get(sort)?;
    let hash = text(subscription, "address");
    let is_known = |entry: &&Entry<'_>| {
        hash == Some(AddressHash::of(&organization, entry.normal_form).as_str())
    };
    let known = emails.iter().find(is_known);
    known
        .or_else(|| emails.iter().find(|entry| entry.is_primary))
        .cloned()
}
