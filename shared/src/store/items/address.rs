//! The item of an e-mail address: which contact owns it.

use super::reader::Reader;
use super::{Item, OWNER_ID, text};
use crate::domain::{ContactId, OrganizationId};
use crate::store::DatabaseError;
use crate::store::keys::Key;

/// The item of the address with this normal form, which this contact owns.
pub(in crate::store) fn address_item(
    organization: &OrganizationId,
    normal_form: &str,
    owner: &ContactId,
) -> Item {
    let mut item = Key::address_of(organization, normal_form).attributes();
    item.insert(OWNER_ID.to_owned(), text(owner.as_str()));
    item
}

/// The contact that owns the address.
pub(in crate::store) fn owner_id(item: &Item) -> Result<ContactId, DatabaseError> {
    Reader::of("address", item.clone()).required(OWNER_ID)
}
