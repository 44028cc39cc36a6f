//! Each function may do what its code does, and no more. The tests check the calls that a function makes in its scenes against
//! its policies, as AWS evaluates them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::assert_no_faults;
use super::authorization::{Request, TABLE_ARN};
use super::scenes::{Played, played};
use super::stack::{KMS_KEY, Stack, crate_of, text};
use super::statements::Statement;

/// Kinds of items, each with the partition key of an example.
const KINDS: [(&str, &str); 5] = [
    ("contacts", "ORG#org_x#CONTACT#c_x"),
    ("addresses", "ORG#org_x#ADDRESS#x"),
    ("what an organization registers", "ORG#org_x"),
    ("nobody", "-"),
    ("anything else", "x"),
];

/// The actions on the items of a table.
const ACTIONS: [&str; 9] = [
    "dynamodb:BatchGetItem",
    "dynamodb:BatchWriteItem",
    "dynamodb:ConditionCheckItem",
    "dynamodb:DeleteItem",
    "dynamodb:GetItem",
    "dynamodb:PutItem",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateItem",
];

/// The functions by name, each with the statements of its policies and the record of its scenes.
async fn functions() -> BTreeMap<String, (Vec<Statement>, &'static Played)> {
    let played = played().await;
    let functions = Stack::new().functions().into_iter();
    functions
        .map(|(name, function)| {
            let policies = function["Policies"].as_array().unwrap().iter();
            let statements = policies.flat_map(|it| it["Statement"].as_array().unwrap());
            // Only `record-history` has other statements, and the module `history` tests them.
            let is_of_table = |it: &&Value| text(&it["Resource"]).starts_with(TABLE_ARN);
            let statements = statements.filter(is_of_table);
            let did = &played[crate_of(&function)];
            (name, (statements.map(Statement::read).collect(), did))
        })
        .collect()
}

fn allow(statements: &[Statement], request: &Request) -> bool {
    statements.iter().any(|statement| statement.allows(request))
}

#[tokio::test]
async fn each_function_may_do_what_its_code_does() {
    let mut refused = BTreeSet::new();
    for (name, (statements, did)) in functions().await {
        for request in did.requests.iter().filter(|it| !allow(&statements, it)) {
            refused.insert(format!("{name} may not {request:?}"));
        }
    }
    assert_no_faults(refused);
}

#[tokio::test]
async fn each_function_may_do_nothing_that_its_code_does_not() {
    let mut needless = Vec::new();
    for (name, (statements, did)) in functions().await {
        let requests = did.requests.iter();
        let allowed: Vec<_> = requests.filter(|it| allow(&statements, it)).collect();
        for (at, statement) in statements.iter().enumerate() {
            for (what, less) in statement.without_one() {
                let mut fewer = statements.clone();
                fewer[at] = less;
                if allowed.iter().all(|request| allow(&fewer, request)) {
                    needless.push(format!("{name} does not need {what}"));
                }
            }
        }
    }
    assert_no_faults(needless);
}

#[tokio::test]
async fn each_function_may_touch_the_kinds_of_items_that_it_touches_and_no_others() {
    for (name, (statements, did)) in functions().await {
        for action in ACTIONS {
            let may = |partition: &str| {
                let request = Request {
                    action: action.to_owned(),
                    resource: TABLE_ARN.to_owned(),
                    leading_keys: BTreeSet::from([partition.to_owned()]),
                };
                allow(&statements, &request)
            };
            let allowed = KINDS.iter().filter(|(_, partition)| may(partition));
            let allowed: BTreeSet<_> = allowed.map(|(kind, _)| *kind).collect();
            assert_eq!(allowed, touched(did, action), "{name} {action}");
        }
    }
}

/// The kinds of items that an action touched in the table.
fn touched(played: &Played, action: &str) -> BTreeSet<&'static str> {
    let requests = played.requests.iter();
    requests
        .filter(|request| request.resource == TABLE_ARN && request.action == action)
        .flat_map(|request| &request.leading_keys)
        .map(|partition| match partition.strip_prefix("ORG#") {
            Some(rest) if rest.contains("#CONTACT#") => KINDS[0].0,
            Some(rest) if rest.contains("#ADDRESS#") => KINDS[1].0,
            Some(_) => KINDS[2].0,
            None if partition == "-" => KINDS[3].0,
            None => KINDS[4].0,
        })
        .collect()
}

#[test]
fn with_a_key_of_its_own_a_stack_lets_functions_decrypt_and_nothing_else() {
    let stack = Stack::with(&[("KmsKeyArn", KMS_KEY)]);
    let policy = stack.only("AWS::IAM::ManagedPolicy");
    let statements = policy["PolicyDocument"]["Statement"].as_array().unwrap();
    let [statement] = &statements[..] else {
        panic!("{policy}");
    };
    assert_eq!(statement["Action"], "kms:Decrypt");
    assert_eq!(statement["Resource"], KMS_KEY);
    for (name, function) in stack.functions() {
        let policies = function["Policies"].as_array().unwrap().iter();
        let elsewhere: Vec<_> = policies.filter_map(Value::as_str).collect();
        assert_eq!(elsewhere, ["${TableKeyPolicy}"], "{name}");
        assert_eq!(function["KmsKeyArn"], KMS_KEY, "{name}");
    }
}
