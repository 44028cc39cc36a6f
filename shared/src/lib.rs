//! The code that the functions of Contact Verification share.
//!
//! Dependencies point one way: the functions use `http`, `auth` and `store`, and those use `domain`.

pub mod auth;
pub mod domain;
mod endpoint;
mod environment;
pub mod http;
mod log;
pub mod sdk;
mod service;
pub mod settings;
mod start;
pub mod store;

pub use endpoint::{configured_endpoint, is_loopback};
pub use log::{LambdaFunction, causes, init_logging, report_panics_by_place};
pub use service::{Clock, DEADLINE, Service, system_clock};
pub use start::start;
