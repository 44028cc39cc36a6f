//! An event for the probe, and the settings that it is handled with.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs};

use anyhow::{Context, ensure};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use contacts::development;
use contacts::serve::engine::Engine;
use serde_json::Value;

use super::callgrind::{self, Counts};
use super::keys::{SigningKey, key_set};
use crate::release;

/// The table that is worked on.
pub(super) const TABLE_NAME: &str = "contacts";

/// How often a work is counted. It differs a little from time to time: hash maps have random seeds.
const COUNTED: u32 = 20;

/// More tokens than a function remembers: each is new to it when its turn comes again.
const NEW_TOKENS: usize = 1000;

/// An event, and the settings that it is handled with.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    event: Value,
    /// What its requests are sent with.
    tokens: Vec<String>,
    environment: BTreeMap<&'static str, String>,
}

impl Invocation {
    /// A sample event, over the data in `engine`.
    pub(super) fn of_event(engine: &Engine, name: &str) -> anyhow::Result<Self> {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../events/{name}.json"));
        let settings = development::settings_from(&|_| Ok(None))?;
        let environment = BTreeMap::from([
            ("AWS_ACCESS_KEY_ID", "local".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "local".to_owned()),
            ("AWS_REGION", "local".to_owned()),
            ("AWS_ENDPOINT_URL_DYNAMODB", engine.url.to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "probe".to_owned()),
            ("JWT_AUDIENCE", settings.authenticator.audiences.join(",")),
            ("JWT_ISSUER", settings.authenticator.issuer),
            ("JWT_KEYS", development::key_set()),
            ("TABLE_NAME", TABLE_NAME.to_owned()),
        ]);
        let event: Value = serde_json::from_slice(&fs::read(file)?)?;
        let authorization = event["headers"]["authorization"].as_str();
        let token = authorization.and_then(|value| value.strip_prefix("Bearer "));
        let token = token.context("an event without a token")?.to_owned();
        Ok(Self {
            event,
            tokens: vec![token],
            environment,
        })
    }

    /// The same with tokens that are signed by this algorithm, for each request another.
    pub(super) fn with_new_tokens(mut self, algorithm: &'static str) -> anyhow::Result<Self> {
        let claims = self
            .tokens
            .first()
            .and_then(|token| token.split('.').nth(1));
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims.context("a token without claims")?)?;
        let mut claims: Value = serde_json::from_slice(&claims)?;
        let key = SigningKey::generate(algorithm, "key_1");
        self.tokens = (0..NEW_TOKENS)
            .map(|n| {
                claims["jti"] = format!("{n:03}").into();
                key.token(&claims)
            })
            .collect();
        self.environment
            .insert("JWT_KEYS", key_set(&[&key]).to_string());
        Ok(self)
    }

    /// The same without the line in the log.
    pub(super) fn without_log(mut self) -> Self {
        self.environment.remove("AWS_LAMBDA_FUNCTION_NAME");
        self.environment.insert("LOG_LEVEL", "off".to_owned());
        self
    }

    /// What it costs to do a work once.
    pub(super) fn count(&self, work: &str) -> anyhow::Result<Counts> {
        let folder = tempfile::tempdir()?;
        let command = self.command(folder.path(), COUNTED, &["count", work])?;
        callgrind::count(&command, folder.path())
    }

    /// The processor time of each repetition of each work, in nanoseconds.
    pub(super) fn time(&self, repetitions: u32) -> anyhow::Result<Value> {
        let folder = tempfile::tempdir()?;
        let mut command = self.command(folder.path(), repetitions, &["time"])?;
        let output = command.env_clear().envs(&self.environment).output()?;
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "{command:?}: {said}");
        Ok(serde_json::from_str(&said)?)
    }

    fn command(&self, folder: &Path, repetitions: u32, how: &[&str]) -> anyhow::Result<Command> {
        let event = folder.join("event.json");
        fs::write(&event, self.event.to_string())?;
        let tokens = folder.join("tokens");
        fs::write(&tokens, self.tokens.join("\n"))?;
        let mut command = Command::new(probe()?);
        command
            .envs(&self.environment)
            .arg(event)
            .arg(tokens)
            .arg(repetitions.to_string())
            .args(how)
            .stdout(Stdio::null());
        Ok(command)
    }
}

/// The probe's file: it is built with the release profile, whatever this program was built with.
fn probe() -> anyhow::Result<PathBuf> {
    let this = env::current_exe()?;
    let target = this.ancestors().nth(2).context("not in a target folder")?;
    Ok(target.join("release/probe"))
}

/// Builds the probe by itself, so that its dependencies have the features that the functions' have.
pub(super) fn build_probe() -> anyhow::Result<()> {
    release::build(&["--package", "probe"])
}
