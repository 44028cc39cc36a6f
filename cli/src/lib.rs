//! `contacts`: the command-line tool for developers and operators. `contacts serve` runs the same handlers as a deployment.

pub mod api_url;
pub mod arguments;
pub mod client;
pub mod completions;
mod contact_file;
pub mod demo;
pub mod development;
pub mod erase;
pub mod exit;
pub mod explain;
pub mod export;
pub mod import;
mod interrupt;
pub mod openapi;
pub mod output;
pub mod progress;
pub mod provision;
mod report;
pub mod seed;
pub mod serve;
pub mod smoke;
mod table;
pub mod template;
