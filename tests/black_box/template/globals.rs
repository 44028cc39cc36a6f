//! The functions with SAM's `Globals` merged in
//! (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification-template-anatomy-globals.html>).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::intrinsics::function;
use super::stack::{Stack, TEMPLATE};

/// The type of a function.
pub(super) const FUNCTION: &str = "AWS::Serverless::Function";

impl Stack {
    /// The properties of all functions, by name.
    pub(super) fn functions(&self) -> BTreeMap<String, Value> {
        let resources = TEMPLATE["Resources"].as_object().unwrap();
        let functions: BTreeMap<_, _> = resources
            .iter()
            .filter(|(_, resource)| resource["Type"] == FUNCTION)
            .map(|(name, function)| {
                let whole = merged(&TEMPLATE["Globals"]["Function"], &function["Properties"]);
                (name.clone(), self.resolve(&whole).unwrap())
            })
            .collect();
        assert!(!functions.is_empty(), "no functions");
        functions
    }
}

/// The name of the crate of a function: the last folder of its `CodeUri`.
pub(super) fn crate_of(function: &Value) -> &str {
    let folder = function["CodeUri"].as_str().unwrap().trim_end_matches('/');
    folder.rsplit('/').next().unwrap()
}

/// Maps are merged, lists are joined, and of everything else the function's own goes.
fn merged(global: &Value, own: &Value) -> Value {
    // What calls a function of CloudFormation's is a map to YAML, but none to SAM.
    if function(global).is_some() || function(own).is_some() {
        return own.clone();
    }
    match (global, own) {
        (Value::Object(global), Value::Object(own)) => {
            let mut members = global.clone();
            for (name, value) in own {
                let value = global.get(name).map(|global| merged(global, value));
                members.insert(name.clone(), value.unwrap_or_else(|| own[name].clone()));
            }
            Value::Object(members)
        }
        (Value::Array(global), Value::Array(own)) => json!([&global[..], &own[..]].concat()),
        _ => own.clone(),
    }
}

#[test]
fn globals_are_merged_as_sam_merges_them() {
    let global = json!({
        "MemorySize": 256, "Timeout": 15, "Layers": ["a"],
        "LoggingConfig": { "LogFormat": "JSON" },
        "Name": { "Ref": "A" },
    });
    let own = json!({
        "Timeout": 5, "Layers": ["b"],
        "LoggingConfig": { "LogGroup": "logs" },
        "Name": { "Ref": "B" },
    });
    let expected = json!({
        "MemorySize": 256, "Timeout": 5, "Layers": ["a", "b"],
        "LoggingConfig": { "LogFormat": "JSON", "LogGroup": "logs" },
        "Name": { "Ref": "B" },
    });
    assert_eq!(merged(&global, &own), expected);
}
