//! `contacts token --explain`: who the caller of a token would be, or why the token is refused.
//!
//! The code of the functions decides. This module only describes the decision.

mod faults;

use std::fmt::Write;
use std::io::{self, IsTerminal, Read};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value};
use shared::auth::{Caller, ClaimName, Explanation, Refusal};
use shared::domain::Timestamp;
use shared::settings::Settings;
use shared::system_clock;

use crate::development;
use crate::output::print;

/// The maximum length of the input, in bytes: far more than a token has.
const MAX_INPUT_BYTES: u64 = 1024 * 1024;

/// Runs `contacts token --explain`.
///
/// # Errors
/// When a setting is invalid, standard input cannot be read, or standard output cannot be written to.
pub async fn run() -> anyhow::Result<ExitCode> {
    let settings = development::settings()?;
    if io::stdin().is_terminal() {
        eprintln!("contacts: paste a token, and end the input with Ctrl-D on a line of its own");
    }
    let mut input = Vec::new();
    io::stdin()
        .lock()
        .take(MAX_INPUT_BYTES)
        .read_to_end(&mut input)
        .context("standard input")?;
    let input = String::from_utf8_lossy(&input);
    let token = token_in(&input);
    if token.is_empty() {
        print("Refused: standard input holds no token.\n")?;
        return Ok(ExitCode::FAILURE);
    }
    let now = system_clock()();
    let explanation = settings.authenticator.explain(token, now).await;
    let examined = Examined {
        settings: &settings,
        token,
        header: part(token, 0),
        claims: part(token, 1),
        now,
    };
    print(&examined.report(&explanation))?;
    Ok(ExitCode::from(u8::from(explanation.decision.is_err())))
}

/// The token in a text. Before it, the text may have `Bearer`, or the name of the header and `Bearer`.
fn token_in(text: &str) -> &str {
    let mut token = text.trim().trim_start_matches('\u{feff}').trim_start();
    for before in ["authorization:", "bearer "] {
        if let Some((start, rest)) = token.split_at_checked(before.len())
            && start.eq_ignore_ascii_case(before)
        {
            token = rest.trim_start();
        }
    }
    token
}

/// The object in a part of a token, if it is one.
fn part(token: &str, position: usize) -> Option<Map<String, Value>> {
    let json = BASE64_URL_SAFE_NO_PAD
        .decode(token.split('.').nth(position)?)
        .ok()?;
    serde_json::from_slice(&json).ok()
}

/// A token with its parts, the settings and the time. Anybody may have written the claims, unless the token is accepted.
struct Examined<'a> {
    settings: &'a Settings,
    token: &'a str,
    header: Option<Map<String, Value>>,
    claims: Option<Map<String, Value>>,
    now: Timestamp,
}

impl Examined<'_> {
    fn report(&self, explanation: &Explanation) -> String {
        let mut text = match &explanation.decision {
            Ok(caller) => format!("Accepted.\n\n{}", self.describe(caller, explanation)),
            Err(Refusal::KeysUnavailable(error)) => {
                let error = anyhow::Error::new(Arc::clone(error));
                let keys = self.keys_source();
                format!("No answer: the keys of {keys} are not available: {error:#}.\n")
            }
            Err(refusal) => format!("Refused: {refusal}.\n"),
        };
        for fault in &explanation.faults {
            let detail = self.detail(fault, explanation);
            // This cannot fail: the text is in memory.
            let _ = write!(text, "\n- {fault}\n");
            for line in detail {
                let _ = writeln!(text, "  {line}");
            }
        }
        if explanation.decision.is_err()
            && let Some(claims) = &self.claims
        {
            let _ = if claims.is_empty() {
                write!(text, "\nThe token has no claims.\n")
            } else {
                write!(text, "\nThe token has the claims {}.\n", names(claims))
            };
        }
        text
    }

    /// A line for each fact of the caller, with the claim that it comes from.
    fn describe(&self, caller: &Caller, explanation: &Explanation) -> String {
        let names = &self.settings.authenticator.claim_names;
        let roles = &self.settings.authenticator.role_names;
        let organization = match caller.tenant() {
            Some(tenant) => format!("{} (`{}`)", tenant.organization(), names.organization),
            None => format!("none (`{}`)", names.organization),
        };
        let client = match caller.client() {
            Some(client) => format!(
                "{client} (`{}`): the caller is an application",
                names.client
            ),
            None => format!("none (`{}`): the caller is a user", names.client),
        };
        let role = match (caller.is_super_admin(), caller.is_admin()) {
            (true, _) => format!(
                "super administrator: `{}` has {}",
                names.role, roles.super_admin
            ),
            (false, true) => format!("administrator: `{}` has {}", names.role, roles.admin),
            (false, false) => format!(
                "none: `{}` has neither {} nor {}",
                names.role, roles.super_admin, roles.admin
            ),
        };
        let audience = if self.claim("aud").is_some() {
            "aud"
        } else {
            "client_id"
        };
        let lines = [
            ("subject", format!("{} (`sub`)", self.shown("sub"))),
            ("recorded as", caller.actor().as_str().to_owned()),
            ("organization", organization),
            ("client", client),
            ("role", role),
            ("expiry", format!("{} (`exp`)", self.time("exp"))),
            ("issuer", format!("{} (`iss`)", self.shown("iss"))),
            (
                "audience",
                format!("{} (`{audience}`)", self.shown(audience)),
            ),
            ("key", self.key_of_the_token(explanation)),
        ];
        let line = |(name, value): &(&str, String)| format!("{name:<14}{value}\n");
        lines.iter().map(line).collect()
    }

    /// A claim that is not null.
    fn claim(&self, name: &str) -> Option<&Value> {
        let claim = self.claims.as_ref()?.get(name)?;
        Some(claim).filter(|claim| !claim.is_null())
    }

    /// The value of a claim as JSON, shortened.
    fn shown(&self, name: &str) -> String {
        self.claim(name)
            .map_or_else(|| "absent".to_owned(), shortened)
    }

    fn found(&self, name: &ClaimName) -> Option<String> {
        let claims = Value::Object(self.claims.clone()?);
        name.find(&claims).map(shortened)
    }

    /// The time of a claim, and how far it is from now.
    fn time(&self, name: &str) -> String {
        let seconds = self.claim(name).and_then(Value::as_f64);
        // A number outside the range of dates is shown as it is.
        #[expect(clippy::cast_possible_truncation, reason = "the cast saturates")]
        let time = seconds.and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds as i64, 0));
        let Some(time) = time else {
            return self.shown(name);
        };
        let distance = time.timestamp() - self.now.unix_milliseconds() / 1000;
        let length = Duration::from_secs(distance.unsigned_abs());
        let length = humantime::format_duration(length);
        let time = time.to_rfc3339_opts(SecondsFormat::Secs, true);
        if distance >= 0 {
            format!("{time}, in {length}")
        } else {
            format!("{time}, {length} ago")
        }
    }

    /// The setting that the keys come from.
    fn keys_source(&self) -> String {
        match self.settings.authenticator.keys_url() {
            Some(url) => format!("JWT_KEYS_URL ({url})"),
            None if self.settings.authenticator.accepts_development_tokens() => {
                "JWT_KEYS (development keys)".to_owned()
            }
            None => "JWT_KEYS".to_owned(),
        }
    }
}

/// A value as JSON of at most 200 characters.
fn shortened(value: &Value) -> String {
    let json = value.to_string();
    match json.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json,
    }
}

/// The names of all claims. A claim within an object is a pointer, as a setting `JWT_CLAIM_…` takes it.
fn names(claims: &Map<String, Value>) -> String {
    let escaped = |name: &str| name.replace('~', "~0").replace('/', "~1");
    let names = claims.iter().flat_map(|(name, value)| {
        let members = value.as_object().into_iter().flat_map(Map::keys);
        let pointer = |member: &String| format!("`/{}/{}`", escaped(name), escaped(member));
        let mut all: Vec<_> = members.map(pointer).collect();
        all.insert(0, format!("`{name}`"));
        all
    });
    names.collect::<Vec<_>>().join(", ")
}
