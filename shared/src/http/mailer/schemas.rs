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
    /// True verifies the address at the contact's level and at the client's level, in one step. False clears the verification at
    /// both levels.
    pub verified: bool,
    /// The time of the verification. Absent or null means now. Other ISO 8601 forms are accepted too. A time without an offset,
    /// such as `2024-09-01 12:00`, is a local time in the server's `TIME_ZONE`. Ignored if `verified` is false.
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
    /// The address, which the contact must have. Absent or null means the address that the client named last in an upsert or a
    /// subscribe. If there is no such address, or the contact no longer has it, absent or null means the primary address. A blank
    /// text is refused.
    pub email: Option<EmailAddress>,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
}

/// The facts that an application reports about a contact. Absent and null members change nothing.
#[derive(Debug, ToSchema)]
pub struct UpsertContact {
    /// The address. The request updates the contact that owns it. If nobody owns it, the request creates a contact.
    pub email: EmailAddress,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
    /// The status of the client's subscription. It only moves forward, from `pending` to `subscribed` to `unsubscribed`:
    /// only subscribe restarts an ended subscription. A new subscription without this member is `pending`.
    pub status: Option<SubscriptionStatus>,
    /// True verifies the address at the contact's level and at the client's level. An equal or earlier verification stays. A
    /// time that is not later than the last clear of a level records nothing there. False changes nothing: an upsert never
    /// clears a verification.
    pub verified: Option<bool>,
    /// The time of the verification. Absent or null means now. Other ISO 8601 forms are accepted too. A time without an offset,
    /// such as `2024-09-01 12:00`, is a local time in the server's `TIME_ZONE`. Ignored unless `verified` is true.
    #[schema(format = DateTime)]
    pub verified_at: Option<String>,
    /// The finding of an e-mail validation about the address.
    pub email_validation: Option<NewEmailValidation>,
    /// The facts that block mail.
    pub suppression: Option<NewSuppression>,
    /// All tags of the contact in the audience. They replace the stored tags, so an empty list removes all tags.
    pub tags: Option<Vec<Text>>,
    /// The first name of the contact.
    #[serde(rename = "firstName")]
    pub first_name: Option<String>,
    /// The last name of the contact.
    #[serde(rename = "lastName")]
    pub last_name: Option<String>,
    /// Phone numbers to add, at most one of them primary. A number that the contact already has keeps its verification. The API
    /// also accepts a text, and reads it as a list with this one number.
    #[serde(rename = "phoneNumber")]
    pub phone_number: Option<Vec<NewPhoneNumber>>,
}

/// The finding of an e-mail validation about the address.
#[derive(Debug, ToSchema)]
pub struct NewEmailValidation {
    /// The result of the validation.
    pub status: ValidationStatus,
    /// The reason, in the words of the validation service. If it is absent, null or blank, a status that repeats the stored one
    /// keeps the stored reason, and another status has no reason.
    pub reason: Option<String>,
    /// The time of the validation, in a form that `verified_at` accepts. If it is absent or null, a finding that repeats the stored
    /// status and reason keeps the stored time. Another finding gets the current time, but a new `unknown` gets no time.
    #[schema(format = DateTime)]
    pub validated_at: Option<String>,
}

/// The facts that block mail. Absent and null members change nothing.
#[derive(Debug, ToSchema)]
pub struct NewSuppression {
    /// True: the person unsubscribed from everything. False changes nothing: only a subscribe with the scope `global` lifts this fact.
    pub global_unsubscribed: Option<bool>,
    /// True: the mailbox of the address refused a message permanently. False lifts this fact.
    pub hard_bounced: Option<bool>,
    /// True: the person reported a message as spam. False changes nothing: only a subscribe with the scope `global` lifts this fact.
    pub complained: Option<bool>,
}

/// A phone number to add to the contact.
#[derive(Debug, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct NewPhoneNumber {
    /// The phone number. Its calling code must exist, and a number in national form must be valid.
    pub value: PhoneNumber,
    /// True makes the number primary. The first number of a contact is always primary.
    pub is_primary: Option<bool>,
}

/// An address to subscribe, in one audience for one client.
#[derive(Debug, ToSchema)]
pub struct Subscribe {
    /// The address. The request subscribes the contact that owns it. If nobody owns it, the request creates a contact.
    pub email: EmailAddress,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
    /// The subscriptions that begin or restart. `client` (the default): the client's subscription. `audience`: also the subscription
    /// at audience level. `global`: the same two, and the request lifts a global unsubscription and a complaint.
    pub scope: Option<Scope>,
}

/// An address to unsubscribe, in one audience for one client.
#[derive(Debug, ToSchema)]
pub struct Unsubscribe {
    /// The address. The request unsubscribes the contact that owns it.
    pub email: EmailAddress,
    /// The slug of the audience. The organization must have it.
    pub audience: AudienceSlug,
    /// The slug of the calling application. It must be the token's client.
    pub client: ClientSlug,
    /// The reach of the request: it ends the client's subscription (`client`), the subscription at audience level (`audience`),
    /// or all mail to the person (`global`).
    pub scope: Scope,
    /// The reason, in the words of the person or the application. Absent, null or blank means no reason.
    pub reason: Option<String>,
}
