//! The events of a history in their order: to show them, and to compare two runs of a seed.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// How often each event happened.
pub type Counts = BTreeMap<&'static str, u64>;

/// The events of a history.
#[derive(Clone, Debug)]
pub struct Trace(Arc<Mutex<Events>>);

#[derive(Debug)]
struct Events {
    began: Instant,
    is_shown: bool,
    counts: Counts,
    hash: DefaultHasher,
}

impl Trace {
    /// A trace that begins now. If `is_shown`, it writes the events to standard error.
    #[must_use]
    pub fn new(is_shown: bool) -> Self {
        Self(Arc::new(Mutex::new(Events {
            began: Instant::now(),
            is_shown,
            counts: BTreeMap::new(),
            hash: DefaultHasher::new(),
        })))
    }

    /// The time since the start of the history.
    #[must_use]
    pub fn now(&self) -> Duration {
        self.events().began.elapsed()
    }

    /// Adds an event. `details` are only shown, so they may contain values that differ between runs, such as random ids.
    pub fn note(&self, event: &'static str, details: impl FnOnce() -> String) {
        let mut events = self.events();
        let now = events.began.elapsed();
        *events.counts.entry(event).or_default() += 1;
        (now, event).hash(&mut events.hash);
        if events.is_shown {
            eprintln!("{:>10.3} {event} {}", now.as_secs_f64(), details());
        }
    }

    /// A hash of all events, their order and their times. Each run of a seed has the same one.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.events().hash.finish()
    }

    /// How often each event happened.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.events().counts.clone()
    }

    fn events(&self) -> MutexGuard<'_, Events> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
