//! `contacts seed` as a process: the data that it loads, the data that it keeps, and its messages.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::process::Command;

use serde_json::{Value, json};

use self::common::files::{succeeded, tool};
use self::common::{Folder, Server, contacts, output, patch, text, token};

/// A database whose table `contacts` holds the demo data.
fn database() -> Server {
    Server::start(contacts().args(["serve", "--database-only"]))
}

/// An API over the data of a database.
fn api(database: &Server) -> Server {
    Server::start(
        contacts()
            .args(["serve", "--dynamodb", &database.url])
            .env("LOG_LEVEL", "error"),
    )
}

fn seed(database: &Server) -> Command {
    let mut command = contacts();
    command
        .args(["seed", "--dynamodb", &database.url])
        .env("TABLE_NAME", "contacts");
    command
}

#[test]
fn the_samples_of_an_organization_are_those_that_smoke_asks_for() {
    let database = database();
    for _ in 0..2 {
        let seeded = output(seed(&database).args(["--samples", "org_x"]));
        assert!(seeded.status.success(), "{}", text(&seeded.stderr));
        assert!(seeded.stderr.is_empty());
        assert_eq!(
            text(&seeded.stdout),
            format!(
                "loaded 3 contacts, 1 subscription, 1 audience and 1 client of 1 organization into table contacts at \
                 {}; existing data keep their values\n",
                database.url
            )
        );
        let api = api(&database);
        let checked = output(
            contacts()
                .args(["smoke", "--url", &api.url])
                .env("CONTACTS_TOKEN", token(&["--organization", "org_x"]))
                .env(
                    "CONTACTS_APPLICATION_TOKEN",
                    token(&["--organization", "org_x", "--client", "website"]),
                ),
        );
        assert!(checked.status.success(), "{}", text(&checked.stdout));
        assert!(text(&checked.stdout).ends_with(", 0 failed, 0 skipped\n"));
    }
}

#[tokio::test]
async fn existing_data_stay_and_national_numbers_belong_to_the_region() {
    let database = database();
    let folder = Folder::new();
    let contacts = json!([{ "id": "c_1", "phoneNumber": [{ "value": "020 7946 0018" }] }]);
    let file = json!({ "organizations": [{ "id": "org_x", "contacts": contacts }] });
    let file = folder.file("seed.json", &file.to_string());
    let api = api(&database);
    let url = format!("{}/api/contacts/c_1/phone-number/verify", api.url);
    let token = token(&["--organization", "org_x"]);
    for outcome in ["recorded", "kept"] {
        let mut command = seed(&database);
        // The command ignores the settings for tokens.
        command
            .arg(&file)
            .env("DEFAULT_PHONE_REGION", "GB")
            .env("JWT_KEYS", "{}");
        let seeded = output(&mut command);
        assert!(seeded.status.success(), "{}", text(&seeded.stderr));
        let body = json!({ "phoneNumber": "+442079460018", "verifiedAt": "2024-01-01T00:00:00Z" });
        let (_, answer) = patch(&url, &token, body.to_string()).await;
        assert_eq!(answer["data"]["outcome"], outcome, "{answer}");
    }
}

#[test]
fn the_first_entry_is_primary_if_none_is_marked() {
    let database = database();
    let folder = Folder::new();
    let verified = "2024-01-01T00:00:00.000Z";
    let numbers = ["+14165550100", "+14165550101"];
    let addresses = ["a@b.ca", "c@b.ca"];
    let entries = |values: [&str; 2], said: Option<bool>| match said {
        None => values.map(|value| json!({ "value": value })),
        Some(said) => values.map(|value| json!({ "value": value, "isPrimary": said })),
    };
    let contact = |id: &str, said: Option<bool>| {
        json!({ "id": id, "phoneNumber": entries(numbers, said), "emails": entries(addresses, said),
                "verifiedAt": verified })
    };
    for (organization, said) in [("org_unsaid", None), ("org_denied", Some(false))] {
        let contacts = [contact("c_1", said)];
        let file = json!({ "organizations": [{ "id": organization, "contacts": contacts }] });
        let file = folder.file("seed.json", &file.to_string());
        let seeded = output(seed(&database).arg(&file));
        assert!(seeded.status.success(), "{}", text(&seeded.stderr));
        let show = ["show", "--organization", organization, "--contact", "c_1"];
        let shown = succeeded(output(&mut tool(&database, &show)));
        let contact: Value = serde_json::from_str(shown.lines().nth(1).unwrap()).unwrap();
        for (member, values) in [("phoneNumber", numbers), ("emails", addresses)] {
            let expected = json!([
                { "value": values[0], "isPrimary": true },
                { "value": values[1], "isPrimary": false },
            ]);
            assert_eq!(contact[member], expected);
        }
        assert_eq!(contact["verifiedAt"], verified, "of the primary address");
    }
}

#[test]
fn a_mistake_is_named_in_one_line() {
    let database = database();
    let folder = Folder::new();
    let bad = folder.file("bad.json", r#"{"organizations":[{"id":"o o"}]}"#);
    let samples = ["--samples", "org_x"];
    for (output, code, named) in [
        (
            // Only on this machine does the table have a default name.
            output(
                contacts()
                    .arg("seed")
                    .args(samples)
                    .env_remove("TABLE_NAME")
                    .env_remove("AWS_ENDPOINT_URL_DYNAMODB")
                    .env_remove("AWS_ENDPOINT_URL"),
            ),
            2,
            "TABLE_NAME is not set",
        ),
        (
            output(seed(&database).args(samples).env("TABLE_NAME", "nowhere")),
            3,
            "there is no table nowhere at ",
        ),
        (
            output(
                seed(&database)
                    .args(samples)
                    .env("DEFAULT_PHONE_REGION", "x"),
            ),
            2,
            "DEFAULT_PHONE_REGION",
        ),
        (
            output(seed(&database).arg(&bad)),
            3,
            "bad.json: organizations[0].id",
        ),
        (
            output(seed(&database).arg(folder.0.join("absent.json"))),
            3,
            "absent.json",
        ),
    ] {
        assert_eq!(output.status.code(), Some(code), "{named}");
        assert!(output.stdout.is_empty(), "{named}");
        let message = text(&output.stderr);
        assert!(
            message.contains(named) && message.trim_end().lines().count() == 1,
            "{message}"
        );
    }
}

#[test]
fn a_file_or_an_organization_is_given_and_not_both() {
    for arguments in [
        &["seed"][..],
        &["seed", "seed.json", "--samples", "org_x"],
        &["seed", "--samples", "no id"],
    ] {
        let output = output(contacts().args(arguments).env("TABLE_NAME", "contacts"));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(text(&output.stderr).contains("--samples"), "{arguments:?}");
    }
}
