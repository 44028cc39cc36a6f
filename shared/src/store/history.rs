//! The history of contacts (contract section 13): the items that `record-history` writes, and the pages that callers read.

mod cursor;
mod recording;
mod stream_record;

use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::items::{Item, text};
use super::keys::{HISTORY_PREFIX, Key, contact_partition};
use super::query::prefix_request;
use super::{ChangeError, DatabaseError, Store};
use crate::domain::{ContactId, HistoryEntry, MethodValue, OrganizationId, Tenant};

use self::cursor::Cursor;
pub use self::recording::HistoryItem;
pub use self::stream_record::StreamRecord;

/// The attribute of an entry with the kind of its contact method.
const KIND: &str = "type";

/// The attribute of an entry with its phone number or e-mail address.
const VALUE: &str = "value";

/// A request for a page of a contact's history, newest first.
#[derive(Debug, Clone)]
pub struct HistoryQuery {
    /// The method that the entries are about; `None` for all entries.
    pub method: Option<MethodValue>,
    /// The maximum number of entries in a page.
    pub limit: u16,
    /// The place where the page begins: `next_cursor` of the page before it. `None` for the first page.
    pub cursor: Option<String>,
}

/// A page of a contact's history.
#[derive(Debug)]
pub struct HistoryPage {
    /// The entries, newest first.
    pub entries: Vec<HistoryEntry>,
    /// The cursor of the next page, if there is one.
    pub next_cursor: Option<String>,
}

/// Whether an item with this sort key is an entry of a history. Changes of entries have no history themselves.
#[must_use]
pub fn is_history_key(sort_key: &str) -> bool {
    sort_key.starts_with(HISTORY_PREFIX)
}

impl Store {
    /// Reads a page of a contact's history with one query, whatever the length of the history.
    ///
    /// # Errors
    /// When there is no such contact, the cursor is not valid for this query, or the database does not answer.
    pub async fn history(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        query: &HistoryQuery,
    ) -> Result<HistoryPage, ChangeError> {
        // A missing contact takes precedence over an invalid cursor.
        self.get_contact(tenant, id).await?;
        let organization = tenant.organization();
        let cursor = Cursor::new(organization, id, query.method.as_ref());
        let after = query.cursor.as_deref().map(|text| cursor.read(text));
        let after = after.transpose().map_err(|_| ChangeError::InvalidCursor)?;
        let request = page_request(&self.table, organization, id, query, after);
        let output = self.query(request).await?;
        let last_read = output.last_evaluated_key.as_ref().and_then(Key::of_item);
        let mut items = output.items.unwrap_or_default();
        let limit = usize::from(query.limit);
        let next = if items.len() > limit {
            items.truncate(limit);
            items.last().and_then(Key::of_item)
        } else {
            last_read
        };
        let place = next.and_then(|key| Some(key.sort.strip_prefix(HISTORY_PREFIX)?.to_owned()));
        let entries = items.into_iter().map(entry);
        Ok(HistoryPage {
            entries: entries.collect::<Result<_, _>>()?,
            next_cursor: place.map(|place| cursor.write(&place)),
        })
    }
}

/// The request for a page, as a pure function. It reads one entry more than the page has, to find out whether there is a next page.
fn page_request(
    table: &str,
    organization: &OrganizationId,
    id: &ContactId,
    query: &HistoryQuery,
    after: Option<String>,
) -> QueryInputBuilder {
    let partition = contact_partition(organization, id);
    let mut request = prefix_request(table, &partition, HISTORY_PREFIX)
        .scan_index_forward(false)
        .limit(i32::from(query.limit) + 1);
    if let Some(place) = after {
        let key = Key::history(organization, id, &place);
        request = request.set_exclusive_start_key(Some(key.attributes()));
    }
    if let Some(method) = &query.method {
        request = request
            .filter_expression("#type = :type AND #value = :value")
            .expression_attribute_names("#type", KIND)
            .expression_attribute_names("#value", VALUE)
            .expression_attribute_values(":type", text(method.kind().as_str()))
            .expression_attribute_values(":value", text(method.normal_form()));
    }
    request
}

/// Reads an entry.
pub(super) fn entry(item: Item) -> Result<HistoryEntry, DatabaseError> {
    let why = "an entry of a history has no key";
    let key = Key::of_item(&item).ok_or(DatabaseError::UnexpectedAnswer(why))?;
    let read: Result<HistoryEntry, _> = serde_dynamo::from_item(item);
    let entry = read.map_err(|_| DatabaseError::UnreadableItem {
        kind: "history",
        path: "*".to_owned(),
        reason: "is not an entry".to_owned(),
    })?;
    Ok(HistoryEntry {
        id: id_of(&key),
        ..entry
    })
}

/// Writes an entry under its key.
pub(super) fn item(key: Key, entry: &HistoryEntry) -> Result<Item, DatabaseError> {
    let mut item: Item = serde_dynamo::to_item(entry)?;
    item.retain(|_, value| !value.is_null());
    item.remove("id");
    item.extend(key.attributes());
    Ok(item)
}

/// The id of the entry under a key: 128 bits of the key's SHA-256, in base64url. The key never changes, and no two entries of
/// the table have the same key.
fn id_of(key: &Key) -> String {
    let text = format!("{} {}", key.partition, key.sort);
    let hash = digest(&SHA256, text.as_bytes());
    BASE64_URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])
}

#[cfg(test)]
mod tests;
