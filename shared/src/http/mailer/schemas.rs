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

/// Whether the contact is verified for a client in an audience, and since when.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum VerifyContact {
    /// Verifies the contact and the client's subscription, both or neither.
    Verify {
        /// That they are.
        #[schema(schema_with = r#true)]
        verified: bool,
        /// Since when. Absent or null is now.
        verified_at: Option<IsoDateTime>,
        /// In which audience.
        audience: AudienceSlug,
        /// For which client.
        client: ClientSlug,
    },
    /// Clears the verification of both. `verified_at` is not looked at.
    Clear {
        /// That they are not.
        #[schema(schema_with = r#false)]
        verified: bool,
        /// In which audience.
        audience: AudienceSlug,
        /// For which client.
        client: ClientSlug,
    },
}

/// What an application knows of a contact. What is absent or null changes nothing.
#[derive(Debug, ToSchema)]
pub struct UpsertContact {
    /// The address that the contact owns.
    pub email: EmailAddress,
    /// In which audience.
    pub audience: AudienceSlug,
    /// For which client.
    pub client: ClientSlug,
    /// Where the client's subscription stands.
    #[schema(schema_with = upsert_status, required = false)]
    pub status: Option<SubscriptionStatus>,
    #[expect(missing_docs, reason = "it has no name in JSON")]
    #[serde(flatten)]
    pub verification: UpsertVerification,
    /// What a validation found out about the address.
    pub email_validation: Option<NewEmailValidation>,
    /// What stands against sending.
    pub suppression: Option<NewSuppression>,
    /// All of the contact's tags in the audience.
    pub tags: Option<Vec<Text>>,
    /// The first name.
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// The last name.
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Phone numbers to be added: one, or several.
    #[serde(rename = "phoneNumber")]
    #[schema(schema_with = upsert_phone_number, required = false)]
    pub phone_number: Option<NewPhoneNumbers>,
}

/// Whether the client's subscription is verified. That it is not is no news, and clears nothing.
#[derive(Debug, ToSchema)]
#[serde(untagged)]
pub enum UpsertVerification {
    /// It is, by the one rule: an earlier verification stays.
    Verified {
        /// That it is.
        #[schema(schema_with = r#true)]
        verified: bool,
        /// Since when. Absent or null is now.
        verified_at: Option<IsoDateTime>,
    },
    /// Nothing is said. `verified_at` is not looked at.
    Unchanged {
        /// That nothing is said.
        #[schema(schema_with = false_or_null, required = false)]
        verified: Option<bool>,
    },
}

/// The finding of an e-mail validation.
#[derive(Debug, ToSchema)]
pub struct NewEmailValidation {
    /// What it is.
    pub status: ValidationStatus,
    /// Why. Absent, null or blank keeps what is known of the same finding, and is none of another.
    pub reason: Option<String>,
    /// When it was found. Absent or null keeps what is known of the same finding with the same reason, and is now of
    /// another; of `unknown` there need be none.
    pub validated_at: Option<IsoDateTime>,
}

/// What stands against sending, from now on or no longer.
#[derive(Debug, ToSchema)]
pub struct NewSuppression {
    /// The person wants no mail at all.
    pub global_unsubscribed: Option<bool>,
    /// The mailbox refused for good.
    pub hard_bounced: Option<bool>,
    /// The person reported a message as spam.
    pub complained: Option<bool>,
}

/// Several phone numbers, of which at most one is the main one.
#[derive(Debug)]
pub struct NewPhoneNumbers;

/// A phone number to be added.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPhoneNumber {
    /// Which. Its calling code must exist.
    pub value: PhoneNumber,
    /// Whether it becomes the main one. The first does in any case.
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
        // `utoipa` does not know these keywords, and writes what is here as it is.
        let several = several.extensions(Some([("allOf", one_primary)].into_iter().collect()));
        several.into()
    }
}

impl ToSchema for NewPhoneNumbers {}

/// Whom to subscribe, and how far.
#[derive(Debug, ToSchema)]
pub struct Subscribe {
    /// The address that the contact owns.
    pub email: EmailAddress,
    /// To which audience.
    pub audience: AudienceSlug,
    /// For which client.
    pub client: ClientSlug,
    /// What begins anew beside the client's subscription.
    #[schema(schema_with = subscribe_scope, required = false)]
    pub scope: Option<Scope>,
}

/// Whom to unsubscribe, how far, and why.
#[derive(Debug, ToSchema)]
pub struct Unsubscribe {
    /// The address that the contact owns.
    pub email: EmailAddress,
    /// From which audience.
    pub audience: AudienceSlug,
    /// For which client.
    pub client: ClientSlug,
    /// What ends: the client's subscription, the subscription at audience level, or mail at all.
    pub scope: Scope,
    /// Why. Absent, null or blank for none.
    pub reason: Option<String>,
}

fn upsert_status() -> RefOr<Schema> {
    optional(
        "The status of the client's subscription. A new subscription without it is `pending`.",
        &["SubscriptionStatus"],
    )
}

fn upsert_phone_number() -> RefOr<Schema> {
    optional(
        "Phone numbers to add. A number that the contact has already stays as it is.",
        &["PhoneNumber", "NewPhoneNumbers"],
    )
}

fn subscribe_scope() -> RefOr<Schema> {
    optional(
        "What begins anew beside the client's subscription: nothing (`client`, the default), also the subscription at \
         audience level (`audience`), also mail at all (`global`).",
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
