//! `contacts`: what a person does by hand. Its `serve` runs the very handlers that are deployed.

pub mod api_url;
pub mod arguments;
pub mod client;
mod demo;
pub mod development;
pub mod export;
pub mod import;
mod interrupt;
pub mod openapi;
mod output;
pub mod progress;
pub mod provision;
pub mod seed;
pub mod serve;
pub mod smoke;
mod table;
pub mod template;
