//! Reads values that several kinds of records have: phone numbers, e-mail addresses, verifications.

use shared::domain::{
    Actor, EmailAddress, MethodValue, NewMethod, PhoneNumber, PhoneRegion, TimeZone, Timestamp,
    Verification, VerificationSource, VerificationState,
};

use super::fault::Fault;

/// The settings and the time that reading a record depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadContext {
    /// The region of national phone numbers.
    pub(crate) region: PhoneRegion,
    /// The time zone of times without an offset.
    pub(crate) time_zone: TimeZone,
    /// The time at which the import began.
    pub(crate) now: Timestamp,
}

/// Reads a phone number.
pub(crate) fn phone_number(
    text: &str,
    field: &str,
    is_primary: Option<bool>,
    context: &ReadContext,
) -> Result<NewMethod, Fault> {
    let number = PhoneNumber::parse_new(text, context.region)
        .map_err(|error| Fault::new(field, error.to_string()))?;
    Ok(NewMethod {
        is_primary,
        ..NewMethod::of(MethodValue::Phone(number))
    })
}

/// Reads an e-mail address.
pub(crate) fn email_address(
    text: &str,
    field: &str,
    is_primary: Option<bool>,
) -> Result<NewMethod, Fault> {
    let address =
        EmailAddress::parse(text).map_err(|error| Fault::new(field, error.to_string()))?;
    Ok(NewMethod {
        is_primary,
        ..NewMethod::of(MethodValue::Email(address))
    })
}

/// Reads a verification from its members, which are in the object at `place`.
pub(crate) fn verification(
    place: &str,
    at: Option<Timestamp>,
    by: Option<Actor>,
    source: Option<String>,
    cleared_at: Option<Timestamp>,
) -> Result<VerificationState, Fault> {
    let source = source
        .filter(|text| !text.trim().is_empty())
        .map(|text| VerificationSource::parse(&text))
        .transpose()
        .map_err(|error| Fault::new(member(place, "verificationSource"), error.to_string()))?;
    if at.is_none() && (by.is_some() || source.is_some()) {
        return Err(Fault::new(
            member(place, "verifiedAt"),
            "is required with verifiedBy or verificationSource",
        ));
    }
    Ok(VerificationState {
        current: at.map(|at| Verification { at, by, source }),
        cleared_at,
    })
}

/// The path of a member of the object at `place`.
pub(crate) fn member(place: &str, name: &str) -> String {
    match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    }
}

/// Refuses equal values, and a second primary value, among the contact methods of one kind. `field` is their list. If none
/// is primary, the first one becomes primary on a new contact.
pub(crate) fn check_methods(methods: &mut [NewMethod], field: &str) -> Result<(), Fault> {
    let primaries = methods
        .iter()
        .filter(|method| method.is_primary == Some(true));
    match primaries.count() {
        0 => {
            for method in methods.iter_mut() {
                method.is_primary = None;
            }
        }
        1 => {}
        _ => return Err(Fault::new(field, "more than one entry is primary")),
    }
    for (place, method) in methods.iter().enumerate() {
        if methods[..place]
            .iter()
            .any(|other| other.value.normal_form() == method.value.normal_form())
        {
            return Err(Fault::new(
                format!("{field}[{place}].value"),
                "is the same as that of an earlier entry",
            ));
        }
    }
    Ok(())
}
