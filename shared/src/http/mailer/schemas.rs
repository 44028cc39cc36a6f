//! The schemas of the mailer's dialect. The request types exist only for `openapi.yaml`: handlers read requests member by
//! member. Answers are described by the types that render them.

use serde_json::json;
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use super::FailureView;
use super::view::ContactView;
use crate::domain::{
    AudienceSlug, ClientSlug, EmailAddress, PhoneNumber, Scope, SubscriptionStatus,
    ValidationStatus,
};
use crate::http::schemas::{IsoDateTime, Schemas, Text, add, add_answer, optional};

/// The schemas of this dialect.
#[must_use]
pub fn schemas() -> Schemas {
    let mut schemas = Vec::new();
    add::<VerifyContact>(&mut schemas);
    add::<UpsertContact>(&mut schemas);
    add::<NewPhoneNumbers>(&mut schemas);
    add::<NewPhoneNumber>(&mut schemas);
    add::<Subscribe>(&mut schemas);
    add::<Unsubscribe>(&mut schemas);
    add_answer::<ContactView<'_>>(&mut schemas);
    add_answer::<FailureView<'_>>(&mut schemas);
    schemas
}

/// Verifies an address of the contact, or clears its verification.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum VerifyContact {
    /// Verifies the address at the contact's level and at the client's, both or neither.
    Verify {
        /// True verifies the address.
        #[schema(schema_with = r#true)]
        verified: bool,
        /// The time of the verification. Absent or null means now.
        verified_at: Option<IsoDateTime>,
        /// The address of the contact. A blank text is invalid. Absent or null means the address that the client named
        /// last in upsert or subscribe; if there is none, or the contact no longer has it, the primary address.
        email: Option<EmailAddress>,
        /// The audience.
        audience: AudienceSlug,
        /// The client.
        client: ClientSlug,
    },
    /// Clears the verification of the address at both levels. `verified_at` is ignored.
    Clear {
        /// False clears the verification.
        #[schema(schema_with = r#false)]
        verified: bool,
        /// The address of the contact, as for a verification.
        email: Option<EmailAddress>,
        /// The audience.
        audience: AudienceSlug,
        /// The client.
        client: ClientSlug,
    },
}

/// Data of an application about a contact. Absent and null members change nothing.
#[derive(Debug, ToSchema)]
pub struct UpsertContact {
    /// The address. Its owner is the contact; without an owner, a contact is created.
    pub email: EmailAddress,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// The status of the client's subscription.
    #[schema(schema_with = upsert_status, required = false)]
    pub status: Option<SubscriptionStatus>,
    #[expect(missing_docs, reason = "it has no name in JSON")]
    #[serde(flatten)]
    pub verification: UpsertVerification,
    /// The finding of a validation of the address.
    pub email_validation: Option<NewEmailValidation>,
    /// The facts that hold mail back.
    pub suppression: Option<NewSuppression>,
    /// All tags of the contact in the audience. They replace the stored tags.
    pub tags: Option<Vec<Text>>,
    /// The first name.
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Phone numbers to add: one, or several.
    #[serde(rename = "phoneNumber")]
    #[schema(schema_with = upsert_phone_number, required = false)]
    pub phone_number: Option<NewPhoneNumbers>,
}

/// Whether the address is verified. An upsert never clears a verification.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum UpsertVerification {
    /// Verifies the address at the contact's level and at the client's. An equal or earlier verification stays. A time that is
    /// not later than the last clear records nothing.
    Verified {
        /// True verifies the address.
        #[schema(schema_with = r#true)]
        verified: bool,
        /// The time of the verification. Absent or null means now.
        verified_at: Option<IsoDateTime>,
    },
    /// Does not change the verification. `verified_at` is ignored.
    Unchanged {
        /// False, null or absent changes nothing.
        #[schema(schema_with = false_or_null, required = false)]
        verified: Option<bool>,
    },
}

/// The finding of an e-mail validation about the address.
#[derive(Debug, ToSchema)]
pub struct NewEmailValidation {
    /// The status.
    pub status: ValidationStatus,
    /// The reason. If it is absent, null or blank, a repeated status keeps the stored reason, and another status has none.
    pub reason: Option<String>,
    /// The time of the validation. If it is absent or null, a repeated status and reason keep the stored time, another
    /// finding gets the current time, and a new `unknown` gets none.
    pub validated_at: Option<IsoDateTime>,
}

/// The facts that hold mail back. Absent and null members change nothing.
#[derive(Debug, ToSchema)]
pub struct NewSuppression {
    /// True: the person has unsubscribed from everything. False changes nothing: only a subscribe with `scope` `global` lifts it.
    pub global_unsubscribed: Option<bool>,
    /// True: the mailbox of the address refused a message permanently. False lifts that.
    pub hard_bounced: Option<bool>,
    /// True: the person reported a message as spam. False changes nothing: only a subscribe with `scope` `global` lifts it.
    pub complained: Option<bool>,
}

/// Several phone numbers. At most one is primary.
#[derive(Debug)]
pub struct NewPhoneNumbers;

/// A phone number to add.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPhoneNumber {
    /// The number. Its calling code must exist.
    pub value: PhoneNumber,
    /// True makes the number primary. The first number of a contact is always primary.
    pub is_primary: Option<bool>,
}

impl PartialSchema for NewPhoneNumbers {
    fn schema() -> RefOr<Schema> {
        let one_primary = json!([{
            "contains": { "properties": { "isPrimary": { "const": true } }, "required": ["isPrimary"] },
            "minContains": 0,
            "maxContains": 1,
        }]);
        let several = ArrayBuilder::new().items(Ref::from_schema_name(NewPhoneNumber::name()));
        // `utoipa` does not know these keywords, and writes extensions unchanged.
        let several = several.extensions(Some([("allOf", one_primary)].into_iter().collect()));
        several.into()
    }
}

impl ToSchema for NewPhoneNumbers {}

/// Subscribes the contact that owns an address.
#[derive(Debug, ToSchema)]
pub struct Subscribe {
    /// The address. Its owner is the contact; without an owner, a contact is created.
    pub email: EmailAddress,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// How much begins again.
    #[schema(schema_with = subscribe_scope, required = false)]
    pub scope: Option<Scope>,
}

/// Unsubscribes the contact that owns an address.
#[derive(Debug, ToSchema)]
pub struct Unsubscribe {
    /// The address. Its owner is the contact.
    pub email: EmailAddress,
    /// The audience.
    pub audience: AudienceSlug,
    /// The client.
    pub client: ClientSlug,
    /// How much ends: the client's subscription (`client`), the subscription at audience level (`audience`), or all mail
    /// (`global`).
    pub scope: Scope,
    /// The reason. Absent, null or blank means none.
    pub reason: Option<String>,
}

fn upsert_status() -> RefOr<Schema> {
    optional(
        "The status of the client's subscription. It only moves forward, from `pending` to `subscribed` to `unsubscribed`: \
         only subscribe restarts an ended subscription. A new subscription is `pending` unless given.",
        &["SubscriptionStatus"],
    )
}

fn upsert_phone_number() -> RefOr<Schema> {
    optional(
        "Phone numbers to add: one as a text, or several as a list. A number that the contact already has keeps its \
         verification.",
        &["PhoneNumber", "NewPhoneNumbers"],
    )
}

fn subscribe_scope() -> RefOr<Schema> {
    optional(
        "How much begins again. `client` (the default): the client's subscription. `audience`: also the subscription at \
         audience level. `global`: also a global unsubscription and a complaint are lifted.",
        &["Scope"],
    )
}

fn r#true() -> RefOr<Schema> {
    boolean().enum_values(Some([true])).into()
}

fn r#false() -> RefOr<Schema> {
    boolean().enum_values(Some([false])).into()
}

fn false_or_null() -> RefOr<Schema> {
    boolean()
        .schema_type(SchemaType::from_iter([Type::Boolean, Type::Null]))
        .enum_values(Some([Some(false), None]))
        .into()
}

fn boolean() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Boolean)
}
