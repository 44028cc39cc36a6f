//! Each function may do what its code does, and no more: the calls that it makes in its scenes, held against its
//! policies as AWS evaluates them.

use std::collections::{BTreeMap, BTreeSet};

use super::assert_no_faults;
use super::authorization::{Request, TABLE_ARN};
use super::globals::crate_of;
use super::policies::statements;
use super::scenes::{Played, played};
use super::stack::Stack;
use super::statements::Statement;

/// The functions by name, with what each may do and what it did.
async fn functions() -> BTreeMap<String, (Vec<Statement>, &'static Played)> {
    let played = played().await;
    let functions = Stack::new().functions().into_iter();
    functions
        .map(|(name, function)| {
            let did = &played[crate_of(&function)];
            (name, (statements(&function), did))
        })
        .collect()
}

fn allow(statements: &[Statement], request: &Request) -> bool {
    statements.iter().any(|statement| statement.allows(request))
}

#[tokio::test]
async fn each_function_may_do_what_its_code_does() {
    assert_no_faults(
        functions()
            .await
            .iter()
            .flat_map(|(name, (statements, did))| {
                let refused = did
                    .requests
                    .iter()
                    .filter(|request| !allow(statements, request));
                refused
                    .map(|request| {
                        let Request {
                            action,
                            resource,
                            leading_keys,
                        } = request;
                        format!("{name} may not {action} on {resource} for {leading_keys:?}")
                    })
                    .collect::<BTreeSet<_>>()
            }),
    );
}

#[tokio::test]
async fn each_function_may_do_nothing_that_its_code_does_not() {
    let mut needless = Vec::new();
    for (name, (statements, did)) in functions().await {
        let requests = did.requests.iter();
        let allowed: Vec<_> = requests
            .filter(|request| allow(&statements, request))
            .collect();
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

/// Kinds of items, each with a partition key of one.
const KINDS: [(&str, &str); 5] = [
    ("contacts", "ORG#org_x#CONTACT#c_x"),
    ("addresses", "ORG#org_x#ADDRESS#x"),
    ("what an organization registers", "ORG#org_x"),
    ("nobody", "-"),
    ("anything else", "x"),
];

/// What can be done to the items of a table.
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

/// Which kind of item a partition key is of.
fn kind(partition: &str) -> &'static str {
    let at = match partition.strip_prefix("ORG#") {
        Some(rest) if rest.contains("#CONTACT#") => 0,
        Some(rest) if rest.contains("#ADDRESS#") => 1,
        Some(_) => 2,
        None if partition == "-" => 3,
        None => 4,
    };
    KINDS[at].0
}

/// The kinds of items of the table on which an action is allowed.
fn allowed(statements: &[Statement], action: &str) -> BTreeSet<&'static str> {
    let may = |partition: &str| {
        let request = Request {
            action: action.to_owned(),
            resource: TABLE_ARN.to_owned(),
            leading_keys: BTreeSet::from([partition.to_owned()]),
        };
        allow(statements, &request)
    };
    let kinds = KINDS.iter();
    kinds
        .filter(|(_, partition)| may(partition))
        .map(|(kind, _)| *kind)
        .collect()
}

/// The kinds of items of the table to which an action was done.
fn done(played: &Played, action: &str) -> BTreeSet<&'static str> {
    let requests = played.requests.iter();
    requests
        .filter(|request| request.resource == TABLE_ARN && request.action == action)
        .flat_map(|request| &request.leading_keys)
        .map(|partition| kind(partition))
        .collect()
}

#[tokio::test]
async fn each_function_may_touch_the_kinds_of_items_that_it_touches_and_no_others() {
    for (name, (statements, did)) in functions().await {
        for action in ACTIONS {
            assert_eq!(
                allowed(&statements, action),
                done(did, action),
                "{name} {action}"
            );
        }
    }
}
