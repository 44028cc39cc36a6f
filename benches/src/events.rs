//! The functions, the sample events for their measurements, and the limits of their costs.

use std::fs;

use anyhow::Context;

use crate::workspace::root;

/// The functions of `benches/floor`: the smallest possible function, and one with a single call of the SDK.
/// They accept any event.
pub(crate) const BASELINES: [&str; 2] = ["floor", "bare-sdk"];

/// A function.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// Two events that change nothing, or one that changes a contact and one that changes it back.
    events: [&'static str; 2],
    pub(crate) limit: Cost,
}

/// The costs of a function.
#[derive(Debug)]
pub(crate) struct Cost {
    /// Instructions from the start of the process to its end after two requests.
    pub(crate) start_instructions: f64,
    /// Instructions of a request after the first two.
    pub(crate) warm_instructions: f64,
    pub(crate) warm_allocations: f64,
}

impl Cost {
    /// The limit for a function with these costs: a fifth more instructions, and a twentieth more allocations.
    ///
    /// To renew the costs, take what `cargo measure instructions` prints on Linux on x86-64. Instructions depend on the
    /// processor and on the versions of valgrind, libc and the compiler; allocations depend on the crates only.
    const fn limit(start_millions: f64, warm_thousands: f64, warm_allocations: f64) -> Self {
        Self {
            start_instructions: start_millions * 1e6 * 1.2,
            warm_instructions: warm_thousands * 1e3 * 1.2,
            warm_allocations: warm_allocations * 1.05,
        }
    }

    pub(crate) fn is_within(&self, limit: &Self) -> bool {
        self.start_instructions <= limit.start_instructions
            && self.warm_instructions <= limit.warm_instructions
            && self.warm_allocations <= limit.warm_allocations
    }
}

/// All functions that answer requests. `record-history` is not among them, since its batches have any size. The first function
/// reads a national phone number, which needs tables that no other number needs.
#[rustfmt::skip]
pub(crate) const FUNCTIONS: [Subject; 12] = [
    subject("verify-phone-number", ["recorded-national-number", "cleared"], Cost::limit(6.5, 1700.0, 781.0)),
    subject("verify-contact-method", ["phone-recorded", "phone-cleared"], Cost::limit(6.4, 1677.0, 772.0)),
    subject("verify-contact", ["recorded", "cleared"], Cost::limit(9.3, 3193.0, 1804.0)),
    subject("upsert-contact", ["unchanged", "unchanged"], Cost::limit(8.0, 2527.0, 1307.0)),
    subject("get-contact", ["read", "read"], Cost::limit(5.9, 1429.0, 698.0)),
    subject("contact-status", ["read", "read"], Cost::limit(8.0, 2490.0, 1290.0)),
    subject("add-contact-method", ["unchanged", "unchanged"], Cost::limit(6.0, 1508.0, 759.0)),
    subject("remove-contact-method", ["phone-number-not-found", "email-not-found"], Cost::limit(6.0, 1494.0, 758.0)),
    subject("subscribe", ["unchanged", "unchanged"], Cost::limit(8.0, 2522.0, 1308.0)),
    subject("unsubscribe", ["unchanged", "unchanged"], Cost::limit(9.5, 2474.0, 1274.0)),
    subject("get-history", ["read-one-method", "read-one-method"], Cost::limit(8.1, 2552.0, 1265.0)),
    subject("erase-contact", ["contact-not-found", "contact-not-found"], Cost::limit(5.4, 1166.0, 548.0)),
];

const fn subject(name: &'static str, events: [&'static str; 2], limit: Cost) -> Subject {
    Subject {
        name,
        events,
        limit,
    }
}

impl Subject {
    /// The texts of the events.
    pub(crate) fn events(&self) -> anyhow::Result<Vec<String>> {
        self.events
            .iter()
            .map(|event| {
                let file = root().join(format!("events/{}/{event}.json", self.name));
                fs::read_to_string(&file).with_context(|| file.display().to_string())
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_folder_of_functions_is_measured() {
        let mut measured = FUNCTIONS.map(|function| function.name.to_owned());
        measured.sort();
        let mut folders: Vec<_> = fs::read_dir(root().join("functions"))
            .unwrap()
            .map(|folder| folder.unwrap().file_name().into_string().unwrap())
            .filter(|name| name != "record-history")
            .collect();
        folders.sort();
        assert_eq!(folders, measured);
    }
}
