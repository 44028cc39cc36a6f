//! Faults that are planted into the program, to show that the checks find them.
//!
//! Most faults change the program's calls to the database, or the answers: a mistake in the store would show there. The program
//! itself has no switch for any fault.

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
    /// The wrong behaviour of the program.
    pub what: &'static str,
    /// How it is planted.
    pub plant: Plant,
}

/// How a fault is planted.
#[derive(Clone, Copy)]
pub enum Plant {
    /// Changes a call of the program to the database.
    Call(fn(&mut Call)),
    /// Replaces a call by other calls. If there are none, the program gets an answer of success.
    Calls(fn(Call) -> Vec<Call>),
    /// Sends another call after an ambiguous failure of a call.
    Repeat(fn(&Call) -> Option<Call>),
    /// Changes the answers that the program gets from the database.
    Answer(fn(&Call, &mut Answer)),
    /// Changes the requests that functions get.
    Request(fn(&mut Request)),
    /// Changes the answers of functions.
    Response(fn(&mut Response)),
    /// Makes `record-history` hide the records that it could not record.
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

    /// Changes the answer that the program gets to a call.
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

    /// Changes the answer of a function.
    pub fn change_response(&self, response: &mut Response) {
        if let Plant::Response(plant) = self.plant {
            plant(response);
        }
    }

    /// Whether `record-history` hides the records that it could not record.
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
