//! The organizations, contacts, numbers and addresses of all histories.

/// The start of a history, in milliseconds since 1970: 2100-01-01. The items of the start have the machine's time, which is earlier.
pub const BEGAN_AT_MS: i64 = 4_102_444_800_000;

/// The organizations.
pub const ORGANIZATIONS: [&str; 2] = ["alpha", "beta"];

/// The clients of an organization.
pub const CLIENTS: [&str; 2] = ["website", "app"];

/// The audiences of an organization.
pub const AUDIENCES: [&str; 2] = ["newsletter", "other"];

/// The contact that only the second organization has.
pub const LONE_CONTACT: &str = "c_lone";

/// A phone number that always belongs to the contact `c_1`.
pub const STABLE_PHONE: &str = "+14165550100";
/// An address that always belongs to the contact `c_1`, as its primary one.
pub const STABLE_ADDRESS: &str = "stable@example.com";
/// Phone numbers that come and go.
pub const PHONES: [&str; 2] = ["+14165550110", "+14165550111"];
/// Addresses that come and go. Upserts create contacts for them.
pub const ADDRESSES: [&str; 4] = [
    "a@example.com",
    "b@example.com",
    "c@example.com",
    "d@example.com",
];
/// Contacts that exist at the beginning.
pub const CONTACTS: [&str; 3] = ["c_1", "c_2", "c_3"];
/// The contact that is never erased, and whose stable number and address are never removed.
pub const STABLE_CONTACT: &str = "c_1";
