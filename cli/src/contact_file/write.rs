//! Writes a stored contact, or an address that no contact owns, in the format of a seed file (contract section 11).

use shared::domain::{
    Address, AddressSuppression, Contact, ContactId, ContactMethod, EmailValidation,
    OrganizationId, Subscription, SubscriptionId, Verification, VerificationState,
};
use shared::store::{ExportedContact, Registered};

use super::members::{
    AddressMembers, ContactMembers, EmailMembers, OrganizationMembers, PhoneMembers,
    SubscriptionMembers, ValidationMembers, VerificationMembers,
};

/// The organization with its audiences and clients.
pub(crate) fn organization(
    organization: &OrganizationId,
    registered: Registered,
) -> OrganizationMembers {
    OrganizationMembers {
        organization: organization.clone(),
        audiences: registered.audiences,
        clients: registered.clients,
    }
}

/// A contact with all its data. The verification, finding and bounce of its primary address are members of the contact itself.
pub(crate) fn contact(mut exported: ExportedContact) -> ContactMembers {
    let subscriptions = exported.contact.subscriptions.iter();
    let subscriptions = subscriptions
        .map(|(id, found)| subscription(&exported.contact.contact, id, found))
        .collect();
    let contact = exported.contact.contact;
    let primary = contact.primary_email().cloned();
    let (verification, suppression) = primary.map_or_else(Default::default, |email| {
        (email.verification, email.suppression)
    });
    let VerificationMembers {
        verified_at,
        verified_by,
        verification_source,
        cleared_at,
        ..
    } = verification_of("", verification);
    let emails = contact.emails.into_iter().map(|address| {
        let is_not_owned = exported.not_owned.contains(&address.normal_form);
        let former_owners = exported.former_owners.remove(&address.normal_form);
        email(address, former_owners.unwrap_or_default(), is_not_owned)
    });
    let reason = contact.suppression.global_unsubscribe_reason;
    ContactMembers {
        id: Some(contact.id),
        first_name: contact.first_name,
        last_name: contact.last_name,
        phone_number: contact.phones.into_iter().map(phone).collect(),
        emails: emails.collect(),
        email: None,
        secondary_phone_number: contact.secondary_phone_numbers,
        status: contact.status,
        pipeline_id: contact.pipeline_id,
        pipeline_stage: contact.pipeline_stage,
        user_id: contact.user_id,
        created_by: contact.created_by,
        assignees: contact.assignees,
        verified_at,
        verified_by,
        verification_source,
        cleared_at,
        email_validation: validation(&suppression),
        hard_bounced_at: suppression.hard_bounced_at,
        globally_unsubscribed_at: contact.suppression.globally_unsubscribed_at,
        global_unsubscribe_reason: Some(reason).filter(|reason| !reason.is_empty()),
        complained_at: contact.suppression.complained_at,
        subscriptions,
        // An audience without tags is the same as no audience.
        tags: contact
            .tags
            .into_iter()
            .filter(|(_, tags)| !tags.is_empty())
            .collect(),
        created_at: Some(contact.created_at),
        updated_at: Some(contact.updated_at),
    }
}

/// An address that no contact owns.
pub(crate) fn address(address: Address) -> AddressMembers {
    let suppression = address.suppression;
    AddressMembers {
        address: address.normal_form,
        email_validation: validation(&suppression),
        hard_bounced_at: suppression.hard_bounced_at,
        globally_unsubscribed_at: suppression.globally_unsubscribed_at,
        complained_at: suppression.complained_at,
        former_owners: address.former_owners,
    }
}

fn phone(number: ContactMethod) -> PhoneMembers {
    let found = verification_of("", number.verification);
    PhoneMembers {
        value: number.value,
        is_primary: Some(number.is_primary),
        verified_at: found.verified_at,
        verified_by: found.verified_by,
        verification_source: found.verification_source,
        cleared_at: found.cleared_at,
    }
}

fn email(
    address: ContactMethod,
    former_owners: Vec<ContactId>,
    is_not_owned: bool,
) -> EmailMembers {
    let ContactMethod {
        verification,
        suppression,
        ..
    } = address;
    // The facts about the primary address are members of the contact itself, except the facts about former owners.
    let (own_verification, own) = if address.is_primary {
        Default::default()
    } else {
        (verification, suppression.clone())
    };
    let found = verification_of("", own_verification);
    EmailMembers {
        value: address.value,
        is_primary: Some(address.is_primary),
        verified_at: found.verified_at,
        verified_by: found.verified_by,
        verification_source: found.verification_source,
        cleared_at: found.cleared_at,
        email_validation: validation(&own),
        hard_bounced_at: own.hard_bounced_at,
        globally_unsubscribed_at: suppression.globally_unsubscribed_at,
        complained_at: suppression.complained_at,
        former_owners,
        is_owner: is_not_owned.then_some(false),
    }
}

fn subscription(
    contact: &Contact,
    id: &SubscriptionId,
    subscription: &Subscription,
) -> SubscriptionMembers {
    let address = subscription.address.as_ref();
    let address = address.and_then(|hash| contact.email_of_hash(hash));
    let primary = contact.primary_email();
    let primary = primary.map(|email| subscription.verification(email));
    let found = verification_of("", primary.unwrap_or_default());
    let others = contact.emails.iter().filter(|email| !email.is_primary);
    let verifications = others.filter_map(|email| {
        let state = subscription.verification(email);
        (state != VerificationState::default()).then(|| verification_of(&email.value, state))
    });
    SubscriptionMembers {
        audience: id.audience.clone(),
        client: id.client.clone(),
        status: subscription.status,
        email: address
            .filter(|email| !email.is_primary)
            .map(|email| email.value.clone()),
        verified_at: found.verified_at,
        verified_by: found.verified_by,
        verification_source: found.verification_source,
        cleared_at: found.cleared_at,
        verifications: verifications.collect(),
        unsubscribed_at: subscription.unsubscribed_at,
        unsubscribe_reason: subscription.unsubscribe_reason.clone(),
    }
}

fn validation(suppression: &AddressSuppression) -> Option<ValidationMembers> {
    let validation = &suppression.validation;
    let is_known = *validation != EmailValidation::default();
    is_known.then(|| ValidationMembers {
        status: validation.status,
        reason: validation.reason.clone(),
        validated_at: validation.validated_at,
    })
}

/// The members of a verification of this address. `email` is blank if the members are in an object about the address.
fn verification_of(email: &str, state: VerificationState) -> VerificationMembers {
    let (at, by, source) = match state.current {
        // Without `..`, so that a new member is not lost in an export.
        Some(Verification { at, by, source }) => (Some(at), by, source),
        None => (None, None, None),
    };
    VerificationMembers {
        email: email.to_owned(),
        verified_at: at,
        verified_by: by,
        verification_source: source.map(|source| source.as_str().to_owned()),
        cleared_at: state.cleared_at,
    }
}
