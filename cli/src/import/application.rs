//! A record in the form of a request body of `POST /api/contacts`. It describes the past.
//!
//! This differs from the endpoint in three ways. An ended subscription, or an address validation, without a time in the record
//! gets no time: the result must not depend on when the import runs. A record lifts no suppression: the suppression may
//! be younger than the record. And a record has times of the past that a request cannot have: when the subscription ended,
//! and since when a suppression holds. A `verified_at` is enough to verify: files of other systems have no `verified`.

use std::collections::BTreeMap;

use serde::Deserialize;
use shared::domain::{
    Actor, AddressPatch, AudienceSlug, ClientSlug, ContactPatch, ContactRecord, Ending, NewMethod,
    SubscriptionId, SubscriptionPatch, SubscriptionStatus, SuppressionPatch, Timestamp,
    ValidationPatch, ValidationStatus, Verification, VerificationState,
};

use crate::contact_file::fault::Fault;
use crate::contact_file::row::ContactRow;
use crate::contact_file::values::{ReadContext, check_methods, email_address, phone_number};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ApplicationMembers {
    email: String,
    audience: AudienceSlug,
    client: ClientSlug,
    status: Option<SubscriptionStatus>,
    verified: Option<bool>,
    verified_at: Option<String>,
    unsubscribed_at: Option<String>,
    #[serde(default)]
    unsubscribe_reason: String,
    email_validation: Option<ValidationMembers>,
    suppression: Option<SuppressionMembers>,
    tags: Option<Vec<String>>,
    #[serde(rename = "firstName")]
    first_name: Option<String>,
    #[serde(rename = "lastName")]
    last_name: Option<String>,
    #[serde(rename = "phoneNumber", default)]
    phone_number: Vec<PhoneEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidationMembers {
    status: ValidationStatus,
    #[serde(default)]
    reason: String,
    validated_at: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SuppressionMembers {
    global_unsubscribed: Option<bool>,
    global_unsubscribed_at: Option<String>,
    hard_bounced: Option<bool>,
    hard_bounced_at: Option<String>,
    complained: Option<bool>,
    complained_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct PhoneEntry {
    value: String,
    is_primary: Option<bool>,
}

/// Reads a record.
///
/// # Errors
/// The first fault of the record.
pub(super) fn read(
    members: ApplicationMembers,
    context: &ReadContext,
) -> Result<ContactRow, Fault> {
    let phones = phones(members.phone_number, context)?;
    let mut email = email_address(&members.email, "email", None)?;
    let verified_at = verified_at(members.verified, members.verified_at.as_deref(), context)?;
    let email_validation = members
        .email_validation
        .map(|found| validation(found, context))
        .transpose()?;
    let ending = ending(
        members.status,
        members.unsubscribed_at.as_deref(),
        &members.unsubscribe_reason,
        context,
    )?;
    let suppressions = suppressions(members.suppression.unwrap_or_default(), context)?;
    let verification = VerificationState::from(verified_at.map(|at| Verification {
        at,
        by: Some(Actor::client(&members.client)),
        source: None,
    }));
    email.verification = verification.clone();
    email.address = AddressPatch {
        validation: email_validation,
        hard_bounced: suppressions.hard_bounced,
        ..AddressPatch::default()
    };
    let normal_form = email.value.normal_form().to_owned();
    let patch = ContactPatch {
        first_name: text(members.first_name),
        last_name: text(members.last_name),
        methods: std::iter::once(email).chain(phones).collect(),
        globally_unsubscribed: suppressions.globally_unsubscribed,
        complained: suppressions.complained,
        tags: tags(members.tags)?
            .map(|tags| (members.audience.clone(), tags))
            .into_iter()
            .collect(),
        ..ContactPatch::default()
    };
    let subscription = SubscriptionPatch {
        status: members.status,
        ending: Some(ending),
        verifications: BTreeMap::from([(normal_form.clone(), verification)]),
        address: Some(normal_form),
        is_history: true,
    };
    let id = SubscriptionId {
        audience: members.audience.clone(),
        client: Some(members.client),
    };
    Ok(ContactRow {
        record: ContactRecord {
            patch,
            subscriptions: BTreeMap::from([(id, subscription)]),
            ..ContactRecord::default()
        },
        audiences: vec![(members.audience, "audience".to_owned())],
        email_member: Some("email"),
    })
}

fn phones(entries: Vec<PhoneEntry>, context: &ReadContext) -> Result<Vec<NewMethod>, Fault> {
    let mut phones = Vec::with_capacity(entries.len());
    for (position, entry) in entries.into_iter().enumerate() {
        // `isPrimary: false` does not say which other number is primary, so it changes nothing.
        let is_primary = entry.is_primary.filter(|is_primary| *is_primary);
        let field = format!("phoneNumber[{position}].value");
        phones.push(phone_number(&entry.value, &field, is_primary, context)?);
    }
    check_methods(&mut phones, "phoneNumber")?;
    Ok(phones)
}

/// The time of the subscription's verification, if it is verified.
fn verified_at(
    verified: Option<bool>,
    at: Option<&str>,
    context: &ReadContext,
) -> Result<Option<Timestamp>, Fault> {
    match (verified, at) {
        (Some(true) | None, Some(at)) => instant(at, "verified_at", context).map(Some),
        (Some(true), None) => Ok(Some(context.now)),
        (Some(false), _) | (None, None) => Ok(None),
    }
}

/// When and why the subscription ended, if it ended.
fn ending(
    status: Option<SubscriptionStatus>,
    at: Option<&str>,
    reason: &str,
    context: &ReadContext,
) -> Result<Ending, Fault> {
    let names = [
        ("unsubscribed_at", at.is_some()),
        ("unsubscribe_reason", !reason.is_empty()),
    ];
    let mut given = names.into_iter().filter(|(_, is_given)| *is_given);
    if let Some((name, _)) = given
        .next()
        .filter(|_| status != Some(SubscriptionStatus::Unsubscribed))
    {
        let why = format!("must be unsubscribed if the record has {name}");
        return Err(Fault::new("status", why));
    }
    Ok(Ending {
        at: at
            .map(|at| instant(at, "unsubscribed_at", context))
            .transpose()?,
        reason: reason.trim().to_owned(),
    })
}

/// The suppressions of a record.
struct Suppressions {
    globally_unsubscribed: Option<SuppressionPatch>,
    hard_bounced: Option<SuppressionPatch>,
    complained: Option<SuppressionPatch>,
}

fn suppressions(members: SuppressionMembers, context: &ReadContext) -> Result<Suppressions, Fault> {
    // A suppression without a time holds from now on.
    let since = |field: &str, is_suppressed: Option<bool>, at: Option<String>| {
        let field = format!("suppression.{field}");
        let since = match (is_suppressed, at) {
            (Some(false), Some(_)) => {
                let why = format!("must not be false if the record has {field}_at");
                return Err(Fault::new(field, why));
            }
            (_, Some(at)) => instant(&at, &format!("{field}_at"), context)?,
            (Some(true), None) => context.now,
            (Some(false) | None, None) => return Ok(None),
        };
        Ok(Some(SuppressionPatch::Since(since)))
    };
    Ok(Suppressions {
        globally_unsubscribed: since(
            "global_unsubscribed",
            members.global_unsubscribed,
            members.global_unsubscribed_at,
        )?,
        hard_bounced: since(
            "hard_bounced",
            members.hard_bounced,
            members.hard_bounced_at,
        )?,
        complained: since("complained", members.complained, members.complained_at)?,
    })
}

fn validation(found: ValidationMembers, context: &ReadContext) -> Result<ValidationPatch, Fault> {
    let validated_at = found
        .validated_at
        .map(|at| instant(&at, "email_validation.validated_at", context))
        .transpose()?;
    Ok(ValidationPatch {
        status: found.status,
        reason: Some(found.reason.trim().to_owned()),
        validated_at: Some(validated_at),
        is_history: true,
    })
}

fn instant(text: &str, field: &str, context: &ReadContext) -> Result<Timestamp, Fault> {
    Timestamp::parse_iso8601(text, context.time_zone).map_err(|_| {
        Fault::new(
            field,
            "must be an ISO 8601 date and time, from 1970 to 9999, such as 2024-05-01 10:00:00",
        )
    })
}

/// The tags, trimmed. An empty list changes nothing.
fn tags(tags: Option<Vec<String>>) -> Result<Option<Vec<String>>, Fault> {
    let tags: Vec<_> = tags
        .unwrap_or_default()
        .into_iter()
        .map(|tag| tag.trim().to_owned())
        .collect();
    if tags.iter().any(String::is_empty) {
        return Err(Fault::new("tags", "must not have a blank entry"));
    }
    Ok((!tags.is_empty()).then_some(tags))
}

/// A text, trimmed. A blank text changes nothing.
fn text(text: Option<String>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
}
