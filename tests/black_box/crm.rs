//! Endpoints 1 and 2 (contract sections 5, 6 and 8).

use black_box_tests::Api;
use serde_json::json;

#[tokio::test]
async fn a_first_verification_is_recorded_and_shown() {
    let api = Api::start().await;
    api.seed(
        json!([{ "id": "c_1", "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }] }]),
    )
    .await;
    let answer = api
        .verify_phone_number(
            "c_1",
            json!({ "phoneNumber": "416-555-0100", "verifiedAt": "2026-05-15T09:12:00Z" }),
        )
        .await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(answer.body["message"], "Phone number verified");
    assert_eq!(answer.body["data"]["outcome"], "recorded");
}
