//! The difference between two states of an item, which an update writes.
//!
//! The difference is computed attribute by attribute. It does not touch attributes that this build does not know, not even
//! within the entries of a map.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::DatabaseError;
use super::expression::{Expression, put_if_absent};
use super::items::Item;
use super::keys::Key;

/// The attributes that differ, each with its new value; `None` removes the attribute.
#[derive(Debug, PartialEq)]
pub(super) struct Difference(Vec<(String, Option<AttributeValue>)>);

impl Difference {
    /// The difference between the stored item and its new state. `known` is the part of the stored item that this build knows.
    ///
    /// A changed map is written whole, including the members that this build does not know.
    pub(super) fn new(stored: &Item, known: &Item, after: &Item) -> Self {
        let is_removed = |name: &&String| !after.contains_key(*name);
        let removed = known
            .keys()
            .filter(is_removed)
            .map(|name| (name.clone(), None));
        let changed = after
            .iter()
            .filter(|(name, value)| known.get(*name) != Some(*value))
            .map(|(name, value)| {
                let value = merged(stored.get(name), known.get(name), value);
                (name.clone(), Some(value))
            });
        let mut attributes: Vec<_> = removed.chain(changed).collect();
        attributes.sort_unstable_by(|one, other| one.0.cmp(&other.0));
        Self(attributes)
    }

    /// Adds the assignments and removals to an expression.
    pub(super) fn write(self, expression: &mut Expression) {
        for (name, value) in self.0 {
            match value {
                Some(value) => expression.set_attribute(&name, value),
                None => expression.remove_attribute(&name),
            };
        }
    }
}

/// The write of an item in a transaction, on condition that the item is still as it was read. `stored` is the item as it was
/// read, with the part of it that this build knows; `None` if the item did not exist.
pub(super) fn item_write(
    table: &str,
    key: Key,
    stored: Option<(&Item, Item)>,
    after: Item,
) -> Result<TransactWriteItem, DatabaseError> {
    let Some((stored, known)) = stored else {
        return put_if_absent(table, after);
    };
    let mut expression = Expression::default();
    // The item's keys are among the required attributes, so the item must exist.
    require_stored(stored, &known, &after, &mut expression);
    Difference::new(stored, &known, &after).write(&mut expression);
    expression.into_transact_item(table, key)
}

/// Requires that an item is still as it was read: each attribute that this build knows before or after the write.
fn require_stored(stored: &Item, known: &Item, after: &Item, expression: &mut Expression) {
    let names: BTreeSet<_> = known.keys().chain(after.keys()).collect();
    for name in names {
        let attribute = format!("#{name}");
        let placeholder = format!(":stored_{name}");
        expression.names([(&attribute, name)]);
        match stored.get(name) {
            None => expression.require(format!("attribute_not_exists({attribute})")),
            Some(value) => expression
                .require(format!("{attribute} = {placeholder}"))
                .value(&placeholder, value.clone()),
        };
    }
}

/// The new value, with the members of the stored map that this build does not know.
fn merged(
    stored: Option<&AttributeValue>,
    known: Option<&AttributeValue>,
    after: &AttributeValue,
) -> AttributeValue {
    let (Some(AttributeValue::M(stored)), Some(AttributeValue::M(known)), AttributeValue::M(after)) =
        (stored, known, after)
    else {
        return after.clone();
    };
    let unknown = stored
        .iter()
        .filter(|(name, _)| !known.contains_key(*name))
        .map(|(name, value)| (name.clone(), value.clone()));
    let members = after.iter().map(|(name, value)| {
        let value = merged(stored.get(name), known.get(name), value);
        (name.clone(), value)
    });
    AttributeValue::M(unknown.chain(members).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::items::text;

    fn map<const N: usize>(members: [(&str, AttributeValue); N]) -> Item {
        members.map(|(name, value)| (name.to_owned(), value)).into()
    }

    fn difference(
        stored: &Item,
        known: &Item,
        after: &Item,
    ) -> Vec<(String, Option<AttributeValue>)> {
        Difference::new(stored, known, after).0
    }

    #[test]
    fn changed_attributes_are_set_and_missing_ones_removed() {
        let before = map([
            ("same", text("1")),
            ("changed", text("1")),
            ("gone", text("1")),
        ]);
        let after = map([
            ("same", text("1")),
            ("changed", text("2")),
            ("new", text("2")),
        ]);
        assert_eq!(
            difference(&before, &before, &after),
            [
                ("changed".to_owned(), Some(text("2"))),
                ("gone".to_owned(), None),
                ("new".to_owned(), Some(text("2"))),
            ]
        );
        assert_eq!(difference(&before, &before, &before), []);
    }

    #[test]
    fn attributes_that_this_build_does_not_know_stay_also_within_entries() {
        let entry = |at: &str| map([("verifiedAt", text(at))]);
        let known = map([(
            "phones",
            AttributeValue::M(map([
                ("+1", AttributeValue::M(entry("2024"))),
                ("+2", AttributeValue::M(entry("2024"))),
            ])),
        )]);
        let mut stored_entry = entry("2024");
        stored_entry.insert("future".to_owned(), text("kept"));
        let stored = map([
            ("future", text("kept")),
            (
                "phones",
                AttributeValue::M(map([
                    ("+1", AttributeValue::M(stored_entry.clone())),
                    ("+2", AttributeValue::M(stored_entry)),
                ])),
            ),
        ]);
        let after = map([(
            "phones",
            AttributeValue::M(map([("+1", AttributeValue::M(entry("2025")))])),
        )]);
        let mut expected = entry("2025");
        expected.insert("future".to_owned(), text("kept"));
        let expected = AttributeValue::M(map([("+1", AttributeValue::M(expected))]));
        assert_eq!(
            difference(&stored, &known, &after),
            [("phones".to_owned(), Some(expected))]
        );
    }

    #[test]
    fn a_write_can_require_that_the_item_is_as_it_was_read() {
        let stored = map([("status", text("pending")), ("reason", text("none"))]);
        let mut after = stored.clone();
        after.insert("verifiedAt".to_owned(), text("2024"));
        let mut expression = Expression::default();
        require_stored(&stored, &stored, &after, &mut expression);
        Difference::new(&stored, &stored, &after).write(&mut expression);
        let key = crate::store::keys::Key::of_nothing();
        let update = expression
            .into_update_item("contacts", key)
            .build()
            .unwrap();
        assert_eq!(
            update.condition_expression(),
            Some(
                "#reason = :stored_reason AND #status = :stored_status AND attribute_not_exists(#verifiedAt)"
            )
        );
        assert_eq!(
            update.update_expression(),
            Some("SET #verifiedAt = :verifiedAt")
        );
    }
}
