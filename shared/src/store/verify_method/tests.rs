use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::*;
use crate::domain::{Actor, OrganizationId, PhoneNumber, PhoneRegion, Version};

fn change(verification: Option<(Timestamp, Option<VerificationSource>)>) -> VerifyMethod {
    VerifyMethod {
        method: MethodValue::Phone(
            PhoneNumber::parse("+14165550100", PhoneRegion::CANADA).unwrap(),
        ),
        verification,
        expected_version: ExpectedVersion::Any,
        metadata: ChangeMetadata::new(
            Actor::subject("user_1"),
            Timestamp::parse_rfc3339("2026-05-20T15:04:02Z").unwrap(),
            "PATCH /x",
            "request_1".to_owned(),
        ),
    }
}

fn build(change: &VerifyMethod) -> aws_sdk_dynamodb::operation::update_item::UpdateItemInput {
    let key = Key::contact(
        &OrganizationId::parse("org_a").unwrap(),
        &ContactId::parse("c_1").unwrap(),
    );
    update("contacts", key, change).build().unwrap()
}

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn n(number: &str) -> AttributeValue {
    AttributeValue::N(number.to_owned())
}

fn values<const N: usize>(values: [(&str, AttributeValue); N]) -> HashMap<String, AttributeValue> {
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

#[test]
fn a_recording_request_is_one_conditional_update() {
    let at = Timestamp::parse_rfc3339("2026-05-20T15:04:01.135Z").unwrap();
    let source = VerificationSource::parse("admin-manual").unwrap();
    let change = change(Some((at, Some(source))));
    let request = build(&change);
    assert_eq!(request.table_name(), Some("contacts"));
    assert_eq!(
        request.key(),
        Some(&values([
            ("pk", s("ORG#org_a#CONTACT#c_1")),
            ("sk", s("CONTACT"))
        ]))
    );
    assert_eq!(
        request.condition_expression(),
        Some(
            "attribute_exists(#methods.#method) AND (attribute_not_exists(#methods.#method.#verifiedAt) OR \
             #methods.#method.#verifiedAt > :verifiedAt) AND size(#recentRequests) = :remembered AND \
             NOT contains(#recentRequests, :writeId) AND (attribute_not_exists(#fence) OR #fence < :drawnAt)"
        )
    );
    assert_eq!(
        request.update_expression(),
        Some(
            "SET #methods.#method.#verifiedAt = :verifiedAt, #methods.#method.#verifiedBy = :changedBy, \
             #methods.#method.#verificationSource = :source, #version = #version + :one, \
             #updatedAt = :updatedAt, #recentRequests[0] = :writeId, #recentRequests[1] = #recentRequests[0], \
             #recentRequests[2] = #recentRequests[1], #recentRequests[3] = #recentRequests[2], \
             #recentRequests[4] = #recentRequests[3], #recentRequests[5] = #recentRequests[4], \
             #recentRequests[6] = #recentRequests[5], #recentRequests[7] = #recentRequests[6], \
             #changedBy = :changedBy, #changeRoute = :changeRoute, #changeRequestId = :changeRequestId"
        )
    );
    assert_eq!(
        request.expression_attribute_names().unwrap(),
        &HashMap::from(
            [
                ("#methods", "phones"),
                ("#method", "+14165550100"),
                ("#verifiedAt", "verifiedAt"),
                ("#verifiedBy", "verifiedBy"),
                ("#verificationSource", "verificationSource"),
                ("#version", "version"),
                ("#updatedAt", "updatedAt"),
                ("#changedBy", "changedBy"),
                ("#changeRoute", "changeRoute"),
                ("#changeRequestId", "changeRequestId"),
                ("#recentRequests", "recentRequests"),
                ("#fence", "fence"),
            ]
            .map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()))
        )
    );
    assert_eq!(
        request.expression_attribute_values().unwrap(),
        &values([
            (":verifiedAt", s("2026-05-20T15:04:01.135Z")),
            (":source", s("admin-manual")),
            (":one", n("1")),
            (":updatedAt", s("2026-05-20T15:04:02.000Z")),
            (":changedBy", s("user_1")),
            (":changeRoute", s("PATCH /x")),
            (":changeRequestId", s("request_1")),
            (":remembered", n("8")),
            (":writeId", s(change.metadata.write_id.as_str())),
            (":drawnAt", n("1779289442000")),
        ])
    );
    assert_eq!(request.return_values(), Some(&ReturnValue::AllNew));
    assert_eq!(
        request.return_values_on_condition_check_failure(),
        Some(&ReturnValuesOnConditionCheckFailure::AllOld)
    );
}

#[test]
fn recording_without_a_label_removes_an_older_one() {
    let request = build(&change(Some((Timestamp::EPOCH, None))));
    assert!(
        request
            .update_expression()
            .unwrap()
            .ends_with(" REMOVE #methods.#method.#verificationSource")
    );
    assert!(
        !request
            .expression_attribute_values()
            .unwrap()
            .contains_key(":source")
    );
}

#[test]
fn a_clearing_request_removes_all_three_attributes_and_keeps_the_time() {
    let request = build(&change(None));
    assert!(
        request
            .condition_expression()
            .unwrap()
            .starts_with("attribute_exists(#methods.#method.#verifiedAt) AND size(")
    );
    assert!(request.update_expression().unwrap().ends_with(
        " REMOVE #methods.#method.#verifiedAt, #methods.#method.#verifiedBy, \
         #methods.#method.#verificationSource"
    ));
    assert!(
        request
            .update_expression()
            .unwrap()
            .starts_with("SET #methods.#method.#clearedAt = :updatedAt, #version = ")
    );
    let names = request.expression_attribute_names().unwrap();
    assert_eq!(names["#clearedAt"], "clearedAt");
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(values[":updatedAt"], s("2026-05-20T15:04:02.000Z"));
}

#[test]
fn expected_versions_are_part_of_the_condition() {
    let versions = vec![Version::new(3), Version::new(7)];
    let request = build(&VerifyMethod {
        expected_version: ExpectedVersion::OneOf(versions),
        ..change(None)
    });
    assert!(request.condition_expression().unwrap().starts_with(
        "attribute_exists(#methods.#method.#verifiedAt) AND #version IN (:version0, :version1) AND "
    ));
    let values = request.expression_attribute_values().unwrap();
    assert_eq!(
        (&values[":version0"], &values[":version1"]),
        (&n("3"), &n("7"))
    );
}

#[test]
fn the_condition_cannot_hold_if_no_tag_can_be_a_version() {
    let request = build(&VerifyMethod {
        expected_version: ExpectedVersion::OneOf(Vec::new()),
        ..change(None)
    });
    assert!(
        request
            .condition_expression()
            .unwrap()
            .contains(" AND #version IN (:version0) AND ")
    );
    assert_eq!(
        request.expression_attribute_values().unwrap()[":version0"],
        n("0")
    );
}

#[test]
fn a_refusal_without_an_item_means_that_there_is_no_contact() {
    assert!(matches!(
        explain(None, &change(None)),
        Err(ChangeError::ContactNotFound)
    ));
}

#[test]
fn giving_a_write_up_moves_the_fence_to_it_unless_it_was_applied() {
    let change = change(None);
    let key = Key::of_nothing();
    let request = fence("contacts", key, &change.metadata.write_id);
    let request = request.build().unwrap();
    assert_eq!(request.update_expression(), Some("SET #fence = :drawnAt"));
    assert_eq!(
        request.condition_expression(),
        Some(
            "attribute_exists(#pk) AND NOT contains(#recentRequests, :writeId) AND \
             (attribute_not_exists(#fence) OR #fence < :drawnAt)"
        )
    );
}
