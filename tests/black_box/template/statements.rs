//! A statement of a policy, evaluated as AWS evaluates it.

use regex::Regex;
use serde_json::Value;

use super::authorization::Request;

/// The effect of a statement.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    sid: String,
    actions: Vec<String>,
    resources: Vec<String>,
    /// If there are such patterns, each partition key of a request must match one of them.
    keys: Option<Vec<String>>,
    /// No partition key of a request may match one of these patterns.
    other_keys: Vec<String>,
}

impl Statement {
    /// Reads a statement of a policy. Panics at elements that are not evaluated here, such as `Deny` or `NotAction`.
    pub(super) fn read(statement: &Value) -> Self {
        let mut read = Self {
            sid: text(&statement["Sid"]),
            actions: one_or_more(&statement["Action"]),
            resources: one_or_more(&statement["Resource"]),
            keys: None,
            other_keys: Vec::new(),
        };
        assert_eq!(statement["Effect"], "Allow", "{statement}");
        let mut members = statement.as_object().unwrap().len() - 4;
        if let Some(condition) = statement["Condition"].as_object() {
            members -= 1;
            for (operator, keys) in condition {
                let keys = keys.as_object().unwrap();
                assert_eq!(keys.len(), 1, "{statement}");
                let patterns = one_or_more(&keys["dynamodb:LeadingKeys"]);
                match operator.as_str() {
                    // A pattern without a wildcard matches itself alone.
                    "ForAllValues:StringEquals" | "ForAllValues:StringLike" => {
                        read.keys = Some(patterns);
                    }
                    "ForAllValues:StringNotLike" => read.other_keys = patterns,
                    _ => panic!("{operator} is not evaluated by these tests"),
                }
            }
        }
        assert_eq!(members, 0, "{statement}");
        read
    }

    pub(super) fn allows(&self, request: &Request) -> bool {
        let is_one = |patterns: &[String], key: &str| patterns.iter().any(|it| is_like(key, it));
        let allows_key = |key: &String| {
            self.keys.as_ref().is_none_or(|keys| is_one(keys, key))
                && !is_one(&self.other_keys, key)
        };
        self.actions.contains(&request.action)
            && self.resources.contains(&request.resource)
            && request.leading_keys.iter().all(allows_key)
    }

    /// For each thing that the statement allows, its name, and the statement without it.
    pub(super) fn without_one(&self) -> Vec<(String, Self)> {
        let parts: [fn(&mut Self) -> &mut Vec<String>; 3] = [
            |statement| &mut statement.actions,
            |statement| &mut statement.resources,
            |statement| statement.keys.get_or_insert_default(),
        ];
        let mut less = Vec::new();
        for part in parts {
            for at in 0..part(&mut self.clone()).len() {
                let mut statement = self.clone();
                let removed = part(&mut statement).remove(at);
                less.push((format!("{} {removed}", self.sid), statement));
            }
        }
        less
    }
}

/// Whether a text matches a pattern, in which `*` stands for any characters.
fn is_like(text: &str, pattern: &str) -> bool {
    let regex = regex::escape(pattern).replace(r"\*", ".*");
    Regex::new(&format!("^(?s:{regex})$"))
        .unwrap()
        .is_match(text)
}

/// The texts of a value that is one text or a list in the policy language.
fn one_or_more(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(text).collect(),
        one => vec![text(one)],
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
        .to_owned()
}
