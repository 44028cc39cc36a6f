//! Faults that are planted into the program, to show that the checks find them.

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
pub enum Plant {
    /// Into the calls that the program makes of the database.
    Calls(fn(Call) -> Vec<Call>),
    /// Into the answers that the program gets of the database.
    Answers(fn(&Call, &mut Answer)),
    /// Into the requests that functions get.
    Requests(fn(&mut Request)),
    /// Into the answers that functions give.
    Responses(fn(&Request, &mut Response)),
    /// `record-history` hides what it could not record.
    HiddenFailures,
}

impl Fault {
    /// The calls that the program makes instead of this one.
    #[must_use]
    pub fn calls(&self, call: Call) -> Vec<Call> {
        match self.plant {
            Plant::Calls(plant) => plant(call),
            _ => vec![call],
        }
    }

    /// Changes what the program gets as the answer to a call.
    pub fn change_answer(&self, call: &Call, answer: &mut Answer) {
        if let Plant::Answers(plant) = self.plant {
            plant(call, answer);
        }
    }

    /// Changes a request before a function gets it.
    pub fn change_request(&self, request: &mut Request) {
        if let Plant::Requests(plant) = self.plant {
            plant(request);
        }
    }

    /// Changes what a function answers.
    pub fn change_response(&self, request: &Request, response: &mut Response) {
        if let Plant::Responses(plant) = self.plant {
            plant(request, response);
        }
    }

    /// Whether `record-history` hides what it could not record.
    #[must_use]
    pub fn hides_failures(&self) -> bool {
        matches!(self.plant, Plant::HiddenFailures)
    }
}

/// All faults.
pub const FAULTS: &[Fault] = &[];
