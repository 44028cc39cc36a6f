//! A function's process, and the Lambda Runtime API from which it gets events.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, bail, ensure};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::{Mutex, mpsc};

/// A request of the function to the Runtime API, and its time.
enum Happened {
    /// The function asks for an event.
    Asked(Instant),
    /// The function answers an event.
    Answered(Instant, Bytes),
}

/// The Runtime API's side of the conversation.
struct RuntimeApi {
    happened: Sender<Happened>,
    events: Mutex<Receiver<String>>,
}

/// A running function.
pub(crate) struct Function {
    process: Child,
    happened: Receiver<Happened>,
    events: Sender<String>,
}

impl Function {
    /// Starts a function as Lambda does, with only this environment.
    pub(crate) async fn start(
        command: std::process::Command,
        environment: &BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (sender, happened) = mpsc::channel(1);
        let (events, receiver) = channel(1);
        let state = Arc::new(RuntimeApi {
            happened: sender,
            events: Mutex::new(receiver),
        });
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/1/response", post(response))
            .with_state(state);
        let listener = listener.tap_io(|stream| {
            // Otherwise answers would wait for acknowledgements.
            let _ = stream.set_nodelay(true);
        });
        tokio::spawn(async move {
            // The server never ends by itself.
            let _ = axum::serve(listener, routes).await;
        });
        let process = Command::from(command)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        Ok(Self {
            process,
            happened,
            events,
        })
    }

    /// Waits until the function asks for an event, and returns the time.
    pub(crate) async fn asks(&mut self) -> anyhow::Result<Instant> {
        match self.happens().await? {
            Happened::Asked(at) => Ok(at),
            Happened::Answered(..) => bail!("the function has answered twice"),
        }
    }

    /// Lets the function handle an event, and returns the time of its answer. Then waits until it asks for the next event.
    pub(crate) async fn handle(&mut self, event: &str) -> anyhow::Result<Instant> {
        self.events.send(event.to_owned()).await?;
        let Happened::Answered(at, body) = self.happens().await? else {
            bail!("the function has not answered");
        };
        let answer: Value = serde_json::from_slice(&body)?;
        // 404: the function searched for a number that the contact does not have, which is as much work.
        ensure!(
            [200, 404].map(Value::from).contains(&answer["statusCode"]),
            "{answer}"
        );
        self.asks().await?;
        Ok(at)
    }

    pub(crate) fn id(&self) -> anyhow::Result<u32> {
        self.process.id().context("the function has ended")
    }

    /// Ends the function by SIGTERM, as Lambda does, and waits for its end.
    pub(crate) async fn end(mut self) -> anyhow::Result<()> {
        Command::new("kill")
            .arg(self.id()?.to_string())
            .status()
            .await?;
        self.process.wait().await?;
        Ok(())
    }

    async fn happens(&mut self) -> anyhow::Result<Happened> {
        tokio::select! {
            happened = self.happened.recv() => happened.context("the Runtime API has ended"),
            ended = self.process.wait() => bail!("the function has ended: {}", ended?),
        }
    }
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> impl IntoResponse {
    let asked = api.happened.send(Happened::Asked(Instant::now())).await;
    let event = api.events.lock().await.recv().await;
    let (Ok(()), Some(event)) = (asked, event) else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("Content-Type", "application/json"),
        ("Lambda-Runtime-Aws-Request-Id", "1"),
        ("Lambda-Runtime-Deadline-Ms", "4102444800000"),
        (
            "Lambda-Runtime-Invoked-Function-Arn",
            "arn:aws:lambda:local:0:function:f",
        ),
    ];
    (headers, event).into_response()
}

async fn response(State(api): State<Arc<RuntimeApi>>, body: Bytes) -> StatusCode {
    // The receiver may be gone already.
    let _ = api
        .happened
        .send(Happened::Answered(Instant::now(), body))
        .await;
    StatusCode::ACCEPTED
}
