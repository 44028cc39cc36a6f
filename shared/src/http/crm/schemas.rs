//! The schemas of the CRM's dialect. The request types exist only for `openapi.yaml`: handlers read requests member by
//! member. Answers are described by the types that render them.

use utoipa::ToSchema;

use super::{ContactView, ErrorView, MethodChanged};
use crate::domain::{EmailAddress, PhoneNumber, VerificationSource};
use crate::http::schemas::{DateTime, Schemas, add, add_answer};

/// The schemas of this dialect.
#[must_use]
pub fn schemas() -> Schemas {
    let mut schemas = Vec::new();
    add::<VerifyPhoneNumber>(&mut schemas);
    add::<VerifyContactMethod>(&mut schemas);
    add::<AddContactMethod>(&mut schemas);
    add::<RemoveContactMethod>(&mut schemas);
    add_answer::<ContactView<'_>>(&mut schemas);
    add_answer::<MethodChanged<'_>>(&mut schemas);
    add_answer::<ErrorView<'_>>(&mut schemas);
    schemas
}

/// Verifies a phone number of the contact, or clears its verification.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyPhoneNumber {
    /// The phone number.
    pub phone_number: PhoneNumber,
    /// The time of the verification. Absent or null clears it, unless the body has a misspelling of this member, such as
    /// `verified_at` (400).
    pub verified_at: Option<DateTime>,
}

/// Verifies a phone number or e-mail address of the contact, or clears its verification.
#[derive(Debug, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum VerifyContactMethod {
    /// A phone number.
    #[serde(rename_all = "camelCase")]
    Phone {
        /// The phone number.
        value: PhoneNumber,
        /// The time of the verification. Absent or null clears it, unless the body has a misspelling of this member, such
        /// as `verified_at` (400).
        verified_at: Option<DateTime>,
        /// The source of the verification. A recorded verification without it has none; a clear ignores it.
        verification_source: Option<VerificationSource>,
    },
    /// An e-mail address.
    #[serde(rename_all = "camelCase")]
    Email {
        /// The e-mail address.
        value: EmailAddress,
        /// The time of the verification. Absent or null clears it, unless the body has a misspelling of this member, such
        /// as `verified_at` (400).
        verified_at: Option<DateTime>,
        /// The source of the verification. A recorded verification without it has none; a clear ignores it.
        verification_source: Option<VerificationSource>,
    },
}

/// Adds a phone number or e-mail address to the contact.
#[derive(Debug, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum AddContactMethod {
    /// A phone number.
    #[serde(rename_all = "camelCase")]
    Phone {
        /// The phone number. Its calling code must exist.
        value: PhoneNumber,
        /// True makes it primary. The first of its kind is always primary.
        is_primary: Option<bool>,
    },
    /// An e-mail address.
    #[serde(rename_all = "camelCase")]
    Email {
        /// The address. No other contact of the organization may own it.
        value: EmailAddress,
        /// True makes it primary. The first of its kind is always primary.
        is_primary: Option<bool>,
    },
}

/// Removes a phone number or e-mail address from the contact.
#[derive(Debug, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum RemoveContactMethod {
    /// A phone number.
    #[serde(rename_all = "camelCase")]
    Phone {
        /// The phone number.
        value: PhoneNumber,
        /// Ignored. The endpoint accepts the same body as the one that adds.
        is_primary: Option<bool>,
    },
    /// An e-mail address.
    #[serde(rename_all = "camelCase")]
    Email {
        /// The e-mail address.
        value: EmailAddress,
        /// Ignored. The endpoint accepts the same body as the one that adds.
        is_primary: Option<bool>,
    },
}
