//! The terms of the contract as types, and its rules. This module uses no AWS, no HTTP, no async and no clock.
//!
//! Only a parser makes an identifier, phone number, e-mail address, time or label from text, so every value is in its
//! normal form (contract section 4).

mod access;
mod address;
mod contact;
mod eligibility;
mod email_address;
mod email_validation;
mod history;
mod identifiers;
mod invisible;
mod numbering_plan;
mod patch;
mod phone_number;
mod record;
mod scope;
mod subscription;
mod suppression;
mod time_zone;
mod timestamp;
mod verification;
mod version;

pub use access::{Reach, SuperAdmin, Tenant};
pub use address::{Address, AddressHash};
pub use contact::{Contact, ContactMethod, MethodKind, MethodValue, NewMethod};
pub use eligibility::{Block, Eligibility};
pub use email_address::{EmailAddress, InvalidEmailAddress};
pub use email_validation::{EmailValidation, ValidationPatch, ValidationStatus};
pub use history::{
    HistoryChange, HistoryEntry, HistoryEvent, HistoryState, SuppressionKind, address_changes,
    contact_changes, removed_emails, subscription_changes, verification_ended,
};
pub use identifiers::{
    Actor, AudienceSlug, ClientSlug, ContactId, InvalidIdentifier, MethodId, OrganizationId,
    VerificationSource,
};
pub(crate) use invisible::is_invisible;
/// The region whose national numbers the parser of phone numbers reads, an ISO 3166 alpha-2 code.
pub use numbering_plans::Region as PhoneRegion;
pub use patch::{AudiencePatch, ContactPatch, Ending, SubscriptionPatch};
pub use phone_number::{InvalidPhoneNumber, PhoneNumber};
pub use record::ContactRecord;
pub use scope::Scope;
pub use subscription::{
    AudienceContact, SubscribedContact, Subscription, SubscriptionId, SubscriptionStatus,
};
pub use suppression::{AddressPatch, AddressSuppression, Suppression, SuppressionPatch};
pub use time_zone::{TimeZone, UnknownTimeZone};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use verification::{Level, Outcome, Verification, VerificationState};
pub use version::{ExpectedVersion, Version};
