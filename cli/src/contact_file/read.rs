//! Reads a contact, or an address that no contact owns, in the format of an export and of a seed file (contract section 11).

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use serde_json::{Map, Value};
use shared::domain::{
    AddressPatch, AudienceSlug, ContactId, ContactPatch, ContactRecord, Ending, NewMethod,
    SubscriptionId, SubscriptionPatch, SuppressionPatch, Timestamp, ValidationPatch,
    VerificationState,
};

use super::fault::Fault;
use super::members::{
    AddressMembers, ContactMembers, EmailMembers, PhoneMembers, SubscriptionMembers,
    ValidationMembers, VerificationMembers,
};
use super::row::ContactRow;
use super::values::{
    ReadContext, check_methods, email_address, member, phone_number, verification,
};

/// Refuses a plain list of tags: tags belong to an audience.
pub(crate) fn check(members: &Map<String, Value>) -> Result<(), Fault> {
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
/// The first fault of the contact.
pub(crate) fn contact(
    mut members: ContactMembers,
    context: &ReadContext,
) -> Result<ContactRow, Fault> {
    let phones = phones(mem::take(&mut members.phone_number), context)?;
    let email_member = members.email.is_some().then_some("email");
    let mut emails = match members.email.take() {
        None => Emails::read(mem::take(&mut members.emails))?,
        Some(_) if !members.emails.is_empty() => {
            return Err(Fault::new("email", "must not be in a record with emails"));
        }
        Some(address) => Emails {
            methods: vec![email_address(&address, "email", Some(true))?],
            ..Emails::default()
        },
    };
    emails.add_short_form(&mut members)?;
    let subscriptions = subscriptions(mem::take(&mut members.subscriptions), &emails)?;
    let audiences = audiences(&subscriptions, &members.tags);
    let record = ContactRecord {
        id: members.id.take(),
        updated_at: members.updated_at,
        patch: patch(members, phones.into_iter().chain(emails.methods).collect()),
        not_owned: emails.not_owned,
        former_owners: emails.former_owners,
        is_address: false,
        subscriptions: subscriptions
            .into_iter()
            .map(|(_, id, patch)| (id, patch))
            .collect(),
    };
    if record.id.is_none() && record.own_addresses().next().is_none() {
        return Err(Fault::new(
            "id",
            "is required unless the contact owns an e-mail address",
        ));
    }
    Ok(ContactRow {
        record,
        audiences,
        email_member,
    })
}

/// Reads an address that no contact owns.
///
/// # Errors
/// The first fault of the address.
pub(crate) fn address(members: AddressMembers) -> Result<ContactRow, Fault> {
    let mut method = email_address(&members.address, "address", None)?;
    method.address = address_patch(
        members.email_validation,
        members.hard_bounced_at,
        members.globally_unsubscribed_at,
        members.complained_at,
    );
    let normal_form = method.value.normal_form().to_owned();
    Ok(ContactRow {
        record: ContactRecord {
            former_owners: BTreeMap::from([(normal_form, members.former_owners)]),
            is_address: true,
            patch: ContactPatch {
                methods: vec![method],
                ..ContactPatch::default()
            },
            ..ContactRecord::default()
        },
        audiences: Vec::new(),
        email_member: Some("address"),
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
fn patch(members: ContactMembers, methods: Vec<NewMethod>) -> ContactPatch {
    // An empty list of tags changes nothing.
    let tags = members
        .tags
        .into_iter()
        .filter(|(_, tags)| !tags.is_empty());
    ContactPatch {
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
        globally_unsubscribed: members
            .globally_unsubscribed_at
            .map(SuppressionPatch::Since),
        global_unsubscribe_reason: members.global_unsubscribe_reason,
        complained: members.complained_at.map(SuppressionPatch::Since),
        tags: tags.collect(),
        created_at: members.created_at,
    }
}

/// The facts about an address that block mail.
fn address_patch(
    validation: Option<ValidationMembers>,
    hard_bounced_at: Option<Timestamp>,
    globally_unsubscribed_at: Option<Timestamp>,
    complained_at: Option<Timestamp>,
) -> AddressPatch {
    AddressPatch {
        validation: validation.map(|found| ValidationPatch {
            status: found.status,
            reason: Some(found.reason),
            validated_at: Some(found.validated_at),
            is_history: true,
        }),
        hard_bounced: hard_bounced_at.map(SuppressionPatch::Since),
        globally_unsubscribed: globally_unsubscribed_at.map(SuppressionPatch::Since),
        complained: complained_at.map(SuppressionPatch::Since),
    }
}

fn phones(entries: Vec<PhoneMembers>, context: &ReadContext) -> Result<Vec<NewMethod>, Fault> {
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
            entry.cleared_at,
        )?;
        phones.push(phone);
    }
    check_methods(&mut phones, "phoneNumber")?;
    Ok(phones)
}

/// The e-mail addresses of a record.
#[derive(Default)]
struct Emails {
    methods: Vec<NewMethod>,
    /// The normal forms of the addresses that the contact does not own.
    not_owned: BTreeSet<String>,
    /// The former owners, by normal form.
    former_owners: BTreeMap<String, Vec<ContactId>>,
}

impl Emails {
    fn read(entries: Vec<EmailMembers>) -> Result<Self, Fault> {
        let mut emails = Self::default();
        for (place, entry) in entries.into_iter().enumerate() {
            let place = format!("emails[{place}]");
            let field = format!("{place}.value");
            let mut email = email_address(&entry.value, &field, entry.is_primary)?;
            email.verification = verification(
                &place,
                entry.verified_at,
                entry.verified_by,
                entry.verification_source,
                entry.cleared_at,
            )?;
            email.address = address_patch(
                entry.email_validation,
                entry.hard_bounced_at,
                entry.globally_unsubscribed_at,
                entry.complained_at,
            );
            let normal_form = email.value.normal_form().to_owned();
            if !entry.former_owners.is_empty() {
                let former = entry.former_owners;
                emails.former_owners.insert(normal_form.clone(), former);
            }
            if entry.is_owner == Some(false) {
                emails.not_owned.insert(normal_form);
            }
            emails.methods.push(email);
        }
        check_methods(&mut emails.methods, "emails")?;
        Ok(emails)
    }

    /// The primary address of the record.
    fn primary(&self) -> Option<&NewMethod> {
        let mut methods = self.methods.iter();
        let primary = methods.find(|method| method.is_primary == Some(true));
        primary.or(self.methods.first())
    }

    /// The normal form of the address that the member at `field` names. The record must have this address.
    fn find(&self, address: &str, field: &str) -> Result<String, Fault> {
        let address = email_address(address, field, None)?;
        let normal_form = address.value.normal_form();
        let mut methods = self.methods.iter();
        if methods.any(|method| method.value.normal_form() == normal_form) {
            return Ok(normal_form.to_owned());
        }
        Err(Fault::new(field, "must be one of the contact's addresses"))
    }

    /// Adds the members of the contact itself that are about its primary address (the short form).
    fn add_short_form(&mut self, members: &mut ContactMembers) -> Result<(), Fault> {
        let reported = verification(
            "",
            members.verified_at,
            members.verified_by.take(),
            members.verification_source.take(),
            members.cleared_at,
        )?;
        let validation = members.email_validation.take();
        let hard_bounced_at = members.hard_bounced_at;
        let names = [
            ("verifiedAt", reported.current.is_some()),
            ("clearedAt", reported.cleared_at.is_some()),
            ("emailValidation", validation.is_some()),
            ("hardBouncedAt", hard_bounced_at.is_some()),
        ];
        let Some((name, _)) = names.into_iter().find(|(_, is_there)| *is_there) else {
            return Ok(());
        };
        let primary = self.primary().map(|method| method.value.clone());
        let mut methods = self.methods.iter_mut();
        let Some(primary) = methods.find(|method| Some(&method.value) == primary.as_ref()) else {
            return Err(Fault::new(name, NO_ADDRESS));
        };
        if validation.is_some() && primary.address.validation.is_some() {
            let why = "must not be given twice: the entry of the primary address has it too";
            return Err(Fault::new("emailValidation", why));
        }
        add(&mut primary.verification, reported);
        let short_form = address_patch(validation, hard_bounced_at, None, None);
        let address = &mut primary.address;
        address.validation = address.validation.take().or(short_form.validation);
        address.hard_bounced = match (address.hard_bounced, short_form.hard_bounced) {
            (Some(SuppressionPatch::Since(one)), Some(SuppressionPatch::Since(other))) => {
                Some(SuppressionPatch::Since(one.min(other)))
            }
            (one, other) => one.or(other),
        };
        Ok(())
    }
}

const NO_ADDRESS: &str = "needs an e-mail address, but the contact has none";

/// Merges another report of the same verification: the earlier verification and the later clear count.
fn add(known: &mut VerificationState, other: VerificationState) {
    known.cleared_at = known.cleared_at.max(other.cleared_at);
    if let Some(verification) = other.current {
        known.record(verification);
    }
}

/// The subscriptions, each with its position in the list.
fn subscriptions(
    entries: Vec<SubscriptionMembers>,
    emails: &Emails,
) -> Result<Vec<(usize, SubscriptionId, SubscriptionPatch)>, Fault> {
    let mut seen = BTreeSet::new();
    let mut subscriptions = Vec::with_capacity(entries.len());
    for (place, entry) in entries.into_iter().enumerate() {
        let field = format!("subscriptions[{place}]");
        let id = SubscriptionId {
            audience: entry.audience.clone(),
            client: entry.client.clone(),
        };
        if !seen.insert(id.clone()) {
            return Err(Fault::new(
                field,
                "an earlier entry has the same audience and client",
            ));
        }
        subscriptions.push((place, id, subscription(entry, &field, emails)?));
    }
    Ok(subscriptions)
}

/// The patch of the subscription at `place`.
fn subscription(
    entry: SubscriptionMembers,
    place: &str,
    emails: &Emails,
) -> Result<SubscriptionPatch, Fault> {
    let primary = emails.primary().map(|email| email.value.normal_form());
    let mut verifications = BTreeMap::new();
    for (position, entry) in entry.verifications.into_iter().enumerate() {
        let place = format!("{place}.verifications[{position}]");
        let VerificationMembers {
            email,
            verified_at,
            verified_by,
            verification_source,
            cleared_at,
        } = entry;
        let field = member(&place, "email");
        let email = emails.find(&email, &field)?;
        let reported = verification(
            &place,
            verified_at,
            verified_by,
            verification_source,
            cleared_at,
        )?;
        if verifications.insert(email, reported).is_some() {
            return Err(Fault::new(field, "is the same as that of an earlier entry"));
        }
    }
    let short_form = verification(
        place,
        entry.verified_at,
        entry.verified_by,
        entry.verification_source,
        entry.cleared_at,
    )?;
    if short_form != VerificationState::default() {
        let name = match short_form.current {
            Some(_) => "verifiedAt",
            None => "clearedAt",
        };
        let primary = primary.ok_or_else(|| Fault::new(member(place, name), NO_ADDRESS))?;
        let known = verifications.entry(primary.to_owned()).or_default();
        add(known, short_form);
    }
    let email = entry
        .email
        .map(|email| emails.find(&email, &member(place, "email")));
    Ok(SubscriptionPatch {
        status: Some(entry.status),
        ending: Some(Ending {
            at: entry.unsubscribed_at,
            reason: entry.unsubscribe_reason,
        }),
        address: email.transpose()?.or(primary.map(str::to_owned)),
        verifications,
        is_history: true,
    })
}

#[cfg(test)]
mod tests;
