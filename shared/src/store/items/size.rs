//! How large items are. DynamoDB holds items of up to 400 KB.

use aws_sdk_dynamodb::types::AttributeValue;

use super::{Item, contact_item};
use crate::domain::{AddressSuppression, Contact, Suppression, VerificationState};

/// Largest item that DynamoDB holds, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// The attribute names and longest values of a verification: two times, a subject of 255 and a label of 100 characters, of
/// up to 4 bytes each.
const VERIFICATION_BYTES: usize = 1536;

/// The attribute names and values of the three times that hold mail back from an address.
const ADDRESS_SUPPRESSION_BYTES: usize = 256;

/// The attribute names and values of the facts about a person that hold mail back: two times, and a reason as long as a
/// request's body (contract section 6).
const SUPPRESSION_BYTES: usize = 17 * 1024;

/// The attribute names and values of the last change and of the last writes.
const METADATA_BYTES: usize = 2 * 1024;

/// Whether a contact is too large for an item, with room for a verification of each of its methods and for the facts that
/// hold mail back.
#[must_use]
pub fn is_too_large(contact: &Contact) -> bool {
    bytes_with_reserves(contact) > MAX_ITEM_BYTES
}

/// Whether a contact is too large, and larger than it was: a contact that was too large already may get smaller.
pub(in crate::store) fn grows_too_large(before: Option<&Contact>, after: &Contact) -> bool {
    let is_larger = |before| bytes_with_reserves(after) > bytes_with_reserves(before);
    is_too_large(after) && before.is_none_or(is_larger)
}

/// The size of a contact if each of its methods had the largest verification, and mail were held back from all addresses
/// and for the longest reason. So every contact has room for these facts.
fn bytes_with_reserves(contact: &Contact) -> usize {
    let suppression = contact.suppression.global_unsubscribe_reason.len() + 1024;
    let mut contact = contact.clone();
    contact.suppression = Suppression::default();
    for method in contact.phones.iter_mut().chain(&mut contact.emails) {
        method.verification = VerificationState::default();
        let validation = std::mem::take(&mut method.suppression.validation);
        method.suppression = AddressSuppression {
            validation,
            ..AddressSuppression::default()
        };
    }
    let methods = contact.phones.len() + contact.emails.len();
    // A contact that cannot be written is not too large; writing it says what is wrong.
    contact_item(&contact).map_or(0, |item| {
        bytes_of_item(&item)
            + METADATA_BYTES
            + methods * VERIFICATION_BYTES
            + contact.emails.len() * ADDRESS_SUPPRESSION_BYTES
            + suppression.max(SUPPRESSION_BYTES)
    })
}

/// The size of an item.
pub(in crate::store) fn bytes_of_item(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + bytes_of(value))
        .sum()
}

/// The size of a value by the rules of DynamoDB ("item sizes and formats" in its developer guide), numbers rounded up.
fn bytes_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::L(values) => {
            let elements = values.iter().map(|value| 1 + bytes_of(value));
            3 + elements.sum::<usize>()
        }
        AttributeValue::M(members) => {
            let members = members
                .iter()
                .map(|(name, value)| 1 + name.len() + bytes_of(value));
            3 + members.sum::<usize>()
        }
        AttributeValue::N(_) => 21,
        _ => 1,
    }
}
