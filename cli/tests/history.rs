//! The history in `serve`, its events, and `contacts erase`.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use contacts::demo::CRM_ORGANIZATION;
use contacts::openapi::examples::{self, ALEX};
use serde_json::{Value, json};
use shared::http::Route;

use self::common::files::{database, succeeded, tool};
use self::common::{Folder, Server, contacts, http, output, patch, text, token};

/// Sends the example of endpoint 2.
async fn verify(server: &Server) {
    let route = Route::VerifyContactMethod;
    let url = format!("{}{}", server.url, route.path_of(ALEX));
    let token = token(&["--organization", CRM_ORGANIZATION]);
    let (status, answer) = patch(&url, &token, examples::request(route).to_string()).await;
    assert_eq!(status, 200, "{answer}");
}

/// The entries of the history. Waits until there is one.
async fn history(server: &Server) -> Vec<Value> {
    let url = format!("{}{}", server.url, Route::GetHistory.path_of(ALEX));
    let token = token(&["--organization", CRM_ORGANIZATION]);
    loop {
        let answer = http().get(&url).bearer_auth(&token).send().await.unwrap();
        let answer: Value = answer.json().await.unwrap();
        let entries = answer["entries"].as_array().unwrap();
        if !entries.is_empty() {
            return entries.clone();
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_change_is_in_the_history_and_an_event_on_standard_error() {
    let mut server = Server::serve();
    let stderr = BufReader::new(server.process.stderr.take().unwrap());
    verify(&server).await;
    let entries = history(&server).await;
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0]["route"], Route::VerifyContactMethod.key());
    let events = stderr.lines().filter_map(|line| {
        let line: Value = serde_json::from_str(&line.unwrap()).unwrap();
        (line["type"] == "contact.verification.recorded").then_some(line)
    });
    let event = events.into_iter().next().unwrap();
    assert_eq!(
        (&event["id"], &event["specversion"], &event["subject"]),
        (&entries[0]["id"], &json!("1.0"), &json!(ALEX))
    );
    assert_eq!(event["data"]["value"], "+14165550100");
}

/// A server that answers with these statuses in turn, and then with 204. It sends the head and the body of each request to the
/// receiver.
fn webhook(statuses: Vec<u16>) -> (String, Receiver<(String, Value)>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/events", listener.local_addr().unwrap());
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut statuses = statuses.into_iter();
        for stream in listener.incoming() {
            let status = statuses.next().unwrap_or(204);
            let request = answer(stream.unwrap(), status);
            if send.send(request).is_err() {
                return;
            }
        }
    });
    (url, receive)
}

fn answer(stream: TcpStream, status: u16) -> (String, Value) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut head, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        let line = line.to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        head.push_str(&line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut stream = stream;
    write!(
        stream,
        "HTTP/1.1 {status} -\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    )
    .unwrap();
    (head, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn events_go_to_the_url_until_it_takes_them() {
    let (url, received) = webhook(vec![204, 500, 204]);
    let server = Server::start(contacts().args(["serve", "--events", &url]));
    verify(&server).await;
    let entries = history(&server).await;
    // The demo data's subscription comes first; the second event is refused once.
    let mut events: Vec<(String, Value)> = Vec::new();
    while events
        .iter()
        .filter(|(_, event)| event["id"] == entries[0]["id"])
        .count()
        < 2
    {
        events.push(received.recv().unwrap());
    }
    for (head, event) in &events {
        assert!(head.starts_with("post /events "), "{head}");
        assert!(
            head.contains("content-type: application/cloudevents+json"),
            "{head}"
        );
        assert_eq!(event["specversion"], "1.0");
    }
}

#[tokio::test]
async fn the_history_of_a_folder_is_there_after_a_restart_and_goes_on() {
    let folder = Folder::new();
    let data = folder.0.join("data");
    let start = || Server::start(contacts().arg("serve").arg("--data").arg(&data));
    let server = start();
    verify(&server).await;
    let before = history(&server).await;
    assert_eq!(server.end("-TERM").0, Some(0));
    let server = start();
    assert_eq!(history(&server).await, before);
    let url = format!("{}{}", server.url, Route::VerifyContactMethod.path_of(ALEX));
    let clear = json!({ "type": "phone", "value": "+14165550100" });
    let person = token(&["--organization", CRM_ORGANIZATION]);
    assert_eq!(patch(&url, &person, clear.to_string()).await.0, 200);
    while history(&server).await.len() < 2 {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[test]
fn a_contact_is_erased_once_and_a_dry_run_erases_nothing() {
    let database = database();
    let folder = Folder::new();
    let seed = json!({ "organizations": [{ "id": "org_x", "contacts": [{
        "id": "c_1", "phoneNumber": [{ "value": "+14165550100" }], "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
    }], "audiences": ["newsletter"], "clients": ["website"] }] });
    let seed = folder.file("seed.json", &seed.to_string());
    succeeded(output(tool(&database, &["seed"]).arg(&seed)));
    let erase = |arguments: &[&str]| {
        let command = ["erase", "--organization", "org_x", "--contact", "c_1"];
        output(tool(&database, &command).args(arguments))
    };
    for arguments in [&["--dry-run"][..], &["--dry-run", "--json"], &["--json"]] {
        let found = succeeded(erase(arguments));
        if arguments.contains(&"--json") {
            let report: Value = serde_json::from_str(&found).unwrap();
            assert_eq!(
                [
                    &report["methods"],
                    &report["subscriptions"],
                    &report["contact"]
                ],
                [&json!(2), &json!(1), &json!("c_1")]
            );
            assert_eq!(report["dryRun"], arguments.contains(&"--dry-run"));
        } else {
            assert!(
                found.starts_with("contact c_1 of org_x would be erased ("),
                "{found}"
            );
        }
    }
    for arguments in [&[][..], &["--dry-run"]] {
        let again = erase(arguments);
        assert_eq!(again.status.code(), Some(1));
        assert!(text(&again.stderr).contains("no contact with this id"));
    }
}
