//! An e-mail address in an organization: its owner, and the facts that stay with it (contract section 7).

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{AddressSuppression, ContactId, OrganizationId, Timestamp};

/// Identifies an e-mail address in an organization without showing it: SHA-256 of the organization's id, `#` and the
/// normal form of the address, in base64url.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AddressHash(String);

impl AddressHash {
    /// The hash of the address with this normal form.
    #[must_use]
    pub fn of(organization: &OrganizationId, normal_form: &str) -> Self {
        let text = format!("{organization}#{normal_form}");
        Self(BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, text.as_bytes())))
    }

    /// The text of the hash, as the table stores it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The hash with this text, from the table.
    pub(crate) fn stored(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl fmt::Display for AddressHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The maximum number of former owners of an address.
const MAX_FORMER_OWNERS: usize = 8;

/// An e-mail address in an organization.
#[derive(Clone, PartialEq, Eq)]
pub struct Address {
    /// The normal form. It is empty if an erasure removed it from the item.
    pub normal_form: String,
    /// The contact that owns the address, if one does.
    pub owner: Option<ContactId>,
    /// The last former owners that have subscriptions, the latest one first; at most eight.
    pub former_owners: Vec<ContactId>,
    /// The earliest time at which an erased former owner ended a subscription. If it is set, a new subscription for the address
    /// begins as ended.
    pub ended_at: Option<Timestamp>,
    /// The facts that block mail to the address. While a contact owns the address, the contact's entry has these
    /// facts.
    pub suppression: AddressSuppression,
}

impl Address {
    /// An address that no contact has owned.
    #[must_use]
    pub fn unknown(normal_form: &str) -> Self {
        Self {
            normal_form: normal_form.to_owned(),
            owner: None,
            former_owners: Vec::new(),
            ended_at: None,
            suppression: AddressSuppression::default(),
        }
    }

    /// The address after a contact has become its owner.
    #[must_use]
    pub fn claimed_by(&self, owner: &ContactId) -> Self {
        Self {
            owner: Some(owner.clone()),
            former_owners: self.former_owners.clone(),
            ended_at: self.ended_at,
            ..Self::unknown(&self.normal_form)
        }
    }

    /// The address after its owner has lost it. `former` is the owner, if it has subscriptions: a later owner inherits the
    /// ended ones.
    #[must_use]
    pub fn released(&self, former: Option<&ContactId>, suppression: AddressSuppression) -> Self {
        let mut released = Self {
            suppression: self.suppression.clone(),
            ended_at: self.ended_at,
            ..Self::unknown(&self.normal_form)
        };
        released.suppression.merge(suppression);
        released.add_former_owners(former.into_iter().chain(&self.former_owners));
        released
    }

    /// The address after the erasure of a contact that has or had it. `kept` has the contact's facts that still block mail
    /// from the address. `ended_at` is the time at which the contact first ended a subscription.
    ///
    /// If another contact owns the address, the erasure only removes the contact from the former owners, and adds `ended_at`.
    #[must_use]
    pub fn without_person(
        &self,
        erased: &ContactId,
        kept: AddressSuppression,
        ended_at: Option<Timestamp>,
    ) -> Self {
        let mut address = self.clone();
        address.former_owners.retain(|former| former != erased);
        if self.owner.as_ref().is_some_and(|owner| owner != erased) {
            address.ended_at = self.ended_at.into_iter().chain(ended_at).min();
            return address;
        }
        address.owner = None;
        address.normal_form.clear();
        address.suppression.merge(kept);
        address.suppression.validation.reason.clear();
        address
    }

    /// Adds former owners after the known ones, up to the maximum number.
    pub fn add_former_owners<'a>(&mut self, owners: impl IntoIterator<Item = &'a ContactId>) {
        for owner in owners {
            if self.former_owners.len() < MAX_FORMER_OWNERS && !self.former_owners.contains(owner) {
                self.former_owners.push(owner.clone());
            }
        }
    }
}

/// Masked: an address is personal data.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address")
            .field("owner", &self.owner)
            .field("former_owners", &self.former_owners)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table's keys and the subscriptions contain the hash. With another hash, the program would no longer find them.
    #[test]
    fn the_hash_of_an_address_is_always_the_same() {
        let organization = OrganizationId::parse("org_a").unwrap();
        let hash = AddressHash::of(&organization, "jane.doe@example.com");
        assert_eq!(hash.as_str(), "V5HOislC7es78milkEZZOHOcokUxzmxfSUs6GDUaYng");
        let other = OrganizationId::parse("org_b").unwrap();
        assert_ne!(hash, AddressHash::of(&other, "jane.doe@example.com"));
    }

    #[test]
    fn an_address_remembers_its_last_eight_owners_each_once() {
        let id = |n: usize| ContactId::parse(&format!("c_{n}")).unwrap();
        let mut address = Address::unknown("jane@example.com");
        for n in (0..12).chain([10]) {
            address = address.claimed_by(&id(n));
            address = address.released(Some(&id(n)), AddressSuppression::default());
        }
        assert_eq!(address.former_owners, [10, 11, 9, 8, 7, 6, 5, 4].map(id));
    }

    fn id(text: &str) -> ContactId {
        ContactId::parse(text).unwrap()
    }

    #[test]
    fn an_end_by_an_erased_owner_stays_with_the_address_under_every_later_owner() {
        let mut address = Address::unknown("jane@example.com");
        address.ended_at = Some(Timestamp::EPOCH);
        for owner in ["c_1", "c_2"] {
            let owned = address.claimed_by(&id(owner));
            assert_eq!(owned.owner, Some(id(owner)));
            assert_eq!(owned.ended_at, Some(Timestamp::EPOCH));
            address = owned.released(Some(&id(owner)), AddressSuppression::default());
            assert_eq!(address.ended_at, Some(Timestamp::EPOCH));
        }
        assert_eq!(address.former_owners, [id("c_2"), id("c_1")]);
    }

    #[test]
    fn a_released_address_has_the_facts_of_its_item_and_of_its_owner() {
        let mut address = Address::unknown("jane@example.com");
        address.suppression.hard_bounced_at = Some(Timestamp::EPOCH);
        let of_owner = AddressSuppression {
            complained_at: Some(Timestamp::EPOCH),
            ..AddressSuppression::default()
        };
        let released = address.released(None, of_owner);
        let expected = AddressSuppression {
            hard_bounced_at: Some(Timestamp::EPOCH),
            complained_at: Some(Timestamp::EPOCH),
            ..AddressSuppression::default()
        };
        assert_eq!(released.suppression, expected);
    }
}
