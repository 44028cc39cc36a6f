//! The page of a contact in `contacts serve`: its callers, its content and its headers.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::time::{Duration, Instant};

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use self::common::{Server, contacts, http, output, patch, text, token};

const ALEX: &str = "64b2c3d4e5f60012345678aa";
const CRM: &str = "64f0a1b2c3d4e5f6a7b8c9d3";
const HOSTILE: &str = "<script>alert(\"1\")</script>\u{202e}";

fn serve() -> Server {
    Server::start(contacts().arg("serve"))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> &'h str {
    headers
        .get(name)
        .map_or("", |value| value.to_str().unwrap())
}

async fn get(server: &Server, method: Method, path: &str) -> Response {
    let request = http().request(method, format!("{}{path}", server.url));
    request.send().await.unwrap()
}

/// Sends the form of a contact's page as a browser does.
async fn post(server: &Server, contact: &str, fields: &[(&str, &str)]) -> Response {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(fields);
    let request = http().post(format!("{}/contacts/{contact}", server.url));
    let request = request.header("content-type", "application/x-www-form-urlencoded");
    request.body(body.finish()).send().await.unwrap()
}

/// The status and the HTML of a contact's page.
async fn page(server: &Server, contact: &str, token: &str) -> (u16, String) {
    let answer = post(server, contact, &[("token", token)]).await;
    (answer.status().as_u16(), answer.text().await.unwrap())
}

fn person() -> String {
    token(&["--organization", CRM, "--subject", "u_1"])
}

fn application() -> String {
    token(&["--organization", "org_a", "--client", "website"])
}

/// Waits until the history of a contact has at least this number of entries.
async fn wait_for_history(server: &Server, contact: &str, token: &str, entries: usize) {
    let url = format!("{}/api/contacts/{contact}/verification-history", server.url);
    let began = Instant::now();
    loop {
        let answer = http().get(&url).bearer_auth(token).send().await.unwrap();
        let history: Value = answer.json().await.unwrap();
        if history["entries"].as_array().unwrap().len() >= entries {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(30), "{history}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn without_a_token_the_page_asks_for_one() {
    let server = serve();
    for contact in [ALEX, "nobody"] {
        let path = format!("/contacts/{contact}");
        let answer = get(&server, Method::GET, &path).await;
        assert_eq!(answer.status(), 200);
        let html = answer.text().await.unwrap();
        assert!(html.contains(&format!("<form method=\"post\" action=\"{path}\"")));
        assert!(html.contains("name=\"token\""));
        assert!(!html.contains("Morgan"));
        let head = get(&server, Method::HEAD, &path).await;
        assert_eq!(head.status(), 200);
    }
}

#[tokio::test]
async fn a_refused_token_leads_to_the_form_with_the_reason_of_the_api() {
    let server = serve();
    let mut other_issuer = contacts();
    other_issuer.args(["token", "--organization", CRM]);
    let other_issuer = output(other_issuer.env("JWT_ISSUER", "other"));
    let other_issuer = text(&other_issuer.stdout).trim_end();
    for refused in ["", "x", "a.b.c", other_issuer, &format!("{}x", person())] {
        let url = format!("{}/api/contacts/{ALEX}", server.url);
        let mut request = http().get(url);
        if !refused.is_empty() {
            request = request.bearer_auth(refused);
        }
        let answer = request.send().await.unwrap();
        let of_api: Value = answer.json().await.unwrap();
        let answer = post(&server, ALEX, &[("token", refused)]).await;
        assert_eq!(answer.status(), 401, "{refused}");
        assert_eq!(header(answer.headers(), "www-authenticate"), "Bearer");
        let html = answer.text().await.unwrap();
        let reason = of_api["message"].as_str().unwrap();
        assert!(html.contains(reason), "{reason}: {html}");
        assert!(refused.len() < 5 || !html.contains(refused));
        assert!(!html.contains("Morgan"));
    }
    let (status, _) = page(&server, ALEX, &format!("Bearer {}", person())).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_foreign_contact_and_an_unknown_one_are_the_same() {
    let server = serve();
    let (status, foreign) = page(&server, ALEX, &application()).await;
    assert_eq!(status, 404);
    assert!(foreign.contains("No such contact"));
    let (status, unknown) = page(&server, "unknown", &application()).await;
    assert_eq!(status, 404);
    assert_eq!(foreign.replace(ALEX, "unknown"), unknown);

    let (status, _) = page(&server, ALEX, &token(&["--role", "SUPERADMIN"])).await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn an_erased_contact_is_not_shown() {
    let server = serve();
    let url = format!("{}/api/contacts/{ALEX}", server.url);
    let administrator = token(&["--organization", CRM, "--role", "ADMIN"]);
    let request = http().delete(url).bearer_auth(administrator);
    assert_eq!(request.send().await.unwrap().status(), 200);
    let (status, html) = page(&server, ALEX, &person()).await;
    assert_eq!(status, 404);
    assert!(!html.contains("Morgan"));
}

#[tokio::test]
async fn an_id_that_no_contact_can_have_is_not_found() {
    let server = serve();
    for id in ["a.b", "%3Cscript%3E", &"a".repeat(65), ""] {
        let path = format!("/contacts/{id}");
        let answer = get(&server, Method::GET, &path).await;
        assert_eq!(answer.status(), 404, "{id}");
        let html = answer.text().await.unwrap();
        assert!(html.contains("No such contact"), "{id}");
        let (status, _) = page(&server, id, &person()).await;
        assert_eq!(status, 404, "{id}");
    }
    for (method, path) in [
        (Method::GET, "/contacts"),
        (Method::GET, "/contacts/c_1/other"),
        (Method::DELETE, "/contacts/c_1"),
    ] {
        let answer = get(&server, method, path).await;
        assert_eq!(answer.status(), 404, "{path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body, json!({ "message": "Not Found" }));
    }
}

#[tokio::test]
async fn the_page_shows_the_data_and_the_history_of_the_contact() {
    let server = serve();
    let url = format!("{}/api/contacts/{ALEX}/verify-contact-methods", server.url);
    let body = json!({ "type": "phone", "value": "+14165550100", "verifiedAt": "2026-05-20T15:04:01.135Z",
                       "verificationSource": HOSTILE });
    let (status, _) = patch(&url, &person(), body.to_string()).await;
    assert_eq!(status, 200);
    wait_for_history(&server, ALEX, &person(), 1).await;

    let (status, html) = page(&server, ALEX, &person()).await;
    assert_eq!(status, 200);
    let source = "<bdi>&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;<span class=\"codepoint\">U+202E</span></bdi>";
    for part in [
        "<html lang=\"en\">",
        "Alex Morgan",
        ALEX,
        CRM,
        "alex@example.com",
        "Not verified",
        "<time datetime=\"2026-05-20T15:04:01.135Z\">20 May 2026, 15:04:01.135 UTC</time>",
        "No subscription, so no client may send.",
        "PATCH /api/contacts/{id}/verify-contact-methods",
    ] {
        assert!(html.contains(part), "{part} is not in {html}");
    }
    // The source is at the number and in the history.
    assert_eq!(html.matches(source).count(), 2, "{html}");
    assert!(!html.contains("<script"));
}

#[tokio::test]
async fn the_history_goes_on_with_the_next_page() {
    let server = serve();
    let url = format!("{}/api/contacts/c_1/verification", server.url);
    for verified in [true, false].repeat(7) {
        let body = json!({ "verified": verified, "audience": "newsletter", "client": "website" });
        let (status, _) = patch(&url, &application(), body.to_string()).await;
        assert_eq!(status, 200);
    }
    wait_for_history(&server, "c_1", &application(), 28).await;

    let (_, first) = page(&server, "c_1", &application()).await;
    let (_, cursor) = first.split_once("name=\"cursor\" value=\"").unwrap();
    let (cursor, _) = cursor.split_once('"').unwrap();
    assert_eq!(first.matches("<p class=\"what\">").count(), 25);
    assert!(!first.contains("Newest entries"));
    let token = application();
    let fields = [("token", token.as_str()), ("cursor", cursor)];
    let second = post(&server, "c_1", &fields).await.text().await.unwrap();
    let entries = second.matches("<p class=\"what\">").count();
    assert!((3..25).contains(&entries), "{second}");
    assert!(second.contains("Newest entries") && !second.contains("Older entries"));

    let fields = [("token", token.as_str()), ("cursor", "other")];
    let refused = post(&server, "c_1", &fields).await;
    assert_eq!(refused.status(), 400);
    let html = refused.text().await.unwrap();
    assert!(html.contains("Invalid payload: cursor"), "{html}");
}

#[tokio::test]
async fn the_page_needs_nothing_but_itself_and_nobody_keeps_it() {
    let server = serve();
    for answer in [
        get(&server, Method::GET, &format!("/contacts/{ALEX}")).await,
        get(&server, Method::GET, "/contacts/a.b").await,
        post(&server, ALEX, &[("token", &person())]).await,
        post(&server, ALEX, &[("token", "x")]).await,
    ] {
        let headers = answer.headers();
        for (name, value) in [
            ("content-type", "text/html; charset=utf-8"),
            ("cache-control", "no-store"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("set-cookie", ""),
            ("access-control-allow-origin", ""),
        ] {
            assert_eq!(header(headers, name), value, "{name}");
        }
        let policy = header(headers, "content-security-policy");
        let (all, rest) = policy.split_once("; style-src 'sha256-").unwrap();
        assert_eq!(all, "default-src 'none'");
        let (_, rest) = rest.split_once("'; ").unwrap();
        assert_eq!(
            rest,
            "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        let html = answer.text().await.unwrap();
        for forbidden in ["<script", "<img", "style=\"", "url(", "http://", "https://"] {
            assert!(!html.contains(forbidden), "{forbidden}");
        }
    }
}

#[tokio::test]
async fn only_a_form_of_a_reasonable_size_is_read() {
    let server = serve();
    let long = "x".repeat(16 * 1024);
    let answer = post(&server, ALEX, &[("token", &long)]).await;
    assert_eq!(answer.status(), 413);
    let url = format!("{}/contacts/{ALEX}", server.url);
    let body = json!({ "token": person() });
    let answer = http().post(url).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 415);
}

#[tokio::test]
async fn the_log_has_a_line_for_a_page_and_never_the_token() {
    let server = Server::start(contacts().arg("serve").env("LOG_LEVEL", "trace"));
    let (token, refused) = (person(), "not-a-token-but-a-secret");
    assert_eq!(page(&server, ALEX, &token).await.0, 200);
    assert_eq!(page(&server, ALEX, refused).await.0, 401);
    let (_, _, log) = server.end("-TERM");
    assert_eq!(
        log.matches("\"route\":\"POST /contacts/{id}\"").count(),
        2,
        "{log}"
    );
    for secret in [token.as_str(), refused, ALEX, "Morgan"] {
        assert!(!log.contains(secret), "{secret}");
    }
}

#[tokio::test]
async fn the_form_says_which_tokens_a_real_identity_provider_needs() {
    let mut command = contacts();
    command.arg("serve");
    command.env("JWT_KEYS_URL", "https://idp.example.com/keys");
    let server = Server::start(&mut command);
    let answer = get(&server, Method::GET, "/contacts/c_1").await;
    let html = answer.text().await.unwrap();
    assert!(html.contains("Development tokens are not accepted"));
    assert!(!html.contains("cargo contacts token"));
}
