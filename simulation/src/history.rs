//! One history: a world that begins with two organizations, the requests of its callers, and its state at the end.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;
use lambda_http::Body;
use serde_json::Value;
use tokio::time::{sleep, timeout};

use crate::callers::Callers;
use crate::database::Database;
use crate::faults::Fault;
use crate::invocation::Invocation;
use crate::ledger::{Commit, Item};
use crate::network::{GATEWAY_TIMEOUT, Network};
use crate::process::Process;
use crate::random::Random;
use crate::requests::{Asked, Request, Response, Sent};
use crate::scene::{ADDRESSES, ORGANIZATIONS, STABLE_CONTACT};
use crate::start;
use crate::stream::Stream;
use crate::trace::{Counts, Trace};
use crate::weather::Weather;

/// An organization and the id of a contact in it.
pub type ContactKey = (String, String);

/// The full record of a history.
#[derive(Debug, Default)]
pub struct History {
    /// The requests, in the order of their ends.
    pub sent: Vec<Sent>,
    /// All writes.
    pub commits: Vec<Commit>,
    /// The table at the end.
    pub items: Vec<Item>,
    /// The pages of the contacts' histories, read at the end.
    pub entries: BTreeMap<ContactKey, Vec<Value>>,
    /// Records that `record-history` could not read.
    pub unreadable: Vec<String>,
    /// The [`Trace::fingerprint`].
    pub fingerprint: u64,
    /// How often each event happened.
    pub counts: Counts,
    /// Why the history ended early, if it did.
    pub panic: Option<String>,
}

/// Runs a history, with or without a planted fault. Each run of a seed is the same.
#[must_use]
pub fn run(seed: u64, fault: Option<&'static Fault>, is_shown: bool) -> History {
    let items = start::items();
    let run = || {
        // The jitter of the SDK and of our own retries uses this generator.
        fastrand::seed(seed);
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let world = World::new(seed, fault, items, is_shown);
            world.happen().await
        })
    };
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        History {
            panic: Some(text.unwrap_or_default()),
            ..History::default()
        }
    })
}

/// The world of a running history.
struct World {
    random: Random,
    trace: Trace,
    database: Database,
    network: Network,
    processes: Vec<Process>,
    favourite: &'static str,
    count: AtomicU64,
    seen: Mutex<Seen>,
}

/// The data that callers have seen.
#[derive(Default)]
struct Seen {
    sent: Vec<Sent>,
    versions: BTreeMap<ContactKey, u64>,
    /// Cursors, with their organizations and contacts.
    cursors: Vec<(String, String, String)>,
}

impl World {
    fn new(seed: u64, fault: Option<&'static Fault>, items: &[Item], is_shown: bool) -> Self {
        let (random, trace) = (Random::of(seed), Trace::new(is_shown));
        let weather = Weather::of(&random);
        trace.note("begins", || format!("{weather:?}"));
        let database = Database::new(items, &random, &trace, weather);
        let network = Network {
            database: database.clone(),
            random: random.clone(),
            trace: trace.clone(),
            fault,
        };
        // Up to 10 seconds wrong. Clocks of synchronized machines differ by far less.
        let skew = || i64::try_from(random.number(0..20_000)).unwrap() - 10_000;
        let processes = (0..3).map(|_| Process::new(&network, skew())).collect();
        let favourite = random.of_these(&ADDRESSES);
        Self {
            random,
            trace,
            database,
            network,
            processes,
            favourite,
            count: AtomicU64::new(0),
            seen: Mutex::default(),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn happen(&self) -> History {
        let mut stream = Stream::new(&self.network);
        let is_over = AtomicBool::new(false);
        let callers = async {
            let count = self.random.number(2..5);
            join_all((0..count).map(|number| self.call(number))).await;
            is_over.store(true, Ordering::Relaxed);
        };
        tokio::join!(callers, stream.deliver_until(&is_over));
        // The latest requests arrive, and the last transactions end.
        sleep(Duration::from_secs(80)).await;
        self.database.calm();
        stream.deliver_all().await;
        let mut entries = BTreeMap::new();
        for organization in ORGANIZATIONS {
            self.read_at_the_end(organization, &mut entries).await;
        }
        History {
            sent: std::mem::take(&mut self.seen().sent),
            commits: self.database.commits_from(0),
            items: self.database.items(),
            entries,
            unreadable: stream.unreadable(),
            fingerprint: self.trace.fingerprint(),
            counts: self.trace.counts(),
            panic: None,
        }
    }

    /// Sends the requests of one caller.
    async fn call(&self, number: u64) {
        let organization = ORGANIZATIONS[usize::from(self.random.chance(0.3))];
        let callers = Callers::new(organization, number, self.favourite);
        sleep(self.random.milliseconds(0..100)).await;
        for _ in 0..self.random.number(2..8) {
            let (version, cursors) = {
                let seen = self.seen();
                let key = (organization.to_owned(), STABLE_CONTACT.to_owned());
                (seen.versions.get(&key).copied(), seen.cursors.clone())
            };
            let request = callers.draw(&self.random, version, &cursors);
            while self
                .send(request.clone())
                .await
                .is_none_or(|answer| answer.status >= 500)
                && self.random.chance(0.6)
            {
                sleep(self.random.milliseconds(10..2000)).await;
            }
            let pause = self.random.of_these(&[30, 30, 100, 1000, 40_000]);
            sleep(self.random.milliseconds(0..pause)).await;
        }
    }

    /// Sends a request to one of the processes, and waits as long as API Gateway does.
    async fn send(&self, mut request: Request) -> Option<Response> {
        let id = format!("r{}", self.count.fetch_add(1, Ordering::Relaxed));
        let process = self.random.of_these(&self.processes);
        let invocation = Invocation::draw(&self.random, self.database.weather());
        let (began, clock_ms) = (self.trace.now(), process.clock_ms());
        self.trace.note("sends", || {
            format!("{id} {} {:?}", request.contact, request.asked)
        });
        let asked = request.clone();
        if let Some(fault) = self.network.fault {
            fault.change_request(&mut request);
        }
        let event = request.event(&id);
        let sent = (request.clone(), id.clone());
        let task = tokio::spawn(async move {
            let (request, id) = sent;
            match request.asked {
                Asked::Import { .. } => process.import(request, &id, invocation).await,
                _ => process
                    .answer(request.route, &event, invocation)
                    .await
                    .map(|response| read(&response)),
            }
        });
        let answered = timeout(GATEWAY_TIMEOUT, task).await;
        let mut response = answered.ok().and_then(|done| done.unwrap());
        if let (Some(fault), Some(response)) = (self.network.fault, &mut response) {
            fault.change_response(response);
        }
        self.trace.note("hears", || {
            let answer = response.as_ref();
            format!(
                "{id} {:?} {}",
                answer.map(|it| (it.status, it.version)),
                answer.map_or(&Value::Null, |it| &it.body)
            )
        });
        self.keep(Sent {
            request: asked,
            id,
            began,
            clock_ms,
            ended: self.trace.now(),
            response: response.clone(),
        });
        response
    }

    fn keep(&self, sent: Sent) {
        let mut seen = self.seen();
        if let Some(response) = sent.definite() {
            let key = (
                sent.request.organization.to_owned(),
                sent.request.contact.clone(),
            );
            if let Some(cursor) = response.body["nextCursor"].as_str() {
                let (organization, contact) = key.clone();
                seen.cursors
                    .push((organization, contact, cursor.to_owned()));
            }
            if let Some(version) = response.version {
                seen.versions.insert(key, version);
            }
        }
        seen.sent.push(sent);
    }

    /// Reads each contact of an organization, and the pages of its history.
    async fn read_at_the_end(
        &self,
        organization: &'static str,
        entries: &mut BTreeMap<ContactKey, Vec<Value>>,
    ) {
        let callers = Callers::new(organization, 0, self.favourite);
        let prefix = format!("ORG#{organization}#CONTACT#");
        let items = self.database.items_in_order();
        let contacts = items.iter().filter_map(|item| {
            let id = item["pk"]["S"].as_str()?.strip_prefix(&prefix)?;
            // An unchanged contact of the start has no history.
            let is_changed = item["changeRoute"]["S"] != "seed";
            (item["sk"]["S"] == "CONTACT" && is_changed).then(|| id.to_owned())
        });
        for contact in contacts {
            self.send(callers.read(&contact)).await;
            let (mut found, mut cursor) = (Vec::new(), None);
            loop {
                let limit = self.random.number(2..50);
                let asked = callers.history_page(&contact, limit, cursor.take());
                let Some(answer) = self.send(asked).await.filter(|answer| answer.status == 200)
                else {
                    break;
                };
                found.extend(
                    answer.body["entries"]
                        .as_array()
                        .cloned()
                        .unwrap_or_default(),
                );
                cursor = answer.body["nextCursor"].as_str().map(str::to_owned);
                if cursor.is_none() {
                    break;
                }
            }
            entries.insert((organization.to_owned(), contact), found);
        }
    }
}

fn read(response: &lambda_http::http::Response<Body>) -> Response {
    let version = response
        .headers()
        .get("etag")
        .and_then(|tag| tag.to_str().ok());
    Response {
        status: response.status().as_u16(),
        version: version.and_then(|tag| tag.trim_matches('"').parse().ok()),
        body: serde_json::from_slice(response.body()).unwrap_or_default(),
    }
}
