//! Edits of calls: they leave out conditions and assignments, and change items.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::database::Call;
use crate::ledger::key_of;

/// A write in a call: the body of an update, or a part of a transaction.
pub(super) type Write = Value;

/// The writes of a call.
pub(super) fn writes(call: &mut Call) -> Vec<&mut Write> {
    match call.operation.as_str() {
        "PutItem" | "UpdateItem" | "DeleteItem" => vec![&mut call.body],
        "TransactWriteItems" => {
            let parts = call.body["TransactItems"]
                .as_array_mut()
                .into_iter()
                .flatten();
            parts
                .filter_map(|part| part.as_object_mut()?.values_mut().next())
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The sort key of the written item, which shows the item's kind.
pub(super) fn sort_key(write: &Write) -> String {
    key_of(write.get("Item").unwrap_or(&write["Key"])).1
}

/// Whether a call writes an item of this kind: `CONTACT`, `SUBSCRIPTION#` or `ADDRESS`.
pub(super) fn writes_kind(call: &mut Call, kind: &str) -> bool {
    writes(call)
        .iter()
        .any(|write| sort_key(write).starts_with(kind))
}

/// The route that a write names.
pub(super) fn route(write: &Write) -> &str {
    let route = write.pointer("/ExpressionAttributeValues/:changeRoute/S");
    let route = route.or_else(|| write.pointer("/Item/changeRoute/S"));
    route.and_then(Value::as_str).unwrap_or_default()
}

/// Leaves clauses out of the condition.
pub(super) fn drop_clauses(write: &mut Write, is_dropped: impl Fn(&str) -> bool) {
    let Some(condition) = write["ConditionExpression"].as_str() else {
        return;
    };
    let kept: Vec<_> = condition
        .split(" AND ")
        .filter(|clause| !is_dropped(clause))
        .collect();
    let kept = kept.join(" AND ");
    if kept.is_empty() {
        write.as_object_mut().unwrap().remove("ConditionExpression");
    } else {
        write["ConditionExpression"] = json!(kept);
    }
    prune(write);
}

/// Replaces a text in the condition.
pub(super) fn replace_in_condition(write: &mut Write, from: &str, to: &str) {
    if let Some(condition) = write["ConditionExpression"].as_str() {
        write["ConditionExpression"] = json!(condition.replace(from, to));
    }
}

/// Leaves assignments and removals out of the update.
pub(super) fn drop_actions(write: &mut Write, is_dropped: impl Fn(&str) -> bool) {
    let Some(update) = write["UpdateExpression"].as_str() else {
        return;
    };
    let (set, remove) = update.split_once("REMOVE ").unwrap_or((update, ""));
    let set = set.trim().strip_prefix("SET ").unwrap_or_default();
    let kept = |actions: &str| {
        let kept = actions
            .split(", ")
            .filter(|action| !action.is_empty() && !is_dropped(action));
        kept.collect::<Vec<_>>().join(", ")
    };
    let parts = [("SET", kept(set)), ("REMOVE", kept(remove))];
    let parts = parts.into_iter().filter(|(_, actions)| !actions.is_empty());
    let parts: Vec<_> = parts
        .map(|(name, actions)| format!("{name} {actions}"))
        .collect();
    write["UpdateExpression"] = json!(parts.join(" "));
    prune(write);
}

/// The value of an attribute in an update or in a new item.
pub(super) fn value<'a>(write: &'a mut Write, name: &str) -> Option<&'a mut Value> {
    let pointer = match write.get("Item") {
        Some(_) => format!("/Item/{name}"),
        None => format!("/ExpressionAttributeValues/:{name}"),
    };
    write.pointer_mut(&pointer)
}

/// The entries of e-mail addresses that a write puts on a contact, with their normal forms.
pub(super) fn emails(write: &mut Write) -> Vec<(String, &mut Value)> {
    let map = value(write, "emails").and_then(|emails| emails.get_mut("M"));
    let entries = map.and_then(Value::as_object_mut).into_iter().flatten();
    entries
        .filter_map(|(name, entry)| Some((name.clone(), entry.get_mut("M")?)))
        .collect()
}

/// Removes an attribute of a map.
pub(super) fn remove(map: &mut Value, name: &str) {
    if let Some(map) = map.as_object_mut() {
        map.remove(name);
    }
}

/// Removes names and values that no expression uses, since DynamoDB refuses them.
fn prune(write: &mut Write) {
    let used: BTreeSet<String> = ["UpdateExpression", "ConditionExpression"]
        .iter()
        .filter_map(|name| write[*name].as_str())
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && !"#:_".contains(c)))
        .map(str::to_owned)
        .collect();
    for name in ["ExpressionAttributeNames", "ExpressionAttributeValues"] {
        let Some(attributes) = write.get_mut(name).and_then(Value::as_object_mut) else {
            continue;
        };
        attributes.retain(|name, _| used.contains(name));
        if attributes.is_empty() {
            remove(write, name);
        }
    }
}
