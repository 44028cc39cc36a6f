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

/// Which phone number of the contact, and since when it is verified.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyPhoneNumber {
    /// Which.
    pub phone_number: PhoneNumber,
    /// Since when. Absent or null clears its verification.
    pub verified_at: Option<DateTime>,
}

/// Which phone number or e-mail address of the contact, since when it is verified, and on whose word.
#[derive(Debug, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum VerifyContactMethod {
    /// A phone number.
    #[serde(rename_all = "camelCase")]
    Phone {
        /// Which.
        value: PhoneNumber,
        /// Since when. Absent or null clears its verification.
        verified_at: Option<DateTime>,
        /// On whose word. Only kept where `verifiedAt` is set.
        verification_source: Option<VerificationSource>,
    },
    /// An e-mail address.
    #[serde(rename_all = "camelCase")]
    Email {
        /// Which.
        value: EmailAddress,
        /// Since when. Absent or null clears its verification.
        verified_at: Option<DateTime>,
        /// On whose word. Only kept where `verifiedAt` is set.
        verification_source: Option<VerificationSource>,
    },
}

/// Which phone number or e-mail address the contact gets.
#[derive(Debug, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum AddContactMethod {
    /// A phone number.
    #[serde(rename_all = "camelCase")]
    Phone {
        /// Which. Its calling code must exist.
        value: PhoneNumber,
        /// Whether it becomes the main one. The first does in any case.
        is_primary: Option<bool>,
    },
    /// An e-mail address.
    #[serde(rename_all = "camelCase")]
    Email {
        /// Which. No other contact of the organization may have it.
        value: EmailAddress,
        /// Whether it becomes the main one. The first does in any case.
        is_primary: Option<bool>,
    },
}

/// Which phone number or e-mail address of the contact goes.
#[derive(Debug, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum RemoveContactMethod {
    /// A phone number.
    #[serde(rename_all = "camelCase")]
    Phone {
        /// Which.
        value: PhoneNumber,
        /// As in adding; it makes no difference here.
        is_primary: Option<bool>,
    },
    /// An e-mail address.
    #[serde(rename_all = "camelCase")]
    Email {
        /// Which.
        value: EmailAddress,
        /// As in adding; it makes no difference here.
        is_primary: Option<bool>,
    },
}
