//! `contacts token`: a closed pipe, tokens for settings with nested claims, and `--explain`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use shared::auth::DEVELOPMENT_SECRET;

use self::common::{contacts, output, text, token};

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    now.as_secs()
}

/// The claims of a token that the development settings accept.
fn claims() -> Value {
    json!({
        "iss": "https://contacts.localhost", "aud": "contacts", "sub": "user_1",
        "organizationId": "org_a", "exp": now() + 3600,
    })
}

fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A token with these claims, signed with the development key under this `kid`.
fn signed(kid: Option<&str>, claims: &Value) -> String {
    let mut header = Header::new(Algorithm::HS256);
    header.kid = kid.map(str::to_owned);
    let key = EncodingKey::from_secret(DEVELOPMENT_SECRET);
    jsonwebtoken::encode(&header, claims, &key).unwrap()
}

fn of(claims: &Value) -> String {
    signed(Some("development"), claims)
}

/// Runs a command with this standard input.
fn with_input(command: &mut Command, input: &[u8]) -> Output {
    let mut process = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    process.stdin.take().unwrap().write_all(input).unwrap();
    process.wait_with_output().unwrap()
}

/// The report of `--explain` for a token under these settings, and the exit code. The report must have no part of the token.
fn explained(settings: &[(&str, &str)], token: &str) -> (String, i32) {
    let mut command = contacts();
    command.args(["token", "--explain"]).envs(settings.to_vec());
    let output = with_input(&mut command, token.as_bytes());
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    let report = text(&output.stdout).to_owned();
    for part in token.split(['.', ' ']).filter(|part| part.len() > 8) {
        assert!(!report.contains(part), "{report}");
    }
    (report, output.status.code().unwrap())
}

#[track_caller]
fn assert_accepted(settings: &[(&str, &str)], token: &str, facts: &[&str]) {
    let (report, code) = explained(settings, token);
    assert!(report.starts_with("Accepted.\n"), "{report}");
    assert_eq!(code, 0);
    for fact in facts {
        assert!(report.contains(fact), "{fact} is not in\n{report}");
    }
}

#[track_caller]
fn assert_refused(settings: &[(&str, &str)], token: &str, refusal: &str, facts: &[&str]) {
    let (report, code) = explained(settings, token);
    let first = format!("Refused: {refusal}.\n");
    assert!(report.starts_with(&first), "{report}");
    assert_eq!(code, 1);
    for fact in facts {
        assert!(report.contains(fact), "{fact} is not in\n{report}");
    }
}

#[test]
fn a_closed_pipe_ends_commands_quietly() {
    for arguments in [&["token", "--organization", "org_a"][..], &["openapi"]] {
        let mut process = contacts()
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // The pipe closes before the command writes, while the command reads its settings.
        drop(process.stdout.take());
        let output = process.wait_with_output().unwrap();
        assert_eq!(text(&output.stderr), "", "{arguments:?}");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn a_development_token_has_the_claims_that_the_settings_name() {
    let settings = [
        ("JWT_AUDIENCE", "mailer, contacts"),
        ("JWT_CLAIM_ORGANIZATION", "/app_metadata/organization"),
        (
            "JWT_CLAIM_ROLE",
            "/app_metadata/https:~1~1example.com~1roles",
        ),
        ("JWT_CLAIM_CLIENT", "https://example.com/client"),
        ("JWT_SUPERADMIN_ROLE", "operator"),
    ];
    for (arguments, facts) in [
        (
            &["--organization", "org_b", "--client", "website"][..],
            &["org_b (`/app_metadata/organization`)", "client:website"][..],
        ),
        (
            &["--role", "operator"],
            &["super administrator: `/app_metadata/https:~1~1example.com~1roles` has operator"],
        ),
        (
            &["--role", "ADMIN", "--organization", "org_b"],
            &["\nrole          administrator"],
        ),
    ] {
        let output = output(contacts().arg("token").args(arguments).envs(settings));
        assert_accepted(&settings, text(&output.stdout), facts);
    }
    let output = output(
        contacts()
            .args(["token", "--role", "SUPERADMIN"])
            .envs(settings),
    );
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("operator"));
}

#[test]
fn a_token_cannot_have_a_claim_within_a_claim_that_has_a_value() {
    let settings = [
        ("JWT_CLAIM_ORGANIZATION", "/tenant"),
        ("JWT_CLAIM_CLIENT", "/tenant/client"),
    ];
    let mut command = contacts();
    command.args(["token", "--organization", "org_a", "--client", "website"]);
    let output = output(command.envs(settings));
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/tenant/client"));
}

#[test]
fn an_accepted_token_is_explained_by_its_caller() {
    let user = of(&claims_with(&json!({ "role": ["EDITOR"] })));
    assert_accepted(
        &[],
        &user,
        &[
            "\"user_1\" (`sub`)",
            "recorded as   user_1",
            "org_a (`organizationId`)",
            "none (`client`): the caller is a user",
            "none: `role` has neither SUPERADMIN nor ADMIN",
            "Z, in ",
            "\"development\" (HS256) of JWT_KEYS",
        ],
    );
    let application = of(&claims_with(
        &json!({ "client": ["website"], "organizationId": { "org_b": {} } }),
    ));
    assert_accepted(
        &[],
        &application,
        &[
            "recorded as   client:website",
            "org_b (`organizationId`)",
            "website (`client`): the caller is an application",
        ],
    );
    let admin = of(&claims_with(&json!({ "role": { "ADMIN": {} } })));
    assert_accepted(&[], &admin, &["administrator: `role` has ADMIN"]);
    let super_admin = of(&claims_with(
        &json!({ "role": "SUPERADMIN", "organizationId": null }),
    ));
    assert_accepted(
        &[],
        &super_admin,
        &[
            "super administrator: `role` has SUPERADMIN",
            "none (`organizationId`)",
        ],
    );
}

#[test]
fn an_audience_may_be_the_client_id() {
    let token = of(&claims_with(
        &json!({ "aud": null, "client_id": "1h57example" }),
    ));
    let settings = [("JWT_AUDIENCE", "contacts,1h57example")];
    assert_accepted(&settings, &token, &["\"1h57example\" (`client_id`)"]);
    assert_refused(
        &[],
        &token,
        "audience is not accepted",
        &["`client_id` is \"1h57example\". JWT_AUDIENCE accepts \"contacts\"."],
    );
}

#[test]
fn a_token_may_be_pasted_in_any_form() {
    let token = of(&claims());
    for form in [
        format!("  {token}\r\n\n"),
        format!("Bearer {token}"),
        format!("\tbearer   {token}\n"),
        format!("Authorization: Bearer {token}"),
        format!("\u{feff}{token}"),
    ] {
        assert_accepted(&[], &form, &[]);
    }
}

#[test]
fn a_refusal_names_the_values_of_the_token_and_of_the_settings() {
    let missing = |name: &str| of(&claims_with(&json!({ name: null })));
    let with = |changes: Value| of(&claims_with(&changes));
    let hour = 3600;
    for (token, refusal, facts) in [
        (
            with(json!({ "exp": now() - 2 * hour })),
            "token expired",
            &["`exp` is ", "Z, 2h", " ago."][..],
        ),
        (
            with(json!({ "nbf": now() + hour })),
            "token not yet valid",
            &["`nbf` is ", "Z, in "],
        ),
        (
            with(json!({ "iss": "https://contacts.localhost/" })),
            "issuer is not accepted",
            &[
                "`iss` is \"https://contacts.localhost/\". JWT_ISSUER is \"https://contacts.localhost\".",
                "slash at the end",
            ],
        ),
        (
            with(json!({ "aud": ["account", "crm"] })),
            "audience is not accepted",
            &["`aud` is [\"account\",\"crm\"]. JWT_AUDIENCE accepts \"contacts\"."],
        ),
        (
            missing("aud"),
            "claim missing: aud",
            &["neither `aud` nor `client_id`"],
        ),
        (missing("sub"), "claim missing: sub", &["`sub` is absent"]),
        (
            with(json!({ "sub": 1234 })),
            "claim malformed: sub",
            &["`sub` is 1234. It must be a text"],
        ),
        (
            with(json!({ "organizationId": null, "realm_access": { "roles": ["x"] } })),
            "claim missing: organizationId",
            &[
                "JWT_CLAIM_ORGANIZATION is `organizationId`, which is ",
                "`role` is absent",
                "The token has the claims ",
                "`realm_access`, `/realm_access/roles`",
            ],
        ),
        (
            with(json!({ "organizationId": ["org_a", "org_b"] })),
            "claim malformed: organizationId",
            &["which is [\"org_a\",\"org_b\"].", "a list of exactly one"],
        ),
        (
            with(json!({ "client": "Web Site" })),
            "claim malformed: client",
            &[
                "JWT_CLAIM_CLIENT is `client`, which is \"Web Site\".",
                "slug",
            ],
        ),
        (
            with(json!({ "role": 7 })),
            "claim malformed: role",
            &["JWT_CLAIM_ROLE is `role`, which is 7."],
        ),
        (
            signed(Some("abc"), &claims()),
            "signature key unknown",
            &[
                "Its `kid` is \"abc\".",
                "JWT_KEYS (development keys) has \"development\" (HS256).",
            ],
        ),
    ] {
        assert_refused(&[], &token, refusal, facts);
    }
}

#[test]
fn every_fault_of_a_token_is_listed() {
    let token = of(&json!({
        "iss": "https://idp.example.com", "aud": "crm", "sub": 1, "organization": "acme", "exp": now() - 600,
    }));
    assert_refused(
        &[("JWT_CLAIM_ORGANIZATION", "/organization/id")],
        &token,
        "token expired",
        &[
            "- token expired\n",
            "- issuer is not accepted\n",
            "- audience is not accepted\n",
            "- claim malformed: sub\n",
            "The token has the claims `aud`, `exp`, `iss`, `organization`, `sub`.",
        ],
    );
    let of_nobody = of(&claims_with(
        &json!({ "client": "Not a slug", "organizationId": null }),
    ));
    assert_refused(
        &[],
        &of_nobody,
        "claim malformed: client",
        &[
            "- claim missing: organizationId\n",
            "- claim malformed: client\n",
        ],
    );
    let empty = of(&json!({}));
    assert_refused(
        &[],
        &empty,
        "claim missing: exp",
        &["The token has no claims."],
    );
    // The claims under a false signature prove nothing, but they help to find the cause.
    let forged = of(&claims_with(&json!({ "iss": "https://idp.example.com" })));
    let (signed_part, _) = forged.rsplit_once('.').unwrap();
    let signature = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
    assert_refused(
        &[],
        &format!("{signed_part}.{signature}"),
        "signature is invalid",
        &["- issuer is not accepted\n"],
    );
}

#[test]
fn a_text_that_is_no_token_is_explained() {
    let header = BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","kid":"development"}"#);
    let token = of(&claims());
    let (first, second) = token.split_at(token.len() / 2);
    for (input, fact) in [
        ("ya29.opaque".to_owned(), "three parts"),
        ("opaque-token".to_owned(), "opaque token"),
        (format!("{first}\n{second}"), "white space"),
        (format!("{token} {token}"), "white space"),
        (format!("{token}="), "base64url"),
        (format!("{header}..."), "three parts"),
        (format!("{header}.W10.AAAA"), ""),
        (
            "bm90IGpzb24.e30.AAAA".to_owned(),
            "header is not a JSON object",
        ),
        ("e30.e30.AAAA".to_owned(), "no `alg`"),
    ] {
        let (report, code) = explained(&[], &input);
        assert_eq!(code, 1, "{report}");
        assert!(report.starts_with("Refused: "), "{report}");
        assert!(report.contains(fact), "{fact} is not in\n{report}");
    }
    let encrypted = format!(
        "{}..AAAA.AAAA.AAAA",
        BASE64_URL_SAFE_NO_PAD.encode(r#"{"alg":"dir","enc":"A256GCM"}"#)
    );
    let (report, code) = explained(&[], &encrypted);
    assert_eq!(code, 1);
    assert!(report.contains("`alg` is \"dir\""), "{report}");
    let (report, code) = explained(&[], " \n");
    assert_eq!(
        (report.as_str(), code),
        ("Refused: standard input holds no token.\n", 1)
    );
}

#[test]
fn a_token_that_is_too_long_is_explained() {
    let long = of(&claims_with(&json!({ "groups": vec!["group"; 2000] })));
    let bytes = format!("{} bytes", long.len());
    assert_refused(&[], &long, "malformed token: over 8 KiB", &[&bytes]);
}

/// Starts a server that answers every request with this document, for the life of the process. Returns its URL.
fn published(document: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/keys", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // The request is short, so one read is enough.
            let _ = stream.read(&mut [0; 4096]).unwrap();
            let length = document.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{document}"
            )
            .unwrap();
        }
    });
    url
}

#[test]
fn keys_of_a_url_are_used() {
    let secret = b"a secret of this test, which has over 32 bytes";
    let key = |kid: &str, alg: &str| json!({ "kty": "oct", "kid": kid, "alg": alg, "k": BASE64_URL_SAFE_NO_PAD.encode(secret) });
    let set = json!({ "keys": [key("a", "HS256"), key("b", "HS512")] });
    let url = published(set.to_string());
    let settings = [("JWT_KEYS_URL", url.as_str())];
    let signed = |kid: Option<&str>| {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = kid.map(str::to_owned);
        jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(secret)).unwrap()
    };
    assert_accepted(
        &settings,
        &signed(Some("a")),
        &[&format!("\"a\" (HS256) of JWT_KEYS_URL ({url})")],
    );
    assert_refused(
        &settings,
        &signed(Some("b")),
        "algorithm is not the one of the key",
        &["Its `alg` is \"HS256\". Its key is \"b\" (HS512)"],
    );
    assert_refused(
        &settings,
        &signed(None),
        "signature key unknown",
        &["It has no `kid`", "\"a\" (HS256), \"b\" (HS512)"],
    );
}

#[test]
fn keys_that_cannot_be_fetched_are_named() {
    // Nothing listens on port 1, because that needs privileges.
    let url = "http://127.0.0.1:1/keys";
    let settings = [("JWT_KEYS_URL", url), ("JWT_AUDIENCE", "crm")];
    let (report, code) = explained(&settings, &of(&claims()));
    assert_eq!(code, 1);
    assert!(
        report.starts_with(&format!(
            "No answer: the keys of JWT_KEYS_URL ({url}) are not available: "
        )),
        "{report}"
    );
    assert!(report.contains("refused"), "{report}");
    assert!(report.contains("- audience is not accepted\n"), "{report}");
}

#[test]
fn a_token_is_explained_or_made() {
    for arguments in [
        &["--organization", "org_a"][..],
        &["--role", "ADMIN"],
        &["--client", "website"],
        &["--subject", "user_1"],
        &["--expires-in", "1h"],
    ] {
        let output = output(contacts().args(["token", "--explain"]).args(arguments));
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(output.stdout.is_empty());
    }
    // `--explain` accepts the tokens that the tool prints.
    assert_accepted(
        &[],
        &token(&["--organization", "org_a", "--expires-in", "1s"]),
        &[],
    );
}
