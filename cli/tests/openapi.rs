//! The API's description, printed and served by the tool as a process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io::BufRead;

use self::common::{Server, contacts, http, output, text};

#[test]
fn openapi_prints_the_document_that_is_checked_in() {
    let output = output(contacts().arg("openapi"));
    assert!(output.status.success());
    assert!(text(&output.stdout) == include_str!("../../openapi.yaml"));
}

#[tokio::test]
async fn serve_says_where_the_reference_is() {
    let mut server = Server::serve();
    let mut line = String::new();
    server.stdout.read_line(&mut line).unwrap();
    let (_, url) = line.trim_end().rsplit_once(' ').unwrap();
    assert_eq!(url, format!("{}/docs", server.url));
    let page = http().get(url).send().await.unwrap();
    assert_eq!(page.status(), 200);
}
