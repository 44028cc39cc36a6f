//! Credentials of an operator: profiles with a `credential_process` or single sign-on, and missing credentials.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod common;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use hyper::{Request, Response};
use serde_json::json;

use self::common::other::Other;
use self::common::{Folder, contacts, output, text};

/// A profile with a `credential_process`, and one with single sign-on.
const CONFIG: &str = "\
[profile process]
region = ca-central-1
credential_process = PROCESS
[profile broken]
region = ca-central-1
credential_process = PROCESS no
[profile sso]
region = ca-central-1
sso_session = corp
sso_account_id = 123456789012
sso_role_name = Operator
[sso-session corp]
sso_region = ca-central-1
sso_start_url = https://corp.awsapps.com/start
sso_registration_scopes = sso:account:access
";

/// The file that `aws sso login` writes. Its name is the SHA-1 of `corp`, the name of the session.
const SSO_TOKEN: &str = ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json";

/// The home of an operator with these profiles. The `credential_process` notes each of its runs in the file `runs`.
fn home() -> Folder {
    let home = Folder::new();
    let credentials = json!({ "Version": 1, "AccessKeyId": "AKIDPROCESS", "SecretAccessKey": "secret", "SessionToken": "token" });
    let process = home.file(
        "process",
        &format!(
            "#!/bin/sh\nif [ \"$1\" = no ]; then echo 'no SSO today: ask the help desk' >&2; exit 7; fi\n\
             echo run >> '{}/runs'\necho '{credentials}'\n",
            home.0.display()
        ),
    );
    fs::set_permissions(&process, Permissions::from_mode(0o755)).unwrap();
    home.file(
        "config",
        &CONFIG.replace("PROCESS", process.to_str().unwrap()),
    );
    home
}

/// The tool with this home and no other AWS settings.
fn tool(home: &Folder, arguments: &[&str]) -> Command {
    let mut command = contacts();
    for name in [
        "AWS_PROFILE",
        "AWS_REGION",
        "AWS_DEFAULT_REGION",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
        "HTTP_PROXY",
        "http_proxy",
        "ALL_PROXY",
        "all_proxy",
    ] {
        command.env_remove(name);
    }
    command
        .args(arguments)
        .env("HOME", &home.0)
        .env("AWS_CONFIG_FILE", home.0.join("config"))
        .env("AWS_SHARED_CREDENTIALS_FILE", home.0.join("absent"))
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("TABLE_NAME", "contacts");
    command
}

/// An empty database and a portal of single sign-on that knows one token, in one server. The list has the access key ids of
/// the requests to the database.
async fn database_and_portal() -> (Other, Arc<Mutex<Vec<String>>>) {
    let keys = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&keys);
    let header = |request: &Request<_>, name: &str| {
        let value = request.headers().get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    };
    let server = Other::start(move |_, request| {
        let expires = 4_102_444_800_000_u64;
        if request.uri().path() == "/federation/credentials" {
            let is_known = header(request, "x-amz-sso_bearer_token") == "known";
            let credentials = json!({ "accessKeyId": "AKIDSSO", "secretAccessKey": "secret", "sessionToken": "token", "expiration": expires });
            return Some(if is_known {
                Response::new(json!({ "roleCredentials": credentials }).to_string())
            } else {
                let error = Response::builder().status(401);
                let error = error.header("x-amzn-errortype", "UnauthorizedException");
                let message = json!({ "message": "Session token not found or invalid" });
                error.body(message.to_string()).unwrap()
            });
        }
        let authorization = header(request, "authorization");
        let (_, key) = authorization.split_once("Credential=").unwrap();
        let (key, _) = key.split_once('/').unwrap();
        seen.lock().unwrap().push(key.to_owned());
        let nothing = json!({ "Items": [], "Count": 0, "ScannedCount": 0 });
        let answer = Response::builder().header("content-type", "application/x-amz-json-1.0");
        Some(answer.body(nothing.to_string()).unwrap())
    })
    .await;
    (server, keys)
}

/// The URL of a server on this machine, in a form that is not loopback: on loopback the tool needs no credentials.
fn elsewhere(url: &str) -> String {
    url.replace("127.0.0.1", "0.0.0.0")
}

fn show(home: &Folder, profile: &str, server: &Other) -> Output {
    let url = elsewhere(&server.url);
    let show = ["show", "--organization", "org_x", "--dynamodb", &url];
    output(
        tool(home, &show)
            .env("AWS_PROFILE", profile)
            .env("AWS_ENDPOINT_URL_SSO", &server.url),
    )
}

/// The one line of an error with exit code 3.
fn error(output: &Output) -> String {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
    said.to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_process_is_asked_once() {
    let (server, keys) = database_and_portal().await;
    let home = home();
    let shown = show(&home, "process", &server);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    let keys = keys.lock().unwrap();
    assert!(
        !keys.is_empty() && keys.iter().all(|key| key == "AKIDPROCESS"),
        "{keys:?}"
    );
    assert_eq!(fs::read_to_string(home.0.join("runs")).unwrap(), "run\n");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_credential_process_that_fails_is_quoted() {
    let (server, keys) = database_and_portal().await;
    let said = error(&show(&home(), "broken", &server));
    assert!(said.contains("ask the help desk"), "{said}");
    assert!(!said.contains("aws sso login"), "{said}");
    assert!(keys.lock().unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_by_single_sign_on_is_used_and_a_missing_one_says_how_to_log_in() {
    let (server, keys) = database_and_portal().await;
    let home = home();
    let log_in = "log in with `aws sso login --profile sso`";
    let said = error(&show(&home, "sso", &server));
    assert!(said.contains(log_in), "{said}");

    let file = home.0.join(SSO_TOKEN);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let log_in_as = |token: &str, expires: &str| {
        let token = json!({
            "accessToken": token, "expiresAt": expires, "region": "ca-central-1",
            "startUrl": "https://corp.awsapps.com/start",
        });
        fs::write(&file, token.to_string()).unwrap();
    };
    for (token, expires) in [
        ("known", "2020-01-01T00:00:00Z"),
        ("ended", "2090-01-01T00:00:00Z"),
    ] {
        log_in_as(token, expires);
        let said = error(&show(&home, "sso", &server));
        assert!(said.contains(log_in) && !said.contains(token), "{said}");
    }
    assert!(keys.lock().unwrap().is_empty());

    log_in_as("known", "2090-01-01T00:00:00Z");
    let shown = show(&home, "sso", &server);
    assert!(shown.status.success(), "{}", text(&shown.stderr));
    assert!(keys.lock().unwrap().iter().all(|key| key == "AKIDSSO"));
}

#[test]
fn a_missing_region_or_credential_is_named_before_the_first_request() {
    let home = home();
    let commands = [
        &["show", "--organization", "org_x"][..],
        &["export", "--organization", "org_x"],
        &["provision", "--organization", "org_x", "--client", "app"],
        &["seed", "--samples", "org_x"],
    ];
    for command in commands {
        let nowhere = output(&mut tool(&home, command));
        assert_eq!(nowhere.status.code(), Some(2));
        let said = text(&nowhere.stderr);
        assert!(said.contains("set AWS_REGION"), "{said}");
        for (profile, named) in [
            (None, "set AWS_PROFILE"),
            (Some("absent"), "profile absent"),
        ] {
            let mut command = tool(&home, command);
            command.env("AWS_REGION", "ca-central-1");
            command.envs(profile.map(|profile| ("AWS_PROFILE", profile)));
            let said = error(&output(&mut command));
            assert!(
                said.contains("no AWS credentials") && said.contains(named),
                "{said}"
            );
        }
    }
}
