//! Writes an item attribute by attribute.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use super::{CLEARED_AT, Item, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY};
use crate::domain::{AddressSuppression, EmailValidation, VerificationState};
use crate::store::DatabaseError;
use crate::store::keys::Key;

/// The attributes written so far, of an item or of a map in it.
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

    /// Writes the attributes of a verification.
    pub(super) fn verification(&mut self, state: &VerificationState) -> Result<(), DatabaseError> {
        if let Some(verification) = &state.current {
            self.set(VERIFIED_AT, &verification.at)?;
            self.set_unless_default(VERIFIED_BY, &verification.by)?;
            self.set_unless_default(VERIFICATION_SOURCE, &verification.source)?;
        }
        self.set_unless_default(CLEARED_AT, &state.cleared_at)
    }

    /// Writes the facts that block mail to an e-mail address.
    pub(super) fn address_suppression(
        &mut self,
        suppression: &AddressSuppression,
    ) -> Result<(), DatabaseError> {
        let validation = &suppression.validation;
        if *validation != EmailValidation::default() {
            let mut finding = Self::default();
            finding.set("status", &validation.status)?;
            finding.set_unless_default("reason", &validation.reason)?;
            finding.set_unless_default("validatedAt", &validation.validated_at)?;
            self.insert("emailValidation", AttributeValue::M(finding.into_item()));
        }
        self.set_unless_default("hardBouncedAt", &suppression.hard_bounced_at)?;
        self.set_unless_default(
            "globallyUnsubscribedAt",
            &suppression.globally_unsubscribed_at,
        )?;
        self.set_unless_default("complainedAt", &suppression.complained_at)
    }

    /// Writes an attribute from a DynamoDB value.
    pub(super) fn insert(&mut self, name: &str, value: AttributeValue) {
        self.0.insert(name.to_owned(), value);
    }

    /// The written attributes.
    pub(super) fn into_item(self) -> Item {
        self.0
    }
}
