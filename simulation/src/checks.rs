//! The promises that must hold in each history, whatever fails in it.

mod addresses;
mod answers;
mod content;
mod effects;
mod entries;
mod erasure;
mod linearizability;
mod registers;
mod rule;
mod timeline;

use std::collections::BTreeMap;

use crate::history::History;
use crate::requests::Sent;

pub use self::linearizability::{Operation, Register, is_linearizable};

/// A broken promise of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The check that found it.
    pub check: &'static str,
    /// The details.
    pub what: String,
}

/// The violations found so far.
#[derive(Debug, Default)]
pub struct Violations(Vec<Violation>);

impl Violations {
    fn add(&mut self, check: &'static str, what: String) {
        self.0.push(Violation { check, what });
    }
}

/// The broken promises of a history.
#[must_use]
pub fn violations(history: &History) -> Vec<Violation> {
    let mut found = Violations::default();
    if let Some(panic) = &history.panic {
        found.add("the program does not panic", panic.clone());
        return found.0;
    }
    for record in &history.unreadable {
        found.add("each record of the stream can be read", record.clone());
    }
    let sent: BTreeMap<&str, &Sent> = history
        .sent
        .iter()
        .map(|sent| (sent.id.as_str(), sent))
        .collect();
    let timelines = timeline::timelines(history, &mut found);
    effects::check(history, &timelines, &mut found);
    rule::check(&sent, &timelines, &mut found);
    answers::check(history, &timelines, &mut found);
    addresses::check(history, &sent, &timelines, &mut found);
    registers::check(history, &mut found);
    entries::check(history, &timelines, &mut found);
    erasure::check(history, &mut found);
    found.0
}
