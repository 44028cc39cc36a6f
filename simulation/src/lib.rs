//! A simulation that tries to break the promise: the earliest verification is never lost, and no request takes effect twice.
//!
//! The handlers and the AWS SDK are the real ones. The SDK's HTTP connector leads to a simulated DynamoDB in the process. As AWS
//! documents it, this DynamoDB conflicts, fails, answers late and loses answers. One thread, one seed and a paused clock make a
//! history. It has callers in two organizations, processes with wrong clocks that freeze and die, and a stream that redelivers.
//! After a history, [`checks`] compares all requests and answers with all writes.
//!
//! [`faults`] plants faults into the program, to show that the checks find them.

#![allow(
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a simulation that cannot go on has failed"
)]

pub mod callers;
pub mod checks;
pub mod database;
pub mod faults;
pub mod history;
pub mod invocation;
pub mod ledger;
pub mod network;
pub mod operator;
pub mod process;
pub mod random;
pub mod requests;
pub mod runs;
pub mod scene;
pub mod start;
pub mod stream;
pub mod trace;
pub mod weather;
