//! How latency grows: with the number of contacts, with a contact's entries, with its subscriptions.
//!
//! One embedded engine, in a process of its own, holds the data. `contacts serve` and the bare SDK work on it by turns,
//! request by request, each over one connection and on contacts of its own.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use aws_sdk_dynamodb::Client;
use contacts::client;
use contacts::seed::Seed;
use futures_util::{StreamExt, TryStreamExt, stream};
use hdrhistogram::Histogram;
use shared::domain::PhoneRegion;
use shared::store::Store;

use super::bare::Calls;
use super::load::{Api, Bare, by_turns};
use super::process::Server;
use super::scene::{Endpoint, Outcome, Shape, seed};
use super::{milliseconds, say};
use crate::recorded_api::settings;

/// Requests of each kind that are measured.
const REQUESTS: usize = 300;
/// Those before that, which are not.
const WARM_UP: usize = 20;
/// Contacts of which a seed is made at a time.
const CHUNK: usize = 2000;
/// How many of them are loaded at the same time.
const CONCURRENT_LOADS: usize = 2;

/// The data, and who works on it.
struct Stage {
    serve: Server,
    database: Server,
    client: Client,
    store: Store,
    /// The number of the next contact.
    next: usize,
}

pub(super) async fn run(binary: &Path, most_contacts: usize) -> anyhow::Result<()> {
    let sizes = [1000, 10_000, 100_000, 1_000_000];
    let sizes = sizes.into_iter().filter(|size| *size <= most_contacts);
    let mut stage = Stage::start(binary).await?;
    heading("contacts in the table");
    for size in sizes {
        // Those that are measured lie between the others: an id is as good as any other to a B-tree.
        let began = Instant::now();
        let missing = size.saturating_sub(stage.next);
        stage.add(missing, Shape::FILLER).await?;
        let seconds = began.elapsed().as_secs_f64();
        for endpoint in [Endpoint::PhoneNumber, Endpoint::Contact] {
            stage
                .measure(endpoint, &size.to_string(), Shape::ORDINARY)
                .await?;
        }
        say(&format!(
            "<!-- {missing} contacts loaded in {seconds:.0} s; the engine has had {:.0} MB -->",
            stage.database.peak_megabytes()?
        ));
    }

    let mut stage = Stage::start(binary).await?;
    heading("phone numbers of a contact");
    for entries in [1, 10, 50, 200] {
        let shape = Shape {
            entries,
            ..Shape::ORDINARY
        };
        for endpoint in [Endpoint::PhoneNumber, Endpoint::Contact] {
            stage.measure(endpoint, &entries.to_string(), shape).await?;
        }
    }

    let mut stage = Stage::start(binary).await?;
    heading("subscriptions of a contact");
    for subscriptions in [2, 10, 100, 1000] {
        let shape = Shape {
            subscriptions,
            ..Shape::ORDINARY
        };
        for endpoint in [Endpoint::PhoneNumber, Endpoint::Contact] {
            stage
                .measure(endpoint, &subscriptions.to_string(), shape)
                .await?;
        }
    }
    Ok(())
}

fn heading(what: &str) {
    say(&format!(
        "\n| {what} | endpoint, outcome | serve: p50 ms | p99 ms | bare: p50 ms | p99 ms |\n|---|---|---|---|---|---|"
    ));
}

impl Stage {
    async fn start(binary: &Path) -> anyhow::Result<Self> {
        let database = Server::start(binary, &["--database-only"])?;
        let serve = Server::start(binary, &["--dynamodb", database.url.as_str()])?;
        let client = client::client(&database.url, client::TIMEOUTS).await;
        let store = Store::new(client.clone(), settings()?.table_name);
        Ok(Self {
            serve,
            database,
            client,
            store,
            next: 0,
        })
    }

    /// Adds contacts, and says which.
    async fn add(&mut self, contacts: usize, shape: Shape) -> anyhow::Result<Range<usize>> {
        let added = self.next..self.next + contacts;
        self.next = added.end;
        // A contact with many subscriptions is many items.
        let chunk = (CHUNK / (1 + shape.subscriptions)).max(1);
        let chunks = added
            .clone()
            .step_by(chunk)
            .map(|first| first..added.end.min(first + chunk));
        stream::iter(chunks)
            .map(|chunk| async {
                Seed::parse(&seed(chunk, shape), PhoneRegion::CANADA)?
                    .load(&self.store)
                    .await?;
                anyhow::Ok(())
            })
            .buffer_unordered(CONCURRENT_LOADS)
            .try_collect::<()>()
            .await?;
        Ok(added)
    }

    /// Adds contacts of this shape and measures requests about them.
    async fn measure(
        &mut self,
        endpoint: Endpoint,
        label: &str,
        shape: Shape,
    ) -> anyhow::Result<()> {
        let added = self.add(2 * (WARM_UP + REQUESTS), shape).await?;
        for outcome in Outcome::ALL {
            let calls = Arc::new(Calls::record(endpoint, outcome).await?);
            let api = Api::new(&self.serve.url, endpoint, outcome)?;
            let bare = Bare::new(self.client.clone(), calls);
            let [of_serve, of_bare] = by_turns(&api, &bare, added.clone(), WARM_UP).await?;
            let p = |latencies: &Histogram<u64>| {
                format!(
                    "{:.2} | {:.2}",
                    milliseconds(latencies, 0.5),
                    milliseconds(latencies, 0.99)
                )
            };
            say(&format!(
                "| {label} | {endpoint}, {outcome} | {} | {} |",
                p(&of_serve),
                p(&of_bare)
            ));
        }
        Ok(())
    }
}
