//! The members of the body, all of which but the address, the audience and the client may be absent.

use shared::domain::{
    Actor, ContactPatch, MethodValue, NewMethod, PhoneNumber, SubscriptionPatch,
    SubscriptionStatus, SuppressionPatch, ValidationPatch, ValidationStatus, Verification,
};
use shared::http::{Call, Members, Problem};

/// What the body says.
pub(crate) struct Patch {
    /// Of the contact.
    pub(crate) contact: ContactPatch,
    /// Of the client's subscription.
    pub(crate) subscription: SubscriptionPatch,
    /// All of the contact's tags in the audience.
    pub(crate) tags: Option<Vec<String>>,
}

/// Reads what is said of the contact, and of the client's subscription. Each fault is noted.
pub(crate) fn patch(members: &mut Members<'_>, call: &Call<'_>, actor: &Actor) -> Option<Patch> {
    let status = members.one_of(
        "status",
        Problem::MustBeSubscriptionStatus,
        SubscriptionStatus::parse,
    );
    let verified_at = members.verified_at_if_true(
        "verified",
        "verified_at",
        call.service.time_zone,
        call.now(),
    );
    let email_validation = members.object("email_validation", |members| validation(members, call));
    let suppression = members.object("suppression", |members| suppression(members, call));
    let tags = members.texts("tags");
    let first_name = members.optional_text("firstName");
    let last_name = members.optional_text("lastName");
    let phones = phones(members, call);
    let subscription = SubscriptionPatch {
        status: status?,
        verification: verified_at?.map(|at| Verification {
            at,
            by: Some(actor.clone()),
            source: None,
        }),
        ..SubscriptionPatch::default()
    };
    let contact = ContactPatch {
        first_name: first_name?,
        last_name: last_name?,
        methods: phones?,
        email_validation: email_validation?,
        ..suppression?.unwrap_or_default()
    };
    Some(Patch {
        contact,
        subscription,
        tags: tags?,
    })
}

fn validation(members: &mut Members<'_>, call: &Call<'_>) -> Option<ValidationPatch> {
    let status = members.required_one_of(
        "status",
        Problem::MustBeValidationStatus,
        ValidationStatus::parse,
    );
    let reason = members.optional_text("reason");
    let validated_at = members.iso_datetime("validated_at", call.service.time_zone);
    Some(ValidationPatch {
        status: status?,
        reason: reason?,
        validated_at: validated_at?.map(Some),
    })
}

fn suppression(members: &mut Members<'_>, call: &Call<'_>) -> Option<ContactPatch> {
    let mut read = |member| {
        let holds = members.boolean(member)?;
        Some(holds.map(|holds| {
            if holds {
                SuppressionPatch::Since(call.now())
            } else {
                SuppressionPatch::Lifted
            }
        }))
    };
    let globally_unsubscribed = read("global_unsubscribed");
    let hard_bounced = read("hard_bounced");
    let complained = read("complained");
    Some(ContactPatch {
        globally_unsubscribed: globally_unsubscribed?,
        hard_bounced: hard_bounced?,
        complained: complained?,
        ..ContactPatch::default()
    })
}

/// One number as a text, or several as objects.
fn phones(members: &mut Members<'_>, call: &Call<'_>) -> Option<Vec<NewMethod>> {
    let region = call.service.default_phone_region;
    if members.is_text("phoneNumber") {
        if members.optional_text("phoneNumber")?.is_none() {
            return Some(Vec::new());
        }
        let number = members.new_phone_number("phoneNumber", region)?;
        return Some(vec![phone(number, None)]);
    }
    let numbers = members.objects("phoneNumber", |members| {
        let number = members.new_phone_number("value", region);
        let is_primary = members.boolean("isPrimary");
        // That one is not the main one does not say which is.
        let is_primary = is_primary?.filter(|is_primary| *is_primary);
        Some(phone(number?, is_primary))
    })?;
    let primaries = numbers.iter().filter(|number| number.is_primary.is_some());
    if primaries.count() > 1 {
        members.add_fault("phoneNumber", Problem::MustHaveOnePrimary);
        return None;
    }
    Some(numbers)
}

fn phone(number: PhoneNumber, is_primary: Option<bool>) -> NewMethod {
    NewMethod {
        value: MethodValue::Phone(number),
        is_primary,
        verification: None,
    }
}
