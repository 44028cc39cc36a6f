//! The tool as a process: its output, its exit codes, and the data after it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io::BufRead;
use std::path::Path;

use contacts::demo::{CRM_ORGANIZATION, PERSON};
use contacts::openapi::examples;
use serde_json::json;
use shared::http::Route;

use self::common::{Folder, Server, contacts, output, patch, text, token};

/// The URL, token and body of each `curl` line.
fn printed_calls(stdout: &str) -> Vec<(String, String, String)> {
    let between = |text: &str, before: &str| {
        let (_, rest) = text.split_once(before).unwrap();
        rest.split_once('\'').unwrap().0.to_owned()
    };
    stdout
        .split("curl -i -X PATCH ")
        .skip(1)
        .map(|call| {
            (
                call[1..].split_once('\'').unwrap().0.to_owned(),
                between(call, "'Authorization: Bearer "),
                between(call, "-d '"),
            )
        })
        .collect()
}

#[tokio::test]
async fn the_printed_calls_work() {
    let mut server = Server::serve();
    let mut stdout = String::new();
    while !stdout.contains("Ctrl-C") {
        assert_ne!(server.stdout.read_line(&mut stdout).unwrap(), 0);
    }
    let calls = printed_calls(&stdout);
    assert_eq!(calls.len(), 3);
    for (url, token, body) in calls {
        let (status, answer) = patch(&url, &token, body).await;
        assert_eq!(status, 200, "{url} {answer}");
    }
}

#[tokio::test]
async fn the_sample_request_of_the_crm_gets_the_sample_answer() {
    let server = Server::serve();
    let token = token(&["--organization", CRM_ORGANIZATION, "--subject", PERSON]);
    let route = Route::VerifyContactMethod;
    let path = route.path_of(examples::contact(route));
    let body = examples::request(route).to_string();
    let (status, mut answer) = patch(&format!("{}{path}", server.url), &token, body).await;
    let mut sample = examples::contact_method_verified();
    // `updatedAt` is the time of the request, so it differs.
    for answer in [&mut answer, &mut sample] {
        answer["data"]["contact"]["updatedAt"].take();
    }
    assert_eq!((status, answer), (200, sample));
}

#[test]
fn a_signal_ends_the_server_cleanly() {
    for signal in ["-TERM", "-INT"] {
        let (code, ..) = Server::serve().end(signal);
        assert_eq!(code, Some(0), "{signal}");
        let (code, ..) = Server::start(contacts().args(["serve", "--database-only"])).end(signal);
        assert_eq!(code, Some(0), "{signal} --database-only");
    }
}

#[test]
fn a_port_that_is_taken_is_named() {
    let server = Server::serve();
    let port = server.url.rsplit(':').next().unwrap();
    let output = output(contacts().args(["serve", "--port", port]));
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains(&format!("127.0.0.1:{port}")),
        "{}",
        text(&output.stderr)
    );
}

const NUMBER: &str = "+14165550000";

/// A seed with one contact that has the number.
fn seed() -> String {
    let contact = json!({ "id": "c_1", "phoneNumber": [{ "value": NUMBER }] });
    json!({ "organizations": [{ "id": "org_a", "contacts": [contact] }] }).to_string()
}

#[test]
fn a_seed_that_does_not_fit_is_refused_whole() {
    let folder = Folder::new();
    let seed = folder.file(
        "seed.json",
        r#"{"organizations":[{"id":"org_a","contacts":[{"id":"c_1"},{"id":"c 2"}]}]}"#,
    );
    let data = folder.0.join("data");
    let output = output(
        contacts()
            .args(["serve", "--port", "0", "--seed"])
            .arg(&seed)
            .arg("--data")
            .arg(&data),
    );
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    let message = text(&output.stderr);
    assert!(
        message.contains("seed.json") && message.contains("organizations[0].contacts[1].id"),
        "{message}"
    );
    assert!(!data.exists(), "nothing may be loaded");
}

fn serve_from(folder: &Path, seed: &Path) -> Server {
    Server::start(
        contacts()
            .arg("serve")
            .arg("--data")
            .arg(folder)
            .arg("--seed")
            .arg(seed),
    )
}

#[test]
fn a_folder_serves_one_process() {
    let folder = Folder::new();
    let seed = folder.file("seed.json", &seed());
    let data = folder.0.join("data");
    let _first = serve_from(&data, &seed);
    let second = output(
        contacts()
            .args(["serve", "--port", "0", "--data"])
            .arg(&data),
    );
    assert!(!second.status.success());
    assert!(
        text(&second.stderr).contains("in use by another process"),
        "{}",
        text(&second.stderr)
    );
}

#[tokio::test]
async fn an_api_over_another_endpoint_shares_its_data() {
    let folder = Folder::new();
    let seed = folder.file("seed.json", &seed());
    let database = Server::start(
        contacts()
            .args(["serve", "--database-only", "--seed"])
            .arg(&seed),
    );
    let token = token(&["--organization", "org_a"]);
    let mut outcomes = Vec::new();
    for _ in 0..2 {
        let api = Server::start(contacts().args(["serve", "--dynamodb", &database.url]));
        let url = format!("{}/api/contacts/c_1/phone-number/verify", api.url);
        let body = json!({ "phoneNumber": NUMBER, "verifiedAt": "2024-01-01T00:00:00Z" });
        let (_, answer) = patch(&url, &token, body.to_string()).await;
        outcomes.push(answer["data"]["outcome"].clone());
    }
    assert_eq!(outcomes, ["recorded", "kept"]);
}

#[test]
fn deployed_data_are_not_opened_to_tokens_that_anybody_can_make() {
    let aws = "https://dynamodb.ca-central-1.amazonaws.com";
    let folder = Folder::new();
    let seed = folder.file("seed.json", &seed());
    for output in [
        output(
            contacts()
                .args(["serve", "--port", "0", "--dynamodb", aws, "--seed"])
                .arg(&seed),
        ),
        output(
            contacts()
                .args(["serve", "--port", "0"])
                .env("AWS_ENDPOINT_URL_DYNAMODB", aws),
        ),
    ] {
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        let message = text(&output.stderr);
        assert!(
            message.contains("contacts seed") && message.trim_end().lines().count() == 1,
            "{message}"
        );
    }
}

#[test]
fn a_bad_setting_stops_the_start_with_one_line_that_names_it() {
    for (name, value) in [
        ("TIME_ZONE", "Toronto"),
        ("DEFAULT_PHONE_REGION", "Canada"),
        ("JWT_KEYS", "{}"),
        ("JWT_KEYS_URL", "http://example.com"),
        ("JWT_AUDIENCE", " , "),
        ("JWT_CLAIM_ROLE", "/a~2"),
        ("JWT_ADMIN_ROLE", "SUPERADMIN"),
        ("LOG_LEVEL", "loud"),
        ("TABLE_NAME", "a"),
    ] {
        let output = output(contacts().args(["serve", "--port", "0"]).env(name, value));
        let message = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(
            message.contains(name) && message.trim_end().lines().count() == 1,
            "{message}"
        );
    }
}

#[tokio::test]
async fn settings_of_the_environment_replace_the_development_ones() {
    let server = Server::start(
        contacts()
            .arg("serve")
            .env("JWT_ISSUER", "https://idp.example.com"),
    );
    let path = Route::VerifyContactMethod.path_of(examples::ALEX);
    let url = format!("{}{path}", server.url);
    let organization = ["--organization", CRM_ORGANIZATION];
    let body = json!({ "type": "phone", "value": "+14165550100" }).to_string();
    let (status, _) = patch(&url, &token(&organization), body.clone()).await;
    assert_eq!(status, 401, "of another issuer");
    let output = output(
        contacts()
            .arg("token")
            .args(organization)
            .env("JWT_ISSUER", "https://idp.example.com"),
    );
    let (status, _) = patch(&url, text(&output.stdout).trim_end(), body).await;
    assert_eq!(status, 200);
}

#[test]
fn token_prints_one_token_and_nothing_else() {
    let output = output(contacts().args([
        "token",
        "--organization",
        "org_a",
        "--client",
        "website",
        "--expires-in",
        "15m",
    ]));
    assert!(output.status.success() && output.stderr.is_empty());
    let stdout = text(&output.stdout);
    assert_eq!(stdout.trim_end().split('.').count(), 3);
    assert_eq!(stdout.lines().count(), 1);
}

#[test]
fn token_names_its_wrong_argument() {
    for (arguments, named) in [
        (&[][..], "--organization"),
        (&["--role", "USER"], "--organization"),
        (&["--organization", "a b"], "--organization"),
        (
            &["--organization", "org_a", "--client", "No Slug"],
            "--client",
        ),
        (
            &["--organization", "org_a", "--expires-in", "soon"],
            "--expires-in",
        ),
        (&["--organization", "org_a", "--subject", " "], "--subject"),
    ] {
        let output = output(contacts().arg("token").args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
        assert!(
            text(&output.stderr).contains(named),
            "{}",
            text(&output.stderr)
        );
    }
}

#[tokio::test]
async fn the_log_holds_no_token_phone_number_or_address() {
    let folder = Folder::new();
    let seed = json!({ "organizations": [{
        "id": "org_a", "audiences": ["newsletter"], "clients": ["website"],
        "contacts": [{
            "id": "c_1",
            "firstName": "Xfirstname", "lastName": "Xlastname",
            "phoneNumber": [{ "value": "+14165550177" }],
            "emails": [{ "value": "xmarked@example.com" }],
            "subscriptions": [{ "audience": "newsletter", "client": "website" }],
        }],
    }] });
    let seed = folder.file("seed.json", &seed.to_string());
    // `trace` includes the lines of all other levels.
    let server = Server::start(
        contacts()
            .args(["serve", "--seed"])
            .arg(&seed)
            .env("LOG_LEVEL", "trace"),
    );
    let user = token(&[
        "--organization",
        "org_a",
        "--subject",
        "xsubject@example.com",
    ]);
    let application = token(&["--organization", "org_a", "--client", "website"]);
    let path = |path: &str| format!("{}/api/contacts/c_1/{path}", server.url);
    for (path, token, body) in [
        (
            path("phone-number/verify"),
            &user,
            json!({ "phoneNumber": "+14165550177", "verifiedAt": "2024-01-01T00:00:00Z" }),
        ),
        (
            path("phone-number/verify"),
            &user,
            json!({ "phoneNumber": "+14165550178", "verifiedAt": "xmarked" }),
        ),
        (
            path("verify-contact-methods"),
            &user,
            json!({ "type": "email", "value": "xmarked@example.com", "verificationSource": "xlabel" }),
        ),
        (
            path("verify-contact-methods"),
            &user,
            json!({ "type": "email", "value": "xmarked2@example.com" }),
        ),
        (
            path("verification"),
            &application,
            json!({ "verified": true, "audience": "newsletter", "client": "website" }),
        ),
        (
            path("verification"),
            &user,
            json!({ "verified": true, "audience": "xmarked@example.com" }),
        ),
        (path("verification"), &format!("{application}x"), json!({})),
    ] {
        patch(&path, token, body.to_string()).await;
    }
    let (_, _, stderr) = server.end("-TERM");
    // Standard error also has events, if the reader of the stream was fast enough. Events of `serve` have addresses.
    let log = stderr
        .lines()
        .filter(|line| !line.contains("\"specversion\""));
    let log = log.collect::<Vec<_>>().join("\n");
    assert_eq!(log.matches("\"message\":\"request\"").count(), 7, "{log}");
    for marked in [
        "Xfirstname",
        "Xlastname",
        "4165550177",
        "4165550178",
        "xmarked",
        "xsubject",
        "xlabel",
        &user,
        &application,
    ] {
        assert!(!log.contains(marked), "{marked} in\n{log}");
    }
    // The log has no part of a token either.
    for part in user.split('.').chain(application.split('.')) {
        assert!(!log.contains(part));
    }
}
