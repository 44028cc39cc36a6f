//! What only the command-line tool does: it creates the table, fills it, and reads all of it.

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
