//! The function as Lambda runs it: its binary, its environment, the Runtime API. The other functions start alike
//! (`shared::start`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use contacts::development;
use serde_json::Value;

const EVENT: &str = include_str!("../../../events/verify-phone-number/no-token.json");

/// The function with the settings of a development machine, whose database nobody answers for.
fn function() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_verify-phone-number"));
    command.env_clear().stdin(Stdio::null());
    for (name, value) in [
        ("TABLE_NAME", "contacts"),
        ("JWT_KEYS", development::key_set().as_str()),
        ("JWT_ISSUER", "https://contacts.localhost"),
        ("JWT_AUDIENCE", "contacts"),
        ("AWS_ENDPOINT_URL_DYNAMODB", "http://127.0.0.1:1"),
        ("AWS_REGION", "local"),
        ("AWS_ACCESS_KEY_ID", "local"),
        ("AWS_SECRET_ACCESS_KEY", "local"),
        ("AWS_LAMBDA_FUNCTION_NAME", "verify-phone-number"),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
        ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:1"),
    ] {
        command.env(name, value);
    }
    command
}

/// What a function that does not start says, in one line.
fn refusal(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(!output.status.success());
    let line = String::from_utf8(output.stderr).unwrap();
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    line
}

#[test]
fn a_function_without_a_required_setting_refuses_to_start_and_says_why() {
    for name in ["TABLE_NAME", "JWT_KEYS", "JWT_ISSUER", "JWT_AUDIENCE"] {
        let line = refusal(function().env_remove(name));
        assert!(line.contains(&format!("{name} is not set")), "{line}");
    }
}

#[test]
fn a_deployed_function_does_not_accept_the_published_key() {
    for endpoint in [None, Some("https://dynamodb.ca-central-1.amazonaws.com")] {
        let mut command = function();
        match endpoint {
            Some(endpoint) => command.env("AWS_ENDPOINT_URL_DYNAMODB", endpoint),
            None => command.env_remove("AWS_ENDPOINT_URL_DYNAMODB"),
        };
        let line = refusal(&mut command);
        assert!(
            line.contains("JWT_KEYS") && line.contains("development key"),
            "{line}"
        );
    }
}

/// One request to the Runtime API: its first line and its body.
fn read_request(stream: &mut BufReader<TcpStream>) -> (String, Vec<u8>) {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let length = lines.iter().find_map(|line| {
        line.to_ascii_lowercase()
            .strip_prefix("content-length: ")?
            .parse()
            .ok()
    });
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).unwrap();
    (lines.swap_remove(0), body)
}

#[test]
fn the_binary_answers_an_event_of_the_runtime_api() {
    let runtime_api = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = runtime_api.local_addr().unwrap().to_string();
    let mut process = function()
        .env("AWS_LAMBDA_RUNTIME_API", address)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();

    let (stream, _) = runtime_api.accept().unwrap();
    let mut stream = BufReader::new(stream);
    let (next, _) = read_request(&mut stream);
    assert!(
        next.starts_with("GET /2018-06-01/runtime/invocation/next "),
        "{next}"
    );
    write!(
        stream.get_mut(),
        "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: invocation_1\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
         Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:local:0:function:f\r\nContent-Length: {}\r\n\r\n{EVENT}",
        EVENT.len()
    )
    .unwrap();
    let (response, body) = read_request(&mut stream);
    // Its work is done; it would wait for the next event for ever.
    process.kill().unwrap();
    process.wait().unwrap();

    assert!(
        response.starts_with("POST /2018-06-01/runtime/invocation/invocation_1/response "),
        "{response}"
    );
    let answer: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(answer["statusCode"], 401);
    let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        body["message"],
        "Unauthorized: missing Authorization header"
    );
}
