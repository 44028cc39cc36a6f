//! Processes of functions, each with its own clock.

use std::sync::Arc;

use contacts::development::settings_from;
use contacts::serve::routes::handle;
use lambda_http::{Body, http};
use shared::Service;
use shared::domain::Timestamp;
use shared::http::Route;
use shared::store::Store;

use crate::database::TABLE;
use crate::invocation::Invocation;
use crate::network::Network;
use crate::operator::import;
use crate::requests::{Asked, Request, Response};
use crate::scene::BEGAN_AT_MS;
use crate::trace::Trace;

/// A process that serves all functions. Its clock is wrong by some seconds.
#[derive(Clone)]
pub struct Process {
    service: Arc<Service>,
    trace: Trace,
    skew_ms: i64,
}

impl Process {
    /// A process whose clock is ahead by `skew_ms`, or behind if it is negative.
    #[must_use]
    pub fn new(network: &Network, skew_ms: i64) -> Self {
        let settings = settings_from(&|_| Ok(None)).unwrap();
        let store = Store::new(network.client(), TABLE.to_owned());
        let trace = network.trace.clone();
        let clock = {
            let trace = trace.clone();
            move || Timestamp::of_unix_milliseconds(clock_ms(&trace, skew_ms)).unwrap()
        };
        let service = Service {
            clock: Arc::new(clock),
            ..Service::new(settings, store)
        };
        Self {
            service: Arc::new(service),
            trace,
            skew_ms,
        }
    }

    /// The time of its clock, in milliseconds since 1970.
    #[must_use]
    pub fn clock_ms(&self) -> i64 {
        clock_ms(&self.trace, self.skew_ms)
    }

    /// Answers a request, which is an event of API Gateway. Returns `None` if the process dies.
    pub async fn answer(
        &self,
        route: Route,
        event: &str,
        invocation: Arc<Invocation>,
    ) -> Option<http::Response<Body>> {
        let request = lambda_http::request::from_str(event).unwrap();
        let work = handle(route, Arc::clone(&self.service), request);
        invocation.run(work).await
    }

    /// Imports a record. Returns `None` if the process dies.
    pub async fn import(
        &self,
        request: Request,
        id: &str,
        invocation: Arc<Invocation>,
    ) -> Option<Response> {
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

fn clock_ms(trace: &Trace, skew_ms: i64) -> i64 {
    let elapsed: i64 = trace.now().as_millis().try_into().unwrap();
    BEGAN_AT_MS + elapsed + skew_ms
}
