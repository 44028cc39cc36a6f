//! The optional members of the body. `email`, `audience` and `client` are read by `mailer::audience_member`.

use shared::domain::{
    Actor, AudiencePatch, AudienceSlug, ContactPatch, MethodValue, NewMethod, PhoneNumber,
    SubscriptionPatch, SuppressionPatch, ValidationPatch, Verification,
};
use shared::http::{Call, Members, Problem, mailer, parse};

/// The changes that the body asks for.
pub(crate) struct Patch {
    /// The contact's change.
    pub(crate) contact: ContactPatch,
    /// The change of the client's subscription.
    pub(crate) subscription: SubscriptionPatch,
    /// All of the contact's tags in the audience.
    pub(crate) tags: Option<Vec<String>>,
}

impl Patch {
    /// The changes of the contact and of the client's subscription in this audience.
    pub(crate) fn in_audience(self, audience: &AudienceSlug) -> AudiencePatch {
        let mut contact = self.contact;
        contact
            .tags
            .extend(self.tags.map(|tags| (audience.clone(), tags)));
        AudiencePatch {
            contact,
            audience: None,
            client: self.subscription,
        }
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
    let status = parse::one_of(Problem::MustBeValidationStatus);
    let status = members.required("status", status);
    let reason = members.optional("reason", parse::text);
    let validated_at = parse::iso_date_time(call.service.time_zone);
    let validated_at = members.optional("validated_at", validated_at);
    Some(ValidationPatch {
        status: status?,
        reason: reason?,
        validated_at: validated_at?.map(Some),
    })
}

fn suppression(members: &mut Members<'_>, call: &Call<'_>) -> Option<ContactPatch> {
    let mut read = |member| {
        let holds = members.optional(member, parse::boolean)?;
        Some(holds.map(|holds| {
            if holds {
                SuppressionPatch::Since(call.received_at)
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
        value: MethodValue::Phone(number),
        is_primary,
        verification: None,
    }
}
