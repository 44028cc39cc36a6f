//! The API's description for clients, an OpenAPI 3.1 document: `contacts openapi`, and `openapi.yaml` at the top level.
//!
//! Schemas come from the types that render the answers (`shared::http`), methods and paths from `template.yaml`, and the
//! texts from here. A test compares `openapi.yaml` with this document.

mod crm;
mod dialect;
mod examples;
mod headers;
mod mailer;
mod operation;
mod parameters;
mod responses;

use anyhow::{Context, bail};
use chrono::DateTime;
use shared::http;
use shared::http::schemas::Schemas;
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
use crate::template::routes::{Route, routes};
use crate::template::template;

/// The description of the API as a whole.
const DESCRIPTION: &str = "\
Records, keeps and answers one fact: this phone number or e-mail address of a contact is verified, since when, by whom, on \
whose word, and so may we send?

- **A verification belongs to one number or address.** It proves no other one of the same contact. The CRM and the mailer \
  share the verification at the contact's level; audiences and clients have levels of their own.
- **The earliest verification wins.** A verification at *t* is stored if none is stored, or only a later one. `outcome` says \
  what a request did: `recorded`, `kept`, `cleared`, `created`, `updated` or `unchanged`. `kept` and `unchanged` mean that \
  nothing was written.
- **Repeating a verification is always safe.** A repeated clear also clears a verification that was recorded in between: \
  `ETag` carries the contact's version, and `If-Match` makes a write conditional.
- **Bodies** are JSON objects of at most 16 KiB. Other members than those described are ignored, and an empty body is `{}`. \
  White space around a text does not count: the schemas describe the trimmed text. An optional text that is blank counts as \
  absent, unless its description says otherwise.
- **Every answer** of a function has the request's id in `x-request-id`. API Gateway itself answers requests without a route \
  (404), too many requests (429) and requests to a missing function (500, 503), with `{\"message\": TEXT}`. It may rename \
  `WWW-Authenticate` to `x-amzn-remapped-www-authenticate`.
";

/// The document.
///
/// # Errors
/// When an endpoint of the template has no description, or a description has no endpoint.
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
/// When it cannot be written.
pub(crate) fn to_yaml(document: &OpenApi) -> anyhow::Result<String> {
    let yaml = document.to_yaml()?;
    Ok(yaml
        .lines()
        .map(|line| with_quoted_time(line) + "\n")
        .collect())
}

/// The line, with quotes around its value if that is a time. YAML 1.2 reads such a value as a text without quotes too, but
/// many readers implement YAML 1.1, which does not.
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

/// The operations at the routes that the template gives their functions.
fn paths(operations: &[Operation]) -> anyhow::Result<Paths> {
    let mut routes = routes(&template()?)?;
    let mut paths = Paths::new();
    for operation in operations {
        let function = operation.function;
        let at = routes
            .iter()
            .position(|route| route.binary == function)
            .with_context(|| format!("{function} is described, but has no route"))?;
        let Route { method, path, .. } = routes.swap_remove(at);
        let method = http_method(&method)?;
        let operation = operation.described(&path)?;
        match paths.paths.get_mut(&path) {
            Some(item) => item.merge_operations(PathItem::new(method, operation)),
            None => drop(paths.paths.insert(path, PathItem::new(method, operation))),
        }
    }
    match routes.first() {
        Some(Route { method, path, .. }) => bail!("{method} {path} is not described"),
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    /// The document at the top level of the repository.
    const CHECKED_IN: &str = include_str!("../../../openapi.yaml");

    fn json() -> Value {
        serde_json::to_value(document().unwrap()).unwrap()
    }

    #[test]
    fn the_document_that_is_checked_in_is_up_to_date() {
        assert!(
            yaml().unwrap() == CHECKED_IN,
            "openapi.yaml is stale; renew it: cargo contacts openapi > openapi.yaml"
        );
    }

    #[test]
    fn the_document_is_the_same_as_yaml_and_as_json() {
        assert_eq!(crate::template::parse(&yaml().unwrap()).unwrap(), json());
    }

    #[test]
    fn a_time_is_a_text_for_all_readers() {
        for (line, quoted) in [
            ("  a: 2024-09-01T10:00:00Z", "  a: '2024-09-01T10:00:00Z'"),
            (
                "- 2024-09-01T10:00:00.5+02:00",
                "- '2024-09-01T10:00:00.5+02:00'",
            ),
            ("- a: 2024-09-01T10:00:00Z", "- a: '2024-09-01T10:00:00Z'"),
            (
                "a: since 2024-09-01T10:00:00Z",
                "a: since 2024-09-01T10:00:00Z",
            ),
            ("a: 2024", "a: 2024"),
        ] {
            assert_eq!(with_quoted_time(line), quoted);
        }
    }

    #[test]
    fn every_route_is_described_and_named_after_its_function() {
        let document = json();
        let mut described = Vec::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                described.push(Route {
                    method: method.to_uppercase(),
                    path: path.clone(),
                    binary: operation["operationId"].as_str().unwrap().to_owned(),
                });
            }
        }
        let mut deployed = routes(&template().unwrap()).unwrap();
        described.sort();
        deployed.sort();
        assert_eq!(described, deployed);
    }

    #[test]
    fn a_route_that_is_not_described_is_named() {
        let error = paths(&crm::operations()).err().unwrap().to_string();
        assert!(error.ends_with("is not described"), "{error}");
    }

    /// Every value under this key, wherever it is.
    fn values_of<'v>(key: &str, value: &'v Value, found: &mut Vec<&'v Value>) {
        match value {
            Value::Object(members) => {
                found.extend(members.get(key));
                members
                    .values()
                    .for_each(|value| values_of(key, value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| values_of(key, value, found)),
            _ => {}
        }
    }

    #[test]
    fn what_is_referred_to_is_there_and_what_is_there_is_referred_to() {
        let document = json();
        let mut references = Vec::new();
        values_of("$ref", &document, &mut references);
        let referred: BTreeSet<_> = references
            .into_iter()
            .map(|reference| reference.as_str().unwrap().to_owned())
            .collect();
        let mut there = BTreeSet::new();
        for kind in ["headers", "parameters", "responses", "schemas"] {
            for name in document["components"][kind].as_object().unwrap().keys() {
                there.insert(format!("#/components/{kind}/{name}"));
            }
        }
        assert_eq!(referred, there);
    }

    /// Asserts that a thing of the document has a description of more than a word or two.
    fn assert_described(place: &str, thing: &Value) {
        let description = thing["description"].as_str().unwrap_or_default();
        assert!(
            description.split_whitespace().count() > 2,
            "{place} has no description that says something: {description:?}"
        );
    }

    #[test]
    fn everything_has_a_description() {
        let document = json();
        let components = document["components"].as_object().unwrap();
        for (kind, things) in components {
            for (name, thing) in things.as_object().unwrap() {
                assert_described(name, thing);
                let members = thing["properties"].as_object();
                for (member, schema) in members.filter(|_| kind == "schemas").into_iter().flatten()
                {
                    assert_described(&format!("{name}.{member}"), schema);
                }
            }
        }
        for tag in document["tags"].as_array().unwrap() {
            assert_described("a tag", tag);
        }
        for methods in document["paths"].as_object().unwrap().values() {
            for operation in methods.as_object().unwrap().values() {
                let id = operation["operationId"].as_str().unwrap();
                assert_described(id, operation);
                let own = |thing: &&Value| thing.get("$ref").is_none();
                let parameters = operation["parameters"].as_array().unwrap();
                for parameter in parameters.iter().filter(own) {
                    assert_described(&format!("{id} {}", parameter["name"]), parameter);
                }
                for (status, response) in operation["responses"].as_object().unwrap() {
                    if response.get("$ref").is_none() {
                        assert_described(&format!("{id} {status}"), response);
                    }
                }
            }
        }
    }

    /// Generators of clients know no other unions, and an enumeration of texts alone.
    #[test]
    fn each_schema_has_one_type_that_all_generators_know() {
        fn assert_plain(place: &str, schema: &Value) {
            for keyword in ["allOf", "anyOf", "not", "const"] {
                assert!(schema.get(keyword).is_none(), "{place}: {keyword}");
            }
            if let Some(choices) = schema["oneOf"].as_array() {
                let null = serde_json::json!({ "type": "null" });
                assert!(choices.len() == 2 && choices.contains(&null), "{place}");
                assert!(
                    choices.iter().any(|choice| choice.get("$ref").is_some()),
                    "{place}"
                );
            }
            if let Some(values) = schema["enum"].as_array() {
                assert!(
                    schema["type"] == "string" && values.iter().all(Value::is_string),
                    "{place}"
                );
            }
            if let Some(kinds) = schema["type"].as_array() {
                assert!(kinds.len() == 2 && kinds[1] == "null", "{place}");
            }
            for (name, schema) in schema["properties"].as_object().into_iter().flatten() {
                assert_plain(&format!("{place}.{name}"), schema);
            }
            schema
                .get("items")
                .inspect(|items| assert_plain(place, items));
        }
        let document = json();
        for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
            assert_plain(name, schema);
        }
        let mut schemas = Vec::new();
        values_of("schema", &document, &mut schemas);
        for schema in schemas {
            assert_plain("a parameter, header or body", schema);
        }
    }

    #[test]
    fn a_link_leads_to_an_operation_and_its_parameters() {
        let document = json();
        let mut ids = Vec::new();
        values_of("operationId", &document["paths"], &mut ids);
        let operations: Vec<_> = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|methods| methods.as_object().unwrap().values())
            .collect();
        let mut links = Vec::new();
        values_of("links", &document, &mut links);
        assert!(!links.is_empty());
        for link in links
            .iter()
            .flat_map(|links| links.as_object().unwrap().values())
        {
            let target = operations
                .iter()
                .find(|operation| operation["operationId"] == link["operationId"])
                .unwrap_or_else(|| panic!("{link}"));
            for name in link["parameters"].as_object().unwrap().keys() {
                let parameters = target["parameters"].as_array().unwrap();
                assert!(
                    parameters
                        .iter()
                        .any(|parameter| parameter["name"] == **name),
                    "{link}"
                );
            }
        }
    }
}
