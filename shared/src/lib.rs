//! What the functions of Contact Verification share.
//!
//! Dependencies point one way: the functions use `http`, `auth` and `store`, and those use `domain`.

pub mod auth;
pub mod domain;
pub mod http;
mod loopback;
mod service;
pub mod settings;
mod start;
pub mod store;

pub use loopback::is_loopback;
pub use service::{Clock, Service};
pub use start::{init_logging, start};
