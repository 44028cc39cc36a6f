//! CloudFormation's functions and conditions, as far as the template uses them.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::{Value, json};

use super::stack::{Stack, TEMPLATE, text};

static REFERENCE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\$\{([^}]+)\}").unwrap());

impl Stack {
    /// A part of the template with its functions evaluated; nothing where it is `AWS::NoValue`.
    pub(super) fn resolve(&self, part: &Value) -> Option<Value> {
        match part {
            Value::Object(members) => match function(part) {
                Some((name, argument)) => self.call(name, argument),
                None => Some(Value::Object(
                    members
                        .iter()
                        .filter_map(|(name, value)| Some((name.clone(), self.resolve(value)?)))
                        .collect(),
                )),
            },
            Value::Array(values) => Some(Value::Array(
                values
                    .iter()
                    .filter_map(|value| self.resolve(value))
                    .collect(),
            )),
            scalar => Some(scalar.clone()),
        }
    }

    fn call(&self, function: &str, argument: &Value) -> Option<Value> {
        match function {
            "Ref" if argument == "AWS::NoValue" => None,
            "Ref" => Some(json!(self.reference(argument.as_str().unwrap()))),
            "Fn::GetAtt" => {
                let path = format!("{}.{}", text(&argument[0]), text(&argument[1]));
                Some(json!(self.reference(&path)))
            }
            "Fn::Sub" => {
                let pattern = argument.as_str().unwrap();
                let replace = |found: &Captures<'_>| self.reference(&found[1]);
                Some(json!(REFERENCE.replace_all(pattern, replace)))
            }
            "Fn::If" if self.holds(argument[0].as_str().unwrap()) => self.resolve(&argument[1]),
            "Fn::If" => self.resolve(&argument[2]),
            "Fn::Split" => {
                let whole = text(&self.resolve(&argument[1])?);
                let parts: Vec<_> = whole.split(argument[0].as_str().unwrap()).collect();
                Some(json!(parts))
            }
            _ => panic!("{function} is not evaluated by these tests"),
        }
    }

    /// What `${path}` stands for: the value of a parameter; else, what is not known before the deployment, itself.
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

#[test]
fn a_function_is_evaluated_wherever_it_stands() {
    let stack = Stack::with(&[("CorsOrigins", "https://a.example,https://b.example")]);
    let part = json!({
        "a": [{ "Ref": "TimeZone" }, { "Ref": "Table" }, { "Ref": "AWS::NoValue" }],
        "b": { "Fn::GetAtt": ["Table", "Arn"] },
        "c": { "Fn::Sub": "${Table.Arn}/${TimeZone}/${AWS::Region}" },
        "d": { "Fn::If": ["HasCors", { "e": { "Fn::Split": [",", { "Ref": "CorsOrigins" }] } }, "no"] },
        "f": { "Fn::If": ["HasKmsKey", "yes", { "Ref": "AWS::NoValue" }] },
    });
    let resolved = json!({
        "a": ["UTC", "${Table}"],
        "b": "${Table.Arn}",
        "c": "${Table.Arn}/UTC/${AWS::Region}",
        "d": { "e": ["https://a.example", "https://b.example"] },
    });
    assert_eq!(stack.resolve(&part), Some(resolved));
}

#[test]
fn a_condition_is_evaluated_from_the_inside_out() {
    let stack = Stack::with(&[("LogLevel", "debug")]);
    let level_is = |level: &str| json!({ "Fn::Equals": [{ "Ref": "LogLevel" }, level] });
    for (condition, holds) in [
        (level_is("debug"), true),
        (level_is("info"), false),
        (json!({ "Fn::Not": [level_is("info")] }), true),
        (
            json!({ "Fn::And": [level_is("debug"), level_is("info")] }),
            false,
        ),
        (
            json!({ "Fn::Or": [level_is("debug"), level_is("info")] }),
            true,
        ),
        (
            json!({ "Fn::Contains": [["info", "debug"], { "Ref": "LogLevel" }] }),
            true,
        ),
        (
            json!({ "Fn::Contains": [["info", "warn"], { "Ref": "LogLevel" }] }),
            false,
        ),
        (json!({ "Condition": "IsGradual" }), false),
    ] {
        assert_eq!(stack.is_true(&condition), holds, "{condition}");
    }
}

#[test]
#[should_panic(expected = "Tabel.Arn is no parameter")]
fn what_refers_to_nothing_is_named() {
    Stack::new().resolve(&json!({ "Fn::Sub": "${Tabel.Arn}/index" }));
}
