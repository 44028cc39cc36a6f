//! Exports an organization: its audiences and clients, and its contacts with their subscriptions.
//!
//! The export finds the contacts in the index over the organization, part by part, and reads them by their keys. It
//! never reads the data of other organizations.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::{Stream, StreamExt, TryStreamExt, stream};

use super::bulk::{MAX_KEYS, RetryBudget};
use super::table::INDEX_CONTACTS_BY_ORGANIZATION;
use crate::domain::{
    AudienceSlug, ClientSlug, ContactId, OrganizationId, SubscribedContact, Tenant,
};
use crate::store::items::{CONTACT_ID, Item, ORGANIZATION_SHARD, owner_id};
use crate::store::keys::{
    AUDIENCE_PREFIX, CLIENT_PREFIX, Key, PARTITION_KEY, SHARDS, SORT_KEY, SUBSCRIPTION_PREFIX,
    contact_partition, organization_partition, shard, subscription_of,
};
use crate::store::read::Snapshot;
use crate::store::{DatabaseError, Store};

/// The number of contacts whose subscriptions are read at the same time.
const CONCURRENT_QUERIES: usize = 16;

/// The number of contact batches that are read at the same time.
const CONCURRENT_BATCHES: usize = 3;

/// The number of index entries in a page.
const PAGE: i32 = 1000;

/// The audiences and clients of an organization.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registered {
    /// The audiences.
    pub audiences: BTreeSet<AudienceSlug>,
    /// The clients.
    pub clients: BTreeSet<ClientSlug>,
}

/// All data of a contact in the table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportedContact {
    /// The contact with all its subscriptions.
    pub contact: SubscribedContact,
    /// The normal forms of the contact's e-mail addresses that another contact owns.
    pub owned_elsewhere: BTreeSet<String>,
}

impl Store {
    /// The audiences and clients of an organization.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn registered(
        &self,
        organization: &OrganizationId,
    ) -> Result<Registered, DatabaseError> {
        let mut registered = Registered::default();
        let partition = organization_partition(organization);
        for prefix in [AUDIENCE_PREFIX, CLIENT_PREFIX] {
            for item in self.items_of(&partition, prefix).await? {
                let unreadable =
                    || DatabaseError::UnexpectedAnswer("a key that names no audience or client");
                let key = Key::of_item(&item).ok_or_else(unreadable)?;
                let slug = key.sort.strip_prefix(prefix).ok_or_else(unreadable)?;
                if prefix == AUDIENCE_PREFIX {
                    let audience = AudienceSlug::parse(slug).map_err(|_| unreadable())?;
                    registered.audiences.insert(audience);
                } else {
                    let client = ClientSlug::parse(slug).map_err(|_| unreadable())?;
                    registered.clients.insert(client);
                }
            }
        }
        Ok(registered)
    }

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
            .export_batch(organization, std::slice::from_ref(id))
            .await?;
        Ok(found.pop())
    }

    /// All contacts of an organization, in batches. The order depends only on their ids.
    pub fn export<'a>(
        &'a self,
        organization: &'a OrganizationId,
        retry_budget: &'a RetryBudget,
    ) -> impl Stream<Item = Result<Vec<ExportedContact>, DatabaseError>> + 'a {
        stream::iter(0..SHARDS)
            .map(move |number| self.ids(organization, number, retry_budget))
            .flatten()
            .map_ok(move |ids| async move {
                let batch = || self.export_batch(organization, &ids);
                retry_budget.run(batch).await
            })
            .try_buffered(CONCURRENT_BATCHES)
    }

    /// The ids of the contacts in one part of the index, in groups of the size of a batch read.
    fn ids<'a>(
        &'a self,
        organization: &'a OrganizationId,
        number: u64,
        retry_budget: &'a RetryBudget,
    ) -> impl Stream<Item = Result<Vec<ContactId>, DatabaseError>> + 'a {
        // The state is `Some(None)` before the first page, `Some(Some(id))` before the page after that id, and `None`
        // after the last page.
        let pages = stream::try_unfold(
            Some(None),
            move |next: Option<Option<ContactId>>| async move {
                let Some(after) = next else {
                    return Ok::<_, DatabaseError>(None);
                };
                let (ids, is_last) = retry_budget
                    .run(|| self.page(organization, number, after.as_ref()))
                    .await?;
                let next = ids.last().filter(|_| !is_last).cloned().map(Some);
                Ok(Some((ids, next)))
            },
        );
        pages
            .map_ok(|ids| {
                let batches: Vec<_> = ids.chunks(MAX_KEYS).map(|ids| Ok(ids.to_vec())).collect();
                stream::iter(batches)
            })
            .try_flatten()
    }

    /// The next ids after this id in a part of the index, and whether they are the last.
    async fn page(
        &self,
        organization: &OrganizationId,
        number: u64,
        after: Option<&ContactId>,
    ) -> Result<(Vec<ContactId>, bool), DatabaseError> {
        let request = page_request(&self.table, organization, number, after);
        let output = Box::pin(request.send_with(&self.client))
            .await
            .map_err(DatabaseError::from_sdk)?;
        let is_last = output.last_evaluated_key.is_none();
        let ids = output.items.unwrap_or_default();
        let ids = ids.iter().map(|item| {
            item.get(CONTACT_ID)
                .and_then(|id| ContactId::parse(id.as_s().ok()?).ok())
                .ok_or(DatabaseError::UnexpectedAnswer(
                    "an index entry names no contact",
                ))
        });
        Ok((ids.collect::<Result<_, _>>()?, is_last))
    }

    /// The contacts with these ids, in the same order. The result omits contacts that no longer exist.
    async fn export_batch(
        &self,
        organization: &OrganizationId,
        ids: &[ContactId],
    ) -> Result<Vec<ExportedContact>, DatabaseError> {
        let keys = ids.iter().map(|id| Key::contact(organization, id));
        let mut items = self.read_many(keys.collect()).await?;
        let found = ids
            .iter()
            .filter_map(|id| Some((id, items.remove(&Key::contact(organization, id))?)))
            .collect::<Vec<_>>();
        let contacts: Vec<_> = stream::iter(found)
            .map(|(id, item)| self.with_subscriptions(organization, id, item))
            .buffered(CONCURRENT_QUERIES)
            .try_collect()
            .await?;
        let contacts: Vec<_> = contacts.into_iter().flatten().collect();

        let addresses = contacts.iter().flat_map(|contact| &contact.contact.emails);
        let owners = addresses
            .map(|email| Key::address_of(organization, &email.normal_form))
            .collect::<HashSet<_>>();
        let owners = self.read_many(owners).await?;
        contacts
            .into_iter()
            .map(|contact| {
                let owned_elsewhere = owned_elsewhere(&contact, &owners)?;
                Ok(ExportedContact {
                    contact,
                    owned_elsewhere,
                })
            })
            .collect()
    }

    /// A contact with all its subscriptions, all from the same version of the contact.
    ///
    /// A query finds the subscriptions. Then a snapshot reads them together with the contact and its version. If the
    /// version has changed since before the query, the snapshot may miss a new subscription.
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
            let items = self.items_of(&partition, SUBSCRIPTION_PREFIX).await?;
            if items.is_empty() {
                return Ok(Some(before.state));
            }
            let ids = items.iter().map(|item| {
                let sort = Key::of_item(item).map(|key| key.sort);
                sort.as_deref().and_then(subscription_of)
            });
            let ids: Option<Vec<_>> = ids.collect();
            let ids = ids.ok_or(DatabaseError::UnexpectedAnswer("a key of no subscription"))?;
            let error = match self.read_whole(&tenant, id, &ids).await {
                Ok(None) => return Ok(None),
                Ok(Some(found)) if found.state.contact.version == before.state.contact.version => {
                    return Ok(Some(found.state));
                }
                Ok(Some(found)) => {
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

    /// The items of a partition whose sort keys have this prefix, with consistent reads.
    async fn items_of(&self, partition: &str, prefix: &str) -> Result<Vec<Item>, DatabaseError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let request = prefix_request(&self.table, partition, prefix)
                .set_exclusive_start_key(start.take());
            let output = Box::pin(request.send_with(&self.client))
                .await
                .map_err(DatabaseError::from_sdk)?;
            items.extend(output.items.unwrap_or_default());
            match output.last_evaluated_key {
                None => return Ok(items),
                key => start = key,
            }
        }
    }
}

/// The contact's addresses that another contact owns.
fn owned_elsewhere(
    contact: &SubscribedContact,
    owners: &HashMap<Key, Item>,
) -> Result<BTreeSet<String>, DatabaseError> {
    let contact = &contact.contact;
    let mut elsewhere = BTreeSet::new();
    for email in &contact.emails {
        let key = Key::address_of(&contact.organization_id, &email.normal_form);
        if let Some(owner) = owners.get(&key)
            && owner_id(owner)? != contact.id
        {
            elsewhere.insert(email.normal_form.clone());
        }
    }
    Ok(elsewhere)
}

/// The request for a page of the index, as a pure function.
fn page_request(
    table: &str,
    organization: &OrganizationId,
    number: u64,
    after: Option<&ContactId>,
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
            .expression_attribute_values(":after", AttributeValue::S(after.as_str().to_owned())),
    }
}

/// The request for the items of a partition whose sort keys have this prefix, as a pure function.
fn prefix_request(table: &str, partition: &str, prefix: &str) -> QueryInputBuilder {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    QueryInputBuilder::default()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
        .expression_attribute_names("#pk", PARTITION_KEY)
        .expression_attribute_names("#sk", SORT_KEY)
        .expression_attribute_values(":pk", text(partition))
        .expression_attribute_values(":prefix", text(prefix))
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

        let after = ContactId::parse("c_1").unwrap();
        let request = page_request("contacts", &organization(), 3, Some(&after));
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

    #[test]
    fn items_are_those_of_one_partition_whose_sort_keys_begin_alike() {
        let request = prefix_request("contacts", "ORG#org_a", "AUDIENCE#");
        let request = request.build().unwrap();
        assert_eq!(request.consistent_read(), Some(true));
        assert_eq!(
            request.key_condition_expression(),
            Some("#pk = :pk AND begins_with(#sk, :prefix)")
        );
        let values = request.expression_attribute_values().unwrap();
        assert_eq!(
            (&values[":pk"], &values[":prefix"]),
            (&text("ORG#org_a"), &text("AUDIENCE#"))
        );
    }
}
