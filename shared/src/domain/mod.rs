//! The terms of the contract as types, and its rules. This module uses no AWS, no HTTP, no async and no clock.
//!
//! Only a parser makes an identifier, phone number, e-mail address, time or label from text, so every value is in its
//! normal form (contract section 4).

mod access;
mod contact;
mod eligibility;
mod email_address;
mod identifiers;
mod numbering_plan;
mod patch;
mod phone_number;
mod record;
mod scope;
mod subscription;
mod time_zone;
mod timestamp;
mod verification;
mod version;

pub use access::{Reach, SuperAdmin, Tenant};
pub use contact::{
    Contact, ContactMethod, EmailValidation, MethodKind, MethodValue, NewMethod, Suppression,
    ValidationStatus,
};
pub use eligibility::{Block, Eligibility, Level};
pub use email_address::{EmailAddress, InvalidEmailAddress};
pub use identifiers::{
    Actor, AudienceSlug, ClientSlug, ContactId, InvalidIdentifier, OrganizationId,
    VerificationSource,
};
/// The region whose national numbers the parser of phone numbers reads, an ISO 3166 alpha-2 code.
pub use numbering_plans::Region as PhoneRegion;
pub use patch::{
    AudiencePatch, ContactPatch, Ending, SubscriptionPatch, SuppressionPatch, ValidationPatch,
};
pub use phone_number::{InvalidPhoneNumber, PhoneNumber};
pub use record::ContactRecord;
pub use scope::Scope;
pub use subscription::{
    AudienceContact, SubscribedContact, Subscription, SubscriptionId, SubscriptionStatus,
};
pub use time_zone::{TimeZone, UnknownTimeZone};
pub use timestamp::{InvalidTimestamp, Timestamp};
pub use verification::{Outcome, Verification};
pub use version::{ExpectedVersion, Version};
