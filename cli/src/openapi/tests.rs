//! Compares the document with itself, with the routes, and with the needs of client generators.

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
fn a_route_that_is_not_described_is_named() {
    let error = paths(&crm::operations()).err().unwrap().to_string();
    assert!(error.ends_with("is not described"), "{error}");
}

/// Every value under this key, at any depth.
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
fn every_reference_has_a_component_and_every_component_a_reference() {
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

/// Asserts that a part of the document has a description of more than two words.
fn assert_described(place: &str, thing: &Value) {
    let description = thing["description"].as_str().unwrap_or_default();
    assert!(
        description.split_whitespace().count() > 2,
        "{place} has no useful description: {description:?}"
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
            for (member, schema) in members.filter(|_| kind == "schemas").into_iter().flatten() {
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

/// Client generators know no other unions, and only enumerations of texts.
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
