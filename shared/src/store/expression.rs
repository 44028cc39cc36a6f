//! What a write does to one item: its assignments and removals, its condition, and what stands behind the
//! placeholders.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};

use super::items::{
    CHANGE_REQUEST_ID, CHANGED_BY, CHANGED_SUBSCRIPTION, Item, SUBSCRIPTION_CHANGE_REQUEST_ID,
    SUBSCRIPTION_CHANGED_AT, UPDATED_AT, VERSION,
};
use super::keys::{Key, PARTITION_KEY};
use super::{ChangeMetadata, DatabaseError};

/// The item is there: an update must not make one, nor a check pass for lack of one.
pub(super) const EXISTS: &str = "attribute_exists(#pk)";

/// The item is not there yet: what has been recorded on one is never written over.
pub(super) const IS_ABSENT: &str = "attribute_not_exists(#pk)";

/// The contact is at the version that was read, or that the caller names. Every change to it, or to one of its
/// subscriptions, raises its version.
pub(super) const IS_AT_VERSION: &str = "#version = :version";

/// A new item, in a transaction, unless it is there.
pub(super) fn put_if_absent(table: &str, item: Item) -> Result<TransactWriteItem, DatabaseError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(IS_ABSENT)
        .expression_attribute_names("#pk", PARTITION_KEY)
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}

/// Every change raises the version and says when, by whom and on which request it was made.
const STAMP: [&str; 4] = [
    "#version = #version + :one",
    "#updatedAt = :now",
    "#changedBy = :actor",
    "#changeRequestId = :requestId",
];

/// Room for the placeholders of the longest expression, so that the maps never grow: each time, all of it is hashed anew.
const PLACEHOLDERS: usize = 14;

/// A write to one item.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Expression {
    assignments: Vec<Cow<'static, str>>,
    removals: Vec<Cow<'static, str>>,
    conditions: Vec<String>,
    pub(super) names: HashMap<String, String>,
    pub(super) values: HashMap<String, AttributeValue>,
}

impl Default for Expression {
    fn default() -> Self {
        Self {
            assignments: Vec::with_capacity(PLACEHOLDERS),
            removals: Vec::new(),
            conditions: Vec::new(),
            names: HashMap::with_capacity(PLACEHOLDERS),
            values: HashMap::with_capacity(PLACEHOLDERS),
        }
    }
}

impl Expression {
    /// Adds a clause that must hold for the write to be made.
    pub(super) fn require(&mut self, condition: impl Into<String>) -> &mut Self {
        self.conditions.push(condition.into());
        self
    }

    /// Adds assignments.
    pub(super) fn set(&mut self, assignments: &[&'static str]) -> &mut Self {
        self.assignments
            .extend(assignments.iter().map(|part| Cow::Borrowed(*part)));
        self
    }

    /// Adds an assignment of a value to the attribute with this name at the top of the item.
    pub(super) fn set_attribute(&mut self, name: &'static str, value: AttributeValue) -> &mut Self {
        let (attribute, placeholder) = (format!("#{name}"), format!(":{name}"));
        self.assignments
            .push(format!("{attribute} = {placeholder}").into());
        self.names.insert(attribute, name.to_owned());
        self.values.insert(placeholder, value);
        self
    }

    /// Removes the attribute with this name at the top of the item.
    pub(super) fn remove_attribute(&mut self, name: &'static str) -> &mut Self {
        let attribute = format!("#{name}");
        self.names.insert(attribute.clone(), name.to_owned());
        self.removals.push(attribute.into());
        self
    }

    /// Adds an assignment of a value, which stands behind a placeholder of this name, to the attribute at a path.
    pub(super) fn set_path(
        &mut self,
        path: &str,
        placeholder: String,
        value: AttributeValue,
    ) -> &mut Self {
        self.assignments
            .push(format!("{path} = {placeholder}").into());
        self.values.insert(placeholder, value);
        self
    }

    /// Removes the attribute at a path.
    pub(super) fn remove_path(&mut self, path: String) -> &mut Self {
        self.removals.push(path.into());
        self
    }

    /// Adds attributes to remove.
    pub(super) fn remove(&mut self, attributes: &[&'static str]) -> &mut Self {
        self.removals
            .extend(attributes.iter().map(|part| Cow::Borrowed(*part)));
        self
    }

    /// Says which attributes stand behind placeholders.
    pub(super) fn names<const N: usize>(&mut self, names: [(&str, &str); N]) -> &mut Self {
        self.names
            .extend(names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned())));
        self
    }

    /// Says which text stands behind a placeholder.
    pub(super) fn text(&mut self, placeholder: &str, text: impl Into<String>) -> &mut Self {
        self.values
            .insert(placeholder.to_owned(), AttributeValue::S(text.into()));
        self
    }

    /// Says which number stands behind a placeholder.
    pub(super) fn number(&mut self, placeholder: &str, number: u64) -> &mut Self {
        self.values.insert(
            placeholder.to_owned(),
            AttributeValue::N(number.to_string()),
        );
        self
    }

    /// Marks the contact as changed.
    pub(super) fn metadata(&mut self, metadata: &ChangeMetadata) -> &mut Self {
        self.set(&STAMP)
            .names([
                ("#version", VERSION),
                ("#updatedAt", UPDATED_AT),
                ("#changedBy", CHANGED_BY),
                ("#changeRequestId", CHANGE_REQUEST_ID),
            ])
            .number(":one", 1)
            .text(":now", metadata.now)
            .text(":actor", metadata.actor.as_str())
            .text(":requestId", &metadata.request_id)
    }

    /// Marks the contact, whose metadata this has, as changed together with subscriptions: their sort keys, as the contact
    /// keeps them.
    pub(super) fn mark_subscriptions(&mut self, sort_keys: &str) -> &mut Self {
        self.set(&[
            "#changedSubscription = :subscription",
            "#subscriptionChangeRequestId = :requestId",
            "#subscriptionChangedAt = :now",
        ])
        .names([
            ("#changedSubscription", CHANGED_SUBSCRIPTION),
            (
                "#subscriptionChangeRequestId",
                SUBSCRIPTION_CHANGE_REQUEST_ID,
            ),
            ("#subscriptionChangedAt", SUBSCRIPTION_CHANGED_AT),
        ])
        .text(":subscription", sort_keys)
    }

    /// As an update of the item under this key, in a transaction.
    ///
    /// # Errors
    /// When there is nothing to update.
    pub(super) fn into_update(
        self,
        table: &str,
        key: Key,
    ) -> Result<TransactWriteItem, DatabaseError> {
        let (condition, update) = (self.condition(), self.update());
        let (names, values) = self.into_names_and_values();
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .set_update_expression(update)
            .condition_expression(condition)
            .set_expression_attribute_names(Some(names))
            .set_expression_attribute_values(values)
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }

    /// Whether the item is only looked at.
    pub(super) fn is_check(&self) -> bool {
        self.assignments.is_empty() && self.removals.is_empty()
    }

    /// The condition, all of whose clauses must hold.
    pub(super) fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// The update; `None` where the item is only looked at.
    pub(super) fn update(&self) -> Option<String> {
        let clauses: Vec<_> = [("SET", &self.assignments), ("REMOVE", &self.removals)]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect();
        (!clauses.is_empty()).then(|| clauses.join(" "))
    }

    /// The values; `None` where there are none, since an empty map is an error.
    pub(super) fn into_names_and_values(
        self,
    ) -> (
        HashMap<String, String>,
        Option<HashMap<String, AttributeValue>>,
    ) {
        (
            self.names,
            Some(self.values).filter(|values| !values.is_empty()),
        )
    }
}
