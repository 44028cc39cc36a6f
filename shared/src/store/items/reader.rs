//! Reads an item attribute by attribute. An error names the attribute that cannot be read.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::de::DeserializeOwned;

use super::{CLEARED_AT, Item, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY};
use crate::domain::{AddressSuppression, EmailValidation, Verification, VerificationState};
use crate::store::DatabaseError;

/// The remaining attributes of an item, or of a map in it.
pub(in crate::store) struct Reader {
    kind: &'static str,
    /// The path of the map; empty for the item itself.
    path: String,
    attributes: Item,
}

impl Reader {
    /// A reader of an item of this kind.
    pub(in crate::store) fn of(kind: &'static str, item: Item) -> Self {
        Self {
            kind,
            path: String::new(),
            attributes: item,
        }
    }

    /// An attribute that may be missing.
    pub(in crate::store) fn optional<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<Option<T>, DatabaseError> {
        match self.attributes.remove(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(value) => serde_dynamo::from_attribute_value(value)
                .map(Some)
                .map_err(|error| self.unreadable(name, reason(&error.to_string()))),
        }
    }

    /// An attribute, or its type's default if it is missing.
    pub(in crate::store) fn or_default<T: DeserializeOwned + Default>(
        &mut self,
        name: &str,
    ) -> Result<T, DatabaseError> {
        Ok(self.optional(name)?.unwrap_or_default())
    }

    /// A required attribute.
    pub(in crate::store) fn required<T: DeserializeOwned>(
        &mut self,
        name: &str,
    ) -> Result<T, DatabaseError> {
        self.optional(name)?
            .ok_or_else(|| self.unreadable(name, "is missing".to_owned()))
    }

    /// A reader of the map with this name, if there is one.
    pub(super) fn map(&mut self, name: &str) -> Result<Option<Self>, DatabaseError> {
        match self.attributes.remove(name) {
            None | Some(AttributeValue::Null(_)) => Ok(None),
            Some(AttributeValue::M(attributes)) => Ok(Some(Self {
                kind: self.kind,
                path: format!("{}{name}.", self.path),
                attributes,
            })),
            Some(_) => Err(self.unreadable(name, "expected a map".to_owned())),
        }
    }

    /// The entries of a map of maps, if there is one. Their keys may be personal data, so they are not part of a path.
    pub(super) fn optional_entries(
        &mut self,
        name: &str,
    ) -> Result<Option<Vec<(String, Self)>>, DatabaseError> {
        let Some(entries) = self.map(name)? else {
            return Ok(None);
        };
        let path = format!("{}*.", entries.path);
        let entry = |(key, value)| match value {
            AttributeValue::M(attributes) => Ok((
                key,
                Self {
                    kind: self.kind,
                    path: path.clone(),
                    attributes,
                },
            )),
            _ => Err(self.unreadable(&format!("{name}.*"), "expected a map".to_owned())),
        };
        entries
            .attributes
            .into_iter()
            .map(entry)
            .collect::<Result<_, _>>()
            .map(Some)
    }

    /// The entries of a required map of maps.
    pub(super) fn entries(&mut self, name: &str) -> Result<Vec<(String, Self)>, DatabaseError> {
        self.optional_entries(name)?
            .ok_or_else(|| self.unreadable(name, "is missing".to_owned()))
    }

    /// The attributes of a verification. Without `verifiedAt` there is none.
    pub(super) fn verification(&mut self) -> Result<VerificationState, DatabaseError> {
        let at = self.optional(VERIFIED_AT)?;
        let by = self.optional(VERIFIED_BY)?;
        let source = self.optional(VERIFICATION_SOURCE)?;
        Ok(VerificationState {
            current: at.map(|at| Verification { at, by, source }),
            cleared_at: self.optional(CLEARED_AT)?,
        })
    }

    /// The facts that block mail to an e-mail address.
    pub(super) fn address_suppression(&mut self) -> Result<AddressSuppression, DatabaseError> {
        let validation = match self.map("emailValidation")? {
            None => EmailValidation::default(),
            Some(mut finding) => EmailValidation {
                status: finding.required("status")?,
                reason: finding.or_default("reason")?,
                validated_at: finding.optional("validatedAt")?,
            },
        };
        Ok(AddressSuppression {
            validation,
            hard_bounced_at: self.optional("hardBouncedAt")?,
            globally_unsubscribed_at: self.optional("globallyUnsubscribedAt")?,
            complained_at: self.optional("complainedAt")?,
        })
    }

    pub(super) fn unreadable(&self, name: &str, reason: String) -> DatabaseError {
        DatabaseError::UnreadableItem {
            kind: self.kind,
            path: format!("{}{name}", self.path),
            reason,
        }
    }
}

/// The part of serde's message about the expected form. The rest quotes the value, which may be personal data.
fn reason(error: &str) -> String {
    let expected = error
        .find("expected ")
        .or_else(|| error.find("must be"))
        .or_else(|| error.find("missing field"));
    expected.map_or_else(
        || "has another type".to_owned(),
        |start| error[start..].to_owned(),
    )
}
