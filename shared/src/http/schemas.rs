//! Schemas (JSON Schema 2020-12, as in OpenAPI 3.1) for the texts of requests and answers. Constraints are for the trimmed
//! text: every parser trims.

use std::borrow::Cow;

use utoipa::openapi::schema::{
    AnyOfBuilder, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{KnownFormat, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, EmailAddress, OrganizationId, PhoneNumber,
    Timestamp, VerificationSource,
};

/// The schemas of a description, by name.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// Adds the schema of `T`, and those that it refers to.
pub(super) fn add<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// Adds the schema of an answer, and those that it refers to. Nullable members of an answer are required: an answer omits
/// only members that are never null.
pub(super) fn add_answer<T: ToSchema>(schemas: &mut Schemas) {
    let before = schemas.len();
    add::<T>(schemas);
    for (_, schema) in &mut schemas[before..] {
        if let RefOr::T(Schema::Object(object)) = schema {
            let nullable = object
                .properties
                .iter()
                .filter(|(name, schema)| is_nullable(schema) && !object.required.contains(name))
                .map(|(name, _)| name.clone());
            let nullable: Vec<_> = nullable.collect();
            object.required.extend(nullable);
        }
    }
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    let is_null = |kind: &SchemaType| match kind {
        SchemaType::Type(kind) => *kind == Type::Null,
        SchemaType::Array(kinds) => kinds.contains(&Type::Null),
        SchemaType::AnyValue => true,
    };
    match schema {
        RefOr::T(Schema::Object(object)) => is_null(&object.schema_type),
        RefOr::T(Schema::Array(array)) => is_null(&array.schema_type),
        RefOr::T(Schema::OneOf(choices)) => choices.items.iter().any(is_nullable),
        _ => false,
    }
}

/// A date and time of RFC 3339, as the CRM's endpoints take it.
#[derive(Debug)]
pub struct DateTime;

/// A date and time of ISO 8601, as the mailer's endpoints take it.
#[derive(Debug)]
pub struct IsoDateTime;

/// A text that is not blank.
#[derive(Debug)]
pub struct Text;

/// Any of `choices`, or a value that counts as absent: a blank text, or null.
pub(super) fn optional(description: &str, choices: &[Ref]) -> RefOr<Schema> {
    let blank = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^\\s*$"));
    let absent = [
        blank.into(),
        ObjectBuilder::new().schema_type(Type::Null).into(),
    ];
    let any_of = choices
        .iter()
        .map(|choice| RefOr::Ref(choice.clone()))
        .chain(absent)
        .fold(AnyOfBuilder::new(), AnyOfBuilder::item::<RefOr<Schema>>);
    Schema::AnyOf(any_of.description(Some(description)).build()).into()
}

/// Describes a type that is a text in JSON.
macro_rules! text {
    ($name:ident, $schema:expr) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema: fn(ObjectBuilder) -> ObjectBuilder = $schema;
                let text = ObjectBuilder::new().schema_type(Type::String);
                Schema::Object(schema(text).build()).into()
            }
        }

        impl ToSchema for $name {
            fn name() -> Cow<'static, str> {
                Cow::Borrowed(stringify!($name))
            }
        }
    };
}

/// Contract section 1.
const SLUG: &str = "^[a-z0-9][a-z0-9_-]{0,119}$";

text!(ContactId, |text| text
    .description(Some("The id of a contact."))
    .pattern(Some("^[A-Za-z0-9_-]{1,64}$"))
    .examples(["c_1"]));

text!(OrganizationId, |text| text
    .description(Some("The id of an organization, the tenant."))
    .pattern(Some("^[!-\"$-~]{1,128}$"))
    .examples(["org_a"]));

text!(AudienceSlug, |text| text
    .description(Some(
        "The slug of an audience, a list that people subscribe to. The organization must have it."
    ))
    .pattern(Some(SLUG))
    .examples(["newsletter"]));

text!(ClientSlug, |text| text
    .description(Some(
        "The slug of a client, an application that calls the API. It must be the token's."
    ))
    .pattern(Some(SLUG))
    .examples(["website"]));

text!(Actor, |text| text.description(Some(
    "Who did something: a token's subject, or `client:` and an application's slug."
)));

text!(Timestamp, |text| text
    .description(Some(
        "UTC with milliseconds, so that the order of texts is the order of times."
    ))
    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
    .pattern(Some(
        "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"
    ))
    .examples(["2026-05-20T15:04:01.135Z"]));

text!(DateTime, |text| {
    text
    .description(Some(
        "An RFC 3339 date and time with an offset, from 1970 to 9999. Digits finer than milliseconds are cut."
    ))
    .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
    .examples(["2026-05-20T15:04:01.135Z"])
});

text!(IsoDateTime, |text| {
    text
    .description(Some(
        "An ISO 8601 date and time, from 1970 to 9999. Without an offset it is a time of the server's `TIME_ZONE`. \
         Digits finer than milliseconds are cut."
    ))
    .pattern(Some(concat!(
        // Each month with its days, February with 29.
        "^(19[7-9][0-9]|[2-9][0-9]{3})-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])",
        "|(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))",
        "[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?",
        "(Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?$",
    )))
    .examples([
        "2024-09-01T10:00:00Z",
        "2024-09-01 12:00",
        "2024-09-01T12:00:00.5+0200"
    ])
});

text!(PhoneNumber, |text| {
    text
    .description(Some(
        "A phone number in international form (`+1 (416) 555-0100`: 7 to 15 digits), or a national one of the server's \
         `DEFAULT_PHONE_REGION`. Compared as E.164. An extension is refused."
    ))
    .format(Some(SchemaFormat::Custom("phone".to_owned())))
    .min_length(Some(1))
    .max_length(Some(PhoneNumber::MAX_CHARACTERS))
    .examples(["+14165550100", "(416) 555-0100"])
});

text!(EmailAddress, |text| {
    text
    .description(Some(
        "An e-mail address. Compared lower-cased, with the domain in ASCII form. A quoted local part or an address in place \
         of the domain is refused."
    ))
    .format(Some(SchemaFormat::Custom("idn-email".to_owned())))
    .max_length(Some(EmailAddress::MAX_CHARACTERS))
    .examples(["jane.doe@example.com"])
});

text!(VerificationSource, |text| text
    .description(Some(
        "Where a verification came from, in the caller's words. Without control characters."
    ))
    .pattern(Some("^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))
    .max_length(Some(VerificationSource::MAX_CHARACTERS))
    .examples(["admin-manual"]));

text!(Text, |text| text
    .description(Some("A text that is not blank."))
    .pattern(Some("\\S"))
    .min_length(Some(1)));
