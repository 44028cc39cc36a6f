//! `/docs` of `contacts serve`. `.ci/docs-page` tests the page in a browser.

mod threat_model;

use black_box_tests::Api;
use regex::Regex;
use reqwest::Response;
use serde_json::{Value, json};

async fn get(api: &Api, path: &str) -> Response {
    api.request_by("GET", path).send().await.unwrap()
}

fn header<'r>(response: &'r Response, name: &str) -> Option<&'r str> {
    response
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn the_page_is_served_with_all_its_assets() {
    let api = Api::start().await;
    let page = get(&api, "/docs").await;
    assert_eq!(page.url().path(), "/docs/");
    let media_type = header(&page, "content-type").unwrap().to_owned();
    assert!(media_type.starts_with("text/html"), "{media_type}");

    // The binary holds the page compressed, and this client does not decompress it.
    assert_eq!(header(&page, "content-encoding"), Some("gzip"));
    let asks_for = [
        ("swagger-ui.css", "text/css"),
        ("index.css", "text/css"),
        ("swagger-ui-bundle.js", "text/javascript"),
        ("swagger-ui-standalone-preset.js", "text/javascript"),
        ("swagger-initializer.js", "text/javascript"),
        ("favicon-32x32.png", "image/png"),
    ];
    for (name, media_type) in asks_for {
        let asset = get(&api, &format!("/docs/{name}")).await;
        assert_eq!(asset.status(), 200, "{name}");
        assert_eq!(header(&asset, "content-type"), Some(media_type), "{name}");
    }
}

#[tokio::test]
async fn the_page_shows_the_description_of_this_server() {
    let api = Api::start().await;
    let initializer = get(&api, "/docs/swagger-initializer.js").await;
    let script = initializer.text().await.unwrap();
    let url = Regex::new(r#""url": "([^"]+)""#).unwrap();
    let url = &url.captures(&script).unwrap()[1];
    let description: Value = get(&api, url).await.json().await.unwrap();
    assert_eq!(
        description["servers"],
        json!([{ "url": "/", "description": "This server" }])
    );
    let mut document = serde_json::to_value(contacts::openapi::document().unwrap()).unwrap();
    document["servers"] = description["servers"].clone();
    assert_eq!(description, document);
}

#[tokio::test]
async fn the_description_is_there_as_yaml_too() {
    let api = Api::start().await;
    let yaml = get(&api, "/openapi.yaml").await;
    assert_eq!(header(&yaml, "content-type"), Some("application/yaml"));
    let yaml = yaml.text().await.unwrap();
    let described = contacts::openapi::yaml().unwrap();
    let paths = |yaml: &str| yaml.split_once("\npaths:\n").unwrap().1.to_owned();
    assert_eq!(paths(&yaml), paths(&described));
}

#[tokio::test]
async fn the_content_security_policy_allows_no_other_origin() {
    let api = Api::start().await;
    for path in ["/docs/", "/docs/swagger-ui-bundle.js", "/openapi.json"] {
        let response = get(&api, path).await;
        let policy = header(&response, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{policy}");
        for directive in policy.split("; ") {
            for source in directive.split(' ').skip(1) {
                assert!(
                    ["'none'", "'self'", "data:"].contains(&source),
                    "{directive}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_client_that_has_a_page_already_does_not_get_it_again() {
    let api = Api::start().await;
    for path in ["/docs/swagger-ui.css", "/openapi.json"] {
        let first = get(&api, path).await;
        let tag = header(&first, "etag").unwrap().to_owned();
        assert_eq!(header(&first, "cache-control"), Some("no-cache"));
        let again = api.request_by("GET", path).header("if-none-match", tag);
        let again = again.send().await.unwrap();
        assert_eq!(again.status(), 304);
        assert!(again.bytes().await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn the_head_of_a_page_has_no_body() {
    let api = Api::start().await;
    let head = api.request_by("HEAD", "/docs/").send().await.unwrap();
    assert_eq!(head.status(), 200);
    assert_ne!(header(&head, "content-length"), Some("0"));
    assert!(head.bytes().await.unwrap().is_empty());
}

#[tokio::test]
async fn paths_beside_the_pages_have_no_route() {
    let api = Api::start().await;
    for (method, path) in [
        ("POST", "/docs"),
        ("PATCH", "/docs/"),
        ("DELETE", "/openapi.json"),
        ("GET", "/docs/nothing.js"),
        ("GET", "/docs/../Cargo.toml"),
        ("GET", "/docsx"),
        ("GET", "/openapi"),
    ] {
        let answer = api.send(api.request_by(method, path)).await;
        assert_eq!(answer.status, 404, "{method} {path}");
        assert_eq!(answer.body, json!({ "message": "Not Found" }));
    }
}
