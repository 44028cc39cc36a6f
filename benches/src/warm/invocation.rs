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

/// The table that is worked on.
pub(super) const TABLE_NAME: &str = "contacts";

/// How often a work is counted. It differs a little from time to time: hash maps have random seeds.
const COUNTED: u32 = 20;

/// An event, and the settings that it is handled with.
#[derive(Debug, Clone)]
pub(super) struct Invocation {
    event: Value,
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
            ("JWT_AUDIENCE", settings.audience),
            ("JWT_ISSUER", settings.issuer),
            ("JWT_KEYS", development::key_set()),
            ("TABLE_NAME", TABLE_NAME.to_owned()),
        ]);
        Ok(Self {
            event: serde_json::from_slice(&fs::read(file)?)?,
            environment,
        })
    }

    /// The same with a token that is signed by this algorithm.
    pub(super) fn signed_with(mut self, algorithm: &'static str) -> anyhow::Result<Self> {
        let authorization = &mut self.event["headers"]["authorization"];
        let claims = authorization
            .as_str()
            .and_then(|value| value.split('.').nth(1));
        let claims = BASE64_URL_SAFE_NO_PAD.decode(claims.context("an event without a token")?)?;
        let key = SigningKey::generate(algorithm, "key_1");
        let token = key.token(&serde_json::from_slice(&claims)?);
        *authorization = format!("Bearer {token}").into();
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
        let mut command = Command::new(probe()?);
        command
            .envs(&self.environment)
            .arg(event)
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
    let status = Command::new(env!("CARGO"))
        .args(["build", "--release", "--locked", "--package", "probe"])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(".."))
        .status()?;
    ensure!(status.success(), "the probe cannot be built");
    Ok(())
}
