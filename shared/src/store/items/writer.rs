//! Writes an item attribute by attribute.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{Item, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY};
use crate::domain::Verification;
use crate::store::DatabaseError;
use crate::store::keys::Key;

/// The attributes of an item, or of a map in it, that are written so far.
#[derive(Default)]
pub(super) struct Writer(Item);

impl Writer {
    /// A writer of the item under this key.
    pub(super) fn of(key: Key) -> Self {
        Self(key.attributes())
    }

    /// Writes an attribute.
    pub(super) fn set(&mut self, name: &str, value: &impl Serialize) -> Result<(), DatabaseError> {
        self.insert(name, serde_dynamo::to_attribute_value(value)?);
        Ok(())
    }

    /// Writes an attribute, unless it has its type's default: no value, an empty text or an empty list.
    pub(super) fn set_unless_default<T>(
        &mut self,
        name: &str,
        value: &T,
    ) -> Result<(), DatabaseError>
    where
        T: Serialize + Default + PartialEq,
    {
        if *value == T::default() {
            return Ok(());
        }
        self.set(name, value)
    }

    /// Writes the three attributes of a verification.
    pub(super) fn verification(
        &mut self,
        verification: Option<&Verification>,
    ) -> Result<(), DatabaseError> {
        let Some(verification) = verification else {
            return Ok(());
        };
        self.set(VERIFIED_AT, &verification.at)?;
        self.set_unless_default(VERIFIED_BY, &verification.by)?;
        self.set_unless_default(VERIFICATION_SOURCE, &verification.source)
    }

    /// Writes an attribute of the database's own types.
    pub(super) fn insert(&mut self, name: &str, value: AttributeValue) {
        self.0.insert(name.to_owned(), value);
    }

    /// All that was written.
    pub(super) fn into_item(self) -> Item {
        self.0
    }
}
