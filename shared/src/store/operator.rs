//! The operations that only the command-line tool uses: create the table, provision audiences and clients, import and export.

mod bulk;
mod export;
mod import;
mod provision;
mod table;

pub use bulk::RetryBudget;
pub use export::{Exported, ExportedContact};
pub use import::{Existing, Import, ImportOutcome, ImportRecord, ImportRefusal};
pub use provision::Registered;
pub(super) use table::INDEX_CONTACTS_BY_ID;
pub use table::{ChangeStream, add_stream, create_table};
