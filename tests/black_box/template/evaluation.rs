//! CloudFormation's loops, functions and conditions, as far as the template uses them.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Map, Value, json};

use super::stack::{Stack, TEMPLATE, text};

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{([^}]+)\}").unwrap());

/// A part of the template with its loops (`Fn::ForEach`) written out.
pub(super) fn unrolled(part: Value) -> Value {
    let Value::Object(members) = part else {
        return part;
    };
    let mut all = Map::new();
    for (name, value) in members {
        if !name.starts_with("Fn::ForEach::") {
            all.insert(name, unrolled(value));
            continue;
        }
        let (identifier, body) = (text(&value[0]), value[2].to_string());
        for item in value[1].as_array().unwrap() {
            let body = body
                .replace(&format!("${{{identifier}}}"), &text(item))
                .replace(&json!({ "Ref": identifier }).to_string(), &item.to_string());
            all.extend(serde_json::from_str::<Map<_, _>>(&body).unwrap());
        }
    }
    Value::Object(all)
}

impl Stack {
    /// A part of the template with its functions evaluated, or `None` if the part is `AWS::NoValue`.
    pub(super) fn resolve(&self, part: &Value) -> Option<Value> {
        match (function(part), part) {
            (Some((name, argument)), _) => self.call(name, argument),
            (None, Value::Object(members)) => {
                let members = members.iter();
                let resolved =
                    members.filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)));
                Some(Value::Object(resolved.collect()))
            }
            (None, Value::Array(values)) => {
                let resolved = values.iter().filter_map(|value| self.resolve(value));
                Some(Value::Array(resolved.collect()))
            }
            (None, scalar) => Some(scalar.clone()),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Option<Value> {
        let resolved = |at: usize| self.resolve(&argument[at]).unwrap();
        match function {
            "Ref" if argument == "AWS::NoValue" => None,
            "Ref" => Some(json!(self.reference(&text(argument)))),
            "Fn::GetAtt" => {
                let path = format!("{}.{}", text(&argument[0]), text(&argument[1]));
                Some(json!(self.reference(&path)))
            }
            "Fn::Sub" => {
                let pattern = argument.as_str().or(argument[0].as_str()).unwrap();
                let replace = |found: &Captures<'_>| match argument[1].get(&found[1]) {
                    Some(variable) => text(&self.resolve(variable).unwrap()),
                    None => self.reference(&found[1]),
                };
                Some(json!(REFERENCE.replace_all(pattern, replace)))
            }
            "Fn::If" if self.holds(argument[0].as_str().unwrap()) => self.resolve(&argument[1]),
            "Fn::If" => self.resolve(&argument[2]),
            "Fn::Split" => {
                let (separator, whole) = (text(&argument[0]), text(&resolved(1)));
                Some(json!(whole.split(&separator).collect::<Vec<_>>()))
            }
            "Fn::Join" => {
                let parts: Vec<_> = resolved(1).as_array().unwrap().iter().map(text).collect();
                Some(json!(parts.join(&text(&argument[0]))))
            }
            _ => panic!("{function} is not evaluated by these tests"),
        }
    }

    /// The value of `${path}`: that of a parameter, or the text `${path}` itself, if only the deployment knows the value.
    fn reference(&self, path: &str) -> String {
        if let Some(value) = self.parameter(path) {
            return value.to_owned();
        }
        let (resource, _) = path.split_once('.').unwrap_or((path, ""));
        assert!(
            self.makes(resource) || path.starts_with("AWS::"),
            "{path} is no parameter, and no resource that is made"
        );
        format!("${{{path}}}")
    }

    /// Whether a condition of the template holds.
    pub(super) fn holds(&self, condition: &str) -> bool {
        let definition = &TEMPLATE["Conditions"][condition];
        assert!(!definition.is_null(), "there is no condition {condition}");
        self.is_true(definition)
    }

    /// Whether an expression of a condition or a rule holds.
    pub(super) fn is_true(&self, expression: &Value) -> bool {
        let Some((name, argument)) = function(expression) else {
            panic!("{expression} is no condition");
        };
        let value = |expression: &Value| text(&self.resolve(expression).unwrap());
        let all = || argument.as_array().unwrap().iter();
        match name {
            "Condition" => self.holds(argument.as_str().unwrap()),
            "Fn::Equals" => value(&argument[0]) == value(&argument[1]),
            "Fn::Not" => !self.is_true(&argument[0]),
            "Fn::And" => all().all(|part| self.is_true(part)),
            "Fn::Or" => all().any(|part| self.is_true(part)),
            "Fn::Contains" => {
                let wanted = value(&argument[1]);
                let values = argument[0].as_array().unwrap();
                values.iter().any(|one| value(one) == wanted)
            }
            _ => panic!("{name} is not evaluated by these tests"),
        }
    }
}

/// The function that a part of the template calls, with its argument.
pub(super) fn function(part: &Value) -> Option<(&str, &Value)> {
    let mut members = part.as_object()?.iter();
    let (Some((name, argument)), None) = (members.next(), members.next()) else {
        return None;
    };
    let is_function = name == "Ref" || name == "Condition" || name.starts_with("Fn::");
    is_function.then_some((name, argument))
}
