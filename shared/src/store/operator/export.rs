//! Exports the contacts of an organization with their subscriptions, and the addresses that nobody owns.
//!
//! The export finds both in the index over the organization, part by part, and reads them by their keys. It never reads the
//! data of other organizations.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::bulk::RetryBudget;
use super::table::INDEX_CONTACTS_BY_ORGANIZATION;
use crate::domain::{Address, ContactId, OrganizationId, SubscribedContact, Tenant};
use crate::store::address::FoundAddress;
use crate::store::batch::MAX_KEYS;
use crate::store::erase::is_erased;
use crate::store::items::{CONTACT_ID, Item, ORGANIZATION_SHARD, address};
use crate::store::keys::{
    Key, SHARDS, SUBSCRIPTION_PREFIX, address_in_index, contact_partition, shard, subscription_of,
};
use crate::store::read::Snapshot;
use crate::store::{DatabaseError, Store};

/// The number of contacts whose subscriptions are read at the same time.
const CONCURRENT_QUERIES: usize = 16;

/// The number of contact batches that are read at the same time.
const CONCURRENT_BATCHES: usize = 3;

/// The number of index entries in a page.
const PAGE: i32 = 1000;

/// A contact, or an address that nobody owns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Exported {
    /// A contact.
    Contact(Box<ExportedContact>),
    /// An address that nobody owns.
    Address(Address),
}

/// All data of a contact in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedContact {
    /// The contact with all its subscriptions.
    pub contact: SubscribedContact,
    /// The normal forms of the contact's e-mail addresses that it does not own.
    pub not_owned: BTreeSet<String>,
    /// The former owners of the contact's own addresses, by normal form.
    pub former_owners: BTreeMap<String, Vec<ContactId>>,
}

impl Store {
    /// All data of the contact with this id, if it exists.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn exported(
        &self,
        organization: &OrganizationId,
        id: &ContactId,
    ) -> Result<Option<ExportedContact>, DatabaseError> {
        let mut found = self
            .export_contacts(organization, std::slice::from_ref(id))
            .await?;
        Ok(found.pop())
    }

    /// All contacts of an organization and the addresses that nobody owns, in batches. The order depends only on the ids
    /// of contacts and the hashes of addresses.
    pub fn export<'a>(
        &'a self,
        organization: &'a OrganizationId,
        retry_budget: &'a RetryBudget,
    ) -> impl Stream<Item = Result<Vec<Exported>, DatabaseError>> + 'a {
        stream::iter(0..SHARDS)
            .map(move |number| self.ids(organization, number, retry_budget))
            .flatten()
            .map_ok(move |ids| async move {
                let batch = || self.export_batch(organization, &ids);
                retry_budget.run(batch).await
            })
            .try_buffered(CONCURRENT_BATCHES)
    }

    /// The ids in one part of the index, in groups of the size of a batch read.
    fn ids<'a>(
        &'a self,
        organization: &'a OrganizationId,
        number: u64,
        retry_budget: &'a RetryBudget,
    ) -> impl Stream<Item = Result<Vec<String>, DatabaseError>> + 'a {
        // The state is `Some(None)` before the first page, `Some(Some(id))` before the page after that id, and `None`
        // after the last page.
        let pages =
            stream::try_unfold(Some(None), move |next: Option<Option<String>>| async move {
                let Some(after) = next else {
                    return Ok::<_, DatabaseError>(None);
                };
                let request = page_request(&self.table, organization, number, after.as_deref());
                let output = retry_budget.run(|| self.query(request.clone())).await?;
                let ids = output.items().iter().map(id_of_entry);
                let ids = ids.collect::<Result<Vec<_>, _>>()?;
                let next = output.last_evaluated_key.and(ids.last().cloned());
                Ok(Some((ids, next.map(Some))))
            });
        pages
            .map_ok(|ids| {
                let batches: Vec<_> = ids.chunks(MAX_KEYS).map(|ids| Ok(ids.to_vec())).collect();
                stream::iter(batches)
            })
            .try_flatten()
    }

    /// The contacts and addresses with these ids in the index, in the same order. The result omits those that are no longer in
    /// the index.
    async fn export_batch(
        &self,
        organization: &OrganizationId,
        ids: &[String],
    ) -> Result<Vec<Exported>, DatabaseError> {
        let hashes = ids.iter().filter_map(|id| address_in_index(id));
        let keys = hashes.map(|hash| Key::address(organization, &hash));
        let mut addresses = self.read_many(keys.collect()).await?;
        let is_contact = |id: &&String| address_in_index(id).is_none();
        let contacts = ids.iter().filter(is_contact).map(|id| {
            let why = "an index entry names no contact";
            ContactId::parse(id).map_err(|_| DatabaseError::UnexpectedAnswer(why))
        });
        let contacts = contacts.collect::<Result<Vec<_>, _>>()?;
        let contacts = self.export_contacts(organization, &contacts).await?;
        let mut contacts = contacts.into_iter().peekable();
        let mut exported = Vec::with_capacity(ids.len());
        for id in ids {
            if let Some(hash) = address_in_index(id) {
                let item = addresses.remove(&Key::address(organization, &hash));
                let address = item.map(address).transpose()?;
                // If a contact owns the address by now, the facts are on that contact.
                let address = address.filter(|address| address.owner.is_none());
                exported.extend(address.map(Exported::Address));
            } else {
                let next = contacts.next_if(|next| next.contact.contact.id.as_str() == id);
                exported.extend(next.map(|contact| Exported::Contact(Box::new(contact))));
            }
        }
        Ok(exported)
    }

    /// The contacts with these ids, in the same order. The result omits contacts that no longer exist.
    async fn export_contacts(
        &self,
        organization: &OrganizationId,
        ids: &[ContactId],
    ) -> Result<Vec<ExportedContact>, DatabaseError> {
        let keys = ids.iter().map(|id| Key::contact(organization, id));
        let mut items = self.read_many(keys.collect()).await?;
        let found = ids
            .iter()
            .filter_map(|id| Some((id.clone(), items.remove(&Key::contact(organization, id))?)))
            .filter(|(_, item)| !is_erased(item))
            .collect::<Vec<_>>();
        let contacts: Vec<_> = stream::iter(found)
            .map(|(id, item)| async move { self.with_subscriptions(organization, &id, item).await })
            .buffered(CONCURRENT_QUERIES)
            .try_collect()
            .await?;
        let contacts: Vec<_> = contacts.into_iter().flatten().collect();

        let addresses = contacts.iter().flat_map(|contact| &contact.contact.emails);
        let owners = addresses
            .map(|email| Key::address_of(organization, &email.normal_form))
            .collect::<HashSet<_>>();
        let owners = self.read_many(owners).await?;
        let exported = contacts.into_iter().map(|contact| {
            let mut exported = ExportedContact {
                contact,
                not_owned: BTreeSet::new(),
                former_owners: BTreeMap::new(),
            };
            let contact = &exported.contact.contact;
            for email in &contact.emails {
                let key = Key::address_of(organization, &email.normal_form);
                let found = FoundAddress::new(&email.normal_form, owners.get(&key).cloned())?;
                let Address {
                    normal_form,
                    owner,
                    former_owners,
                    ..
                } = found.address;
                if owner.as_ref() != Some(&contact.id) {
                    exported.not_owned.insert(normal_form);
                } else if !former_owners.is_empty() {
                    exported.former_owners.insert(normal_form, former_owners);
                }
            }
            Ok(exported)
        });
        exported.collect()
    }

    /// A consistent snapshot of a contact with all its subscriptions.
    ///
    /// A query finds the subscriptions. Then they are read together with the contact, whose count of subscriptions shows
    /// whether the query found all. An edit by hand can make the count wrong. If the contact's version did not change between
    /// the reads, the snapshot is complete in any case.
    async fn with_subscriptions(
        &self,
        organization: &OrganizationId,
        id: &ContactId,
        item: Item,
    ) -> Result<Option<SubscribedContact>, DatabaseError> {
        let tenant = Tenant::new(organization.clone());
        let partition = contact_partition(organization, id);
        let mut before = Snapshot::new(item, BTreeMap::new())?;
        let mut delays = self.delays();
        loop {
            let keys = self.sort_keys(&partition, SUBSCRIPTION_PREFIX).await?;
            if keys.is_empty() {
                return Ok(Some(before.state));
            }
            let ids: Option<Vec<_>> = keys.iter().map(|key| subscription_of(key)).collect();
            let ids = ids.ok_or(DatabaseError::UnexpectedAnswer("a key of no subscription"))?;
            let error = match self.read_whole(&tenant, id, &ids).await {
                Ok(None) => return Ok(None),
                Ok(Some(found)) => {
                    let contact = &found.state.contact;
                    let is_whole = contact.subscription_count == found.subscriptions.len() as u64;
                    if is_whole || contact.version == before.state.contact.version {
                        return Ok(Some(found.state));
                    }
                    before = found;
                    DatabaseError::LostRace("the contact changed while it was read".into())
                }
                Err(error) if error.is_worth_another_attempt() => error,
                Err(error) => return Err(error),
            };
            match delays.next() {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(error),
            }
        }
    }
}

/// The id of an entry of the index.
fn id_of_entry(entry: &Item) -> Result<String, DatabaseError> {
    let id = entry.get(CONTACT_ID).and_then(|id| id.as_s().ok());
    id.cloned()
        .ok_or(DatabaseError::UnexpectedAnswer("an index entry has no id"))
}

/// The request for a page of the index, as a pure function.
fn page_request(
    table: &str,
    organization: &OrganizationId,
    number: u64,
    after: Option<&str>,
) -> QueryInputBuilder {
    let request = QueryInputBuilder::default()
        .table_name(table)
        .index_name(INDEX_CONTACTS_BY_ORGANIZATION)
        .expression_attribute_names("#organizationShard", ORGANIZATION_SHARD)
        .expression_attribute_values(":shard", AttributeValue::S(shard(organization, number)))
        .limit(PAGE);
    match after {
        None => request.key_condition_expression("#organizationShard = :shard"),
        Some(after) => request
            .key_condition_expression("#organizationShard = :shard AND #contactId > :after")
            .expression_attribute_names("#contactId", CONTACT_ID)
            .expression_attribute_values(":after", AttributeValue::S(after.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn organization() -> OrganizationId {
        OrganizationId::parse("org_a").unwrap()
    }

    fn text(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    #[test]
    fn a_page_is_of_one_part_of_the_index_and_goes_on_after_an_id() {
        let request = page_request("contacts", &organization(), 3, None);
        let request = request.build().unwrap();
        assert_eq!(
            (request.table_name(), request.index_name(), request.limit()),
            (Some("contacts"), Some("contactsByOrganization"), Some(1000))
        );
        assert_eq!(
            request.key_condition_expression(),
            Some("#organizationShard = :shard")
        );
        assert_eq!(
            request.expression_attribute_values().unwrap()[":shard"],
            text("ORG#org_a#3")
        );

        let request = page_request("contacts", &organization(), 3, Some("c_1"));
        let request = request.build().unwrap();
        assert_eq!(
            request.key_condition_expression(),
            Some("#organizationShard = :shard AND #contactId > :after")
        );
        assert_eq!(
            request.expression_attribute_names().unwrap()["#contactId"],
            "contactId"
        );
        assert_eq!(
            request.expression_attribute_values().unwrap()[":after"],
            text("c_1")
        );
    }
}
