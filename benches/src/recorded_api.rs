//! The API in this process, as `contacts serve` runs it, with every call of its database recorded.

use anyhow::Context;
use aws_sdk_dynamodb::Client;
use contacts::client;
use contacts::development::{self, Identity};
use contacts::seed::Seed;
use contacts::serve::engine::{self, Engine};
use contacts::serve::gateway::Gateway;
use serde_json::Value;
use shared::Service;
use shared::domain::PhoneRegion;
use shared::settings::Settings;
use shared::store::{ChangeStream, Store, create_table};
use url::Url;

use crate::recorder::{Call, Recorder};

/// The API, over an engine of its own in memory.
pub(crate) struct RecordedApi {
    url: Url,
    recorder: Recorder,
    store: Store,
    http: reqwest::Client,
    /// It ends with this.
    _engine: Engine,
}

/// What a request was answered, and what that took.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    pub(crate) calls: Vec<Call>,
}

impl Answer {
    /// What the request did, where the answer says so.
    pub(crate) fn outcome(&self) -> Option<&str> {
        // Endpoint 3 has it at the top.
        let outcome = self.body.get("outcome");
        outcome.unwrap_or(&self.body["data"]["outcome"]).as_str()
    }
}

impl RecordedApi {
    pub(crate) async fn start() -> anyhow::Result<Self> {
        let recorder = Recorder::default();
        let engine = Engine::start(None, 0).await?;
        let client = client::client(&engine.url, client::TIMEOUTS).await;
        let client = Client::from_conf(
            client
                .config()
                .to_builder()
                .interceptor(recorder.clone())
                .build(),
        );
        let settings = settings()?;
        create_table(&client, &settings.table_name, ChangeStream::Off).await?;
        let store = Store::new(client, settings.table_name.clone());
        let gateway = Gateway::new(Service::new(settings, store.clone()))?;
        let listener = engine::listen(0).await?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        tokio::spawn(gateway.serve(listener, std::future::pending()));
        Ok(Self {
            url,
            recorder,
            store,
            // It trusts no certificate, so that it does not load any.
            http: reqwest::Client::builder().tls_certs_only([]).build()?,
            _engine: engine,
        })
    }

    /// Loads a seed file's text.
    pub(crate) async fn seed(&self, json: &str) -> anyhow::Result<()> {
        Seed::parse(json, PhoneRegion::CANADA)?
            .load(&self.store)
            .await?;
        self.recorder.take();
        Ok(())
    }

    /// A `PATCH` to be completed.
    pub(crate) fn request(&self, path: &str) -> anyhow::Result<reqwest::RequestBuilder> {
        Ok(self.http.patch(self.url.join(path)?))
    }

    /// Sends a request, and tells what the API asked of its database for it.
    pub(crate) async fn send(&self, request: reqwest::RequestBuilder) -> anyhow::Result<Answer> {
        self.recorder.take();
        let answer = request.send().await?;
        let status = answer.status().as_u16();
        let body = answer.json().await?;
        Ok(Answer {
            status,
            body,
            calls: self.recorder.take(),
        })
    }
}

/// The settings of `contacts serve` where the environment sets none.
pub(crate) fn settings() -> anyhow::Result<Settings> {
    Ok(development::settings_from(&|_| Ok(None))?)
}

/// A token for a whole day.
pub(crate) fn token(identity: &Identity) -> anyhow::Result<String> {
    const DAY: std::time::Duration = std::time::Duration::from_hours(24);
    development::token(&settings()?, identity, DAY).context("a token cannot be made")
}
