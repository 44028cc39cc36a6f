//! Every DynamoDB key, attribute name and expression. No other module knows them.
//!
//! Each operation builds its request with a pure function, sends it, and turns the answer into a domain outcome. A single
//! verification is one conditional update (`verify_method`). Every other change reads the contact, computes the new state, and
//! writes it on condition that the contact is still at the version that was read (`change`). The operations that only the
//! command-line tool uses are in `operator`.

mod address;
mod attempts;
mod audience_contact;
mod batch;
mod change;
mod client;
mod conditions;
mod connection;
mod contact_methods;
mod difference;
mod edit;
mod erase;
mod error;
mod expression;
mod find_contact;
mod history;
mod items;
mod keys;
mod metadata;
mod operator;
mod query;
mod read;
mod recent_requests;
mod retry;
mod status;
mod tally;
mod verify_contact;
mod verify_method;

use std::time::Duration;

use aws_sdk_dynamodb::Client;

pub use audience_contact::{AudienceContactChanged, ChangeAudienceContact, IfMissing};
pub use client::{ClientTimeouts, configure};
pub use contact_methods::{EditMethod, EditMethodKind};
pub use erase::{EraseContact, Erasure};
pub use error::{ChangeError, DatabaseError};
pub use history::{HistoryItem, HistoryPage, HistoryQuery, StreamRecord, is_history_key};
pub use items::{Item, is_too_large};
pub use metadata::ChangeMetadata;
pub use operator::{
    ChangeStream, Existing, Exported, ExportedContact, Import, ImportOutcome, ImportRecord,
    ImportRefusal, Registered, RetryBudget, add_stream, create_table,
};
pub use recent_requests::WriteId;
pub(crate) use tally::{Tally, tallied};
pub use verify_contact::VerifyContact;
pub use verify_method::VerifyMethod;

use self::attempts::CONTENTION_BUDGET;
use self::retry::NeverAfterAmbiguousFailure;

/// The table, with the operations of the endpoints and of the command-line tool.
#[derive(Debug, Clone)]
pub struct Store {
    client: Client,
    /// The client for writes. It never retries after an ambiguous failure.
    writes: Client,
    table: String,
    contention_budget: Duration,
}

impl Store {
    /// A store on the table with this name.
    #[must_use]
    pub fn new(client: Client, table: String) -> Self {
        let writes = client.config().to_builder();
        let writes = writes.retry_classifier(NeverAfterAmbiguousFailure).build();
        Self {
            writes: Client::from_conf(writes),
            client,
            table,
            contention_budget: CONTENTION_BUDGET,
        }
    }

    /// Limits the total wait between the attempts at one request. At the limit, a request that keeps losing races fails.
    #[must_use]
    pub fn with_contention_budget(self, contention_budget: Duration) -> Self {
        Self {
            contention_budget,
            ..self
        }
    }
}
