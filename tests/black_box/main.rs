//! The API from outside: real handlers, real HTTP, real tokens, a DynamoDB engine.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod addresses;
mod at_most_once;
mod by_hand;
mod callers;
mod contacts;
mod costs;
mod crm;
mod docs;
mod events;
mod faults;
mod history;
mod identity_providers;
mod import;
mod log;
mod mailer;
mod openapi;
mod proxy;
mod rule;
mod schema;
mod seed;
mod store;
mod template;
mod tokens;
mod typed;
