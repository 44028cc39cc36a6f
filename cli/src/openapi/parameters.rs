//! Parameters of the path, the query and the headers.

use serde_json::json;
use utoipa::openapi::path::{Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{Ref, RefOr, Required};

/// The contact that the path names.
pub(super) fn contact_id(example: &str) -> Parameter {
    ParameterBuilder::new()
        .name("id")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("The id of the contact. For a text that cannot be an id, the answer is that for an unknown contact (404)."))
        .schema(Some(Ref::from_schema_name("ContactId")))
        .example(Some(json!(example)))
        .build()
}

/// A required parameter of the query.
pub(super) fn query(name: &str, schema: &str, description: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::True)
        .description(Some(description))
        .schema(Some(Ref::from_schema_name(schema)))
        .example(Some(json!(example)))
        .build()
}

/// An optional parameter of the query.
pub(super) fn optional_query(
    name: &str,
    schema: impl Into<RefOr<Schema>>,
    description: &str,
) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Query)
        .required(Required::False)
        .description(Some(description))
        .schema(Some(schema))
        .build()
}

/// The schema of this name.
pub(super) fn schema(name: &str) -> RefOr<Schema> {
    Ref::from_schema_name(name).into()
}

/// The schema of a number from 1 to 100.
pub(super) fn page_limit() -> RefOr<Schema> {
    let number = ObjectBuilder::new().schema_type(Type::Integer);
    number
        .minimum(Some(1))
        .maximum(Some(100))
        .default(Some(json!(50)))
        .into()
}

/// The schema of any text. A blank text counts as absent.
pub(super) fn any_text() -> RefOr<Schema> {
    text().into()
}

/// The name under which the document has [`if_match`].
pub(super) const IF_MATCH: &str = "IfMatch";

/// The parameter that the document has under this name.
pub(super) fn reference(name: &str) -> Ref {
    Ref::new(format!("#/components/parameters/{name}"))
}

/// The versions at which the contact may be changed.
pub(super) fn if_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The versions at which the request may change the contact: at most 100 different entity tags, as in `ETag`, with \
             commas between them. `*` means any version of an existing contact. If the contact has another version, the answer \
             is 412. Any other value of this header is refused (400).",
        ))
        .schema(Some(
            text().examples(["\"3\"", "\"3\", \"4\"", "*"]),
        ))
        .build()
}

/// The versions that the caller already has.
pub(super) fn if_none_match() -> Parameter {
    ParameterBuilder::new()
        .name("If-None-Match")
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The versions that the caller already has: entity tags, as in `ETag`, or `*`. If the contact has one of them, the \
             answer is 304. Any other value of this header is ignored.",
        ))
        .schema(Some(
            text().examples(["\"3\""]),
        ))
        .build()
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}
