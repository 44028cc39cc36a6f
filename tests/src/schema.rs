//! Public schemas, and checks of our output against them.

use jsonschema::Validator;
use serde_json::{Map, Value, json};

/// The OpenAPI 3.0 document that contains the schemas.
const CRM: &str = include_str!("../fixtures/crm-openapi.json");

/// The schema from CloudWatch's specification of the embedded metric format.
const EMBEDDED_METRIC_FORMAT: &str = include_str!("../fixtures/embedded-metric-format.json");

/// One schema.
#[derive(Debug)]
pub struct Schema(Validator);

impl Schema {
    /// The schema with this name in the document's `components`.
    #[must_use]
    pub fn of_crm(name: &str) -> Self {
        let document: Value = serde_json::from_str(CRM).unwrap();
        Self::in_document(&document, name)
    }

    /// The schema of documents in CloudWatch's embedded metric format.
    #[must_use]
    pub fn of_embedded_metric_format() -> Self {
        let schema: Value = serde_json::from_str(EMBEDDED_METRIC_FORMAT).unwrap();
        Self(jsonschema::draft202012::new(&schema).unwrap())
    }

    fn in_document(document: &Value, name: &str) -> Self {
        // A validator notices a broken reference only when it follows it. With a misspelt name it may never do so.
        assert!(
            document["components"]["schemas"][name].is_object(),
            "{name}"
        );
        let schema = json!({
            "$ref": format!("#/components/schemas/{name}"),
            "components": { "schemas": json_schemas(&document["components"]["schemas"]) },
        });
        let options = jsonschema::draft202012::options().should_validate_formats(true);
        Self(options.build(&schema).unwrap())
    }

    /// The violations of the schema in `body`, with their places. The list is empty for a valid body.
    #[must_use]
    pub fn faults(&self, body: &Value) -> Vec<String> {
        self.0
            .iter_errors(body)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect()
    }
}

fn json_schemas(schemas: &Value) -> Map<String, Value> {
    schemas
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, schema)| (name.clone(), json_schema(schema)))
        .collect()
}

/// The JSON Schema of an OpenAPI 3.0 schema. The document uses only one difference, `nullable`: JSON Schema ignores this
/// unknown keyword, and would then refuse null.
fn json_schema(schema: &Value) -> Value {
    let mut schema = schema.as_object().unwrap().clone();
    if schema.remove("nullable") == Some(json!(true)) {
        // OpenAPI 3.0.3 does not define `nullable` beside `oneOf`. Authors of such schemas mean that null is one more choice.
        if let Some(Value::Array(choices)) = schema.get_mut("oneOf") {
            choices.push(json!({ "type": "null" }));
        } else {
            let kind = schema.remove("type").unwrap();
            schema.insert("type".to_owned(), json!([kind, "null"]));
        }
    }
    for (keyword, value) in &mut schema {
        match (keyword.as_str(), &mut *value) {
            ("properties", _) => *value = Value::Object(json_schemas(value)),
            ("items", _) => *value = json_schema(value),
            ("oneOf", Value::Array(choices)) => {
                for choice in choices {
                    *choice = json_schema(choice);
                }
            }
            _ => {}
        }
    }
    Value::Object(schema)
}
