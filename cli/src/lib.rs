//! `contacts`: what a person does by hand. Its `serve` runs the very handlers that are deployed.

pub mod arguments;
pub mod development;
mod output;
pub mod seed;
pub mod serve;
pub mod smoke;
pub mod template;
