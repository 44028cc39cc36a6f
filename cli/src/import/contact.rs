//! A record of a contact, in the format of an export and of a seed file (contract section 11).

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use serde::Deserialize;
use serde_json::{Map, Value};
use shared::domain::{
    Actor, AudienceSlug, ContactId, ContactPatch, ContactRecord, Ending, NewMethod, SubscriptionId,
    SubscriptionPatch, SuppressionPatch, Timestamp, ValidationPatch,
};

use super::fault::Fault;
use super::row::ContactRow;
use super::values::{ReadContext, check_methods, email_address, phone_number, verification};
use crate::seed::file::{EmailValidationSeed, SubscriptionSeed};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct ContactMembers {
    id: Option<ContactId>,
    first_name: Option<String>,
    last_name: Option<String>,
    #[serde(default)]
    phone_number: Vec<MethodMembers>,
    #[serde(default)]
    emails: Vec<EmailMembers>,
    /// The only address, which is primary, instead of `emails`.
    email: Option<String>,
    #[serde(default)]
    secondary_phone_number: Vec<String>,
    status: Option<String>,
    pipeline_id: Option<String>,
    pipeline_stage: Option<String>,
    user_id: Option<String>,
    created_by: Option<String>,
    #[serde(default)]
    assignees: Vec<String>,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<String>,
    email_validation: Option<EmailValidationSeed>,
    globally_unsubscribed_at: Option<Timestamp>,
    global_unsubscribe_reason: Option<String>,
    hard_bounced_at: Option<Timestamp>,
    complained_at: Option<Timestamp>,
    #[serde(default)]
    subscriptions: Vec<SubscriptionSeed>,
    #[serde(default)]
    tags: BTreeMap<AudienceSlug, Vec<String>>,
    created_at: Option<Timestamp>,
    updated_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MethodMembers {
    value: String,
    is_primary: Option<bool>,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EmailMembers {
    value: String,
    is_primary: Option<bool>,
    verified_at: Option<Timestamp>,
    verified_by: Option<Actor>,
    verification_source: Option<String>,
    /// False where another contact owns the address.
    is_owner: Option<bool>,
}

/// Refuses a plain list of tags: tags belong to an audience.
pub(super) fn check(members: &Map<String, Value>) -> Result<(), Fault> {
    if members.get("tags").is_some_and(Value::is_array) {
        return Err(Fault::new(
            "tags",
            "must be an object with a list for each audience, unless the record has audience and client",
        ));
    }
    Ok(())
}

/// Reads a contact.
///
/// # Errors
/// What is wrong with it.
pub(super) fn read(
    mut members: ContactMembers,
    context: &ReadContext,
) -> Result<ContactRow, Fault> {
    let phones = phones(mem::take(&mut members.phone_number), context)?;
    let email_member = members.email.is_some().then_some("email");
    let (emails, owned_elsewhere) = match members.email.take() {
        None => emails(mem::take(&mut members.emails))?,
        Some(_) if !members.emails.is_empty() => {
            return Err(Fault::new("email", "must not stand beside emails"));
        }
        Some(address) => (
            vec![email_address(&address, "email", Some(true))?],
            BTreeSet::new(),
        ),
    };
    let subscriptions = subscriptions(mem::take(&mut members.subscriptions))?;
    let audiences = audiences(&subscriptions, &members.tags);
    let record = ContactRecord {
        id: members.id.take(),
        updated_at: members.updated_at,
        patch: patch(members, phones.into_iter().chain(emails).collect())?,
        owned_elsewhere,
        subscriptions: subscriptions
            .into_iter()
            .map(|(_, id, patch)| (id, patch))
            .collect(),
    };
    if record.id.is_none() && record.own_addresses().next().is_none() {
        return Err(Fault::new(
            "id",
            "must be there where there is no e-mail address of the contact's own",
        ));
    }
    Ok(ContactRow {
        record,
        audiences,
        email_member,
    })
}

/// The audiences that the record names, each with the member that names it.
fn audiences(
    subscriptions: &[(usize, SubscriptionId, SubscriptionPatch)],
    tags: &BTreeMap<AudienceSlug, Vec<String>>,
) -> Vec<(AudienceSlug, String)> {
    let of_subscriptions = subscriptions.iter().map(|(position, id, _)| {
        let field = format!("subscriptions[{position}].audience");
        (id.audience.clone(), field)
    });
    let of_tags = tags
        .keys()
        .map(|audience| (audience.clone(), "tags".to_owned()));
    of_subscriptions.chain(of_tags).collect()
}

/// The patch of the contact itself, with these contact methods.
fn patch(members: ContactMembers, methods: Vec<NewMethod>) -> Result<ContactPatch, Fault> {
    let verification = verification(
        "",
        members.verified_at,
        members.verified_by,
        members.verification_source,
    )?;
    let email_validation = members.email_validation.map(|found| ValidationPatch {
        status: found.status,
        reason: Some(found.reason),
        validated_at: Some(found.validated_at),
    });
    // An empty list of tags changes nothing.
    let tags = members
        .tags
        .into_iter()
        .filter(|(_, tags)| !tags.is_empty());
    Ok(ContactPatch {
        first_name: members.first_name,
        last_name: members.last_name,
        methods,
        secondary_phone_numbers: members.secondary_phone_number,
        status: members.status,
        pipeline_id: members.pipeline_id,
        pipeline_stage: members.pipeline_stage,
        user_id: members.user_id,
        created_by: members.created_by,
        assignees: members.assignees,
        verification,
        email_validation,
        globally_unsubscribed: members
            .globally_unsubscribed_at
            .map(SuppressionPatch::Since),
        global_unsubscribe_reason: members.global_unsubscribe_reason,
        hard_bounced: members.hard_bounced_at.map(SuppressionPatch::Since),
        complained: members.complained_at.map(SuppressionPatch::Since),
        tags: tags.collect(),
        created_at: members.created_at,
    })
}

fn phones(entries: Vec<MethodMembers>, context: &ReadContext) -> Result<Vec<NewMethod>, Fault> {
    let mut phones = Vec::with_capacity(entries.len());
    for (place, entry) in entries.into_iter().enumerate() {
        let place = format!("phoneNumber[{place}]");
        let field = format!("{place}.value");
        let mut phone = phone_number(&entry.value, &field, entry.is_primary, context)?;
        phone.verification = verification(
            &place,
            entry.verified_at,
            entry.verified_by,
            entry.verification_source,
        )?;
        phones.push(phone);
    }
    check_methods(&phones, "phoneNumber")?;
    Ok(phones)
}

/// The e-mail addresses, and the normal forms of those that another contact owns.
fn emails(entries: Vec<EmailMembers>) -> Result<(Vec<NewMethod>, BTreeSet<String>), Fault> {
    let mut emails = Vec::with_capacity(entries.len());
    let mut owned_elsewhere = BTreeSet::new();
    for (place, entry) in entries.into_iter().enumerate() {
        let place = format!("emails[{place}]");
        let field = format!("{place}.value");
        let mut email = email_address(&entry.value, &field, entry.is_primary)?;
        email.verification = verification(
            &place,
            entry.verified_at,
            entry.verified_by,
            entry.verification_source,
        )?;
        if entry.is_owner == Some(false) {
            owned_elsewhere.insert(email.value.normal_form().to_owned());
        }
        emails.push(email);
    }
    check_methods(&emails, "emails")?;
    Ok((emails, owned_elsewhere))
}

/// The subscriptions, each with its position in the list.
fn subscriptions(
    entries: Vec<SubscriptionSeed>,
) -> Result<Vec<(usize, SubscriptionId, SubscriptionPatch)>, Fault> {
    let mut seen = BTreeSet::new();
    let mut subscriptions = Vec::with_capacity(entries.len());
    for (place, entry) in entries.into_iter().enumerate() {
        let field = format!("subscriptions[{place}]");
        let id = SubscriptionId {
            audience: entry.audience,
            client: entry.client,
        };
        if !seen.insert(id.clone()) {
            return Err(Fault::new(
                field,
                "an earlier entry has the same audience and client",
            ));
        }
        let patch = SubscriptionPatch {
            status: Some(entry.status),
            ending: Some(Ending {
                at: entry.unsubscribed_at,
                reason: entry.unsubscribe_reason,
            }),
            verification: verification(
                &field,
                entry.verified_at,
                entry.verified_by,
                entry.verification_source,
            )?,
            is_history: true,
        };
        subscriptions.push((place, id, patch));
    }
    Ok(subscriptions)
}
