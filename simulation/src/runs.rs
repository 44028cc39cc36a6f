//! Runs many histories, on all processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::checks::{Violation, violations};
use crate::faults::Fault;
use crate::history::run;
use crate::trace::Counts;

/// The results of many histories.
#[derive(Debug, Default)]
pub struct Summary {
    /// The number of histories.
    pub histories: u64,
    /// The number of requests in them.
    pub requests: u64,
    /// How often each event of the network, the database and the processes happened.
    pub counts: Counts,
    /// The seeds of the histories that break a promise, with the violations.
    pub broken: Vec<(u64, Vec<Violation>)>,
}

/// Runs the histories of `count` seeds, from `first` on. Ends after `enough` histories that break a promise.
#[must_use]
pub fn run_many(first: u64, count: u64, fault: Option<&'static Fault>, enough: usize) -> Summary {
    let next = AtomicU64::new(0);
    let summary = Mutex::new(Summary::default());
    let work = || {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= count {
                break;
            }
            let seed = first.wrapping_add(number);
            let history = run(seed, fault, false);
            let found = violations(&history);
            // If the history breaks a promise without the fault too, it does not show the fault.
            let is_by_fault = found.is_empty()
                || fault.is_none()
                || violations(&run(seed, None, false)).is_empty();
            let mut summary = summary.lock().unwrap();
            summary.histories += 1;
            summary.requests += history.sent.len() as u64;
            for (event, count) in history.counts {
                *summary.counts.entry(event).or_default() += count;
            }
            if !found.is_empty() && is_by_fault {
                summary.broken.push((seed, found));
                if summary.broken.len() >= enough {
                    next.store(count, Ordering::Relaxed);
                }
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(work);
        }
    });
    summary.into_inner().unwrap()
}
