//! Every change of an address, and the levels at which each address is verified afterwards.

use black_box_tests::Api;
use serde_json::{Value, json};

use super::{
    NEW, PRIMARY, SECOND, add, remove, status, subscribe, upsert, verify_contact, verify_method,
};

const T1: &str = "2024-01-01T00:00:00.000Z";

/// A step of a row. It changes the contact `c_1`, unless the variant names another contact.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Endpoint 2 verifies an address.
    Verify2(&'static str),
    /// Endpoint 2 clears an address.
    Clear2(&'static str),
    /// Endpoint 3 verifies an address; `None` sends no address.
    Verify3(Option<&'static str>),
    /// Endpoint 3 clears an address; `None` sends no address.
    Clear3(Option<&'static str>),
    /// An upsert by an address, without a verification.
    Upsert(&'static str),
    /// An upsert that verifies an address.
    UpsertVerified(&'static str),
    /// A subscribe by an address.
    Subscribe(&'static str),
    /// The CRM adds an address.
    Add(&'static str),
    /// The CRM adds an address as the primary one, or makes it primary.
    MakePrimary(&'static str),
    /// The CRM removes an address.
    Remove(&'static str),
    /// The CRM adds an address to the contact `c_2`.
    AddToOther(&'static str),
    /// The CRM removes an address from the contact `c_2`.
    RemoveFromOther(&'static str),
}

use Step::{
    Add, AddToOther, Clear2, Clear3, MakePrimary, Remove, RemoveFromOther, Subscribe, Upsert,
    UpsertVerified, Verify2, Verify3,
};

impl Step {
    async fn take(self, api: &Api) {
        let status = match self {
            Verify2(address) => verify_method(api, "c_1", address, Some(T1)).await.status,
            Clear2(address) => verify_method(api, "c_1", address, None).await.status,
            Verify3(email) => {
                let more = json!({ "verified": true, "verified_at": T1, "email": email });
                verify_contact(api, more).await.status
            }
            Clear3(email) => {
                let more = json!({ "verified": false, "email": email });
                verify_contact(api, more).await.status
            }
            Upsert(email) => {
                upsert(api, json!({ "email": email })).await;
                200
            }
            UpsertVerified(email) => {
                let more = json!({ "email": email, "verified": true, "verified_at": T1 });
                upsert(api, more).await;
                200
            }
            Subscribe(email) => {
                subscribe(api, json!({ "email": email })).await;
                200
            }
            Add(address) => add(api, "c_1", address, false).await,
            MakePrimary(address) => add(api, "c_1", address, true).await,
            Remove(address) => remove(api, "c_1", address).await,
            AddToOther(address) => add(api, "c_2", address, false).await,
            RemoveFromOther(address) => remove(api, "c_2", address).await,
        };
        assert_eq!(status, 200, "{self:?}");
    }
}

/// The three levels of an address at the start of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// No level of any address is verified.
    Unverified,
    /// Both addresses are verified at every level.
    Verified,
}

use Start::{Unverified, Verified};

/// The contact `c_1` with two addresses, and `c_2` with one. `website` has onboarded both.
async fn start(start: Start) -> Api {
    let api = Api::start().await;
    let verified = |address: &str| json!({ "email": address, "verifiedAt": T1 });
    let (contact, subscription) = match start {
        Unverified => (Value::Null, json!([])),
        Verified => (json!(T1), json!([verified(PRIMARY), verified(SECOND)])),
    };
    api.seed(json!([
        {
            "id": "c_1",
            "emails": [
                { "value": PRIMARY, "isPrimary": true, "verifiedAt": contact },
                { "value": SECOND, "verifiedAt": contact },
            ],
            "subscriptions": [
                { "audience": "newsletter", "status": "subscribed", "verifications": subscription },
                { "audience": "newsletter", "client": "website", "status": "subscribed",
                  "verifications": subscription },
            ],
        },
        {
            "id": "c_2", "emails": [{ "value": "other@example.com" }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
        },
    ]))
    .await;
    api
}

/// The owner of an address, and the levels at which it is verified.
async fn seen(api: &Api, address: &str) -> String {
    let status = status(api, address).await;
    let owner = match status["contact_id"].as_str() {
        None => return "nobody".to_owned(),
        Some(id @ ("c_1" | "c_2")) => id,
        Some(_) => "a new contact",
    };
    let levels = [
        (&status["verified"], "contact"),
        (&status["audience"]["verified"], "audience"),
        (&status["client"]["verified"], "client"),
    ];
    let verified: Vec<_> = levels
        .into_iter()
        .filter(|(is_verified, _)| **is_verified == true)
        .map(|(_, level)| level)
        .collect();
    assert_eq!(status["marketing"]["verified_by"], json!(verified));
    let can_send = !verified.is_empty() && status["client"]["status"] == "subscribed";
    assert_eq!(status["can_send_marketing"], can_send, "{status}");
    format!("{owner}: {}", verified.join(" "))
        .trim_end_matches([':', ' '])
        .to_owned()
}

const ALL: &str = "c_1: contact audience client";
const NONE: &str = "c_1";
const NOBODY: &str = "nobody";

/// The start, the steps, and what `website` then sees of the primary, the second and the new address.
type Row = (Start, &'static [Step], [&'static str; 3]);

const VERIFYING: &[Row] = &[
    (Unverified, &[], [NONE, NONE, NOBODY]),
    (
        Unverified,
        &[Verify2(PRIMARY)],
        ["c_1: contact", NONE, NOBODY],
    ),
    (
        Unverified,
        &[Verify2(SECOND)],
        [NONE, "c_1: contact", NOBODY],
    ),
    (
        Unverified,
        &[Verify3(Some(PRIMARY))],
        ["c_1: contact client", NONE, NOBODY],
    ),
    (
        Unverified,
        &[Verify3(Some(SECOND))],
        [NONE, "c_1: contact client", NOBODY],
    ),
    (
        Unverified,
        &[UpsertVerified(PRIMARY)],
        ["c_1: contact client", NONE, NOBODY],
    ),
    (
        Unverified,
        &[UpsertVerified(SECOND)],
        [NONE, "c_1: contact client", NOBODY],
    ),
    (
        Unverified,
        &[UpsertVerified(NEW)],
        [NONE, NONE, "a new contact: contact client"],
    ),
];

const WITHOUT_EMAIL: &[Row] = &[
    // The client knows the contact by the primary address.
    (
        Unverified,
        &[Verify3(None)],
        ["c_1: contact client", NONE, NOBODY],
    ),
    (
        Unverified,
        &[MakePrimary(SECOND), Verify3(None)],
        ["c_1: contact client", NONE, NOBODY],
    ),
    (
        Unverified,
        &[MakePrimary(NEW), Verify3(None)],
        ["c_1: contact client", NONE, NONE],
    ),
    // After the removal of that address, the request means the primary one. Once the address is back, the request means it again.
    (
        Unverified,
        &[Remove(PRIMARY), Verify3(None)],
        [NOBODY, "c_1: contact client", NOBODY],
    ),
    (
        Unverified,
        &[Remove(PRIMARY), Add(PRIMARY), Verify3(None)],
        ["c_1: contact client", NONE, NOBODY],
    ),
    // The request means the address that the client named last.
    (
        Unverified,
        &[Upsert(SECOND), Verify3(None)],
        [NONE, "c_1: contact client", NOBODY],
    ),
    (
        Unverified,
        &[Subscribe(SECOND), Verify3(None)],
        [NONE, "c_1: contact client", NOBODY],
    ),
    (
        Unverified,
        &[Upsert(SECOND), Upsert(PRIMARY), Verify3(None)],
        ["c_1: contact client", NONE, NOBODY],
    ),
    // A request to endpoint 3 with an address does not change the address by which the client knows the contact.
    (
        Unverified,
        &[Verify3(Some(SECOND)), Verify3(None)],
        ["c_1: contact client", "c_1: contact client", NOBODY],
    ),
    (
        Verified,
        &[MakePrimary(SECOND), Clear3(None)],
        ["c_1: audience", ALL, NOBODY],
    ),
];

const CLEARING: &[Row] = &[
    (Verified, &[], [ALL, ALL, NOBODY]),
    (
        Verified,
        &[Clear2(PRIMARY)],
        ["c_1: audience client", ALL, NOBODY],
    ),
    (
        Verified,
        &[Clear2(SECOND)],
        [ALL, "c_1: audience client", NOBODY],
    ),
    (
        Verified,
        &[Clear3(Some(PRIMARY))],
        ["c_1: audience", ALL, NOBODY],
    ),
    (
        Verified,
        &[Clear3(Some(SECOND))],
        [ALL, "c_1: audience", NOBODY],
    ),
    (Verified, &[Clear3(None)], ["c_1: audience", ALL, NOBODY]),
    (
        Verified,
        &[Clear3(Some(SECOND)), Verify2(SECOND)],
        [ALL, "c_1: contact audience", NOBODY],
    ),
];

const CHANGING: &[Row] = &[
    (Verified, &[Add(NEW)], [ALL, ALL, NONE]),
    (Verified, &[MakePrimary(NEW)], [ALL, ALL, NONE]),
    (Verified, &[MakePrimary(SECOND)], [ALL, ALL, NOBODY]),
    (Verified, &[Remove(PRIMARY)], [NOBODY, ALL, NOBODY]),
    (Verified, &[Remove(SECOND)], [ALL, NOBODY, NOBODY]),
    (
        Verified,
        &[Remove(PRIMARY), Add(PRIMARY)],
        [NONE, ALL, NOBODY],
    ),
    (
        Verified,
        &[Remove(SECOND), Add(SECOND)],
        [ALL, NONE, NOBODY],
    ),
    (
        Verified,
        &[Remove(PRIMARY), MakePrimary(PRIMARY)],
        [NONE, ALL, NOBODY],
    ),
    (
        Verified,
        &[Remove(SECOND), Add(SECOND), Verify2(SECOND)],
        [ALL, "c_1: contact", NOBODY],
    ),
    (
        Verified,
        &[Remove(SECOND), Add(SECOND), UpsertVerified(SECOND)],
        [ALL, "c_1: contact client", NOBODY],
    ),
];

const MOVING: &[Row] = &[
    (
        Verified,
        &[Remove(PRIMARY), AddToOther(PRIMARY)],
        ["c_2", ALL, NOBODY],
    ),
    (
        Verified,
        &[Remove(SECOND), AddToOther(SECOND)],
        [ALL, "c_2", NOBODY],
    ),
    (
        Verified,
        &[Remove(PRIMARY), Upsert(PRIMARY)],
        ["a new contact", ALL, NOBODY],
    ),
    (
        Verified,
        &[Remove(SECOND), Upsert(SECOND)],
        [ALL, "a new contact", NOBODY],
    ),
    (
        Verified,
        &[Remove(PRIMARY), Subscribe(PRIMARY)],
        ["a new contact", ALL, NOBODY],
    ),
    (
        Verified,
        &[Remove(SECOND), UpsertVerified(SECOND)],
        [ALL, "a new contact: contact client", NOBODY],
    ),
    (
        Verified,
        &[
            Remove(SECOND),
            AddToOther(SECOND),
            RemoveFromOther(SECOND),
            Add(SECOND),
        ],
        [ALL, NONE, NOBODY],
    ),
    (
        Verified,
        &[
            Remove(PRIMARY),
            AddToOther(PRIMARY),
            RemoveFromOther(PRIMARY),
            Add(PRIMARY),
        ],
        [NONE, ALL, NOBODY],
    ),
];

async fn assert_rows(rows: &[Row]) {
    for (first, steps, expected) in rows {
        let api = start(*first).await;
        for step in *steps {
            step.take(&api).await;
        }
        let mut found = Vec::new();
        for address in [PRIMARY, SECOND, NEW] {
            found.push(seen(&api, address).await);
        }
        assert_eq!(found, expected, "{first:?}, {steps:?}");
    }
}

#[tokio::test]
async fn a_verification_verifies_the_address_that_it_names_and_no_other() {
    assert_rows(VERIFYING).await;
}

#[tokio::test]
async fn endpoint_3_without_an_address_means_the_one_by_which_the_client_knows_the_contact() {
    assert_rows(WITHOUT_EMAIL).await;
}

#[tokio::test]
async fn a_clear_clears_the_address_that_it_names_and_no_other() {
    assert_rows(CLEARING).await;
}

#[tokio::test]
async fn an_added_address_is_unverified_even_if_the_contact_had_it_before() {
    assert_rows(CHANGING).await;
}

#[tokio::test]
async fn an_address_that_moves_to_another_contact_is_unverified_there() {
    assert_rows(MOVING).await;
}
