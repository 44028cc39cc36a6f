//! What does not depend on time: right answers under load, connections to the database, and what requests consume as the
//! data grow.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context, ensure};
use contacts::serve::engine;
use tokio::io::copy_bidirectional;
use tokio::net::TcpStream;
use url::Url;

use super::bare::Calls;
use super::load::{Api, load};
use super::process::Server;
use super::say;
use super::scene::{Endpoint, Outcome, Shape, seed};

/// Requests of each kind.
const REQUESTS: usize = 40;
/// Connections that ask at the same time.
const CONNECTIONS: usize = 8;
/// Most memory of `contacts serve` with the demo data and these contacts, in megabytes.
const MOST_MEGABYTES: f64 = 60.0;

pub(super) async fn run(binary: &Path) -> anyhow::Result<()> {
    answers_and_connections(binary).await?;
    growth().await
}

/// Each caller at most needs what its request asks for at the same time, and callers that come later use what is open.
async fn answers_and_connections(binary: &Path) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("seed.json");
    let each = REQUESTS + CONNECTIONS;
    std::fs::write(&file, seed(0..each * Endpoint::ALL.len(), Shape::ORDINARY))?;
    let file = file.to_string_lossy();
    let database = Server::start(binary, &["--database-only", "--seed", &file])?;

    for connections in [1, CONNECTIONS] {
        let counting = Counting::start(&database.url).await?;
        let serve = Server::start(
            binary,
            &["--dynamodb", counting.url.as_str(), "--seed", &file],
        )?;
        // What it opened to load its data has done its work.
        counting.opened.store(0, Ordering::SeqCst);
        let mut at_once = 0;
        for (n, endpoint) in Endpoint::ALL.into_iter().enumerate() {
            // One connection records what the others keep.
            let outcomes: &[_] = if connections == 1 {
                &Outcome::ALL
            } else {
                &[Outcome::Kept]
            };
            for outcome in outcomes {
                let calls = Calls::record(endpoint, *outcome).await?;
                at_once = at_once.max(calls.most_at_once());
                let api = Arc::new(Api::new(&serve.url, endpoint, *outcome)?);
                load(api, n * each..(n + 1) * each, connections, || ()).await?;
            }
        }
        let opened = counting.opened.load(Ordering::SeqCst);
        let most = connections * at_once;
        ensure!(
            opened <= most,
            "{connections} callers opened {opened} connections to the database, not at most {most}"
        );
        let peak = serve.peak_megabytes()?;
        ensure!(peak <= MOST_MEGABYTES, "serve has taken {peak} MB");
        say(&format!(
            "{connections} callers: all answers right, {opened} new connections to the database, {peak:.1} MB"
        ));
    }
    Ok(())
}

/// The same calls and the same capacity, whatever there is besides; with more entries, as many calls.
async fn growth() -> anyhow::Result<()> {
    for endpoint in Endpoint::ALL {
        for outcome in Outcome::ALL {
            let record = |others, shape| Calls::record_among(endpoint, outcome, others, shape);
            let ordinary = record(0, Shape::ORDINARY).await?;
            let among_many = record(2000, Shape::ORDINARY).await?;
            let subscribed = Shape {
                subscriptions: 1000,
                ..Shape::ORDINARY
            };
            let subscribed = record(0, subscribed).await?;
            for (grown, what) in [
                (&among_many, "2000 contacts"),
                (&subscribed, "1000 subscriptions"),
            ] {
                ensure!(
                    grown.cost() == ordinary.cost(),
                    "endpoint {endpoint}, {outcome}, with {what}: {:?}, without: {:?}",
                    grown.cost(),
                    ordinary.cost()
                );
            }
            let entries = Shape {
                entries: 200,
                ..Shape::ORDINARY
            };
            let entries = record(0, entries).await?;
            ensure!(
                entries.names() == ordinary.names(),
                "endpoint {endpoint}, {outcome}, with 200 entries: {}",
                entries.names()
            );
            say(&format!(
                "endpoint {endpoint}, {outcome}: {}; with 200 entries {:?} units, else {:?}",
                ordinary.names(),
                entries.cost(),
                ordinary.cost()
            ));
        }
    }
    Ok(())
}

/// Passes bytes on to the database, and counts the connections that it is asked for.
struct Counting {
    url: Url,
    opened: Arc<AtomicUsize>,
}

impl Counting {
    async fn start(database: &Url) -> anyhow::Result<Self> {
        let addresses: Vec<SocketAddr> = database.socket_addrs(|| None)?;
        let database = *addresses.first().context("no address")?;
        let listener = engine::listen(0).await?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        let opened = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&opened);
        tokio::spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                counter.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(async move {
                    let mut to = TcpStream::connect(database).await?;
                    from.set_nodelay(true)?;
                    to.set_nodelay(true)?;
                    copy_bidirectional(&mut from, &mut to).await
                });
            }
        });
        Ok(Self { url, opened })
    }
}
