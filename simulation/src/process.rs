//! Processes of functions: each with a clock of its own, frozen or killed between any two calls of the database.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use lambda_http::http::Response;
use lambda_http::{Body, Request as Event};
use serde_json::json;
use shared::Service;
use shared::domain::Timestamp;
use shared::http::Route;
use shared::settings::Settings;
use shared::store::Store;
use tokio::time::{Instant, sleep_until};

use crate::database::TABLE;
use crate::network::Network;
use crate::operator::import;
use crate::random::Random;
use crate::requests::{AUDIENCE, Asked, ISSUER, Request, SECRET};
use crate::start::BEGAN_AT_MS;
use crate::trace::Trace;

/// A process of a function. Its clock is wrong by some seconds.
#[derive(Clone)]
pub struct Process {
    service: Arc<Service>,
    trace: Trace,
    skew_ms: i64,
}

impl Process {
    /// A process whose clock is ahead by this time, or behind.
    #[must_use]
    pub fn new(network: &Network, skew_ms: i64) -> Self {
        let store = Store::new(network.client(), TABLE.to_owned());
        let trace = network.trace.clone();
        let clock = {
            let trace = trace.clone();
            move || Timestamp::of_unix_milliseconds(clock_ms(&trace, skew_ms)).unwrap()
        };
        let service = Service {
            clock: Arc::new(clock),
            ..Service::new(settings(), store)
        };
        Self {
            service: Arc::new(service),
            trace,
            skew_ms,
        }
    }

    /// What its clock shows now, in milliseconds since 1970.
    #[must_use]
    pub fn clock_ms(&self) -> i64 {
        clock_ms(&self.trace, self.skew_ms)
    }

    /// Answers a request; nothing where the process dies. The request comes as API Gateway sends it.
    pub async fn answer(
        &self,
        route: Route,
        event: &str,
        invocation: Arc<Invocation>,
    ) -> Option<Response<Body>> {
        let request = lambda_http::request::from_str(event).unwrap();
        let work = handle(route, Arc::clone(&self.service), request);
        invocation.run(work).await
    }
}

impl Process {
    /// Imports a record; nothing where the process dies.
    pub async fn import(
        &self,
        request: Request,
        id: &str,
        invocation: Arc<Invocation>,
    ) -> Option<crate::requests::Response> {
        let Asked::Import { address, at } = &request.asked else {
            return None;
        };
        let contact = (request.organization, request.contact.as_str());
        let (store, clock) = (&self.service.store, &*self.service.clock);
        invocation
            .run(import(store, clock, contact, (address, at), id))
            .await
    }
}

/// The settings of a function.
fn settings() -> Settings {
    let secret = BASE64_URL_SAFE_NO_PAD.encode(SECRET);
    let keys = json!({ "keys": [{ "kty": "oct", "alg": "HS256", "k": secret }] }).to_string();
    let settings = Settings::read(|name| {
        Ok(match name {
            "TABLE_NAME" => Some(TABLE.to_owned()),
            "JWT_KEYS" => Some(keys.clone()),
            "JWT_ISSUER" => Some(ISSUER.to_owned()),
            "JWT_AUDIENCE" => Some(AUDIENCE.to_owned()),
            _ => None,
        })
    });
    settings.unwrap()
}

/// The deployed handler of a route answers a request.
fn handle(
    route: Route,
    service: Arc<Service>,
    request: Event,
) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
    match route {
        Route::VerifyPhoneNumber => Box::pin(verify_phone_number::handle(service, request)),
        Route::VerifyContactMethod => Box::pin(verify_contact_method::handle(service, request)),
        Route::VerifyContact => Box::pin(verify_contact::handle(service, request)),
        Route::UpsertContact => Box::pin(upsert_contact::handle(service, request)),
        Route::GetContact => Box::pin(get_contact::handle(service, request)),
        Route::ContactStatus => Box::pin(contact_status::handle(service, request)),
        Route::AddContactMethod => Box::pin(add_contact_method::handle(service, request)),
        Route::RemoveContactMethod => Box::pin(remove_contact_method::handle(service, request)),
        Route::Subscribe => Box::pin(subscribe::handle(service, request)),
        Route::Unsubscribe => Box::pin(unsubscribe::handle(service, request)),
        Route::GetHistory => Box::pin(get_history::handle(service, request)),
        Route::EraseContact => Box::pin(erase_contact::handle(service, request)),
    }
}

fn clock_ms(trace: &Trace, skew_ms: i64) -> i64 {
    let elapsed: i64 = trace.now().as_millis().try_into().unwrap();
    BEGAN_AT_MS + elapsed + skew_ms
}

tokio::task_local! {
    static CURRENT: Arc<Invocation>;
}

/// What happens to a process while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    None,
    /// It dies.
    Killed,
    /// It is frozen for this time.
    Frozen(Duration),
}

/// One invocation of a function.
#[derive(Debug)]
pub struct Invocation {
    mishap: Mishap,
    /// At which send or receipt it happens.
    at_point: u64,
    points: AtomicU64,
    is_dead: AtomicBool,
    frozen_until: Mutex<Option<Instant>>,
}

impl Invocation {
    /// An invocation to which something may happen, as the weather has it.
    #[must_use]
    pub fn draw(random: &Random, network: &Network) -> Arc<Self> {
        let weather = network.database.weather();
        let mishap = if random.chance(weather.killed) {
            Mishap::Killed
        } else if random.chance(weather.frozen) {
            Mishap::Frozen(random.milliseconds(500..60_000))
        } else {
            Mishap::None
        };
        Arc::new(Self {
            mishap,
            at_point: random.number(0..8),
            points: AtomicU64::new(0),
            is_dead: AtomicBool::new(false),
            frozen_until: Mutex::new(None),
        })
    }

    /// The invocation that is running.
    #[must_use]
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// The process is about to send a call, or has got the answer.
    pub async fn reach_call(&self, trace: &Trace) {
        if self.points.fetch_add(1, Ordering::Relaxed) != self.at_point {
            return;
        }
        match self.mishap {
            Mishap::None => {}
            Mishap::Killed => {
                trace.note("killed", String::new);
                self.is_dead.store(true, Ordering::Relaxed);
                std::future::pending::<()>().await;
            }
            Mishap::Frozen(time) => {
                trace.note("frozen", || format!("{time:?}"));
                *self.frozen() = Some(Instant::now() + time);
                tokio::task::yield_now().await;
            }
        }
    }

    fn frozen(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.frozen_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work of the invocation; nothing where the process dies in the middle. While it is frozen, not even its timers run:
    /// when it goes on, all that passed meanwhile is there at once.
    pub async fn run<T>(self: Arc<Self>, work: impl Future<Output = T>) -> Option<T> {
        let invocation = Arc::clone(&self);
        CURRENT
            .scope(invocation, async move {
                let mut work = pin!(work);
                let mut thaw = pin!(sleep_until(Instant::now()));
                std::future::poll_fn(move |context| {
                    let frozen_until = *self.frozen();
                    if let Some(until) = frozen_until {
                        if thaw.deadline() != until {
                            thaw.as_mut().reset(until);
                        }
                        if thaw.as_mut().poll(context).is_pending() {
                            return Poll::Pending;
                        }
                        *self.frozen() = None;
                    }
                    let polled = work.as_mut().poll(context).map(Some);
                    if self.is_dead.load(Ordering::Relaxed) {
                        return Poll::Ready(None);
                    }
                    polled
                })
                .await
            })
            .await
    }
}
