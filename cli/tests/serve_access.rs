//! The access to `serve` and its data: only programs of this user on this machine have it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use contacts::demo::CRM_ORGANIZATION;
use contacts::openapi::examples::ALEX;
use serde_json::Value;

use self::common::{Folder, Server, contacts, http, token};

/// A key that signs no token.
const KEYS: &str =
    r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;

/// The statuses of the answers to requests with this host: for pages of `serve`, for the API, and for a form.
async fn statuses(server: &Server, host: &str) -> Vec<u16> {
    let url = |path: &str| format!("{}{path}", server.url);
    let token = token(&["--organization", CRM_ORGANIZATION]);
    let requests = [
        http().get(url("/docs/")),
        http().get(url("/openapi.json")),
        http()
            .get(url(&format!("/api/contacts/{ALEX}")))
            .bearer_auth(&token),
        http()
            .post(url(&format!("/contacts/{ALEX}")))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("token={token}")),
    ];
    let mut statuses = Vec::new();
    for request in requests {
        let answer = request.header("host", host).send().await.unwrap();
        statuses.push(answer.status().as_u16());
    }
    statuses
}

#[tokio::test]
async fn with_tokens_that_anybody_can_make_only_names_of_this_machine_are_answered() {
    let server = Server::serve();
    let port = server.url.rsplit(':').next().unwrap();
    for name in ["127.0.0.1", "localhost", "LOCALHOST", "[::1]"] {
        let found = statuses(&server, &format!("{name}:{port}")).await;
        assert_eq!(found, [200; 4], "{name}");
        assert_eq!(statuses(&server, name).await, [200; 4], "{name}");
    }
    for name in [
        "attacker.example",
        "127.0.0.1.attacker.example",
        "localhost.attacker.example",
        "10.0.0.1",
        "localhost@attacker.example",
        "-",
        "",
    ] {
        assert_eq!(statuses(&server, name).await, [421; 4], "{name}");
        let request = http().get(&server.url).header("host", name);
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains("127.0.0.1"), "{message}");
    }
}

#[tokio::test]
async fn with_the_keys_of_an_identity_provider_any_name_is_answered() {
    let server = Server::start(contacts().arg("serve").env("JWT_KEYS", KEYS));
    let found = statuses(&server, "contacts.example").await;
    assert_eq!(found, [200, 200, 401, 401]);
}

#[test]
fn a_new_folder_of_data_is_for_its_owner_alone() {
    let folder = Folder::new();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let data = folder.0.join("new/data");
    drop(Server::start(
        contacts().arg("serve").arg("--data").arg(&data),
    ));
    assert_eq!(mode(&data), 0o700);

    // An existing folder keeps its permissions.
    let shared = folder.0.join("shared");
    fs::create_dir(&shared).unwrap();
    fs::set_permissions(&shared, Permissions::from_mode(0o750)).unwrap();
    drop(Server::start(
        contacts().arg("serve").arg("--data").arg(&shared),
    ));
    assert_eq!(mode(&shared), 0o750);
}
