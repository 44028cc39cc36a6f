//! The API's description for clients, an OpenAPI 3.1 document: `contacts openapi`, and `openapi.yaml` at the top level.
//!
//! Schemas come from the types that render the answers (`shared::http`), methods and paths from [`Route`], and the texts
//! from here. A test compares `openapi.yaml` with this document.

mod crm;
mod dialect;
pub mod examples;
mod headers;
mod mailer;
mod operation;
mod parameters;
mod responses;
#[cfg(test)]
mod tests;

use anyhow::{Context, bail};
use chrono::DateTime;
use shared::http::schemas::Schemas;
use shared::http::{self, Route};
use utoipa::openapi::path::{HttpMethod, PathItem, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::{ServerBuilder, ServerVariableBuilder};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    ComponentsBuilder, ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder,
    OpenApiVersion, Server,
};

use self::dialect::Dialect;
use self::operation::Operation;
use crate::output::print;

/// The description of the API as a whole.
const DESCRIPTION: &str = "\
Keeps one fact: this phone number or e-mail address of a contact is verified, since when, by whom, on whose word. Answers \
the question that follows from it: may we send?

- **A verification belongs to one number or address.** It proves nothing about the contact's other numbers and addresses. \
  The CRM and the mailer share the verification at the contact's level; audiences and clients have levels of their own.
- **The earliest verification wins.** A verification at *t* is stored if none is stored, or only a later one. `outcome` says \
  what a request did: `recorded`, `kept`, `cleared`, `created`, `updated` or `unchanged`. `kept` and `unchanged` mean that \
  nothing was written.
- **A repeated request is a new request.** Repeating a verification never moves it to a later time. But a repeated verification \
  or clear also undoes the opposite request that came in between. To prevent that, send the contact's version (`ETag`) as \
  `If-Match`: the write then fails if the contact has changed.
- **Bodies** are JSON objects of at most 16 KiB. Members that are not described are ignored, and an empty body means `{}`. \
  White space around a text does not count: the schemas describe the trimmed text. An optional text that is blank counts as \
  absent, unless its description says otherwise. Times are not trimmed, and a blank time is refused.
- **Every answer** of a function has the request's id in `x-request-id`. API Gateway itself answers requests without a route \
  (404), requests over the limit (429) and requests to a missing function (500, 503), with `{\"message\": TEXT}`. It may \
  rename `WWW-Authenticate` to `x-amzn-remapped-www-authenticate`.
";

/// The document.
///
/// # Errors
/// When a route has no description, or a description has no route.
pub fn document() -> anyhow::Result<OpenApi> {
    let operations: Vec<Operation> = [crm::operations(), mailer::operations()].concat();
    let mut info = InfoBuilder::new()
        .title("Contact Verification")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .contact(Some(
            ContactBuilder::new()
                .name(Some("The operator of this API"))
                .build(),
        ))
        .build();
    let mut licence = LicenseBuilder::new().name("Apache License 2.0").build();
    licence.identifier = Some(env!("CARGO_PKG_LICENSE").to_owned());
    info.license = Some(licence);
    Ok(OpenApiBuilder::new()
        .openapi(OpenApiVersion::Version31)
        .info(info)
        .servers(Some(servers()))
        .tags(Some([Dialect::Crm, Dialect::Mailer].map(|dialect| {
            TagBuilder::new()
                .name(dialect.tag())
                .description(Some(dialect.description()))
                .build()
        })))
        .paths(paths(&operations)?)
        .components(Some(components().build()))
        .build())
}

/// The document as YAML. Each call returns the same text.
///
/// # Errors
/// As [`document`].
pub fn yaml() -> anyhow::Result<String> {
    to_yaml(&document()?)
}

/// A document as YAML.
///
/// # Errors
/// When the document cannot be written.
pub(crate) fn to_yaml(document: &OpenApi) -> anyhow::Result<String> {
    let yaml = document.to_yaml()?;
    Ok(yaml
        .lines()
        .map(|line| with_quoted_time(line) + "\n")
        .collect())
}

/// The line, with quotes around its value if the value is a time. YAML 1.2 reads an unquoted time as a text, but many readers
/// implement YAML 1.1, which does not.
fn with_quoted_time(line: &str) -> String {
    let value_at = line.rfind(' ').map_or(0, |blank| blank + 1);
    let (before, value) = line.split_at(value_at);
    let key = before.trim_start_matches(['-', ' ']).trim_end();
    let is_whole_value = key.is_empty() || (key.ends_with(':') && !key.contains(' '));
    if is_whole_value && DateTime::parse_from_rfc3339(value).is_ok() {
        format!("{before}'{value}'")
    } else {
        line.to_owned()
    }
}

/// Prints the document: `contacts openapi`.
///
/// # Errors
/// As [`document`], and when standard output cannot be written to.
pub fn run() -> anyhow::Result<()> {
    print(&yaml()?)
}

fn servers() -> [Server; 2] {
    let variable = |default: &str, description: &str| {
        ServerVariableBuilder::new()
            .default_value(default)
            .description(Some(description))
            .build()
    };
    [
        ServerBuilder::new()
            .url("http://127.0.0.1:3000")
            .description(Some("`cargo contacts serve`"))
            .build(),
        ServerBuilder::new()
            .url("https://{api}.execute-api.{region}.amazonaws.com")
            .description(Some("Deployed: the stack's output `ApiUrl`"))
            .parameter("api", variable("abcdefghij", "The id of the API."))
            .parameter("region", variable("ca-central-1", "The region of AWS."))
            .build(),
    ]
}

/// The operations at the routes of their functions.
fn paths(operations: &[Operation]) -> anyhow::Result<Paths> {
    let mut routes = Route::ALL.to_vec();
    let mut paths = Paths::new();
    for operation in operations {
        let function = operation.function;
        let at = routes
            .iter()
            .position(|route| route.function() == function)
            .with_context(|| format!("{function} is described, but has no route"))?;
        let route = routes.swap_remove(at);
        let method = http_method(route.method())?;
        let operation = operation.described(route)?;
        let path = route.path().to_owned();
        match paths.paths.get_mut(&path) {
            Some(item) => item.merge_operations(PathItem::new(method, operation)),
            None => drop(paths.paths.insert(path, PathItem::new(method, operation))),
        }
    }
    match routes.first() {
        Some(route) => bail!("{} is not described", route.key()),
        None => Ok(paths),
    }
}

fn http_method(method: &str) -> anyhow::Result<HttpMethod> {
    Ok(match method {
        "GET" => HttpMethod::Get,
        "POST" => HttpMethod::Post,
        "PUT" => HttpMethod::Put,
        "PATCH" => HttpMethod::Patch,
        "DELETE" => HttpMethod::Delete,
        other => bail!("a route by {other} cannot be described"),
    })
}

fn components() -> ComponentsBuilder {
    let schemas: Schemas = [
        http::crm::schemas::schemas(),
        http::mailer::schemas::schemas(),
        vec![responses::gateway_error()],
    ]
    .concat();
    let mut components = ComponentsBuilder::new()
        .schemas_from_iter(schemas)
        .parameter(parameters::IF_MATCH, parameters::if_match());
    for (named, header) in headers::all() {
        components = components.header(named.name, header);
    }
    for dialect in [Dialect::Crm, Dialect::Mailer] {
        components = components
            .responses_from_iter(responses::shared(dialect))
            .security_scheme(
                dialect.security_scheme(),
                SecurityScheme::Http(
                    HttpBuilder::new()
                        .scheme(HttpAuthScheme::Bearer)
                        .bearer_format("JWT")
                        .description(Some(dialect.token()))
                        .build(),
                ),
            );
    }
    components
}
