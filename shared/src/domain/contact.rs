//! A contact and its contact methods (contract sections 1 and 8).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    AudienceSlug, ContactId, EmailAddress, OrganizationId, PhoneNumber, Timestamp, Verification,
    Version,
};

/// The two kinds of contact method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MethodKind {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

/// The value of a contact method, in its normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodValue {
    /// A phone number.
    Phone(PhoneNumber),
    /// An e-mail address.
    Email(EmailAddress),
}

impl MethodValue {
    /// Which kind of method it is.
    #[must_use]
    pub fn kind(&self) -> MethodKind {
        match self {
            Self::Phone(_) => MethodKind::Phone,
            Self::Email(_) => MethodKind::Email,
        }
    }

    /// The form by which it is found on a contact.
    #[must_use]
    pub fn normal_form(&self) -> &str {
        match self {
            Self::Phone(number) => number.as_e164(),
            Self::Email(address) => address.normal_form(),
        }
    }
}

/// One phone number or e-mail address on a contact.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactMethod {
    /// The form by which it is compared.
    pub normal_form: String,
    /// The form that is shown: E.164 for a phone number, the form as given for an e-mail address.
    pub value: String,
    /// Whether it is the contact's main one of its kind.
    pub is_primary: bool,
    /// Since when it is verified, if it is.
    pub verification: Option<Verification>,
}

/// Masked: the value is personal data.
impl fmt::Debug for ContactMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactMethod")
            .field("is_primary", &self.is_primary)
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
}

/// What a validation service found out about a contact's e-mail address.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailValidation {
    /// The finding.
    pub status: ValidationStatus,
    /// Why, in the service's words; may be empty.
    pub reason: String,
    /// When it was found out, if known.
    pub validated_at: Option<Timestamp>,
}

/// The finding of an e-mail validation (contract section 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ValidationStatus {
    /// Not looked at, or no finding.
    #[default]
    Unknown,
    /// Deliverable.
    Valid,
    /// Not an address.
    InvalidSyntax,
    /// The domain takes no mail.
    NoMx,
    /// A throw-away address.
    Disposable,
    /// Likely to bounce or to complain.
    Risky,
    /// Marked by a person.
    ManuallyInvalid,
}

impl ValidationStatus {
    /// Whether mail to the address is held back (contract section 7).
    #[must_use]
    pub fn is_undeliverable(self) -> bool {
        match self {
            Self::Unknown | Self::Valid => false,
            Self::InvalidSyntax
            | Self::NoMx
            | Self::Disposable
            | Self::Risky
            | Self::ManuallyInvalid => true,
        }
    }
}

/// What holds mail back whatever the subscriptions say, each since when.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppression {
    /// The person unsubscribed from everything.
    pub globally_unsubscribed_at: Option<Timestamp>,
    /// The mailbox refused for good.
    pub hard_bounced_at: Option<Timestamp>,
    /// The person reported a message as spam.
    pub complained_at: Option<Timestamp>,
}

/// A person, owned by one organization.
#[derive(Clone, PartialEq, Eq)]
pub struct Contact {
    /// The owner.
    pub organization_id: OrganizationId,
    /// The id, unique in the organization.
    pub id: ContactId,
    /// The first name, if known.
    pub first_name: Option<String>,
    /// The last name, if known.
    pub last_name: Option<String>,
    /// The phone numbers, in the order in which they were added.
    pub phones: Vec<ContactMethod>,
    /// The e-mail addresses, in the order in which they were added.
    pub emails: Vec<ContactMethod>,
    /// Further phone numbers that the CRM keeps as plain texts. They cannot be verified.
    pub secondary_phone_numbers: Vec<String>,
    /// The CRM's status, such as `New Lead`.
    pub status: Option<String>,
    /// The CRM's pipeline.
    pub pipeline_id: Option<String>,
    /// The stage in that pipeline.
    pub pipeline_stage: Option<String>,
    /// The CRM user who owns the contact.
    pub user_id: Option<String>,
    /// The CRM user who created it.
    pub created_by: Option<String>,
    /// The CRM users it is assigned to.
    pub assignees: Vec<String>,
    /// Since when the contact itself is verified, if it is.
    pub verification: Option<Verification>,
    /// What is known about its e-mail address.
    pub email_validation: EmailValidation,
    /// What holds mail back.
    pub suppression: Suppression,
    /// Tags, by audience.
    pub tags: BTreeMap<AudienceSlug, Vec<String>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// The number of its state.
    pub version: Version,
}

impl Contact {
    /// The methods of one kind, in the order in which they were added.
    #[must_use]
    pub fn methods(&self, kind: MethodKind) -> &[ContactMethod] {
        match kind {
            MethodKind::Phone => &self.phones,
            MethodKind::Email => &self.emails,
        }
    }

    /// The method with this normal form, if the contact has it.
    #[must_use]
    pub fn method(&self, value: &MethodValue) -> Option<&ContactMethod> {
        self.methods(value.kind())
            .iter()
            .find(|method| method.normal_form == value.normal_form())
    }

    /// The main e-mail address, if there is one.
    #[must_use]
    pub fn primary_email(&self) -> Option<&ContactMethod> {
        self.emails.iter().find(|email| email.is_primary)
    }
}

/// Masked: nearly all of a contact is personal data.
impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("organization_id", &self.organization_id)
            .field("id", &self.id)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}
