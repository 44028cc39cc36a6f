//! The answers that are specific to an endpoint, and the answers that all endpoints of a dialect share.

use anyhow::bail;
use serde_json::{Value, json};
use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use super::dialect::Dialect;
use super::headers::{self, Named};

/// Adds headers that are components of the document.
pub(super) trait WithHeader {
    /// The answer with this header.
    fn with(self, header: Named) -> Self;
}

impl WithHeader for ResponseBuilder {
    fn with(self, header: Named) -> Self {
        self.header_ref(header.header, header.reference())
    }
}

/// An answer that shows a contact, with its version.
pub(super) fn contact(description: &str, schema: &str, example: Value) -> ResponseBuilder {
    answer(description, schema, example).with(headers::VERSION)
}

/// An answer without a version. The caller adds one if the answer may show a contact.
pub(super) fn answer(description: &str, schema: &str, example: Value) -> ResponseBuilder {
    json_response(description, Ref::from_schema_name(schema), Some(example))
        .with(headers::REQUEST_ID)
}

/// The answer to a caller that already has this version.
pub(super) fn not_modified() -> Response {
    ResponseBuilder::new()
        .description("The caller already has this version.")
        .with(headers::VERSION)
        .with(headers::REQUEST_ID)
        .build()
}

/// An error that is specific to an endpoint.
pub(super) fn refusal(dialect: Dialect, description: &str, example: Value) -> Response {
    json_response(description, dialect.error(), Some(example))
        .with(headers::REQUEST_ID)
        .build()
}

/// Links an answer to other operations: `id` is the place of the contact's id in the answer, for their paths.
pub(super) fn linked(response: ResponseBuilder, id: &str, operations: &[&str]) -> Response {
    operations
        .iter()
        .fold(response, |response, operation| {
            let link = LinkBuilder::new()
                .operation_id(*operation)
                .parameter("id", id);
            response.link(*operation, link.build())
        })
        .build()
}

fn json_response(description: &str, schema: Ref, example: Option<Value>) -> ResponseBuilder {
    let content = ContentBuilder::new().schema(Some(schema)).example(example);
    ResponseBuilder::new()
        .description(description)
        .content("application/json", content.build())
}

/// The name and schema of the errors that API Gateway itself answers.
pub(super) fn gateway_error() -> (String, RefOr<Schema>) {
    let message = ObjectBuilder::new()
        .schema_type(Type::String)
        .description(Some("The kind of error, such as `Too Many Requests`."));
    let schema = ObjectBuilder::new()
        .description(Some(
            "An error of API Gateway itself: no function has seen the request.",
        ))
        .property("message", message)
        .required("message");
    (GATEWAY_ERROR.to_owned(), schema.into())
}

const GATEWAY_ERROR: &str = "GatewayError";

/// An error that all endpoints of a dialect share.
struct Shared {
    status: &'static str,
    /// The name of the error in the document, without the prefix for the dialect.
    name: &'static str,
    description: &'static str,
    /// The message, in both dialects.
    text: &'static str,
    /// The code, which only the mailer's dialect has.
    code: &'static str,
    header: Option<Named>,
}

const SHARED: [Shared; 6] = [
    Shared {
        status: "401",
        name: "Unauthorized",
        description: "The token is missing or not valid.",
        text: "missing Authorization header",
        code: "missing_authorization",
        header: Some(headers::CHALLENGE),
    },
    Shared {
        status: "412",
        name: "PreconditionFailed",
        description: "The contact has another version than `If-Match` names. `ETag` has the current version, if the contact exists and the caller may see it.",
        text: "Contact has changed",
        code: "precondition_failed",
        header: Some(headers::VERSION_IF_ANY),
    },
    Shared {
        status: "413",
        name: "PayloadTooLarge",
        description: "The body is over 16 KiB.",
        text: "Payload too large",
        code: "payload_too_large",
        header: None,
    },
    Shared {
        status: "415",
        name: "UnsupportedMediaType",
        description: "The content type is neither `application/json` nor `...+json`.",
        text: "Content type must be application/json",
        code: "unsupported_media_type",
        header: None,
    },
    Shared {
        status: "500",
        name: "InternalServerError",
        description: "A bug, or a mistake in the deployment. The log names the cause.",
        text: "Internal server error",
        code: "internal_error",
        header: None,
    },
    Shared {
        status: "503",
        name: "ServiceUnavailable",
        description: "The database or the identity provider is not available, or it is unknown whether the write was applied. `Retry-After` has the seconds to wait.",
        text: "Service temporarily unavailable",
        code: "unavailable",
        header: Some(headers::RETRY_AFTER),
    },
];

/// The answers that all endpoints of a dialect share, by name.
pub(super) fn shared(dialect: Dialect) -> Vec<(String, Response)> {
    let mut responses: Vec<_> = SHARED
        .iter()
        .map(|shared| (name(dialect, shared.name), described(dialect, shared)))
        .collect();
    let too_many = json_response(
        "Too many requests. This answer is from API Gateway.",
        Ref::from_schema_name(GATEWAY_ERROR),
        Some(json!({ "message": "Too Many Requests" })),
    );
    responses.push((TOO_MANY_REQUESTS.to_owned(), too_many.build()));
    responses
}

const TOO_MANY_REQUESTS: &str = "TooManyRequests";

/// The shared answer with this status.
///
/// # Errors
/// When the endpoints share no answer with this status.
pub(super) fn reference(dialect: Dialect, status: &str) -> anyhow::Result<Ref> {
    let name = match SHARED.iter().find(|shared| shared.status == status) {
        Some(shared) => name(dialect, shared.name),
        None if status == "429" => TOO_MANY_REQUESTS.to_owned(),
        None => bail!("no shared answer has the status {status}"),
    };
    Ok(Ref::from_response_name(name))
}

fn name(dialect: Dialect, name: &str) -> String {
    match dialect {
        Dialect::Crm => format!("Crm{name}"),
        Dialect::Mailer => format!("Mailer{name}"),
    }
}

fn described(dialect: Dialect, shared: &Shared) -> Response {
    let Shared {
        description,
        text,
        code,
        header,
        ..
    } = shared;
    let example = match (dialect, shared.status) {
        (Dialect::Crm, "401") => crm_error(&format!("Unauthorized: {text}")),
        (Dialect::Crm, _) => crm_error(text),
        (Dialect::Mailer, _) => {
            json!({ "error": { "code": code, "message": text }, "requestId": REQUEST_ID })
        }
    };
    let mut response =
        json_response(description, dialect.error(), Some(example)).with(headers::REQUEST_ID);
    if let Some(header) = header {
        response = response.with(*header);
    }
    response.build()
}

/// The request id in the examples.
const REQUEST_ID: &str = "JKJaXmPLvHcESHA=";

/// An error in the CRM's dialect.
pub(super) fn crm_error(text: &str) -> Value {
    json!({ "error": text, "message": text, "requestId": REQUEST_ID })
}

/// A validation error in the mailer's dialect, with a code per field.
pub(super) fn mailer_error(fields: &Value) -> Value {
    json!({ "error": { "code": "validation_error", "fields": fields }, "requestId": REQUEST_ID })
}
