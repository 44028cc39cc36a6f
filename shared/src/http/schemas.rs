//! Schemas (JSON Schema 2020-12, as in OpenAPI 3.1) for the texts of requests and answers. Constraints are for the trimmed
//! text: every parser trims.

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
            let nullable = object.properties.iter();
            let nullable = nullable
                .filter(|(name, schema)| is_nullable(schema) && !object.required.contains(name))
                .map(|(name, _)| name.clone());
            object.required.extend(nullable.collect::<Vec<_>>());
        }
    }
}

fn is_nullable(schema: &RefOr<Schema>) -> bool {
    match schema {
        RefOr::T(Schema::Object(object)) => match &object.schema_type {
            SchemaType::Array(kinds) => kinds.contains(&Type::Null),
            kind => *kind == SchemaType::Type(Type::Null),
        },
        RefOr::T(Schema::OneOf(choices)) => choices.items.iter().any(is_nullable),
        _ => false,
    }
}

/// An RFC 3339 date and time with an offset, from 1970 to 9999. Digits finer than milliseconds are cut.
#[derive(Debug, ToSchema)]
#[schema(format = DateTime, examples("2026-05-20T15:04:01.135Z"))]
pub struct DateTime(pub String);

/// A date and time as the mailer's endpoints take it. The pattern has each month with its days, February with 29.
#[derive(Debug, ToSchema)]
#[schema(
    description = "An ISO 8601 date and time, from 1970 to 9999. Without an offset it is a time of the server's `TIME_ZONE`. \
                   Digits finer than milliseconds are cut.",
    pattern = "^(19[7-9][0-9]|[2-9][0-9]{3})-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])\
               |(0[469]|11)-(0[1-9]|[12][0-9]|30)|02-(0[1-9]|[12][0-9]))\
               [T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.,][0-9]+)?)?\
               (Z|[+-]([01][0-9]|2[0-3])(:?[0-5][0-9])?)?$",
    examples(
        "2024-09-01T10:00:00Z",
        "2024-09-01 12:00",
        "2024-09-01T12:00:00.5+0200"
    )
)]
pub struct IsoDateTime(pub String);

/// A text that is not blank.
#[derive(Debug, ToSchema)]
#[schema(pattern = "\\S", min_length = 1)]
pub struct Text(pub String);

/// Any of the schemas `choices`, or a value that counts as absent: a blank text, or null.
pub(super) fn optional(description: &str, choices: &[&str]) -> RefOr<Schema> {
    let blank = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^\\s*$"));
    let choices = choices.iter().copied().map(Ref::from_schema_name);
    let any_of = choices
        .fold(AnyOfBuilder::new(), AnyOfBuilder::item)
        .item(blank)
        .item(ObjectBuilder::new().schema_type(Type::Null))
        .description(Some(description));
    Schema::AnyOf(any_of.build()).into()
}

/// Describes a type of the domain that is a text in JSON.
macro_rules! text {
    ($name:ident, $description:expr, $rules:expr) => {
        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let rules: fn(ObjectBuilder) -> ObjectBuilder = $rules;
                let text = ObjectBuilder::new().schema_type(Type::String);
                rules(text.description(Some($description))).into()
            }
        }

        impl ToSchema for $name {}
    };
}

/// Contract section 1.
const SLUG: &str = "^[a-z0-9][a-z0-9_-]{0,119}$";

text!(ContactId, "The id of a contact.", |text| text
    .pattern(Some("^[A-Za-z0-9_-]{1,64}$"))
    .examples(["c_1"]));

text!(
    OrganizationId,
    "The id of an organization, the tenant.",
    |text| text.pattern(Some("^[!-\"$-~]{1,128}$")).examples(["org_a"])
);

text!(
    AudienceSlug,
    "The slug of an audience, a list that people subscribe to. The organization must have it.",
    |text| text.pattern(Some(SLUG)).examples(["newsletter"])
);

text!(
    ClientSlug,
    "The slug of a client, an application that calls the API. It must be the token's.",
    |text| text.pattern(Some(SLUG)).examples(["website"])
);

text!(
    Actor,
    "Who did something: a token's subject, or `client:` and an application's slug.",
    |text| text
);

text!(
    Timestamp,
    "UTC with milliseconds, so that the order of texts is the order of times.",
    |text| text
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"
        ))
        .examples(["2026-05-20T15:04:01.135Z"])
);

text!(
    PhoneNumber,
    "A phone number in international form (`+1 (416) 555-0100`: 7 to 15 digits), or a national one of the server's \
         `DEFAULT_PHONE_REGION`. The API compares E.164 forms. An extension is refused.",
    |text| text
        .format(Some(SchemaFormat::Custom("phone".to_owned())))
        .min_length(Some(1))
        .max_length(Some(PhoneNumber::MAX_CHARACTERS))
        .examples(["+14165550100", "(416) 555-0100"])
);

text!(
    EmailAddress,
    "An e-mail address. Compared lower-cased, with the domain in ASCII form. A quoted local part or an address in place \
         of the domain is refused.",
    |text| text
        .format(Some(SchemaFormat::Custom("idn-email".to_owned())))
        .max_length(Some(EmailAddress::MAX_CHARACTERS))
        .examples(["jane.doe@example.com"])
);

text!(
    VerificationSource,
    "Where a verification came from, in the caller's words. Without control characters.",
    |text| text
        .pattern(Some("^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))
        .max_length(Some(VerificationSource::MAX_CHARACTERS))
        .examples(["admin-manual"])
);
