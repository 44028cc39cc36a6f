//! `POST /api/contacts/{id}/contact-methods` and `.../remove`.

use black_box_tests::schema::Schema;
use black_box_tests::{Answer, Api, token};
use contacts::development::Identity;
use serde_json::{Value, json};

use super::{body, contact, id};

async fn start() -> Api {
    let api = Api::start().await;
    api.seed(json!([{
        "id": "c_1",
        "phoneNumber": [{ "value": "+14165550100", "isPrimary": true }],
        "emails": [{ "value": "jane@example.com", "isPrimary": true }],
    }]))
    .await;
    api
}

async fn add(api: &Api, body: Value) -> Answer {
    let path = "/api/contacts/c_1/contact-methods";
    api.post(path, &api.user_token(), body).await
}

async fn remove(api: &Api, body: Value) -> Answer {
    let path = "/api/contacts/c_1/contact-methods/remove";
    api.post(path, &api.user_token(), body).await
}

fn phone(number: &str) -> Value {
    json!({ "type": "phone", "value": number })
}

fn email(address: &str) -> Value {
    json!({ "type": "email", "value": address })
}

#[tokio::test]
async fn a_number_is_added_unverified_behind_the_others() {
    let api = start().await;
    let answer = add(&api, phone("(416) 555-0101")).await;
    assert_eq!((answer.status, answer.header("etag")), (200, Some("\"2\"")));
    assert_eq!(answer.body["message"], "Phone number added");
    assert_eq!(answer.body["data"]["outcome"], "updated");
    assert_eq!(
        answer.body["data"]["contact"]["phoneNumber"],
        json!([
            { "value": "+14165550100", "isPrimary": true },
            { "value": "+14165550101", "isPrimary": false },
        ])
    );
    assert_eq!(answer.body["data"]["contact"], contact(&api, "c_1").await);
    let faults = Schema::of_crm("ContactWrappedMutationResponse").faults(&answer.body);
    assert_eq!(faults, [""; 0]);
}

#[tokio::test]
async fn a_number_that_is_added_again_stays_as_it_is() {
    let api = start().await;
    let verified = json!({ "phoneNumber": "+14165550100", "verifiedAt": "2024-01-01T00:00:00Z" });
    let before = api.verify_phone_number("c_1", verified).await;
    let answer = add(&api, phone("+1 416 555 0100")).await;
    assert_eq!(answer.body["data"]["outcome"], "unchanged");
    assert_eq!(answer.header("etag"), Some("\"2\""));
    assert_eq!(
        answer.body["data"]["contact"],
        before.body["data"]["contact"]
    );
}

#[tokio::test]
async fn there_is_exactly_one_primary_of_each_kind() {
    let api = start().await;
    let primaries = |answer: &Answer, kind: &str| -> Vec<String> {
        let entries = answer.body["data"]["contact"][kind].as_array().unwrap();
        entries
            .iter()
            .filter(|entry| entry["isPrimary"] == true)
            .map(|entry| entry["value"].as_str().unwrap().to_owned())
            .collect()
    };
    let mut new = email("b@example.com");
    new["isPrimary"] = json!(true);
    let answer = add(&api, new).await;
    assert_eq!(primaries(&answer, "emails"), ["b@example.com"]);
    assert_eq!(answer.body["data"]["contact"]["email"], "b@example.com");
    // An existing address becomes primary. `isPrimary: false` does not make another one primary.
    let mut old = email("JANE@example.com");
    old["isPrimary"] = json!(true);
    assert_eq!(
        primaries(&add(&api, old.clone()).await, "emails"),
        ["jane@example.com"]
    );
    old["isPrimary"] = json!(false);
    let answer = add(&api, old).await;
    assert_eq!(answer.body["data"]["outcome"], "unchanged");
    assert_eq!(primaries(&answer, "emails"), ["jane@example.com"]);
    let answer = remove(&api, email("jane@example.com")).await;
    assert_eq!(answer.body["message"], "Email removed");
    assert_eq!(primaries(&answer, "emails"), ["b@example.com"]);
    let answer = remove(&api, email("b@example.com")).await;
    assert_eq!(answer.body["data"]["contact"]["email"], json!(null));
    let mut first = email("c@example.com");
    first["isPrimary"] = json!(false);
    assert_eq!(
        primaries(&add(&api, first).await, "emails"),
        ["c@example.com"]
    );
    assert_eq!(
        primaries(&add(&api, phone("+14165550101")).await, "phoneNumber"),
        ["+14165550100"]
    );
}

#[tokio::test]
async fn a_value_that_is_removed_and_added_again_is_unverified() {
    let api = start().await;
    for (value, other) in [
        (phone("+14165550100"), phone("+14165550101")),
        (email("jane@example.com"), email("other@example.com")),
    ] {
        add(&api, other).await;
        let mut verify = value.clone();
        verify["verifiedAt"] = json!("2024-01-01T00:00:00Z");
        verify["verificationSource"] = json!("webchat");
        let verified = api.verify_contact_method("c_1", verify).await;
        assert_eq!(verified.status, 200, "{:?}", verified.body);
        let removed = remove(&api, value.clone()).await;
        assert_eq!(removed.status, 200, "{:?}", removed.body);
        let added = add(&api, value).await;
        for kind in ["phoneNumber", "emails"] {
            for entry in added.body["data"]["contact"][kind].as_array().unwrap() {
                assert!(entry.get("verifiedAt").is_none(), "{entry}");
                assert!(entry.get("verifiedBy").is_none(), "{entry}");
                assert!(entry.get("verificationSource").is_none(), "{entry}");
            }
        }
    }
}

#[tokio::test]
async fn entries_keep_the_order_in_which_they_were_added() {
    let api = start().await;
    for number in ["+14165550105", "+14165550101", "+14165550103"] {
        add(&api, phone(number)).await;
    }
    remove(&api, phone("+14165550105")).await;
    let answer = add(&api, phone("+14165550102")).await;
    let entries = answer.body["data"]["contact"]["phoneNumber"]
        .as_array()
        .unwrap();
    let values: Vec<_> = entries
        .iter()
        .map(|entry| entry["value"].as_str().unwrap())
        .collect();
    assert_eq!(
        values,
        [
            "+14165550100",
            "+14165550101",
            "+14165550103",
            "+14165550102"
        ]
    );
}

#[tokio::test]
async fn an_added_address_belongs_to_its_contact_until_it_is_removed() {
    let api = start().await;
    add(&api, email("Second@example.com")).await;
    let upserted = api
        .upsert(body(json!({ "email": "second@example.com" })))
        .await;
    assert_eq!((upserted.status, id(&upserted).as_str()), (200, "c_1"));
    remove(&api, email("second@example.com")).await;
    let anew = api
        .upsert(body(json!({ "email": "second@example.com" })))
        .await;
    assert_eq!(anew.status, 201);
    assert_ne!(id(&anew), "c_1");
    // Now another contact owns the address.
    let answer = add(&api, email("second@example.com")).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.body["error"],
        "Invalid payload: value must be an e-mail address that no other contact has"
    );
}

#[tokio::test]
async fn a_contact_becomes_the_owner_of_an_address_that_it_has_and_nobody_owns() {
    let api = Api::start().await;
    let shared = json!([{ "value": "shared@example.com", "isPrimary": true }]);
    api.seed(json!([{ "id": "c_owner", "emails": shared }, { "id": "c_1", "emails": shared }]))
        .await;
    // The owner still has the address.
    let answer = add(&api, email("shared@example.com")).await;
    assert_eq!(answer.body["data"]["outcome"], "unchanged");
    let path = "/api/contacts/c_owner/contact-methods/remove";
    let removed = api
        .post(path, &api.user_token(), email("shared@example.com"))
        .await;
    assert_eq!(removed.status, 200);
    let answer = add(&api, email("shared@example.com")).await;
    assert_eq!(answer.body["data"]["outcome"], "updated");
    let upserted = api
        .upsert(body(json!({ "email": "shared@example.com" })))
        .await;
    assert_eq!((upserted.status, id(&upserted).as_str()), (200, "c_1"));
}

#[tokio::test]
async fn a_seed_that_is_loaded_again_gives_no_contact_an_address_that_it_does_not_have() {
    let api = start().await;
    remove(&api, email("jane@example.com")).await;
    // `serve` loads its seed again at every start.
    let again = json!([{
        "id": "c_1",
        "emails": [{ "value": "jane@example.com", "isPrimary": true }, { "value": "new@example.com", "isPrimary": false }],
    }]);
    api.seed(again).await;
    for address in ["jane@example.com", "new@example.com"] {
        let answer = api.upsert(body(json!({ "email": address }))).await;
        assert_eq!(answer.status, 201, "{:?}", answer.body);
        assert_ne!(id(&answer), "c_1");
    }
}

#[tokio::test]
async fn a_seed_takes_no_address_from_its_owner() {
    let api = Api::start().await;
    api.seed(json!([])).await;
    let address = "jane@example.com";
    let owner = id(&api.upsert(body(json!({ "email": address }))).await);
    let emails: Vec<_> = (0..150)
        .map(|n| json!({ "value": format!("{n}@example.com"), "isPrimary": n == 0 }))
        .chain([json!({ "value": address, "isPrimary": false })])
        .collect();
    api.seed(json!([{ "id": "c_1", "emails": emails }])).await;
    for (address, expected) in [
        (address, owner.as_str()),
        ("0@example.com", "c_1"),
        ("149@example.com", "c_1"),
    ] {
        let answer = api.upsert(body(json!({ "email": address }))).await;
        assert_eq!((answer.status, id(&answer).as_str()), (200, expected));
    }
}

#[tokio::test]
async fn a_method_that_the_contact_does_not_have_cannot_be_removed() {
    let api = start().await;
    for (value, text) in [
        (phone("+14165550199"), "Phone number not found on contact"),
        (email("nobody@example.com"), "Email not found on contact"),
    ] {
        let answer = remove(&api, value).await;
        assert_eq!((answer.status, &answer.body["error"]), (404, &json!(text)));
    }
}

#[tokio::test]
async fn every_member_at_fault_is_named() {
    let api = start().await;
    for (body, text) in [
        (
            json!({ "type": "fax" }),
            "Invalid payload: type must be \"phone\" or \"email\"; value must be a phone number or an e-mail address",
        ),
        (
            json!({ "type": "email", "value": "jane@", "isPrimary": "yes" }),
            "Invalid payload: value must be an e-mail address of at most 320 characters: its domain is not valid; isPrimary must be true or false",
        ),
        (
            json!({ "type": "phone", "value": "+999123456789" }),
            "Invalid payload: value must be a phone number, such as +14165550100: its calling code does not exist",
        ),
    ] {
        let answer = add(&api, body).await;
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!(text)));
    }
    let bad = json!({ "type": "email", "value": "jane@example.com", "isPrimary": "yes" });
    let answer = remove(&api, bad).await;
    assert_eq!(
        (answer.status, &answer.body["error"]),
        (
            400,
            &json!("Invalid payload: isPrimary must be true or false")
        )
    );
    // No contact can have a number that no numbering plan assigns.
    assert_eq!(remove(&api, phone("+999123456789")).await.status, 404);
}

#[tokio::test]
async fn nobody_but_the_organization_itself_may_change_its_contacts() {
    let api = start().await;
    let stranger = token(&Identity {
        organization: Some(black_box_tests::fresh_organization()),
        ..api.identity()
    });
    let admin = token(&Identity {
        role: Some("SUPERADMIN".to_owned()),
        subject: "admin_1".to_owned(),
        ..Identity::default()
    });
    for token in [stranger, admin] {
        for path in ["contact-methods", "contact-methods/remove"] {
            let path = format!("/api/contacts/c_1/{path}");
            let answer = api.post(&path, &token, phone("+14165550100")).await;
            assert_eq!(
                (answer.status, &answer.body["error"]),
                (404, &json!("Contact not found"))
            );
        }
    }
}
