//! The targets.

mod api_event;
mod email_address;
mod entity_tags;
mod history_page;
mod identifier;
mod import;
mod key_set;
mod phone_number;
mod query;
mod seed;
mod settings;
mod stream_record;
mod table_item;
mod time;
mod token;

pub use self::api_event::api_event;
pub use self::email_address::email_address;
pub use self::entity_tags::entity_tags;
pub use self::history_page::history_page;
pub use self::identifier::identifier;
pub use self::import::import;
pub use self::key_set::key_set;
pub use self::phone_number::phone_number;
pub use self::query::query;
pub use self::seed::seed;
pub use self::settings::settings;
pub use self::stream_record::stream_record;
pub use self::table_item::table_item;
pub use self::time::time;
pub use self::token::token;
