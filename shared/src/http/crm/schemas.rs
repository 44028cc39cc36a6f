//! The schemas of the CRM's dialect. The request types exist only for `openapi.yaml`: handlers read requests member by
//! member. Answers are described by the types that render them.

use utoipa::ToSchema;

use super::{ContactErased, ContactView, ErrorView, HistoryView, MethodChanged};
use crate::domain::{MethodKind, PhoneNumber, VerificationSource};
use crate::http::schemas::{Schemas, add, add_answer, with_nullable_texts};

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
    add_answer::<HistoryView<'_>>(&mut schemas);
    add_answer::<ContactErased>(&mut schemas);
    add_answer::<ErrorView<'_>>(&mut schemas);
    with_nullable_texts(schemas)
}

/// A phone number of the contact, and the time of its verification. Without a time, the request clears the verification.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyPhoneNumber {
    /// The phone number. The contact must have it.
    pub phone_number: PhoneNumber,
    /// The time of the verification, with an offset. If it is absent or null, the request clears the verification. A body with a
    /// misspelling in place of this member, such as `verified_at`, is refused (400).
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
}

/// A phone number or e-mail address of the contact, and the time of its verification. Without a time, the request clears the
/// verification.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct VerifyContactMethod {
    /// Whether `value` is a phone number or an e-mail address.
    #[serde(rename = "type")]
    pub kind: MethodKind,
    /// The phone number, in any form that `PhoneNumber` describes, or the e-mail address. The contact must have it.
    #[schema(min_length = 1, max_length = 320)]
    pub value: String,
    /// The time of the verification, with an offset. If it is absent or null, the request clears the verification. A body with a
    /// misspelling in place of this member, such as `verified_at`, is refused (400).
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
    /// The source of the verification, in the caller's words. If it is absent, null or blank, the recorded verification has no
    /// source. A request that clears the verification does not store this member, but refuses an invalid one.
    pub verification_source: Option<VerificationSource>,
}

/// A phone number or e-mail address to add to the contact.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AddContactMethod {
    /// Whether `value` is a phone number or an e-mail address.
    #[serde(rename = "type")]
    pub kind: MethodKind,
    /// The phone number, in any form that `PhoneNumber` describes, or the e-mail address. The calling code of a phone number must
    /// exist, and a number in national form must be valid. No other contact of the organization may own the e-mail address.
    #[schema(min_length = 1, max_length = 320)]
    pub value: String,
    /// True makes the number or address the primary one of its kind. The first one of its kind is always primary.
    pub is_primary: Option<bool>,
}

/// A phone number or e-mail address to remove from the contact.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemoveContactMethod {
    /// Whether `value` is a phone number or an e-mail address.
    #[serde(rename = "type")]
    pub kind: MethodKind,
    /// The phone number, in any form that `PhoneNumber` describes, or the e-mail address. The contact must have it.
    #[schema(min_length = 1, max_length = 320)]
    pub value: String,
    /// Without effect, so that you can send the body that added the number or address. Another type is refused.
    pub is_primary: Option<bool>,
}
