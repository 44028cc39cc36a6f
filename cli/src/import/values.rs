//! Reads values that several kinds of records have: phone numbers, e-mail addresses, verifications.

use shared::domain::{
    Actor, EmailAddress, MethodValue, NewMethod, PhoneNumber, PhoneRegion, TimeZone, Timestamp,
    Verification, VerificationSource,
};

use super::fault::Fault;

/// What reading a record depends on, apart from the record.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadContext {
    /// The region of national phone numbers.
    pub(super) region: PhoneRegion,
    /// The time zone of times without an offset.
    pub(super) time_zone: TimeZone,
    /// The time at which the import began.
    pub(super) now: Timestamp,
}

/// Reads a phone number. Its calling code must be assigned (contract section 4).
pub(super) fn phone_number(
    text: &str,
    field: &str,
    is_primary: Option<bool>,
    context: &ReadContext,
) -> Result<NewMethod, Fault> {
    let number = PhoneNumber::parse(text, context.region)
        .map_err(|error| Fault::new(field, error.to_string()))?;
    if !number.has_assigned_calling_code() {
        return Err(Fault::new(field, "has a calling code that is not assigned"));
    }
    Ok(NewMethod {
        value: MethodValue::Phone(number),
        is_primary,
        verification: None,
    })
}

/// Reads an e-mail address.
pub(super) fn email_address(
    text: &str,
    field: &str,
    is_primary: Option<bool>,
) -> Result<NewMethod, Fault> {
    let address =
        EmailAddress::parse(text).map_err(|error| Fault::new(field, error.to_string()))?;
    Ok(NewMethod {
        value: MethodValue::Email(address),
        is_primary,
        verification: None,
    })
}

/// Reads a verification from its three members, which are in the object at `place`.
pub(super) fn verification(
    place: &str,
    at: Option<Timestamp>,
    by: Option<Actor>,
    source: Option<String>,
) -> Result<Option<Verification>, Fault> {
    let field = |name: &str| match place {
        "" => name.to_owned(),
        place => format!("{place}.{name}"),
    };
    let source = source
        .filter(|text| !text.trim().is_empty())
        .map(|text| VerificationSource::parse(&text))
        .transpose()
        .map_err(|error| Fault::new(field("verificationSource"), error.to_string()))?;
    match at {
        Some(at) => Ok(Some(Verification { at, by, source })),
        None if by.is_some() || source.is_some() => Err(Fault::new(
            field("verifiedAt"),
            "must be there where verifiedBy or verificationSource is",
        )),
        None => Ok(None),
    }
}

/// Refuses two equal values, and two primary ones, among the contact methods of one kind. `field` is their list.
pub(super) fn check_methods(methods: &[NewMethod], field: &str) -> Result<(), Fault> {
    let primaries = methods
        .iter()
        .filter(|method| method.is_primary == Some(true));
    if primaries.count() > 1 {
        return Err(Fault::new(field, "more than one entry is primary"));
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
