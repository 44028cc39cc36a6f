//! The only source of random choices in a history.

use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use fastrand::Rng;

/// A generator whose choices follow from the seed. All parts of a history share it.
#[derive(Clone, Debug)]
pub struct Random(Arc<Mutex<Rng>>);

impl Random {
    /// The generator of this seed.
    #[must_use]
    pub fn of(seed: u64) -> Self {
        Self(Arc::new(Mutex::new(Rng::with_seed(seed))))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// `true` with this probability.
    #[must_use]
    pub fn chance(&self, probability: f64) -> bool {
        self.draw(|random| random.f64() < probability)
    }

    /// A random number of this range.
    #[must_use]
    pub fn number(&self, range: Range<u64>) -> u64 {
        self.draw(|random| random.u64(range))
    }

    /// One of these choices, at random.
    #[must_use]
    pub fn of_these<T: Clone>(&self, choices: &[T]) -> T {
        let place = self.draw(|random| random.usize(..choices.len()));
        choices[place].clone()
    }

    /// A random number of milliseconds of this range.
    #[must_use]
    pub fn milliseconds(&self, range: Range<u64>) -> Duration {
        Duration::from_millis(self.number(range))
    }

    /// Puts the items into a random order.
    pub fn shuffle<T>(&self, items: &mut [T]) {
        self.draw(|random| random.shuffle(items));
    }
}
