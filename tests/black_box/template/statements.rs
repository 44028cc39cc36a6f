//! A statement of a policy, evaluated as AWS evaluates it.

use regex::Regex;
use serde_json::{Value, json};

use super::authorization::{Request, TABLE_ARN};

/// What a statement allows.
#[derive(Debug, Clone)]
pub(super) struct Statement {
    pub(super) sid: String,
    pub(super) actions: Vec<String>,
    pub(super) resources: Vec<String>,
    pub(super) leading_keys: Option<LeadingKeys>,
}

/// A condition on the partition keys that a request touches, all of which must be like one of the patterns and like none of
/// the exceptions.
#[derive(Debug, Clone)]
pub(super) struct LeadingKeys {
    operator: Operator,
    pub(super) patterns: Vec<String>,
    exceptions: Vec<String>,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equals,
    Like,
}

impl Statement {
    pub(super) fn read(statement: &Value) -> Self {
        Self {
            sid: statement["Sid"]
                .as_str()
                .unwrap_or("a statement")
                .to_owned(),
            actions: one_or_more(&statement["Action"]),
            resources: one_or_more(&statement["Resource"]),
            leading_keys: statement.get("Condition").map(LeadingKeys::read),
        }
    }

    pub(super) fn allows(&self, request: &Request) -> bool {
        let keys = self.leading_keys.as_ref();
        self.actions.contains(&request.action)
            && self.resources.contains(&request.resource)
            && keys.is_none_or(|keys| request.leading_keys.iter().all(|key| keys.allow(key)))
    }

    /// The statement without one of the things that it allows, for each with what that is.
    pub(super) fn without_one(&self) -> Vec<(String, Self)> {
        let mut less = Vec::new();
        let mut add = |what: &str, change: &dyn Fn(&mut Self)| {
            let mut statement = self.clone();
            change(&mut statement);
            less.push((format!("{} {what}", self.sid), statement));
        };
        for (at, action) in self.actions.iter().enumerate() {
            add(action, &|less| drop(less.actions.remove(at)));
        }
        for (at, resource) in self.resources.iter().enumerate() {
            add(resource, &|less| drop(less.resources.remove(at)));
        }
        let patterns = self.leading_keys.iter().flat_map(|keys| &keys.patterns);
        for (at, pattern) in patterns.enumerate() {
            add(pattern, &|less| {
                let keys = less.leading_keys.as_mut().unwrap();
                keys.patterns.remove(at);
            });
        }
        less
    }
}

impl LeadingKeys {
    fn read(condition: &Value) -> Self {
        let mut read = Self {
            operator: Operator::Like,
            patterns: Vec::new(),
            exceptions: Vec::new(),
        };
        for (operator, keys) in condition.as_object().unwrap() {
            let (key, patterns) = only_member(keys);
            assert_eq!(key, "dynamodb:LeadingKeys");
            let patterns = one_or_more(patterns);
            match operator.as_str() {
                "ForAllValues:StringEquals" => {
                    (read.operator, read.patterns) = (Operator::Equals, patterns);
                }
                "ForAllValues:StringLike" => read.patterns = patterns,
                "ForAllValues:StringNotLike" => read.exceptions = patterns,
                _ => panic!("{operator} is not evaluated by these tests"),
            }
        }
        read
    }

    fn allow(&self, key: &str) -> bool {
        let is_one = self.patterns.iter().any(|pattern| match self.operator {
            Operator::Equals => key == pattern,
            Operator::Like => is_like(key, pattern),
        });
        is_one
            && !self
                .exceptions
                .iter()
                .any(|exception| is_like(key, exception))
    }
}

/// Whether a text is like a pattern, whose `*` stands for any characters and whose `?` for one.
fn is_like(text: &str, pattern: &str) -> bool {
    let regex = regex::escape(pattern)
        .replace(r"\*", ".*")
        .replace(r"\?", ".");
    Regex::new(&format!("^(?s:{regex})$"))
        .unwrap()
        .is_match(text)
}

/// The one member of an object.
fn only_member(object: &Value) -> (&str, &Value) {
    let mut members = object.as_object().unwrap().iter();
    match (members.next(), members.next()) {
        (Some((name, value)), None) => (name, value),
        _ => panic!("{object} is not evaluated by these tests"),
    }
}

/// What the policy language writes as one text or as a list.
pub(super) fn one_or_more(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().flat_map(one_or_more).collect(),
        Value::String(text) => vec![text.clone()],
        _ => panic!("{value} is not one text or several"),
    }
}

#[test]
fn patterns_are_matched_whole() {
    for (text, pattern, expected) in [
        ("ORG#a#CONTACT#b", "ORG#*#CONTACT#*", true),
        ("ORG#a", "ORG#*#CONTACT#*", false),
        ("xORG#a", "ORG#*", false),
        ("-", "-", true),
        ("--", "-", false),
        ("ab", "a?", true),
        ("a", "a?", false),
        ("aXb", "a.b", false),
    ] {
        assert_eq!(is_like(text, pattern), expected, "{text} {pattern}");
    }
}

#[test]
fn a_statement_allows_a_request_all_of_whose_keys_it_allows() {
    let statement = Statement::read(&json!({
        "Sid": "S", "Effect": "Allow", "Action": ["dynamodb:GetItem"], "Resource": TABLE_ARN,
        "Condition": {
            "ForAllValues:StringLike": { "dynamodb:LeadingKeys": ["ORG#*", "-"] },
            "ForAllValues:StringNotLike": { "dynamodb:LeadingKeys": "ORG#*#*" },
        },
    }));
    let request = |action: &str, resource: &str, keys: &[&str]| Request {
        action: action.to_owned(),
        resource: resource.to_owned(),
        leading_keys: keys.iter().map(ToString::to_string).collect(),
    };
    assert!(statement.allows(&request("dynamodb:GetItem", TABLE_ARN, &["ORG#a", "-"])));
    assert!(!statement.allows(&request("dynamodb:GetItem", TABLE_ARN, &["ORG#a", "x"])));
    assert!(!statement.allows(&request("dynamodb:GetItem", TABLE_ARN, &["ORG#a#b"])));
    assert!(!statement.allows(&request("dynamodb:Query", TABLE_ARN, &["-"])));
    assert!(!statement.allows(&request("dynamodb:GetItem", "${Table.Arn}/index/i", &["-"])));
}
