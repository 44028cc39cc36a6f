//! Faults that are planted into the program, to show that the checks find them.
//!
//! A fault changes what the program says to the database, or hears of it: that is where a mistake in the store would show. The
//! program itself has no switch for any of them.

mod answers;
mod conditions;
mod edit;
mod keys;
mod transactions;
mod written;

use std::sync::LazyLock;

use crate::database::{Answer, Call};
use crate::requests::{Request, Response};

/// A fault.
pub struct Fault {
    /// Its name on the command line.
    pub name: &'static str,
    /// What the program does wrong.
    pub what: &'static str,
    /// How it is planted.
    pub plant: Plant,
}

/// How a fault is planted.
#[derive(Clone, Copy)]
pub enum Plant {
    /// Into a call that the program makes of the database.
    Call(fn(&mut Call)),
    /// Into the calls: others instead of one. Without any, the program takes the call for done.
    Calls(fn(Call) -> Vec<Call>),
    /// The program sends this call after an ambiguous failure of one.
    Repeat(fn(&Call) -> Option<Call>),
    /// Into the answers that the program gets of the database.
    Answer(fn(&Call, &mut Answer)),
    /// Into the requests that functions get.
    Request(fn(&mut Request)),
    /// Into the answers that functions give.
    Response(fn(&mut Response)),
    /// `record-history` hides what it could not record.
    HiddenFailures,
}

impl Fault {
    /// The calls that the program makes instead of this one.
    #[must_use]
    pub fn calls(&self, mut call: Call) -> Vec<Call> {
        match self.plant {
            Plant::Call(plant) => {
                plant(&mut call);
                vec![call]
            }
            Plant::Calls(plant) => plant(call),
            _ => vec![call],
        }
    }

    /// The call that the program makes after an ambiguous failure of this one.
    #[must_use]
    pub fn repeated(&self, call: &Call) -> Option<Call> {
        match self.plant {
            Plant::Repeat(plant) => plant(call),
            _ => None,
        }
    }

    /// Changes what the program gets as the answer to a call.
    pub fn change_answer(&self, call: &Call, answer: &mut Answer) {
        if let Plant::Answer(plant) = self.plant {
            plant(call, answer);
        }
    }

    /// Changes a request before a function gets it.
    pub fn change_request(&self, request: &mut Request) {
        if let Plant::Request(plant) = self.plant {
            plant(request);
        }
    }

    /// Changes what a function answers.
    pub fn change_response(&self, response: &mut Response) {
        if let Plant::Response(plant) = self.plant {
            plant(response);
        }
    }

    /// Whether `record-history` hides what it could not record.
    #[must_use]
    pub fn hides_failures(&self) -> bool {
        matches!(self.plant, Plant::HiddenFailures)
    }
}

/// All faults.
pub static FAULTS: LazyLock<Vec<Fault>> = LazyLock::new(|| {
    let parts = [
        conditions::FAULTS,
        written::FAULTS,
        transactions::FAULTS,
        keys::FAULTS,
        answers::FAULTS,
    ];
    parts
        .into_iter()
        .flatten()
        .map(|&(name, what, plant)| Fault { name, what, plant })
        .collect()
});

/// The name of a fault, what the program does wrong, and how it is planted.
type Planted = (&'static str, &'static str, Plant);
