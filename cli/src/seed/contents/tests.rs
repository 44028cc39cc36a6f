use shared::domain::{
    Contact, EmailAddress, MethodValue, PhoneRegion, Timestamp, ValidationStatus,
};

use super::Seed;
use crate::seed::organization::Organization;

fn error(json: &str) -> String {
    format!("{:#}", Seed::parse(json, PhoneRegion::CANADA).unwrap_err())
}

fn contact_error(contact: &str) -> String {
    error(&format!(
        r#"{{"organizations":[{{"id":"o","audiences":["news"],"clients":["web"],"contacts":[{{"id":"c"}},{contact}]}}]}}"#
    ))
}

#[test]
fn the_example_of_the_contract_is_read() {
    let json = r#"{ "organizations": [ {
            "id": "org_a", "audiences": ["newsletter"], "clients": ["website"],
            "contacts": [ {
              "id": "c_1", "firstName": "Jane", "lastName": "Doe",
              "phoneNumber": [ { "value": "+14165550100", "isPrimary": true } ],
              "emails": [ { "value": "Jane.Doe@Example.com", "isPrimary": true, "verifiedAt": "2024-01-01T00:00:00Z" } ],
              "verifiedAt": null,
              "emailValidation": { "status": "valid", "reason": "" },
              "globallyUnsubscribedAt": null, "hardBouncedAt": null, "complainedAt": null,
              "subscriptions": [ { "audience": "newsletter", "client": "website", "status": "subscribed", "verifiedAt": null },
                                 { "audience": "newsletter", "status": "subscribed" } ],
              "tags": { "newsletter": ["lead"] }
            } ] } ] }"#;
    let seed = Seed::parse(json, PhoneRegion::CANADA).unwrap();
    let contact = &seed.organizations[0].contacts[0];
    let address = &contact.patch.methods[1].value;
    let expected = EmailAddress::parse("Jane.Doe@Example.com").unwrap();
    assert_eq!(*address, MethodValue::Email(expected));
    assert_eq!(address.normal_form(), "jane.doe@example.com");
    assert_eq!(contact.subscriptions.len(), 2);
    let email = &loaded(&seed.organizations[0], 0).emails[0];
    assert_eq!(email.suppression.validation.status, ValidationStatus::Valid);
    assert!(email.verification.current.is_some());
}

#[test]
fn only_the_ids_are_required() {
    assert!(
        Seed::parse(
            r#"{"organizations":[{"id":"o","contacts":[{"id":"c"}]}]}"#,
            PhoneRegion::CANADA
        )
        .is_ok()
    );
}

#[test]
fn the_first_entry_is_primary_unless_the_file_marks_another() {
    for (entries, expected) in [
        (r#"[{"value":"a@b.ca"},{"value":"c@b.ca"}]"#, [true, false]),
        (
            r#"[{"value":"a@b.ca"},{"value":"c@b.ca","isPrimary":true}]"#,
            [false, true],
        ),
        (
            r#"[{"value":"a@b.ca","isPrimary":false},{"value":"c@b.ca"}]"#,
            [true, false],
        ),
    ] {
        let json = format!(
            r#"{{"organizations":[{{"id":"o","contacts":[{{"id":"c","emails":{entries}}}]}}]}}"#
        );
        let seed = Seed::parse(&json, PhoneRegion::CANADA).unwrap();
        let contact = loaded(&seed.organizations[0], 0);
        let primaries = contact.emails.iter().map(|email| email.is_primary);
        assert_eq!(primaries.collect::<Vec<_>>(), expected, "{entries}");
    }
}

/// The contact that the load creates in a table without it.
fn loaded(organization: &Organization, place: usize) -> Contact {
    let record = organization.contacts[place].clone();
    let id = record.id.unwrap();
    let mut contact = Contact::new(organization.id.clone(), id, Timestamp::EPOCH);
    record.patch.apply(&mut contact, &[], Timestamp::EPOCH);
    contact
}

#[test]
fn a_contact_is_created_at_the_time_of_the_load_unless_the_file_has_a_time() {
    let created = |members: &str| {
        let json =
            format!(r#"{{"organizations":[{{"id":"o","contacts":[{{"id":"c"{members}}}]}}]}}"#);
        let seed = Seed::parse(&json, PhoneRegion::CANADA).unwrap();
        seed.organizations[0].contacts[0].patch.created_at
    };
    assert!(created("").unwrap() > Timestamp::EPOCH);
    let early = "2024-01-01T00:00:00.000Z";
    let members = format!(r#","createdAt":"{early}""#);
    assert_eq!(created(&members).unwrap().to_string(), early);
}

#[test]
fn an_address_of_several_contacts_is_owned_by_the_first() {
    let json = r#"{"organizations":[{"id":"o","contacts":[
        {"id":"c","emails":[{"value":"a@b.ca"}]},
        {"id":"d","emails":[{"value":"A@b.ca"},{"value":"d@b.ca"}]}]}]}"#;
    let seed = Seed::parse(json, PhoneRegion::CANADA).unwrap();
    let owned = |place: usize| {
        let owned = seed.organizations[0].contacts[place].own_addresses();
        owned.map(EmailAddress::normal_form).collect::<Vec<_>>()
    };
    assert_eq!((owned(0), owned(1)), (vec!["a@b.ca"], vec!["d@b.ca"]));
    // Both contacts have the address.
    assert_eq!(loaded(&seed.organizations[0], 1).emails.len(), 2);
}

#[test]
fn null_counts_as_absent() {
    let json = r#"{"organizations":[{"id":"o","audiences":null,"contacts":[{"id":"c","phoneNumber":null,
            "emails":[{"value":"a@b.ca","isPrimary":null,"hardBouncedAt":null}],"emailValidation":{"status":null,"reason":null},
            "subscriptions":null,"tags":null,"status":null}]}]}"#;
    assert!(Seed::parse(json, PhoneRegion::CANADA).is_ok());
}

#[test]
fn an_error_names_the_place_and_the_reason() {
    for (contact, expected) in [
        (
            r#"{"id":"a b"}"#,
            "organizations[0].contacts[1].id: must be 1 to 64",
        ),
        (r"{}", "organizations[0].contacts[1]: missing field `id`"),
        (
            r#"{"id":"d","phoneNumbers":[]}"#,
            "organizations[0].contacts[1].phoneNumbers: unknown field",
        ),
        (
            r#"{"id":"c"}"#,
            "organizations[0].contacts[1].id: c is used twice",
        ),
        (
            r#"{"id":"d","phoneNumber":[{"value":"1"}]}"#,
            "organizations[0].contacts[1].phoneNumber[0].value: must be a phone number",
        ),
        (
            r#"{"id":"d","phoneNumber":[{"value":"+99912345678"}]}"#,
            "organizations[0].contacts[1].phoneNumber[0].value: must be a phone number, such as +14165550100: its calling code does not exist",
        ),
        (
            r#"{"id":"d","emails":[{"value":"a@b.ca"},{"value":"A@B.ca"}]}"#,
            "organizations[0].contacts[1].emails[1].value: is the same",
        ),
        (
            r#"{"id":"d","emails":[{"value":"a@b.ca","isPrimary":true},{"value":"b@b.ca","isPrimary":true}]}"#,
            "organizations[0].contacts[1].emails: more than one",
        ),
        (
            r#"{"id":"d","emails":[{"value":"a@b.ca","verifiedAt":"2024-01-01"}]}"#,
            "organizations[0].contacts[1].emails[0].verifiedAt: must be a date and time",
        ),
        (
            r#"{"id":"d","emails":[{"value":"a@b.ca","verifiedBy":"u"}]}"#,
            "organizations[0].contacts[1].emails[0].verifiedAt: is required with verifiedBy",
        ),
        (
            r#"{"id":"d","verifiedAt":"2024-01-01T00:00:00Z"}"#,
            "organizations[0].contacts[1].verifiedAt: needs an e-mail address",
        ),
        (
            r#"{"id":"d","subscriptions":[{"audience":"other"}]}"#,
            "organizations[0].contacts[1].subscriptions[0].audience: other is not among",
        ),
        (
            r#"{"id":"d","subscriptions":[{"audience":"news","client":"app"}]}"#,
            "organizations[0].contacts[1].subscriptions[0].client: app is not among",
        ),
        (
            r#"{"id":"d","subscriptions":[{"audience":"news"},{"audience":"news"}]}"#,
            "organizations[0].contacts[1].subscriptions[1]: an earlier",
        ),
        (
            r#"{"id":"d","subscriptions":[{"audience":"news","status":"gone"}]}"#,
            "organizations[0].contacts[1].subscriptions[0].status: unknown variant",
        ),
        (
            r#"{"id":"d","tags":{"other":[]}}"#,
            "organizations[0].contacts[1].tags: other is not among",
        ),
    ] {
        let error = contact_error(contact);
        assert!(error.starts_with(expected), "{contact}\n{error}");
    }
}

#[test]
fn a_value_of_another_type_is_named_and_not_shown() {
    for (contact, expected) in [
        (
            r#"["d"]"#,
            "organizations[0].contacts[1]: must be an object",
        ),
        (
            r#"{"id":"d","emails":["a@b.ca"]}"#,
            "organizations[0].contacts[1].emails[0]: must be an object",
        ),
        (
            r#"{"id":"d","emailValidation":["valid"]}"#,
            "organizations[0].contacts[1].emailValidation: must be",
        ),
        (
            r#"{"id":"d","phoneNumber":"+14165550100"}"#,
            "organizations[0].contacts[1].phoneNumber: invalid type, expected a sequence",
        ),
    ] {
        let error = contact_error(contact);
        assert!(error.starts_with(expected), "{contact}\n{error}");
    }
}

#[test]
fn a_contact_that_does_not_fit_into_an_item_is_refused() {
    let large = format!(r#"{{"id":"d","firstName":"{}"}}"#, "x".repeat(410_000));
    assert!(contact_error(&large).starts_with("organizations[0].contacts[1]: is larger than"));
}

#[test]
fn a_file_that_is_no_seed_file_is_refused() {
    assert_eq!(error(""), "the file: is not JSON (line 1, column 0)");
    assert_eq!(error("[]"), "the file: must be an object");
    assert!(error(r#"{"organizations":[]} x"#).starts_with("the file: is not JSON"));
    assert!(
        error(r#"{"organizations":[{"id":"o"},{"id":"o"}]}"#)
            .starts_with("organizations[1].id: o is used twice")
    );
}
