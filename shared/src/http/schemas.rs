//! Schemas (JSON Schema 2020-12, as in OpenAPI 3.1) for the texts of requests and answers. Constraints are for the trimmed
//! text: every parser trims.
//!
//! Generators of clients read these schemas. So each request and each answer is one object, and a schema has one type, or
//! one type and null. The descriptions state the rules that schemas of this form cannot express, and the other forms that
//! an endpoint accepts.

use std::collections::BTreeMap;
use std::mem;

use utoipa::openapi::schema::{Object, ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{KnownFormat, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, EmailAddress, OrganizationId, PhoneNumber,
    Timestamp, VerificationSource,
};

/// The schemas of an API description, by name.
pub type Schemas = Vec<(String, RefOr<Schema>)>;

/// Adds the schema of `T`, and the schemas that it refers to.
pub(super) fn add<T: ToSchema>(schemas: &mut Schemas) {
    schemas.push((T::name().into_owned(), T::schema()));
    T::schemas(schemas);
}

/// Adds the schema of an answer, and the schemas that it refers to. Nullable members of an answer are required: an answer
/// omits only members that are never null.
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

/// The schemas of a dialect, with each nullable text in place of its reference. Some generators make a union of a choice
/// between a reference to a text and null. A reference to an object or an enumeration stays a choice, which all generators
/// know.
pub(super) fn with_nullable_texts(mut schemas: Schemas) -> Schemas {
    let texts: BTreeMap<_, _> = schemas
        .iter()
        .filter_map(|(name, schema)| Some((name.clone(), as_text(schema)?.clone())))
        .collect();
    for (_, schema) in &mut schemas {
        if let RefOr::T(Schema::Object(object)) = schema {
            object
                .properties
                .values_mut()
                .for_each(|property| in_place(property, &texts));
        }
    }
    schemas
}

fn as_text(schema: &RefOr<Schema>) -> Option<&Object> {
    match schema {
        RefOr::T(Schema::Object(object))
            if object.schema_type == Type::String.into() && object.enum_values.is_none() =>
        {
            Some(object)
        }
        _ => None,
    }
}

fn in_place(property: &mut RefOr<Schema>, texts: &BTreeMap<String, Object>) {
    let RefOr::T(Schema::OneOf(choices)) = property else {
        return;
    };
    let reference = choices.items.iter_mut().find_map(|choice| match choice {
        RefOr::Ref(reference) => Some(reference),
        RefOr::T(_) => None,
    });
    let Some(reference) = reference else { return };
    let description = Some(mem::take(&mut reference.description)).filter(|text| !text.is_empty());
    let name = reference
        .ref_location
        .rsplit('/')
        .next()
        .unwrap_or_default();
    if let Some(text) = texts.get(name) {
        let mut text = text.clone();
        text.schema_type = SchemaType::from_iter([Type::String, Type::Null]);
        text.description = description.or(text.description);
        *property = RefOr::T(text.into());
    } else {
        choices.description = description;
    }
}

/// A text with at least one visible character.
#[derive(Debug, ToSchema)]
#[schema(pattern = "\\S", min_length = 1)]
pub struct Text(pub String);

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

/// The pattern of a slug (contract section 1).
const SLUG: &str = "^[a-z0-9][a-z0-9_-]{0,119}$";

text!(
    ContactId,
    "The id of a contact, as in the answer of the request that created it. It never changes.",
    |text| text
        .pattern(Some("^[A-Za-z0-9_-]{1,64}$"))
        .examples(["c_1"])
);

text!(
    OrganizationId,
    "The id of an organization, the tenant. Every contact belongs to one.",
    |text| text.pattern(Some("^[!-\"$-~]{1,128}$")).examples(["org_a"])
);

text!(
    AudienceSlug,
    "The slug of an audience: a list of the organization that people subscribe to. An operator registers it.",
    |text| text.pattern(Some(SLUG)).examples(["newsletter"])
);

text!(
    ClientSlug,
    "The slug of a client: an application that calls the API. It must be the one that the token names.",
    |text| text.pattern(Some(SLUG)).examples(["website"])
);

text!(
    Actor,
    "A caller: the subject of a person's token, or `client:` and the slug of an application.",
    |text| text
);

text!(
    Timestamp,
    "A time in UTC with milliseconds, so that the order of texts is the order of times.",
    |text| text
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
        .pattern(Some(
            "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z$"
        ))
        .examples(["2026-05-20T15:04:01.135Z"])
);

text!(
    PhoneNumber,
    "A phone number in international form (`+1 (416) 555-0100`: 7 to 15 digits), or in the national form of the server's \
         `DEFAULT_PHONE_REGION`. The API compares E.164 forms, so the punctuation does not matter. An extension is refused.",
    |text| text
        .format(Some(SchemaFormat::Custom("phone".to_owned())))
        .min_length(Some(1))
        .max_length(Some(PhoneNumber::MAX_CHARACTERS))
        .examples(["+14165550100", "(416) 555-0100"])
);

text!(
    EmailAddress,
    "An e-mail address. The API compares addresses in lower case, with the domain in ASCII form. It drops \
         quotation marks around a local part that is valid without them. It refuses other quoted local parts, and an IP address \
         in place of the domain.",
    |text| text
        .format(Some(SchemaFormat::Custom("idn-email".to_owned())))
        .max_length(Some(EmailAddress::MAX_CHARACTERS))
        .examples(["jane.doe@example.com"])
);

text!(
    VerificationSource,
    "The source of a verification, in the caller's words, without control characters.",
    |text| text
        .pattern(Some("^[^\\u0000-\\u001f\\u007f-\\u009f]*$"))
        .max_length(Some(VerificationSource::MAX_CHARACTERS))
        .examples(["admin-manual"])
);
