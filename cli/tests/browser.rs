//! `contacts serve` for a browser: the page at `/`, and the calls of pages of other origins (CORS).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io::BufRead;
use std::process::Command;

use reqwest::header::HeaderMap;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use self::common::{Server, contacts, http, output, text, token};

const PAGE: &str = "http://localhost:5173";
const CONTACT: &str = "/api/contacts/c_1/verification";

fn serve(options: &[&str]) -> Server {
    Server::start(contacts().arg("serve").args(options))
}

fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name).map(|value| value.to_str().unwrap())
}

/// Sends a request as a page of this origin does.
async fn send(server: &Server, method: &str, path: &str, origin: Option<&str>) -> Response {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let mut request = http().request(method, format!("{}{path}", server.url));
    if let Some(origin) = origin {
        request = request.header("origin", origin);
    }
    request.send().await.unwrap()
}

/// The answer to a preflight: may a page of this origin send this request?
async fn preflight(server: &Server, origin: &str, method: &str, path: &str) -> Response {
    let request = http().request(Method::OPTIONS, format!("{}{path}", server.url));
    let request = request.header("origin", origin);
    let request = request.header("access-control-request-method", method);
    request.send().await.unwrap()
}

/// Whether a browser lets a page of this origin see an answer with these headers (Fetch, "CORS check").
fn is_shown(headers: &HeaderMap, origin: &str) -> bool {
    let allowed = header(headers, "access-control-allow-origin");
    allowed == Some("*") || allowed == Some(origin)
}

/// Whether a browser sends a request with these headers for a page of this origin (Fetch, "CORS-preflight fetch").
async fn is_sent(server: &Server, origin: &str, method: &str, names: &[&str]) -> bool {
    let answer = preflight(server, origin, method, CONTACT).await;
    let headers = answer.headers();
    let lists = |name: &str, value: &str| {
        let list = header(headers, name).unwrap_or_default();
        list.split(',').any(|listed| listed == value)
    };
    answer.status().is_success()
        && is_shown(headers, origin)
        && lists("access-control-allow-methods", method)
        && names
            .iter()
            .all(|name| lists("access-control-allow-headers", name))
}

#[tokio::test]
async fn a_page_of_an_allowed_origin_may_call_and_sees_the_answer() {
    let server = serve(&["--cors-origin", PAGE]);
    let names = ["authorization", "content-type", "if-match"];
    for method in ["DELETE", "GET", "PATCH", "POST"] {
        assert!(is_sent(&server, PAGE, method, &names).await, "{method}");
    }
    assert!(!is_sent(&server, PAGE, "PUT", &names).await);
    assert!(!is_sent(&server, PAGE, "PATCH", &["x-other"]).await);

    let token = token(&["--organization", "org_a", "--client", "website"]);
    let body = json!({ "verified": true, "audience": "newsletter", "client": "website" });
    let request = http().patch(format!("{}{CONTACT}", server.url));
    let request = request
        .header("origin", PAGE)
        .bearer_auth(token)
        .json(&body);
    let answer = request.send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(is_shown(answer.headers(), PAGE));
    let exposed = header(answer.headers(), "access-control-expose-headers").unwrap();
    assert!(exposed.split(',').any(|name| name == "etag"), "{exposed}");
}

#[tokio::test]
async fn a_page_sees_refusals_too() {
    let server = serve(&["--cors-origin", PAGE]);
    for (path, status) in [(CONTACT, 401), ("/api/nothing", 404)] {
        let answer = send(&server, "PATCH", path, Some(PAGE)).await;
        assert_eq!(answer.status(), status, "{path}");
        assert!(is_shown(answer.headers(), PAGE), "{path}");
    }
}

#[tokio::test]
async fn the_limits_are_those_of_the_template() {
    let server = serve(&["--cors-origin", PAGE]);
    let template = contacts::template::template().unwrap();
    let resources = template["Resources"].as_object().unwrap();
    let mut configurations = resources
        .values()
        .filter_map(|resource| resource.pointer("/Properties/CorsConfiguration"));
    let configuration = configurations.next().unwrap();
    // The template gives the API a configuration only if there are origins.
    let configuration = configuration.pointer("/Fn::If/1").unwrap_or(configuration);
    let list = |name: &str| -> String {
        let names = configuration[name].as_array().unwrap().iter();
        names
            .map(|name| name.as_str().unwrap())
            .collect::<Vec<_>>()
            .join(",")
    };

    let asked = preflight(&server, PAGE, "PATCH", CONTACT).await;
    let refused = send(&server, "PATCH", CONTACT, Some(PAGE)).await;
    assert_eq!(asked.status(), 204);
    for (answer, name, expected) in [
        (&asked, "access-control-allow-methods", list("AllowMethods")),
        (&asked, "access-control-allow-headers", list("AllowHeaders")),
        (
            &asked,
            "access-control-max-age",
            configuration["MaxAge"].to_string(),
        ),
        (
            &refused,
            "access-control-expose-headers",
            list("ExposeHeaders"),
        ),
    ] {
        assert_eq!(header(answer.headers(), name), Some(&*expected), "{name}");
    }
}

#[tokio::test]
async fn a_page_of_another_origin_sees_nothing() {
    let server = serve(&[
        "--cors-origin",
        &format!("{PAGE},https://crm.example.com"),
        "--cors-origin",
        "http://[::1]:1",
    ]);
    for origin in [PAGE, "https://crm.example.com", "http://[::1]:1"] {
        assert!(is_sent(&server, origin, "PATCH", &[]).await, "{origin}");
    }
    for origin in [
        "http://localhost:5174",
        "https://localhost:5173",
        "https://crm.example.com.evil.example",
        "null",
        "*",
    ] {
        assert!(!is_sent(&server, origin, "PATCH", &[]).await, "{origin}");
        let answer = send(&server, "PATCH", CONTACT, Some(origin)).await;
        assert!(!is_shown(answer.headers(), origin), "{origin}");
        // Without it, a cache could give this answer to an allowed page, or an allowed page's answer to this page.
        assert_eq!(header(answer.headers(), "vary"), Some("Origin"));
    }
    let answer = send(&server, "PATCH", CONTACT, None).await;
    assert_eq!(
        header(answer.headers(), "access-control-allow-origin"),
        None
    );
    assert_eq!(header(answer.headers(), "vary"), Some("Origin"));
}

#[tokio::test]
async fn a_star_lets_every_page_call() {
    let server = serve(&["--cors-origin", "*"]);
    for origin in [PAGE, "https://crm.example.com", "null"] {
        assert!(is_sent(&server, origin, "PATCH", &["authorization"]).await);
        let answer = send(&server, "PATCH", CONTACT, Some(origin)).await;
        assert_eq!(
            header(answer.headers(), "access-control-allow-origin"),
            Some("*")
        );
    }
}

#[tokio::test]
async fn no_page_may_call_by_default() {
    let server = serve(&[]);
    let asked = preflight(&server, PAGE, "PATCH", CONTACT).await;
    assert_eq!(asked.status(), 404);
    let answer = send(&server, "PATCH", CONTACT, Some(PAGE)).await;
    for answer in [asked, answer] {
        let mut names = answer.headers().keys();
        assert!(!names.any(|name| name.as_str().starts_with("access-control-")));
        assert_eq!(header(answer.headers(), "vary"), None);
    }
}

#[test]
fn an_origin_that_browsers_do_not_write_is_refused() {
    for (origin, hint) in [
        ("localhost:5173", "such as http://localhost:5173"),
        ("http://localhost:5173/", "http://localhost:5173"),
        ("https://*.example.com", "must be * or an origin"),
        ("http://localhost:5173,", "must be * or an origin"),
    ] {
        let output = output(contacts().args(["serve", "--port", "0", "--cors-origin", origin]));
        assert_eq!(output.status.code(), Some(2), "{origin}");
        let error = text(&output.stderr);
        assert!(error.contains(hint), "{origin}: {error}");
    }
}

#[tokio::test]
async fn the_first_page_says_what_this_is_and_leads_to_the_reference() {
    let mut server = serve(&[]);
    let page = send(&server, "GET", "/", None).await;
    assert_eq!(page.status(), 200);
    assert_eq!(
        header(page.headers(), "content-type"),
        Some("text/html; charset=utf-8")
    );
    let html = page.text().await.unwrap();
    for part in [
        "Contact Verification",
        "cargo contacts serve",
        "in memory",
        "PATCH<td><code>/api/contacts/{id}/verification",
        "/contacts/64b2c3d4e5f60012345678aa",
    ] {
        assert!(html.contains(part), "{part}");
    }
    let links: Vec<_> = html.split("href=\"").skip(1).collect();
    assert_eq!(links.len(), 4);
    for link in links {
        let (path, _) = link.split_once('"').unwrap();
        let linked = send(&server, "GET", path, None).await;
        assert_eq!(linked.status(), 200, "{path}");
    }
    // The second line of the welcome text has the URL of the page.
    let mut welcome = String::new();
    for _ in 0..2 {
        server.stdout.read_line(&mut welcome).unwrap();
    }
    assert!(
        welcome.ends_with(&format!(" {}/\n", server.url)),
        "{welcome}"
    );
}

#[tokio::test]
async fn the_call_that_the_first_page_shows_works() {
    let server = serve(&[]);
    let html = send(&server, "GET", "/", None).await.text().await.unwrap();
    let (_, call) = html.split_once("<pre><code>").unwrap();
    let (call, _) = call.split_once("</code>").unwrap();
    let call = call.replace("cargo contacts", env!("CARGO_BIN_EXE_contacts"));
    let output = output(Command::new("sh").args(["-c", &call]));
    let answer = text(&output.stdout);
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["firstName"], "Alex");
}

#[tokio::test]
async fn the_first_page_needs_nothing_but_itself() {
    let server = serve(&[]);
    let page = send(&server, "GET", "/", None).await;
    let policy = header(page.headers(), "content-security-policy")
        .unwrap()
        .to_owned();
    let mut directives = policy.split("; ");
    assert_eq!(directives.next(), Some("default-src 'none'"));
    let style = directives.next().unwrap();
    assert!(style.starts_with("style-src 'sha256-"), "{policy}");
    assert!(
        directives.all(|directive| directive.ends_with(" 'none'")),
        "{policy}"
    );
    let html = page.text().await.unwrap();
    for forbidden in ["<script", "<img", "style=\"", "url(", "https://"] {
        assert!(!html.contains(forbidden), "{forbidden}");
    }
}

#[tokio::test]
async fn only_a_read_of_the_first_page_shows_it() {
    let server = serve(&[]);
    let head = send(&server, "HEAD", "/", None).await;
    assert_eq!(head.status(), 200);
    assert_ne!(header(head.headers(), "content-length"), Some("0"));
    for (method, path) in [
        ("POST", "/"),
        ("PATCH", "/"),
        ("OPTIONS", "/"),
        ("GET", "/index.html"),
        ("GET", "//"),
    ] {
        let answer = send(&server, method, path, None).await;
        assert_eq!(answer.status(), 404, "{method} {path}");
        let body: Value = answer.json().await.unwrap();
        assert_eq!(body, json!({ "message": "Not Found" }));
    }
}

#[tokio::test]
async fn the_first_page_says_where_other_data_and_tokens_come_from() {
    let folder = common::Folder::new();
    let mut command = contacts();
    command.args(["serve", "--data"]).arg(&folder.0);
    command.env("JWT_KEYS_URL", "https://idp.example.com/keys");
    let server = Server::start(&mut command);
    let html = send(&server, "GET", "/", None).await.text().await.unwrap();
    for part in [
        "<code>--data</code>",
        "Development tokens are not accepted",
        "Bearer $TOKEN",
        "The page of Alex Morgan",
    ] {
        let html = html.replace('\n', " ");
        assert!(html.contains(part), "{part}");
    }
}
