//! The one source of chance in a history.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

/// Random choices that follow from the seed. All parts of a history share it.
#[derive(Clone, Debug)]
pub struct Random(Arc<Mutex<Rng>>);

impl Random {
    /// The choices of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Rng::with_seed(seed))))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether something happens that has this probability.
    #[must_use]
    pub fn chance(&self, probability: f64) -> bool {
        self.draw(|random| random.f64() < probability)
    }

    /// A number of this range.
    #[must_use]
    pub fn number(&self, range: Range<u64>) -> u64 {
        self.draw(|random| random.u64(range))
    }

    /// One of these.
    #[must_use]
    pub fn of_these<T: Clone>(&self, choices: &[T]) -> T {
        let place = self.draw(|random| random.usize(..choices.len()));
        choices[place].clone()
    }

    /// A time of this many milliseconds.
    #[must_use]
    pub fn milliseconds(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    /// Puts these into any order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        self.draw(|random| random.shuffle(items));
    }
}
