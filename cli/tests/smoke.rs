//! `contacts smoke` as a process: against `contacts serve`, and against servers that are no API.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::process::{Command, Output};

use contacts::demo::CRM_ORGANIZATION as ORGANIZATION;
use contacts::openapi::examples::{ALEX, JANE};
use contacts::seed;
use contacts::serve::DEMO;
use hyper::body::Incoming;
use hyper::{Request, Response};
use serde_json::{Value, json};
use shared::domain::OrganizationId;
use tokio::net::TcpListener;

use self::common::other::Other;
use self::common::{Folder, Server, contacts, http, output, patch, text, token};

/// Checks the API at a URL.
fn smoke(url: &str) -> Command {
    let mut command = contacts();
    command.args(["smoke", "--url", url]);
    command
}

/// A server with the demo data or another seed. Nobody reads its log, so the log must stay short and not fill the pipe.
fn serve(seed: Option<&Value>) -> (Server, Folder) {
    let folder = Folder::new();
    let mut command = contacts();
    command.arg("serve").env("LOG_LEVEL", "error");
    if let Some(seed) = seed {
        let file = folder.file("seed.json", &seed.to_string());
        command.arg("--seed").arg(file);
    }
    (Server::start(&mut command), folder)
}

fn stdout(output: &Output) -> &str {
    text(&output.stdout)
}

fn lines_with<'o>(output: &'o Output, start: &str) -> Vec<&'o str> {
    stdout(output)
        .lines()
        .filter(|line| line.starts_with(start))
        .collect()
}

fn assert_all_ok(output: &Output) {
    let printed = stdout(output);
    assert!(output.status.success(), "{printed}");
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    let count = lines_with(output, "ok    ").len();
    assert_eq!(printed.lines().count(), count + 1, "{printed}");
    let last = format!("{count} ok, 0 failed, 0 skipped");
    assert_eq!(printed.lines().last(), Some(last.as_str()));
}

/// The demo data in one organization, as for the tokens of a deployment.
fn samples_of(organization: &str) -> Value {
    seed::samples_of(&OrganizationId::parse(organization).unwrap()).unwrap()
}

/// Other contacts under the ids of the samples. The second one has the sample's phone number.
fn others() -> Value {
    let contacts = |contacts: Value| {
        json!({
            "id": ORGANIZATION, "contacts": contacts,
        })
    };
    let verified = "2020-01-01T00:00:00Z";
    json!({ "organizations": [
        contacts(json!([
            {
                "id": JANE,
                "phoneNumber": [{ "value": "+14165550111", "verifiedAt": verified }],
                "emails": [{ "value": "jane.doe@example.com", "verifiedAt": verified }],
            },
            {
                "id": ALEX,
                "phoneNumber": [{ "value": "+14165550100", "verifiedAt": verified }],
                "emails": [{ "value": "somebody.else@example.com", "verifiedAt": verified }],
            },
        ])),
        {
            "id": "org_a", "audiences": ["newsletter"], "clients": ["website"],
            "contacts": [{
                "id": "c_1", "verifiedAt": verified,
                "emails": [{ "value": "somebody.else@example.com", "verifiedAt": verified }],
                "subscriptions": [{ "audience": "newsletter", "client": "website", "verifiedAt": verified }],
            }],
        },
    ] })
}

#[tokio::test]
async fn every_check_holds_on_the_demo_data_and_leaves_them_as_they_were() {
    let (server, _folder) = serve(None);
    let first = output(&mut smoke(&server.url));
    assert_all_ok(&first);
    let again = output(&mut smoke(&server.url));
    assert_eq!(stdout(&first), stdout(&again));

    let person = token(&["--organization", ORGANIZATION]);
    for contact in [JANE, ALEX] {
        let url = format!("{}/api/contacts/{contact}/phone-number/verify", server.url);
        let body = json!({ "phoneNumber": "+14165550100" }).to_string();
        let (_, answer) = patch(&url, &person, body).await;
        assert_eq!(answer["data"]["outcome"], "unchanged");
        assert!(!answer.to_string().contains("verifiedAt"), "{answer}");
    }
    let application = token(&["--organization", "org_a", "--client", "website"]);
    let url = format!("{}/api/contacts/c_1/verification", server.url);
    let body = json!({ "verified": false, "audience": "newsletter", "client": "website" });
    let (_, answer) = patch(&url, &application, body.to_string()).await;
    assert_eq!(answer["outcome"], "unchanged");
}

#[test]
fn earlier_verifications_of_the_samples_do_not_matter() {
    let mut seed: Value = serde_json::from_str(DEMO).unwrap();
    for organization in seed["organizations"].as_array_mut().unwrap() {
        for contact in organization["contacts"].as_array_mut().unwrap() {
            contact["emails"][0]["verifiedAt"] = json!("2020-01-01T00:00:00Z");
            contact["verifiedAt"] = json!("2020-01-01T00:00:00Z");
        }
    }
    let (server, _folder) = serve(Some(&seed));
    assert_all_ok(&output(&mut smoke(&server.url)));
}

#[test]
fn the_tokens_of_the_environment_are_used() {
    let (server, _folder) = serve(Some(&samples_of("org_x")));
    let person = token(&["--organization", "org_x", "--subject", "somebody"]);
    let application = token(&["--organization", "org_x", "--client", "website"]);
    let both = output(
        smoke(&server.url)
            .env("CONTACTS_TOKEN", &person)
            .env("CONTACTS_APPLICATION_TOKEN", &application),
    );
    assert_all_ok(&both);
    // A token of an application is enough for all checks.
    let one = output(smoke(&server.url).env("CONTACTS_TOKEN", &application));
    assert_all_ok(&one);
}

#[test]
fn the_token_of_a_person_on_endpoint_3_is_a_failed_check_that_names_the_variable() {
    let (server, _folder) = serve(Some(&samples_of("org_x")));
    let person = token(&["--organization", "org_x"]);
    let output = output(smoke(&server.url).env("CONTACTS_TOKEN", &person));
    assert_eq!(output.status.code(), Some(1));
    let failed = lines_with(&output, "FAIL  ");
    for line in &failed {
        let is_mailers = [
            "endpoint 3",
            "upsert-contact",
            "contact-status",
            "subscribe",
            "unsubscribe",
        ]
        .iter()
        .any(|name| line.starts_with(&format!("FAIL  {name} ")));
        assert!(is_mailers, "{line}");
        assert!(line.contains("got 403"), "{line}");
    }
    assert!(
        failed[0].contains("set CONTACTS_APPLICATION_TOKEN"),
        "{}",
        failed[0]
    );
    assert!(!failed[1].contains("hint"), "said once: {}", failed[1]);
}

#[test]
fn without_contacts_no_data_are_needed_and_skipped_checks_are_listed() {
    let (server, _folder) = serve(Some(&json!({ "organizations": [] })));
    let output = output(smoke(&server.url).arg("--without-contacts"));
    assert!(output.status.success(), "{}", stdout(&output));
    assert!(!lines_with(&output, "ok    ").is_empty());
    let skipped = lines_with(&output, "skip  ");
    assert_eq!(skipped.len(), 3);
    for line in skipped {
        assert!(line.ends_with(": --without-contacts"), "{line}");
    }
}

#[test]
fn missing_samples_fail_and_the_hint_says_where_they_come_from() {
    let (server, _folder) = serve(Some(&json!({ "organizations": [{ "id": "org_x" }] })));
    let local = output(&mut smoke(&server.url));
    let person = token(&["--organization", "org_x", "--client", "website"]);
    let given = output(smoke(&server.url).env("CONTACTS_TOKEN", &person));
    for (output, hint) in [
        (local, "`contacts serve` has"),
        (given, "contacts seed --samples ORG --table TABLE`"),
    ] {
        assert_eq!(output.status.code(), Some(1));
        let failed = lines_with(&output, "FAIL  ");
        assert_eq!(failed.len(), 6, "one per proof: {}", stdout(&output));
        let (of_status, of_methods) = failed.split_last().unwrap();
        assert!(
            of_status.contains("expected status 200, got 400"),
            "{of_status}"
        );
        for line in of_methods {
            let difference = ": expected status 412, got 404 Contact not found (request ";
            assert!(line.contains(difference), "{line}");
        }
        assert!(failed[0].contains(hint), "{}", failed[0]);
        assert_eq!(lines_with(&output, "skip  ").len(), 3);
    }
}

#[tokio::test]
async fn a_contact_that_is_not_the_sample_is_not_written_to() {
    let (server, _folder) = serve(Some(&others()));
    let output = output(&mut smoke(&server.url));
    assert_eq!(output.status.code(), Some(1));
    let skipped = lines_with(&output, "skip  ");
    assert_eq!(skipped.len(), 3);
    for line in skipped {
        assert!(line.contains("nothing is written to it"), "{line}");
    }

    let person = token(&["--organization", ORGANIZATION]);
    let of_org_a = token(&["--organization", "org_a"]);
    for (contact, email, token) in [
        (JANE, "jane.doe@example.com", &person),
        (ALEX, "somebody.else@example.com", &person),
        ("c_1", "somebody.else@example.com", &of_org_a),
    ] {
        let url = format!(
            "{}/api/contacts/{contact}/verify-contact-methods",
            server.url
        );
        let answer = http()
            .patch(&url)
            .bearer_auth(token)
            .header("if-match", "\"none\"")
            .json(&json!({ "type": "email", "value": email }))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.headers()["etag"], "\"1\"", "{contact}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_accepts_everything_fails_and_gets_no_write() {
    let other = Other::start(|_, _| Some(Response::new("{}".to_owned()))).await;
    let output = output(&mut smoke(&format!("{}/prod/", other.url)));
    assert_eq!(output.status.code(), Some(1));
    assert!(lines_with(&output, "ok    ").is_empty());
    assert_eq!(lines_with(&output, "skip  ").len(), 3);
    for line in lines_with(&output, "FAIL  ") {
        let is_told = [
            "got 200 (without a request id)",
            "got nothing (without a request id)",
        ];
        assert!(is_told.iter().any(|end| line.ends_with(end)), "{line}");
    }
    for (path, if_match) in other.requests.lock().unwrap().iter() {
        assert!(path.starts_with("/prod/api/"), "{path}");
        assert_eq!(if_match.as_deref(), Some("\"none\""), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_token_is_printed_even_if_the_server_returns_it() {
    let other = Other::start(|before, request| {
        let echo = request
            .headers()
            .get("authorization")
            .map_or("none", |value| value.to_str().unwrap());
        let mut response = if before % 2 == 0 {
            Response::new(format!("\u{1b}[31m{echo} {echo}\r\n"))
        } else {
            Response::new(json!({ "error": format!("\u{1b}[31m{echo}\r\n") }).to_string())
        };
        *response.status_mut() = hyper::StatusCode::BAD_REQUEST;
        for (name, value) in [
            ("x-request-id", echo),
            ("etag", echo),
            ("content-type", "application/json"),
            ("www-authenticate", echo),
        ] {
            response.headers_mut().insert(name, value.parse().unwrap());
        }
        Some(response)
    })
    .await;
    let person = token(&["--organization", "org_x", "--subject", "xsubject"]);
    let application = token(&["--organization", "org_x", "--client", "website"]);
    let (server, _folder) = serve(Some(&samples_of("org_x")));
    for url in [&other.url, &server.url] {
        let output = output(
            smoke(url)
                .env("CONTACTS_TOKEN", &person)
                .env("CONTACTS_APPLICATION_TOKEN", &application),
        );
        let is_echoed = stdout(&output).contains("<token>");
        assert_eq!(is_echoed, *url == other.url, "{}", stdout(&output));
        for printed in [stdout(&output), text(&output.stderr)] {
            for part in person.split('.').chain(application.split('.')) {
                assert!(!printed.contains(part), "{printed}");
            }
            assert!(!printed.contains(['\u{1b}', '\r']), "{printed}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_request_id_is_printed() {
    let other = Other::start(|_, _| {
        let response = Response::builder()
            .status(503)
            .header("x-request-id", "the-request");
        let body = json!({ "message": "Service Unavailable" });
        Some(response.body(body.to_string()).unwrap())
    })
    .await;
    let output = output(smoke(&other.url).arg("--without-contacts"));
    assert_eq!(
        stdout(&output).lines().next(),
        Some(
            "FAIL  endpoint 1 answers 401 without a token: expected status 401, got 503 \
             Service Unavailable (request the-request)"
        )
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stops_answering_is_not_asked_again() {
    let other =
        Other::start(|before, _| (before < 2).then(|| Response::new("{}".to_owned()))).await;
    let output = output(&mut smoke(&other.url));
    assert_eq!(output.status.code(), Some(1));
    let failed = lines_with(&output, "FAIL  ");
    assert_eq!(failed.len(), 3);
    assert!(failed[2].contains("no answer, twice"), "{}", failed[2]);
    assert_eq!(other.requests.lock().unwrap().len(), 4);
    for line in lines_with(&output, "skip  ") {
        assert!(line.ends_with("no longer answers"), "{line}");
    }
}

fn header<'r>(request: &'r Request<Incoming>, name: &str) -> Option<&'r str> {
    Some(request.headers().get(name)?.to_str().unwrap())
}

/// An answer with the headers that the contract promises, and any body.
fn answer(status: u16, version: &str, mut body: Value) -> Response<String> {
    if status >= 400 {
        body["requestId"] = json!("the-request");
    }
    Response::builder()
        .status(status)
        .header("content-type", "application/json")
        .header("x-request-id", "the-request")
        .header("etag", version)
        .body(body.to_string())
        .unwrap()
}

/// The answer to an application that asks for the address of the sample.
fn of_sample(version: &str) -> Response<String> {
    let subscription = json!({
        "slug": "x", "subscribed": true, "status": "subscribed", "verified": false, "verified_at": null,
        "unsubscribed_at": null, "unsubscribe_reason": "",
    });
    let status = json!({
        "contact_id": "c_1", "email": "jane.doe@example.com", "exists": true, "verified": false, "verified_at": null,
        "email_validation": {}, "global_unsubscribed": false, "hard_bounced": false, "complained": false,
        "audience": subscription, "client": subscription, "can_send_marketing": false, "can_send_transactional": true,
        "marketing": {}, "tags": [],
    });
    answer(200, version, status)
}

/// The answer of endpoints 1 and 2 to another version than the contact's.
fn version_refused(version: &str) -> Response<String> {
    let error = "Contact has changed";
    answer(412, version, json!({ "error": error, "message": error }))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_changes_after_the_proof_is_not_written_to() {
    let other = Other::start(|_, request| {
        let version = match header(request, "if-match") {
            Some("\"none\"") => "\"1\"",
            _ => "\"2\"",
        };
        if request.uri().path() == "/api/contacts/status" {
            return Some(of_sample(version));
        }
        Some(version_refused(version))
    })
    .await;
    let output = output(&mut smoke(&other.url));
    let skipped = lines_with(&output, "skip  ");
    assert_eq!(skipped.len(), 3);
    for line in skipped {
        assert!(line.contains("nothing more is written to it"), "{line}");
    }
    let requests = other.requests.lock().unwrap();
    let writes: Vec<_> = requests
        .iter()
        .filter(|(_, if_match)| if_match.as_deref() != Some("\"none\""))
        .collect();
    assert_eq!(writes.len(), 3, "one clear for each sample: {writes:?}");
    for (path, if_match) in writes {
        assert_eq!(if_match.as_deref(), Some("\"1\""), "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_without_an_answer_is_sent_once_more() {
    // Every second request gets an answer, so that each is sent twice.
    let other = Other::start(|before, _| (before % 2 == 1).then(|| version_refused("\"1\""))).await;
    let output = output(&mut smoke(&other.url));
    assert!(!stdout(&output).contains("no longer answers"));
    for line in lines_with(&output, "ok    ") {
        assert!(line.contains("(sent twice: "), "{line}");
    }
    let proofs = lines_with(&output, "ok    ").len();
    assert_eq!(proofs, 5, "{}", stdout(&output));
    let first = lines_with(&output, "FAIL  ")[0];
    assert!(
        first.contains("may have taken effect; run the command again"),
        "{first}"
    );
    let requests = other.requests.lock().unwrap();
    for pair in requests.chunks(2) {
        assert_eq!(pair[0], pair[1]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_contact_that_may_be_left_changed_is_named() {
    let other = Other::start(|_, request| match header(request, "if-match") {
        Some("\"none\"") => Some(version_refused("\"1\"")),
        Some(version) => {
            let subject = if version == "\"1\"" {
                "Phone number"
            } else {
                "Email"
            };
            let data = json!({ "outcome": "cleared", "contact": {} });
            let message = format!("{subject} verification cleared");
            Some(answer(
                200,
                "\"2\"",
                json!({ "message": message, "data": data }),
            ))
        }
        // The first step of the example.
        None => None,
    })
    .await;
    let output = output(&mut smoke(&other.url));
    assert_eq!(output.status.code(), Some(1));
    let lost = *lines_with(&output, "FAIL  ").last().unwrap();
    assert!(lost.contains("adds a phone number"), "{lost}");
    assert!(
        lost.ends_with(
            "; hint: contact 64f0a1b2c3d4e5f6a7b8c9d0 may have changed; run the command again to restore it"
        ),
        "{lost}"
    );
}

#[tokio::test]
async fn nobody_at_the_url_is_one_error() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", taken.local_addr().unwrap());
    // The listener accepts connections, and never answers.
    let silent = output(smoke(&url).args(["--timeout", "10ms"]));
    drop(taken);
    let absent = output(&mut smoke(&url));
    for output in [silent, absent] {
        assert_eq!(output.status.code(), Some(3));
        assert!(output.stdout.is_empty());
        let message = text(&output.stderr);
        assert!(
            message.starts_with(&format!("contacts: {url} does not answer: ")),
            "{message}"
        );
        assert_eq!(message.lines().count(), 1, "{message}");
    }
}

#[test]
fn a_token_is_needed_for_an_api_elsewhere() {
    let message = |command: &mut Command| {
        let output = output(command);
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
        text(&output.stderr).to_owned()
    };
    let missing = message(&mut smoke("https://api.example.com"));
    assert!(missing.contains("CONTACTS_TOKEN is not set"), "{missing}");
    for name in ["CONTACTS_TOKEN", "CONTACTS_APPLICATION_TOKEN"] {
        let bad = message(smoke("http://127.0.0.1:1").env(name, "Bearer xsecret"));
        assert!(bad.contains(&format!("{name} is not a token")), "{bad}");
        assert!(!bad.contains("xsecret"), "{bad}");
    }
}

#[test]
fn tokens_are_not_sent_unencrypted() {
    let token = token(&["--organization", "org_x"]);
    for url in ["http://api.example.com", "http://10.0.0.1:3000"] {
        let output = output(smoke(url).env("CONTACTS_TOKEN", &token));
        assert!(!output.status.success() && output.stdout.is_empty());
        let message = text(&output.stderr);
        assert!(
            message.contains("--url") && message.contains("https"),
            "{message}"
        );
    }
}
