//! Seed files (contract section 11): organizations with their audiences, clients and contacts.

mod command;
mod contents;
mod file;
mod organization;
mod reader;
mod samples;
mod size;

pub use self::command::run;
pub use self::contents::Seed;
pub use self::samples::samples_of;
