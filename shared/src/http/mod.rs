//! `lambda_http` in and out: body limits, parsing, and the two dialects in which answers and errors are written.

mod call;
pub mod crm;
mod failure;
mod if_match;
pub mod mailer;
mod members;
#[cfg(feature = "openapi")]
pub mod schemas;

pub use call::{Answer, Call};
pub use failure::{Failure, Fault, Problem};
pub use members::Members;
