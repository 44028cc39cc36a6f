//! The functions, the sample events that they are measured with, and what they may cost.

use std::fs;

use anyhow::Context;

use crate::programs::root;

/// The functions of `benches/floor`: the least that a function can be, and one with a single call of the SDK.
pub(crate) const BASELINES: [&str; 2] = ["floor", "bare-sdk"];

/// A function.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    /// Two events that leave the demo data as they are, or one that changes a contact and one that changes it back.
    events: [&'static str; 2],
    pub(crate) limit: Cost,
}

/// What a function costs.
#[derive(Debug)]
pub(crate) struct Cost {
    /// From the start of the process to its end after one request.
    pub(crate) start_instructions: f64,
    /// Of a request after the first.
    pub(crate) warm_instructions: f64,
    pub(crate) warm_allocations: f64,
}

impl Cost {
    /// The most that a function may cost, if it costs this now.
    ///
    /// To renew it, take what `cargo measure instructions` prints on Linux on x86-64. Instructions differ with the
    /// processor and with the versions of valgrind, libc and the compiler; allocations differ with the crates only.
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

const fn subject(name: &'static str, events: [&'static str; 2], limit: Cost) -> Subject {
    Subject {
        name,
        events,
        limit,
    }
}

/// All functions. The first reads a national phone number, which needs tables that no other number needs.
pub(crate) const FUNCTIONS: [Subject; 10] = [
    subject(
        "verify-phone-number",
        ["recorded-national-number", "cleared"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "verify-contact-method",
        ["phone-recorded", "phone-cleared"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "verify-contact",
        ["recorded", "cleared"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "upsert-contact",
        ["unchanged", "unchanged"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject("get-contact", ["read", "read"], Cost::limit(1.0, 1.0, 1.0)),
    subject(
        "contact-status",
        ["read", "read"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "add-contact-method",
        ["unchanged", "unchanged"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "remove-contact-method",
        ["phone-number-not-found", "email-not-found"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "subscribe",
        ["unchanged", "unchanged"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
    subject(
        "unsubscribe",
        ["client", "client"],
        Cost::limit(1.0, 1.0, 1.0),
    ),
];

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
