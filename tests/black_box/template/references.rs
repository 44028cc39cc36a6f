//! What the template refers to is there.

use serde_json::{Value, json};

use super::assert_no_faults;
use super::intrinsics::function;
use super::stack::{ALARM_TOPIC, KEYS_SECRET, KMS_KEY, PRODUCTION, SECRET_KEYS, Stack, TEMPLATE};

#[test]
fn every_reference_is_to_a_parameter_or_to_a_resource_that_is_made() {
    let everything = [
        ("KmsKeyArn", KMS_KEY),
        ("CorsOrigins", "https://crm.example.com"),
        ("ReservedConcurrency", "10"),
        ("AlarmTopicArn", ALARM_TOPIC),
        ("JwtKeysSecretArn", KEYS_SECRET),
    ];
    for parameters in [&[][..], &PRODUCTION, &SECRET_KEYS, &everything] {
        let stack = Stack::with(parameters);
        // It fails at what it does not find.
        stack.resources();
        stack.functions();
        stack.resolve(&TEMPLATE["Outputs"]);
    }
}

#[test]
fn every_condition_is_used() {
    let conditions = TEMPLATE["Conditions"].as_object().unwrap().keys();
    assert_no_faults(conditions.filter_map(|condition| {
        let is_used = [&TEMPLATE["Resources"], &TEMPLATE["Globals"]]
            .iter()
            .any(|part| uses(part, condition));
        (!is_used).then(|| format!("{condition} is not used"))
    }));
}

/// Whether a part of the template depends on a condition.
fn uses(part: &Value, condition: &str) -> bool {
    if let Some(("Fn::If", argument)) = function(part)
        && argument[0] == condition
    {
        return true;
    }
    match part {
        Value::Object(members) => {
            members.get("Condition") == Some(&json!(condition))
                || members.values().any(|part| uses(part, condition))
        }
        Value::Array(values) => values.iter().any(|part| uses(part, condition)),
        _ => false,
    }
}
