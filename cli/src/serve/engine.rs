//! The database: embedded in the process on a loopback port of its own, or another endpoint.

use std::fs::{self, File, TryLockError};
use std::net::Ipv4Addr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Builder, Credentials, Region};
use dynoxide::Database;
use shared::settings::environment_variable;
use shared::store::{ClientTimeouts, configure};
use shared::{configured_endpoint, is_loopback};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;

/// How long requests that are under way may take to end once the engine is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// How long `serve` waits for its database. On one machine all requests share one engine, and it shares the processor
/// with everything else: what takes long is mostly queueing, not lost.
pub const PATIENCE: ClientTimeouts = ClientTimeouts {
    connect: Duration::from_secs(2),
    attempt: Duration::from_secs(4),
    operation: Duration::from_secs(9),
    attempts: 4,
};

/// How long a request to `serve` may take, for the same reason; API Gateway would wait for 30 seconds.
pub const DEADLINE: Duration = Duration::from_secs(25);

/// How long a change waits for its turn where many callers change one contact.
pub const CONTENTION_BUDGET: Duration = Duration::from_secs(15);

/// The embedded engine. The real AWS SDK talks to it, as it talks to DynamoDB.
pub struct Engine {
    /// Where it listens.
    pub url: Url,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), String>>,
    /// Held for as long as the engine runs: two processes on one file would each take it for theirs.
    _folder: Option<File>,
}

impl Engine {
    /// An engine on 127.0.0.1:`port`, with its data in `folder` or in memory.
    ///
    /// # Errors
    /// When the folder is in use or cannot be used, or when the port is taken.
    pub async fn start(folder: Option<&Path>, port: u16) -> anyhow::Result<Self> {
        let (database, folder) = match folder {
            None => (
                Database::memory().map_err(|error| anyhow!("{error}"))?,
                None,
            ),
            Some(folder) => {
                let (database, lock) =
                    open(folder).with_context(|| format!("--data {}", folder.display()))?;
                (database, Some(lock))
            }
        };
        let listener = listen(port).await?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database,
            async {
                let _ = stopped.await;
            },
        ));
        Ok(Self {
            url,
            stop,
            running,
            _folder: folder,
        })
    }

    /// Ends the engine once the requests that are under way are answered, or after a grace period. What it has answered
    /// is on disk either way.
    ///
    /// # Errors
    /// When it had already failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        // It may have ended by itself; then what follows says why.
        let _ = self.stop.send(());
        let mut running = self.running;
        if let Ok(ended) = tokio::time::timeout(STOP_GRACE, &mut running).await {
            ended?.map_err(|error| anyhow!("the embedded database: {error}"))
        } else {
            // A client that holds a request half sent would keep it for ever.
            running.abort();
            Ok(())
        }
    }
}

/// A listener on 127.0.0.1.
///
/// # Errors
/// When the port is taken.
pub async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!(
                "cannot listen on 127.0.0.1:{port} (choose another with --port; 0 picks a free one)"
            )
        })
}

fn open(folder: &Path) -> anyhow::Result<(Database, File)> {
    fs::create_dir_all(folder).context("the folder cannot be made")?;
    let lock = File::create(folder.join("lock")).context("the folder cannot be written to")?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("the folder is in use by another process"),
        Err(TryLockError::Error(error)) => {
            return Err(error).context("the folder cannot be locked");
        }
    }
    let file = folder.join("contacts.sqlite");
    let file = file
        .to_str()
        .context("the folder's name is not Unicode text")?;
    let database = Database::new(file)
        .map_err(|error| anyhow!("contacts.sqlite cannot be opened: {error}"))?;
    Ok((database, lock))
}

/// A client of the endpoint at `url`. On loopback, where no engine checks them, the region and credentials are made up
/// unless the environment has some; for any other endpoint the SDK looks for them where it always does.
pub async fn client(url: &Url, timeouts: ClientTimeouts) -> Client {
    let builder = if is_loopback(url) && url.scheme() == "http" {
        // What is not Unicode text is no credential either.
        let value_of = |name| environment_variable(name).ok().flatten();
        let region = value_of("AWS_REGION")
            .or_else(|| value_of("AWS_DEFAULT_REGION"))
            .unwrap_or("local".to_owned());
        let key = value_of("AWS_ACCESS_KEY_ID").zip(value_of("AWS_SECRET_ACCESS_KEY"));
        let (key_id, secret) = key.unwrap_or_else(|| ("local".to_owned(), "local".to_owned()));
        Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new(region))
            .credentials_provider(Credentials::new(
                key_id,
                secret,
                None,
                None,
                "for a local engine",
            ))
            // Without TLS, so that no certificates are loaded.
            .http_client(aws_smithy_http_client::Builder::new().build_http())
    } else {
        from_environment().await
    };
    let builder = builder
        .endpoint_url(url.as_str())
        // The SDK's budget for retries is for all clients of a partition; one endpoint must not use up another's.
        .retry_partition(RetryPartition::new(url.to_string()));
    Client::from_conf(configure(builder, timeouts).build())
}

/// A client of AWS's own endpoint, with the region and the credentials that the SDK finds.
pub(crate) async fn aws_client(timeouts: ClientTimeouts) -> Client {
    Client::from_conf(configure(from_environment().await, timeouts).build())
}

async fn from_environment() -> Builder {
    Builder::from(&aws_config::load_defaults(BehaviorVersion::v2026_01_12()).await)
}

/// The endpoint that the environment names, if it names one.
///
/// # Errors
/// When what it names is not a URL.
pub(crate) fn configured_url() -> anyhow::Result<Option<Url>> {
    configured_endpoint()
        .map(|url| {
            url.parse()
                .with_context(|| format!("AWS_ENDPOINT_URL_DYNAMODB is wrong: {url} is not a URL"))
        })
        .transpose()
}
