//! AWS's list prices, in US dollars for a million.

use std::ops::Add;

pub(super) const REGION: &str = "us-east-1";
pub(super) const DATE: &str = "November 2026";

/// DynamoDB on demand, standard table class: a million write request units, a million read request units.
const WRITE_UNITS: f64 = 0.625;
const READ_UNITS: f64 = 0.125;
/// Lambda on arm64: a GB-second, a million requests.
const GB_SECOND: f64 = 0.000_013_333_4;
const LAMBDA_REQUESTS: f64 = 0.20;
/// API Gateway, HTTP API: a million requests.
pub(super) const API_GATEWAY: f64 = 1.00;

/// A write of an item up to 1 KB.
pub(super) const WRITE_UNITS_OF_A_KILOBYTE: f64 = 1.0;
/// A transaction prepares each item and then commits it.
pub(super) const TIMES_IN_A_TRANSACTION: f64 = 2.0;

/// Lambda gives one processor at this size, and a share of it in proportion below (AWS: "Configure Lambda function
/// memory").
const ONE_PROCESSOR_MEGABYTES: u32 = 1769;
/// The sizes that are compared.
pub(super) const MEGABYTES: [u32; 5] = [128, 256, 512, 1024, ONE_PROCESSOR_MEGABYTES];
/// The size that the template sets.
pub(super) const USUAL_MEGABYTES: u32 = 512;

/// DynamoDB's units.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Units {
    pub(super) read: f64,
    pub(super) write: f64,
}

impl Add for Units {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            read: self.read + other.read,
            write: self.write + other.write,
        }
    }
}

/// What a warm request takes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Effort {
    pub(super) processor_ms: f64,
    pub(super) call_ms: f64,
}

impl Effort {
    /// What is billed for a request whose calls come one after another in so many rounds: begun milliseconds whole.
    #[expect(clippy::cast_precision_loss, reason = "a few rounds")]
    pub(super) fn billed_ms(self, rounds: usize, megabytes: u32) -> f64 {
        let share = (f64::from(megabytes) / f64::from(ONE_PROCESSOR_MEGABYTES)).min(1.0);
        (self.processor_ms / share + rounds as f64 * self.call_ms).ceil()
    }
}

/// A million requests of this much.
pub(super) fn dynamodb(units: Units) -> f64 {
    units.read * READ_UNITS + units.write * WRITE_UNITS
}

/// A million requests, with calls in so many rounds, at this size.
pub(super) fn lambda(effort: Effort, rounds: usize, megabytes: u32) -> f64 {
    let gb_seconds = effort.billed_ms(rounds, megabytes) / 1000.0 * f64::from(megabytes) / 1024.0;
    LAMBDA_REQUESTS + 1e6 * gb_seconds * GB_SECOND
}
