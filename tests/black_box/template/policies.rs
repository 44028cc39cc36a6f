//! What the policies of the functions say.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::assert_no_faults;
use super::authorization::TABLE_ARN;
use super::stack::{KMS_KEY, Stack};
use super::statements::{Statement, one_or_more};

/// The policy for whoever uses the table through its key.
const KEY_POLICY: &str = "TableKeyPolicy";

/// What a function's own policies allow.
pub(super) fn statements(function: &Value) -> Vec<Statement> {
    raw_statements(function)
        .iter()
        .map(Statement::read)
        .collect()
}

/// The statements as they are written.
fn raw_statements(function: &Value) -> Vec<Value> {
    let policies = function["Policies"].as_array().unwrap();
    policies
        .iter()
        .filter_map(|policy| policy["Statement"].as_array())
        .flatten()
        .cloned()
        .collect()
}

/// The policies of a function that stand elsewhere.
fn named_policies(function: &Value) -> Vec<&str> {
    let policies = function["Policies"].as_array().unwrap();
    policies.iter().filter_map(Value::as_str).collect()
}

/// Every statement of the template, as it is written, with the name of its resource.
fn all_statements() -> Vec<(String, Value)> {
    let stack = Stack::with(&[("KmsKeyArn", KMS_KEY)]);
    let of_functions = stack.functions().into_iter().flat_map(|(name, function)| {
        let statements = raw_statements(&function).into_iter();
        statements.map(move |statement| (name.clone(), statement))
    });
    let managed = stack.of_type("AWS::IAM::ManagedPolicy").into_iter();
    let of_managed = managed.flat_map(|(name, policy)| {
        let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
        let named = |statement: &Value| (name.clone(), statement.clone());
        statements.iter().map(named).collect::<Vec<_>>()
    });
    of_functions.chain(of_managed).collect()
}

#[test]
fn statements_only_allow() {
    assert_no_faults(all_statements().iter().filter_map(|(name, statement)| {
        let only_allows = statement["Effect"] == "Allow"
            && statement.get("NotAction").is_none()
            && statement.get("NotResource").is_none();
        (!only_allows).then(|| format!("{name} has {statement}"))
    }));
}

#[test]
fn no_action_and_no_resource_is_a_wildcard() {
    assert_no_faults(all_statements().iter().flat_map(|(name, statement)| {
        let named = [&statement["Action"], &statement["Resource"]].map(one_or_more);
        let wild = named
            .concat()
            .into_iter()
            .filter(|text| text.contains(['*', '?']));
        wild.map(|text| format!("{name} has {text}"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn a_functions_own_policies_are_for_the_table_and_its_indexes() {
    static RESOURCE: LazyLock<Regex> = LazyLock::new(|| {
        let table = regex::escape(TABLE_ARN);
        Regex::new(&format!(r"^{table}(/index/\w+)?$")).unwrap()
    });
    let stack = Stack::with(&[("KmsKeyArn", KMS_KEY)]);
    assert_no_faults(stack.functions().iter().flat_map(|(name, function)| {
        let statements = statements(function).into_iter();
        statements
            .filter(|statement| {
                !(statement.resources.iter().all(|arn| RESOURCE.is_match(arn))
                    && statement
                        .actions
                        .iter()
                        .all(|action| action.starts_with("dynamodb:")))
            })
            .map(move |statement| format!("{name} has {statement:?}"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn no_function_may_scan() {
    assert_no_faults(all_statements().iter().flat_map(|(name, statement)| {
        let actions = one_or_more(&statement["Action"]).into_iter();
        // PartiQL scans where it finds no key.
        let scans = actions.filter(|action| action.contains("Scan") || action.contains("PartiQL"));
        scans
            .map(|action| format!("{name} may {action}"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn every_permission_on_the_table_is_limited_to_some_partitions() {
    assert_no_faults(
        Stack::new()
            .functions()
            .iter()
            .flat_map(|(name, function)| {
                let statements = statements(function).into_iter();
                statements
                    .filter(|statement| statement.resources.iter().any(|arn| arn == TABLE_ARN))
                    .filter(|statement| statement.leading_keys.is_none())
                    .map(move |statement| {
                        format!("{name} {} has no dynamodb:LeadingKeys", statement.sid)
                    })
                    .collect::<Vec<_>>()
            }),
    );
}

#[test]
fn a_function_has_no_permissions_from_elsewhere_but_to_use_the_tables_key() {
    for (key, expected) in [("", vec![]), (KMS_KEY, vec!["${TableKeyPolicy}"])] {
        let stack = Stack::with(&[("KmsKeyArn", key)]);
        for (name, function) in stack.functions() {
            assert_eq!(named_policies(&function), expected, "{name}");
            assert!(
                function.get("Role").is_none(),
                "{name} has a role of its own"
            );
        }
    }
}

#[test]
fn the_policy_for_the_tables_key_is_there_with_the_key() {
    assert!(!Stack::new().makes(KEY_POLICY), "{KEY_POLICY}");
    let stack = Stack::with(&[("KmsKeyArn", KMS_KEY)]);
    let (name, policy) = stack.only("AWS::IAM::ManagedPolicy");
    assert_eq!(name, KEY_POLICY);
    assert_eq!(
        policy["PolicyDocument"]["Statement"],
        json!([{
            "Effect": "Allow",
            "Action": "kms:Decrypt",
            "Resource": KMS_KEY,
            // Through DynamoDB only.
            "Condition": {
                "StringEquals": { "kms:ViaService": "dynamodb.${AWS::Region}.${AWS::URLSuffix}" },
            },
        }])
    );
}
