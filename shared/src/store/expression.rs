//! A write to one item: its assignments and removals, its condition, and the values of its placeholders.

use std::borrow::Cow;
use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnConsumedCapacity, TransactWriteItem, Update,
};

use super::DatabaseError;
use super::conditions::IS_ABSENT;
use super::items::{Item, text};
use super::keys::{Key, PARTITION_KEY};

/// A write to one item.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Expression {
    assignments: Vec<Cow<'static, str>>,
    removals: Vec<Cow<'static, str>>,
    conditions: Vec<Cow<'static, str>>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    /// Adds a clause to the condition of the write.
    pub(super) fn require(&mut self, condition: impl Into<Cow<'static, str>>) -> &mut Self {
        self.conditions.push(condition.into());
        self
    }

    /// Adds assignments.
    pub(super) fn set(&mut self, assignments: impl Into<Cow<'static, str>>) -> &mut Self {
        self.assignments.push(assignments.into());
        self
    }

    /// Adds the assignment of a value to the attribute with this name.
    pub(super) fn set_attribute(&mut self, name: &str, value: AttributeValue) -> &mut Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self.values.insert(format!(":{name}"), value);
        self.set(format!("#{name} = :{name}"))
    }

    /// Removes the attribute at a path.
    pub(super) fn remove(&mut self, path: impl Into<Cow<'static, str>>) -> &mut Self {
        self.removals.push(path.into());
        self
    }

    /// Removes the attribute with this name.
    pub(super) fn remove_attribute(&mut self, name: &str) -> &mut Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self.remove(format!("#{name}"))
    }

    /// Defines the attribute names behind placeholders.
    pub(super) fn names<const N: usize>(&mut self, names: [(&str, &str); N]) -> &mut Self {
        self.names
            .extend(names.map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned())));
        self
    }

    /// Defines the value behind a placeholder.
    pub(super) fn value(&mut self, placeholder: &str, value: AttributeValue) -> &mut Self {
        self.values.insert(placeholder.to_owned(), value);
        self
    }

    /// Defines the text behind a placeholder.
    pub(super) fn text(&mut self, placeholder: &str, value: impl Into<String>) -> &mut Self {
        self.value(placeholder, text(value))
    }

    /// Defines the number behind a placeholder.
    pub(super) fn number(&mut self, placeholder: &str, number: u64) -> &mut Self {
        self.value(placeholder, AttributeValue::N(number.to_string()))
    }

    /// The condition: all clauses must hold.
    fn condition(&self) -> String {
        self.conditions.join(" AND ")
    }

    /// The assignments and removals.
    fn update(&self) -> String {
        let clauses: Vec<_> = [("SET", &self.assignments), ("REMOVE", &self.removals)]
            .into_iter()
            .filter(|(_, parts)| !parts.is_empty())
            .map(|(verb, parts)| format!("{verb} {}", parts.join(", ")))
            .collect();
        clauses.join(" ")
    }

    /// The update of the item under this key, without a transaction.
    pub(super) fn into_update_item(self, table: &str, key: Key) -> UpdateItemInputBuilder {
        UpdateItemInputBuilder::default()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .update_expression(self.update())
            .condition_expression(self.condition())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .return_consumed_capacity(ReturnConsumedCapacity::Total)
    }

    /// The update of the item under this key, in a transaction.
    ///
    /// # Errors
    /// Never: the update has all required parts.
    pub(super) fn into_transact_item(
        self,
        table: &str,
        key: Key,
    ) -> Result<TransactWriteItem, DatabaseError> {
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(key.attributes()))
            .update_expression(self.update())
            .condition_expression(self.condition())
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values))
            .build()?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// The write of a new item in a transaction, on condition that the item does not exist.
pub(super) fn put_if_absent(table: &str, item: Item) -> Result<TransactWriteItem, DatabaseError> {
    let put = Put::builder()
        .table_name(table)
        .set_item(Some(item))
        .condition_expression(IS_ABSENT)
        .expression_attribute_names("#pk", PARTITION_KEY)
        .build()?;
    Ok(TransactWriteItem::builder().put(put).build())
}
