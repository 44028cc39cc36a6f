//! The item of an e-mail address: its owner, or the facts that block mail to it while nobody owns it.

use super::reader::Reader;
use super::writer::Writer;
use super::{CONTACT_ID, FORMER_OWNER_IDS, Item, ORGANIZATION_SHARD, OWNER_ID};
use crate::domain::{Address, AddressHash, OrganizationId};
use crate::store::DatabaseError;
use crate::store::keys::{Key, id_in_index, organization_shard};

/// The normal form of the address.
pub(in crate::store) const VALUE: &str = "value";

/// When an erased former owner ended a subscription.
const ENDED_AT: &str = "erasedOwnerUnsubscribedAt";

/// Reads an address.
pub(in crate::store) fn address(item: Item) -> Result<Address, DatabaseError> {
    let mut item = Reader::of("address", item);
    Ok(Address {
        // An erasure removes the normal form.
        normal_form: item.or_default(VALUE)?,
        owner: item.optional(OWNER_ID)?,
        former_owners: item.or_default(FORMER_OWNER_IDS)?,
        ended_at: item.optional(ENDED_AT)?,
        suppression: item.address_suppression()?,
    })
}

/// Writes an address under its hash. An address that nobody owns is in the index over the organization, where an export finds
/// it. After an erasure, the item has no normal form and is not in the index.
pub(in crate::store) fn address_item(
    organization: &OrganizationId,
    hash: &AddressHash,
    address: &Address,
) -> Result<Item, DatabaseError> {
    let mut item = Writer::of(Key::address(organization, hash));
    item.set_unless_default(VALUE, &address.normal_form)?;
    item.set_unless_default(OWNER_ID, &address.owner)?;
    item.set_unless_default(FORMER_OWNER_IDS, &address.former_owners)?;
    item.set_unless_default(ENDED_AT, &address.ended_at)?;
    item.address_suppression(&address.suppression)?;
    if address.owner.is_none() && !address.normal_form.is_empty() {
        let id = id_in_index(hash);
        item.set(ORGANIZATION_SHARD, &organization_shard(organization, &id))?;
        item.set(CONTACT_ID, &id)?;
    }
    Ok(item.into_item())
}
