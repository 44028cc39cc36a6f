//! The probabilities of failures of the network, the database and the processes in a history.

use crate::random::Random;

/// The probabilities of failures. Each is for one call of the database, unless its comment names another unit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Weather {
    /// The request arrives up to a second later, or the answer up to three seconds later.
    pub slow: f64,
    /// The request arrives up to a minute later, when nobody waits for the answer any more.
    pub late: f64,
    /// The request never arrives.
    pub lost_request: f64,
    /// The database executes the request, but its answer never arrives.
    pub lost_answer: f64,
    /// The connection breaks before or after the execution of the request.
    pub broken: f64,
    /// The answer is cut in the middle.
    pub cut: f64,
    /// The answer has status 500, before or after the execution of the request.
    pub error: f64,
    /// The database throttles the request.
    pub throttled: f64,
    /// The database refuses the request because of a conflict with an invisible request.
    pub conflict: f64,
    /// The transaction is left unfinished, and blocks its items for seconds. Then it is completed or undone.
    pub unfinished: f64,
    /// For one invocation: the process dies at one of its calls.
    pub killed: f64,
    /// For one invocation: the process is frozen for up to a minute at one of its calls.
    pub frozen: f64,
}

impl Weather {
    /// The weather without failures.
    pub const CALM: Self = Self {
        slow: 0.0,
        late: 0.0,
        lost_request: 0.0,
        lost_answer: 0.0,
        broken: 0.0,
        cut: 0.0,
        error: 0.0,
        throttled: 0.0,
        conflict: 0.0,
        unfinished: 0.0,
        killed: 0.0,
        frozen: 0.0,
    };

    /// A random weather: calm in some histories, rough in most, and a storm in others. Often one failure prevails.
    #[must_use]
    pub fn of(random: &Random) -> Self {
        let strength = random.of_these(&[0.0, 0.01, 0.03, 0.03, 0.08]);
        let mut weather = Self::CALM;
        for probability in weather.all() {
            *probability = if random.chance(0.7) { strength } else { 0.0 };
        }
        if random.chance(0.6) {
            let prevailing = usize::try_from(random.number(0..12)).unwrap_or_default();
            *weather.all()[prevailing] = random.of_these(&[0.1, 0.2, 0.4]);
        }
        weather
    }

    fn all(&mut self) -> [&mut f64; 12] {
        [
            &mut self.slow,
            &mut self.late,
            &mut self.lost_request,
            &mut self.lost_answer,
            &mut self.broken,
            &mut self.cut,
            &mut self.error,
            &mut self.throttled,
            &mut self.conflict,
            &mut self.unfinished,
            &mut self.killed,
            &mut self.frozen,
        ]
    }
}
