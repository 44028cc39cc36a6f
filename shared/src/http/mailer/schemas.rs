//! The schemas of the mailer's dialect. The request types exist only for `openapi.yaml`: handlers read requests member by
//! member. Answers are described by the types that render them.

use utoipa::ToSchema;

use super::FailureView;
use super::view::ContactView;
use crate::domain::{
    AudienceSlug, ClientSlug, EmailAddress, PhoneNumber, Scope, SubscriptionStatus,
    ValidationStatus,
};
use crate::http::schemas::{Schemas, Text, add, add_answer, with_nullable_texts};

/// The schemas of this dialect.
#[must_use]
pub fn schemas() -> Schemas {
    let mut schemas = Vec::new();
    add::<VerifyContact>(&mut schemas);
    add::<UpsertContact>(&mut schemas);
    add::<Subscribe>(&mut schemas);
    add::<Unsubscribe>(&mut schemas);
    add_answer::<ContactView<'_>>(&mut schemas);
    add_answer::<FailureView<'_>>(&mut schemas);
    with_nullable_texts(schemas)
}

/// An address of the contact, and whether it is verified.
#[derive(Debug, ToSchema)]
pub struct VerifyContact {
    /// True verifies the address at the contact's level and at the client's, both or neither. False clears it at both.
    pub verified: bool,
    /// The time of the verification. Absent or null means now. A time without an offset, such as `2024-09-01 12:00`, and other
    /// ISO 8601 forms are accepted too; the server's `TIME_ZONE` applies to them. Ignored if `verified` is false.
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
    /// The address, which the contact must have. A blank text is refused. Absent or null means the address that the client
    /// named last in upsert or subscribe; if there is none, or the contact no longer has it, the primary address.
    pub email: Option<EmailAddress>,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
}

/// What an application knows of a contact. Absent and null members change nothing.
#[derive(Debug, ToSchema)]
pub struct UpsertContact {
    /// The address. The contact that owns it is updated; if nobody owns it, a contact is created.
    pub email: EmailAddress,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
    /// The status of the client's subscription. It only moves forward, from `pending` to `subscribed` to `unsubscribed`:
    /// only subscribe restarts an ended subscription. A new subscription is `pending` unless given.
    pub status: Option<SubscriptionStatus>,
    /// True verifies the address at the contact's level and at the client's. An equal or earlier verification stays, and a time
    /// that is not later than the last clear records nothing. False changes nothing: an upsert never clears.
    pub verified: Option<bool>,
    /// The time of the verification. Absent or null means now. A time without an offset, such as `2024-09-01 12:00`, and other
    /// ISO 8601 forms are accepted too; the server's `TIME_ZONE` applies to them. Ignored unless `verified` is true.
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
    /// The finding of a validation of the address.
    pub email_validation: Option<NewEmailValidation>,
    /// The facts that hold mail back.
    pub suppression: Option<NewSuppression>,
    /// All tags of the contact in the audience. They replace the stored tags.
    pub tags: Option<Vec<Text>>,
    /// The first name of the contact.
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// The last name of the contact.
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Phone numbers to add, at most one of them primary. A number that the contact already has keeps its verification. A text
    /// is accepted too, as a list of this one number.
    #[serde(rename = "phoneNumber")]
    pub phone_number: Option<Vec<NewPhoneNumber>>,
}

/// The finding of an e-mail validation about the address.
#[derive(Debug, ToSchema)]
pub struct NewEmailValidation {
    /// The finding itself.
    pub status: ValidationStatus,
    /// The reason, in the words of the validation service. If it is absent, null or blank, a repeated status keeps the stored
    /// reason, and another status has none.
    pub reason: Option<String>,
    /// The time of the validation. If it is absent or null, a repeated status and reason keep the stored time, another
    /// finding gets the current time, and a new `unknown` gets none. The same forms as of `verified_at` are accepted.
    #[schema(format = DateTime)]
    pub validated_at: Option<String>,
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

/// A phone number to add to the contact.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPhoneNumber {
    /// The phone number. Its calling code must exist.
    pub value: PhoneNumber,
    /// True makes the number primary. The first number of a contact is always primary.
    pub is_primary: Option<bool>,
}

/// An address to subscribe, in one audience for one client.
#[derive(Debug, ToSchema)]
pub struct Subscribe {
    /// The address. The contact that owns it is subscribed; if nobody owns it, a contact is created.
    pub email: EmailAddress,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
    /// The subscriptions that begin again. `client` (the default): the client's. `audience`: also the one at audience level.
    /// `global`: also lifts a global unsubscription and a complaint.
    pub scope: Option<Scope>,
}

/// An address to unsubscribe, in one audience for one client.
#[derive(Debug, ToSchema)]
pub struct Unsubscribe {
    /// The address. The contact that owns it is unsubscribed.
    pub email: EmailAddress,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
    /// What ends: the client's subscription (`client`), the subscription at audience level (`audience`), or all mail
    /// (`global`).
    pub scope: Scope,
    /// The reason, in the words of the person or the application. Absent, null or blank means none.
    pub reason: Option<String>,
}
