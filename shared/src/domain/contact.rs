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

/// The value of a contact method. It has a normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MethodValue {
    /// A phone number.
    Phone(PhoneNumber),
    /// An e-mail address.
    Email(EmailAddress),
}

impl MethodValue {
    /// The kind of the method.
    #[must_use]
    pub fn kind(&self) -> MethodKind {
        match self {
            Self::Phone(_) => MethodKind::Phone,
            Self::Email(_) => MethodKind::Email,
        }
    }

    /// The form that identifies the method on a contact.
    #[must_use]
    pub fn normal_form(&self) -> &str {
        match self {
            Self::Phone(number) => number.as_e164(),
            Self::Email(address) => address.normal_form(),
        }
    }

    /// The form that is shown: E.164 for a phone number, the form as given for an e-mail address.
    fn shown_form(&self) -> &str {
        match self {
            Self::Phone(number) => number.as_e164(),
            Self::Email(address) => address.as_given(),
        }
    }
}

/// A phone number or e-mail address to add to a contact, or to change on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMethod {
    /// The phone number or e-mail address.
    pub value: MethodValue,
    /// Whether the method is the primary one of its kind. With `None`, an existing method keeps its flag, and a new
    /// method is primary if its kind has no primary method.
    pub is_primary: Option<bool>,
    /// The verification, if there is one. The one rule decides whether it replaces the stored verification.
    pub verification: Option<Verification>,
}

/// One phone number or e-mail address on a contact.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactMethod {
    /// The method's place among the contact's methods of its kind. A new method gets a higher position than all
    /// existing methods.
    pub position: u32,
    /// The form for comparisons.
    pub normal_form: String,
    /// The form that is shown: E.164 for a phone number, the form as given for an e-mail address.
    pub value: String,
    /// Whether the method is the contact's primary one of its kind.
    pub is_primary: bool,
    /// The verification, if the method is verified.
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

/// The result of the validation of a contact's e-mail address by a validation service.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EmailValidation {
    /// The status.
    pub status: ValidationStatus,
    /// The reason that the service gives; may be empty.
    pub reason: String,
    /// The time of the validation, if known.
    pub validated_at: Option<Timestamp>,
}

/// The finding of an e-mail validation (contract section 7).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "The finding of an e-mail validation.")
)]
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
    /// Whether the status blocks mail to the address (contract section 7).
    #[must_use]
    pub fn is_undeliverable(self) -> bool {
        !matches!(self, Self::Unknown | Self::Valid)
    }
}

/// The suppressions of a contact: they block mail even to subscribers. Each one is the time since which it applies.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Suppression {
    /// When the person unsubscribed from everything.
    pub globally_unsubscribed_at: Option<Timestamp>,
    /// The person's reason to unsubscribe from everything; may be empty.
    pub global_unsubscribe_reason: String,
    /// When the mailbox refused a message permanently.
    pub hard_bounced_at: Option<Timestamp>,
    /// When the person reported a message as spam.
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
    /// Further phone numbers, which the CRM stores as plain text. Nobody can verify them.
    pub secondary_phone_numbers: Vec<String>,
    /// The CRM's status, such as `New Lead`.
    pub status: Option<String>,
    /// The CRM's pipeline.
    pub pipeline_id: Option<String>,
    /// The stage in that pipeline.
    pub pipeline_stage: Option<String>,
    /// The CRM user who owns the contact.
    pub user_id: Option<String>,
    /// The CRM user who created the contact.
    pub created_by: Option<String>,
    /// The CRM users to whom the contact is assigned.
    pub assignees: Vec<String>,
    /// The verification of the contact itself, if it is verified.
    pub verification: Option<Verification>,
    /// The validation of its e-mail address.
    pub email_validation: EmailValidation,
    /// The suppressions of mail to the contact.
    pub suppression: Suppression,
    /// Tags, by audience.
    pub tags: BTreeMap<AudienceSlug, Vec<String>>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
    /// The version, which each change increases.
    pub version: Version,
}

impl Contact {
    /// An empty contact.
    #[must_use]
    pub fn new(organization_id: OrganizationId, id: ContactId, created_at: Timestamp) -> Self {
        Self {
            organization_id,
            id,
            first_name: None,
            last_name: None,
            phones: Vec::new(),
            emails: Vec::new(),
            secondary_phone_numbers: Vec::new(),
            status: None,
            pipeline_id: None,
            pipeline_stage: None,
            user_id: None,
            created_by: None,
            assignees: Vec::new(),
            verification: None,
            email_validation: EmailValidation::default(),
            suppression: Suppression::default(),
            tags: BTreeMap::new(),
            created_at,
            updated_at: created_at,
            version: Version::FIRST,
        }
    }

    /// The method with this normal form, if the contact has it.
    #[must_use]
    pub fn method(&self, value: &MethodValue) -> Option<&ContactMethod> {
        let methods = match value {
            MethodValue::Phone(_) => &self.phones,
            MethodValue::Email(_) => &self.emails,
        };
        let normal_form = value.normal_form();
        methods
            .iter()
            .find(|method| method.normal_form == normal_form)
    }

    /// The methods of the value's kind, and the index of the method with its normal form.
    fn methods_mut(&mut self, value: &MethodValue) -> (&mut Vec<ContactMethod>, Option<usize>) {
        let methods = match value {
            MethodValue::Phone(_) => &mut self.phones,
            MethodValue::Email(_) => &mut self.emails,
        };
        let normal_form = value.normal_form();
        let index = methods
            .iter()
            .position(|method| method.normal_form == normal_form);
        (methods, index)
    }

    /// Whether the contact has this e-mail address.
    #[must_use]
    pub fn has_address(&self, address: &EmailAddress) -> bool {
        let mut emails = self.emails.iter();
        emails.any(|email| email.normal_form == address.normal_form())
    }

    /// Adds a method, or updates the existing method with the same normal form. An update can make the method primary
    /// and can record a verification; it changes nothing else. A kind has one primary method: a new primary method
    /// replaces the old one.
    pub fn add_method(&mut self, new: NewMethod) {
        let (methods, found) = self.methods_mut(&new.value);
        let (index, becomes_primary) = if let Some(index) = found {
            (index, new.is_primary == Some(true))
        } else {
            let is_first = !methods.iter().any(|method| method.is_primary);
            methods.push(ContactMethod {
                position: methods.last().map_or(0, |last| last.position + 1),
                normal_form: new.value.normal_form().to_owned(),
                value: new.value.shown_form().to_owned(),
                is_primary: false,
                verification: None,
            });
            (methods.len() - 1, new.is_primary.unwrap_or(is_first))
        };
        if becomes_primary {
            for (other, method) in methods.iter_mut().enumerate() {
                method.is_primary = other == index;
            }
        }
        if let Some(verification) = new.verification {
            verification.record(&mut methods[index].verification);
        }
    }

    /// Removes a method with its verification, if the contact has the method. If the method was primary, the oldest
    /// remaining method of its kind becomes primary.
    pub fn remove_method(&mut self, value: &MethodValue) {
        let (methods, Some(index)) = self.methods_mut(value) else {
            return;
        };
        let removed = methods.remove(index);
        if let (true, Some(first)) = (removed.is_primary, methods.first_mut()) {
            first.is_primary = true;
        }
    }

    /// Sets or clears the verification of a method. Does nothing if the contact does not have the method.
    pub fn set_verification(&mut self, value: &MethodValue, verification: Option<Verification>) {
        if let (methods, Some(index)) = self.methods_mut(value) {
            methods[index].verification = verification;
        }
    }

    /// The primary e-mail address, if there is one.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, PhoneRegion};

    fn contact() -> Contact {
        Contact::new(
            OrganizationId::parse("org_a").unwrap(),
            ContactId::parse("c_1").unwrap(),
            Timestamp::EPOCH,
        )
    }

    fn phone(last: u8) -> MethodValue {
        let number = format!("+1416555010{last}");
        MethodValue::Phone(PhoneNumber::parse(&number, PhoneRegion::CANADA).unwrap())
    }

    fn new(value: MethodValue, is_primary: Option<bool>) -> NewMethod {
        NewMethod {
            value,
            is_primary,
            verification: None,
        }
    }

    fn shown(contact: &Contact) -> Vec<(&str, u32, bool)> {
        contact
            .phones
            .iter()
            .map(|method| (&method.value[9..], method.position, method.is_primary))
            .collect()
    }

    #[test]
    fn the_first_of_a_kind_is_primary_and_another_takes_its_place_when_it_is_said_to() {
        let mut contact = contact();
        contact.add_method(new(phone(0), None));
        contact.add_method(new(phone(1), None));
        assert_eq!(shown(&contact), [("100", 0, true), ("101", 1, false)]);
        contact.add_method(new(phone(1), Some(true)));
        assert_eq!(shown(&contact), [("100", 0, false), ("101", 1, true)]);
        contact.add_method(new(phone(1), Some(false)));
        assert_eq!(shown(&contact), [("100", 0, false), ("101", 1, true)]);
    }

    #[test]
    fn the_first_that_is_left_takes_the_place_of_a_primary_that_is_removed() {
        let mut contact = contact();
        for last in 0..3 {
            contact.add_method(new(phone(last), None));
        }
        for _ in 0..2 {
            contact.remove_method(&phone(0));
            assert_eq!(shown(&contact), [("101", 1, true), ("102", 2, false)]);
        }
        contact.add_method(new(phone(0), None));
        assert_eq!(
            shown(&contact),
            [("101", 1, true), ("102", 2, false), ("100", 3, false)]
        );
    }

    #[test]
    fn a_value_that_is_removed_and_added_again_is_not_verified() {
        let mut contact = contact();
        let verified = NewMethod {
            verification: Some(Verification {
                at: Timestamp::EPOCH,
                by: Some(Actor::subject("user_1")),
                source: None,
            }),
            ..new(phone(0), None)
        };
        contact.add_method(verified);
        contact.add_method(new(phone(0), Some(true)));
        assert!(contact.phones[0].verification.is_some());
        contact.remove_method(&phone(0));
        contact.add_method(new(phone(0), None));
        assert_eq!(contact.phones[0].verification, None);
    }
}
