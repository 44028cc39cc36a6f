//! The schemas of the other tests tell valid answers from invalid ones.

use black_box_tests::schema::Schema;
use serde_json::{Value, json};

fn faults(contact: &Value) -> Vec<String> {
    Schema::of_crm("ContactDto").faults(contact)
}

#[test]
fn a_nullable_member_may_be_null_and_nothing_else_of_another_type() {
    assert!(faults(&json!({ "firstName": null, "phoneNumber": null })).is_empty());
    assert_eq!(faults(&json!({ "firstName": 1 })).len(), 1);
    assert_eq!(faults(&json!({ "phoneNumber": 1 })).len(), 1);
}

#[test]
fn a_member_that_is_not_nullable_may_not_be_null() {
    assert_eq!(faults(&json!({ "_id": null })).len(), 1);
    assert_eq!(faults(&json!({ "assignees": null })).len(), 1);
}

#[test]
fn the_entries_of_a_list_are_checked() {
    assert!(faults(&json!({ "phoneNumber": [{ "value": "+14165550100" }] })).is_empty());
    assert_eq!(
        faults(&json!({ "phoneNumber": [{ "isPrimary": true }] })).len(),
        1
    );
}

#[test]
fn a_date_is_checked() {
    assert!(faults(&json!({ "createdAt": "2026-05-01T14:30:00.000Z" })).is_empty());
    assert_eq!(faults(&json!({ "createdAt": "1 May 2026" })).len(), 1);
}

#[test]
fn a_required_member_must_be_there() {
    let wrapped = Schema::of_crm("ContactWrappedMutationResponse");
    assert!(
        wrapped
            .faults(&json!({ "data": { "contact": {} } }))
            .is_empty()
    );
    assert_eq!(wrapped.faults(&json!({ "data": {} })).len(), 1);
}
