//! The function as Lambda runs it: its binary, its environment, the Runtime API. The other functions start in the same way
//! (`shared::start`).

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use contacts::development;
use serde_json::{Value, json};

const NO_TOKEN: &str = include_str!("../../../events/verify-phone-number/no-token.json");
const RECORDED: &str = include_str!("../../../events/verify-phone-number/recorded.json");

/// The function with the settings of a development machine. Nothing listens at the address of its database.
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

/// The error of a function that does not start, which is one line.
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

/// A request: the lines of its head, and its body.
fn read_request(stream: &mut BufReader<TcpStream>) -> io::Result<(Vec<String>, Vec<u8>)> {
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line)? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end().to_owned();
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let length = header(&lines, "content-length").map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok((lines, body))
}

fn header<'l>(lines: &'l [String], name: &str) -> Option<&'l str> {
    lines
        .iter()
        .filter_map(|line| line.split_once(": "))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A running function, as the Runtime API sees it.
struct Running {
    process: Child,
    runtime_api: BufReader<TcpStream>,
}

impl Running {
    fn start(function: &mut Command) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let process = function
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (stream, _) = listener.accept().unwrap();
        Self {
            process,
            runtime_api: BufReader::new(stream),
        }
    }

    /// The function's answer to an event.
    fn invoke(&mut self, event: &str, trace: &str) -> Value {
        let (next, _) = read_request(&mut self.runtime_api).unwrap();
        assert!(
            next[0].starts_with("GET /2018-06-01/runtime/invocation/next "),
            "{next:?}"
        );
        write!(
            self.runtime_api.get_mut(),
            "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: invocation_1\r\n\
             Lambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:local:0:function:f\r\n\
             Lambda-Runtime-Trace-Id: {trace}\r\nContent-Length: {}\r\n\r\n{event}",
            event.len()
        )
        .unwrap();
        let (response, body) = read_request(&mut self.runtime_api).unwrap();
        assert!(
            response[0].starts_with("POST /2018-06-01/runtime/invocation/invocation_1/response "),
            "{response:?}"
        );
        write!(
            self.runtime_api.get_mut(),
            "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
        )
        .unwrap();
        serde_json::from_slice(&body).unwrap()
    }

    /// Ends the function. Returns its standard output and its standard error.
    fn end(&mut self) -> (String, String) {
        // The function waits for the next event and does not end by itself.
        self.process.kill().unwrap();
        let (mut output, mut errors) = (String::new(), String::new());
        let process = &mut self.process;
        let stdout = process.stdout.as_mut().unwrap();
        stdout.read_to_string(&mut output).unwrap();
        let stderr = process.stderr.as_mut().unwrap();
        stderr.read_to_string(&mut errors).unwrap();
        (output, errors)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // The process may have ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Starts a database without tables. Returns its URL, and the heads of the requests that it gets.
fn database() -> (String, Receiver<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (heads, received) = mpsc::channel();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let heads = heads.clone();
            thread::spawn(move || {
                while let Ok((head, _)) = read_request(&mut stream) {
                    let body = r#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException"}"#;
                    write!(
                        stream.get_mut(),
                        "HTTP/1.1 400 Bad Request\r\nContent-Length: {}\r\n\r\n{body}",
                        body.len()
                    )
                    .unwrap();
                    // The test may have ended. Then nobody receives the head.
                    let _ = heads.send(head);
                }
            });
        }
    });
    (url, received)
}

const TRACE: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

/// The lines of a function's log.
fn lines(log: &str) -> Vec<Value> {
    log.lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}")))
        .collect()
}

#[test]
fn the_binary_answers_events_of_the_runtime_api() {
    let mut function = Running::start(&mut function());
    for _ in 0..2 {
        let answer = function.invoke(NO_TOKEN, TRACE);
        assert_eq!(answer["statusCode"], 401);
        let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
        assert_eq!(
            body["message"],
            "Unauthorized: missing Authorization header"
        );
    }
}

#[test]
fn each_request_is_one_line_on_standard_output_and_the_first_was_a_cold_start() {
    let mut function = Running::start(&mut function());
    let answers = [
        function.invoke(NO_TOKEN, TRACE),
        function.invoke(NO_TOKEN, "no trace"),
    ];
    let (log, errors) = function.end();
    assert_eq!(errors, "");
    let lines = lines(&log);
    assert_eq!(lines.len(), 2, "{log}");
    for (line, answer) in lines.iter().zip(&answers) {
        assert_eq!(line["request.id"], answer["headers"]["x-request-id"]);
        assert_eq!(
            (&line["status"], &line["outcome"]),
            (&json!(401), &json!("unauthorized"))
        );
        assert_eq!(line["FunctionName"], "verify-phone-number");
        assert!(line["_aws"]["CloudWatchMetrics"].is_array());
    }
    assert_eq!(
        [&lines[0]["cold_start"], &lines[1]["cold_start"]],
        [&json!(true), &json!(false)]
    );
    assert_eq!(lines[0]["trace.id"], "1-5759e988-bd862e3fe1be46a994272793");
    assert!(
        lines[1].get("trace.id").is_none(),
        "what is no trace id is not logged"
    );
}

#[test]
fn a_log_level_above_info_leaves_the_metrics() {
    let mut function = Running::start(function().env("LOG_LEVEL", "error"));
    function.invoke(NO_TOKEN, TRACE);
    let (log, _) = function.end();
    let lines = lines(&log);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["requests"], &lines[0]["outcome"]),
        (&json!(1), &json!("unauthorized"))
    );
    assert!(lines[0].get("request.id").is_none());
}

#[test]
fn without_metrics_a_request_has_the_same_line_without_them() {
    let mut function = Running::start(function().env("METRICS", "off"));
    function.invoke(NO_TOKEN, TRACE);
    let (log, _) = function.end();
    let lines = lines(&log);
    assert_eq!(lines.len(), 1);
    assert_eq!(
        (&lines[0]["status"], &lines[0]["outcome"]),
        (&json!(401), &json!("unauthorized"))
    );
    for of_metrics in ["_aws", "FunctionName", "FunctionVersion"] {
        assert!(lines[0].get(of_metrics).is_none(), "{of_metrics}");
    }
}

#[test]
fn the_trace_goes_on_to_the_database() {
    let (url, heads) = database();
    let mut function = Running::start(function().env("AWS_ENDPOINT_URL_DYNAMODB", url));
    let opening = heads.recv().unwrap();
    assert_eq!(
        header(&opening, "x-amz-target"),
        Some("DynamoDB_20120810.GetItem"),
        "the connection is opened before the first event"
    );
    let answer = function.invoke(RECORDED, TRACE);
    assert_eq!(answer["statusCode"], 500);
    let update = heads.recv().unwrap();
    assert_eq!(
        header(&update, "x-amz-target"),
        Some("DynamoDB_20120810.UpdateItem")
    );
    assert_eq!(header(&update, "x-amzn-trace-id"), Some(TRACE));
}

#[test]
fn an_endpoint_without_tls_needs_no_certificates() {
    let (url, heads) = database();
    let mut function = Running::start(
        function()
            .env("AWS_ENDPOINT_URL_DYNAMODB", url)
            .env("SSL_CERT_FILE", "/nonexistent"),
    );
    assert_eq!(function.invoke(RECORDED, TRACE)["statusCode"], 500);
    let targets = heads
        .iter()
        .take(2)
        .map(|head| header(&head, "x-amz-target").map(str::to_owned));
    assert!(
        targets.eq(["GetItem", "UpdateItem"].map(|call| Some(format!("DynamoDB_20120810.{call}"))))
    );
    // The function would report a failure to load the certificates.
    let (_, errors) = function.end();
    assert_eq!(errors, "");
}

#[test]
fn the_function_calls_the_database_through_a_proxy() {
    let (proxy, heads) = database();
    let mut function = Running::start(function().env("HTTP_PROXY", proxy));
    assert_eq!(function.invoke(RECORDED, TRACE)["statusCode"], 500);
    let opening = heads.recv().unwrap();
    assert!(
        opening[0].starts_with("POST http://127.0.0.1:1/ "),
        "{opening:?}"
    );
}

#[test]
fn nothing_personal_is_written_whatever_the_level_and_the_outcome() {
    let (url, _heads) = database();
    let mut function = Running::start(
        function()
            .env("AWS_ENDPOINT_URL_DYNAMODB", url)
            .env("LOG_LEVEL", "trace"),
    );
    let marked = |event: &str| {
        let mut event: Value = serde_json::from_str(event).unwrap();
        event["body"] = json!(
            r#"{"phoneNumber": "+1 (416) 555-0177", "verifiedAt": "2024-01-01T00:00:00Z", "xmember": "xvalue"}"#
        );
        event["rawQueryString"] = json!("xquery=xmarked@example.com");
        event["headers"]["x-marked"] = json!("xheader");
        event["requestContext"]["http"]["sourceIp"] = json!("203.0.113.77");
        event["requestContext"]["http"]["userAgent"] = json!("xagent");
        event["pathParameters"]["id"] = json!("xcontact");
        event
    };
    let mut written_for = |event: &Value, status: u16| {
        let answer = function.invoke(&event.to_string(), TRACE);
        assert_eq!(answer["statusCode"], status);
    };
    let token = {
        let event = marked(RECORDED);
        written_for(&event, 500);
        event["headers"]["authorization"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let mut bad_body = marked(RECORDED);
    bad_body["body"] = json!(r#"{"phoneNumber": "xnumber", "verifiedAt": "xtime"}"#);
    written_for(&bad_body, 400);
    let mut not_json = marked(RECORDED);
    not_json["body"] = json!("xbody");
    written_for(&not_json, 400);
    let mut bad_token = marked(RECORDED);
    bad_token["headers"]["authorization"] = json!(format!("{token}x"));
    written_for(&bad_token, 401);

    let (log, errors) = function.end();
    assert_eq!(
        lines(&log)
            .iter()
            .filter(|line| line["message"] == "request")
            .count(),
        4
    );
    let written = log + &errors;
    let parts = token.trim_start_matches("Bearer ").split('.');
    let personal = [
        "5550177",
        "555-0177",
        "xmember",
        "xvalue",
        "xquery",
        "xmarked",
        "xheader",
        "203.0.113.77",
        "xagent",
        "xcontact",
        "xnumber",
        "xtime",
        "xbody",
    ];
    for personal in personal.into_iter().chain(parts) {
        assert!(!written.contains(personal), "{personal} in\n{written}");
    }
}
