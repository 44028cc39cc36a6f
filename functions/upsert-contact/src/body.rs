//! The optional members of the body. `mailer::audience_member` reads `email`, `audience` and `client`.

use shared::domain::{
    Actor, AddressPatch, AudiencePatch, AudienceSlug, ContactPatch, MethodValue, NewMethod,
    PhoneNumber, SubscriptionPatch, SuppressionPatch, ValidationPatch, Verification,
};
use shared::http::{Call, Members, Problem, mailer, parse};

/// The changes that the body asks for.
pub(crate) struct Patch {
    /// The changes, without the tags.
    patch: AudiencePatch,
    /// All of the contact's tags in the audience.
    tags: Option<Vec<String>>,
}

impl Patch {
    /// The changes in this audience.
    pub(crate) fn in_audience(mut self, audience: &AudienceSlug) -> AudiencePatch {
        let tags = self.tags.map(|tags| (audience.clone(), tags));
        self.patch.contact.tags.extend(tags);
        self.patch
    }
}

/// Reads the changes of the contact and of the client's subscription.
pub(crate) fn patch(members: &mut Members<'_>, call: &Call<'_>, actor: &Actor) -> Option<Patch> {
    let status = parse::one_of(Problem::MustBeSubscriptionStatus);
    let status = members.optional("status", status);
    let verified = members.optional("verified", parse::boolean);
    let verified = verified.map(Option::unwrap_or_default);
    let verified_at = mailer::verified_at(members, verified, call);
    let email_validation = members.object("email_validation", |members| validation(members, call));
    let suppression = members.object("suppression", |members| suppression(members, call));
    let tags = members.texts("tags");
    let first_name = members.optional("firstName", parse::text);
    let last_name = members.optional("lastName", parse::text);
    let phones = phones(members, call);
    let suppression = suppression?.unwrap_or_default();
    let client = SubscriptionPatch {
        status: status?,
        is_history: true,
        ..SubscriptionPatch::default()
    };
    let contact = ContactPatch {
        first_name: first_name?,
        last_name: last_name?,
        methods: phones?,
        globally_unsubscribed: suppression.globally_unsubscribed,
        complained: suppression.complained,
        ..ContactPatch::default()
    };
    let patch = AudiencePatch {
        contact,
        address: AddressPatch {
            validation: email_validation?,
            hard_bounced: suppression.hard_bounced,
            ..AddressPatch::default()
        },
        verification: verified_at?.map(|at| Verification {
            at,
            by: Some(actor.clone()),
            source: None,
        }),
        names_address: true,
        audience: None,
        client,
    };
    Some(Patch { patch, tags: tags? })
}

fn validation(members: &mut Members<'_>, call: &Call<'_>) -> Option<ValidationPatch> {
    let status = parse::one_of(Problem::MustBeValidationStatus);
    let status = members.required("status", status);
    let reason = members.optional("reason", parse::text);
    let validated_at = parse::iso_date_time(call.service.time_zone);
    let validated_at = members.optional("validated_at", validated_at);
    Some(ValidationPatch {
        status: status?,
        reason: reason?,
        validated_at: validated_at?.map(Some),
        is_history: false,
    })
}

/// The changes that the body asks for of the facts that block mail.
#[derive(Default)]
struct Suppression {
    globally_unsubscribed: Option<SuppressionPatch>,
    hard_bounced: Option<SuppressionPatch>,
    complained: Option<SuppressionPatch>,
}

/// `false` lifts a bounce. Only a subscribe lifts a global unsubscription or a complaint (contract section 12).
fn suppression(members: &mut Members<'_>, call: &Call<'_>) -> Option<Suppression> {
    let since_now = SuppressionPatch::Since(call.received_at);
    let mut read = |member| members.optional(member, parse::boolean);
    let globally_unsubscribed = read("global_unsubscribed");
    let hard_bounced = read("hard_bounced");
    let complained = read("complained");
    let since = |holds: Option<bool>| (holds == Some(true)).then_some(since_now);
    Some(Suppression {
        globally_unsubscribed: since(globally_unsubscribed?),
        hard_bounced: hard_bounced?.map(|holds| {
            if holds {
                since_now
            } else {
                SuppressionPatch::Lifted
            }
        }),
        complained: since(complained?),
    })
}

/// Reads the phone numbers: one number as a text, or several numbers as objects.
fn phones(members: &mut Members<'_>, call: &Call<'_>) -> Option<Vec<NewMethod>> {
    let region = call.service.default_phone_region;
    if members.is_text("phoneNumber") {
        let number = parse::non_blank(parse::new_phone_number(region));
        let number = members.optional("phoneNumber", number)?;
        let number = number.map(|number| phone(number, None));
        return Some(number.into_iter().collect());
    }
    let numbers = members.objects("phoneNumber", |members| {
        let number = parse::non_blank(parse::new_phone_number(region));
        let number = members.read("value", number);
        let is_primary = members.optional("isPrimary", parse::boolean);
        // `false` counts as absent: it does not say which number is primary.
        let is_primary = is_primary?.filter(|is_primary| *is_primary);
        Some(phone(number?, is_primary))
    })?;
    let primaries = numbers.iter().filter(|number| number.is_primary.is_some());
    if primaries.count() > 1 {
        members.fault("phoneNumber", Problem::MustHaveOnePrimary);
        return None;
    }
    Some(numbers)
}

fn phone(number: PhoneNumber, is_primary: Option<bool>) -> NewMethod {
    NewMethod {
        is_primary,
        ..NewMethod::of(MethodValue::Phone(number))
    }
}
