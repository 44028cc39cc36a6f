//! Requests and responses of `lambda_http`: limits, parsing, and the two dialects of answers and errors. This module does not
//! call the store.

mod answer;
mod body;
mod call;
pub mod crm;
mod failure;
mod if_match;
pub mod mailer;
mod members;
pub mod parse;
mod route;
#[cfg(feature = "openapi")]
pub mod schemas;

pub use answer::Answer;
pub use call::Call;
pub use failure::{Failure, Fault, Problem};
pub use members::Members;
pub use route::{Dialect, Route};
