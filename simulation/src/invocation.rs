//! Invocations of functions. Their processes can freeze or die between any two calls of the database.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::random::Random;
use crate::trace::Trace;
use crate::weather::Weather;

tokio::task_local! {
    static CURRENT: Arc<Invocation>;
}

/// The fate of a process while it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mishap {
    None,
    /// The process dies.
    Killed,
    /// The process is frozen for this time.
    Frozen(Duration),
}

/// One invocation of a function.
#[derive(Debug)]
pub struct Invocation {
    mishap: Mishap,
    /// The number of the send or receipt at which the mishap happens.
    at_point: u64,
    points: AtomicU64,
    is_dead: AtomicBool,
    frozen_until: Mutex<Option<Instant>>,
}

impl Invocation {
    /// An invocation with a random mishap or none, by the probabilities of the weather.
    #[must_use]
    pub fn draw(random: &Random, weather: Weather) -> Arc<Self> {
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

    /// The running invocation.
    #[must_use]
    pub fn current() -> Option<Arc<Self>> {
        CURRENT.try_with(Arc::clone).ok()
    }

    /// Call this before the process sends a call, and after it gets the answer: the mishap can happen here.
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

    fn frozen(&self) -> MutexGuard<'_, Option<Instant>> {
        self.frozen_until
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Does the work of the invocation. Returns `None` if the process dies. A frozen process runs not even its timers: after it
    /// thaws, all timers that expired in the meantime fire at once.
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
