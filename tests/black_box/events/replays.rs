//! A function handles one event twice, with the same request id of API Gateway. The two count as two requests (contract
//! section 9).

use serde_json::Value;

use super::{Answer, Function, case};

/// Handles events one after another over the demo data, and returns their outcomes. An event of another caller has a
/// request id of its own.
async fn outcomes(names: &[&str]) -> Vec<String> {
    let function = Function::over_demo_data().await;
    let mut outcomes = Vec::new();
    for name in names {
        let answer = function.handle(&case(name)).await;
        assert_eq!(answer.status, 200, "{name}: {:?}", answer.body);
        outcomes.push(outcome(&answer).to_owned());
    }
    outcomes
}

fn outcome(answer: &Answer) -> &str {
    let outcome = match &answer.body["data"] {
        Value::Null => &answer.body["outcome"],
        data => &data["outcome"],
    };
    outcome.as_str().unwrap()
}

/// For each function, an event that records and one that clears.
const PAIRS: [[&str; 2]; 3] = [
    [
        "verify-phone-number/recorded",
        "verify-phone-number/cleared",
    ],
    [
        "verify-contact-method/phone-recorded",
        "verify-contact-method/phone-cleared",
    ],
    ["verify-contact/recorded", "verify-contact/cleared"],
];

#[tokio::test]
async fn a_clear_that_is_replayed_clears_what_another_caller_recorded_in_between() {
    for function in [
        "verify-phone-number/recorded verify-phone-number/cleared \
         verify-phone-number/recorded-by-an-application verify-phone-number/cleared",
        "verify-contact-method/phone-recorded verify-contact-method/phone-cleared \
         verify-contact-method/recorded-by-an-application verify-contact-method/phone-cleared",
        "verify-contact/recorded verify-contact/cleared \
         verify-contact/recorded-by-an-earlier-time verify-contact/cleared",
    ] {
        let names: Vec<_> = function.split_whitespace().collect();
        assert_eq!(
            outcomes(&names).await,
            ["recorded", "cleared", "recorded", "cleared"],
            "{names:?}"
        );
    }
}

#[tokio::test]
async fn a_clear_that_is_replayed_at_once_has_nothing_to_clear() {
    for [recorded, cleared] in PAIRS {
        assert_eq!(
            outcomes(&[recorded, cleared, cleared]).await,
            ["recorded", "cleared", "unchanged"],
            "{cleared}"
        );
    }
}

#[tokio::test]
async fn a_verification_that_is_replayed_after_a_clear_is_recorded_again() {
    for [recorded, cleared] in PAIRS {
        assert_eq!(
            outcomes(&[recorded, cleared, recorded, recorded]).await,
            ["recorded", "cleared", "recorded", "kept"],
            "{recorded}"
        );
    }
}
