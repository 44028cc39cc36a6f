//! A contact and its contact methods (contract sections 1 and 8).

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Address, AddressHash, AddressPatch, AddressSuppression, AudienceSlug, ContactId, EmailAddress,
    MethodId, OrganizationId, PhoneNumber, Suppression, Timestamp, VerificationState, Version,
};

/// The two kinds of contact method.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(
    feature = "openapi",
    derive(utoipa::ToSchema),
    schema(description = "A kind of contact method: a phone number or an e-mail address.")
)]
#[serde(rename_all = "lowercase")]
pub enum MethodKind {
    /// A phone number.
    Phone,
    /// An e-mail address.
    Email,
}

impl MethodKind {
    /// The kind as the table and the API write it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Phone => "phone",
            Self::Email => "email",
        }
    }
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
    /// A report about the method's verification.
    pub verification: VerificationState,
    /// The changes of the facts about the e-mail address.
    pub address: AddressPatch,
}

impl NewMethod {
    /// A method without a verification or other facts.
    #[must_use]
    pub fn of(value: MethodValue) -> Self {
        Self {
            value,
            is_primary: None,
            verification: VerificationState::default(),
            address: AddressPatch::default(),
        }
    }
}

/// One phone number or e-mail address on a contact.
#[derive(Clone, PartialEq, Eq)]
pub struct ContactMethod {
    /// The id, which the contact never uses again.
    pub id: MethodId,
    /// The method's place among the contact's methods of its kind. A new method gets a higher position than all
    /// existing methods.
    pub position: u32,
    /// The form for comparisons.
    pub normal_form: String,
    /// The form that is shown: E.164 for a phone number, the form as given for an e-mail address.
    pub value: String,
    /// Whether the method is the contact's primary one of its kind.
    pub is_primary: bool,
    /// The verification at the contact's level.
    pub verification: VerificationState,
    /// For an e-mail address, the facts that block mail to it.
    pub suppression: AddressSuppression,
}

/// Masked: the value is personal data.
impl fmt::Debug for ContactMethod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactMethod")
            .field("id", &self.id)
            .field("is_primary", &self.is_primary)
            .field("verification", &self.verification)
            .finish_non_exhaustive()
    }
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
    /// The facts about the person that block mail.
    pub suppression: Suppression,
    /// The hashes of the e-mail addresses that the contact had and no longer has. An erasure finds them by these.
    pub former_addresses: Vec<AddressHash>,
    /// Tags, by audience.
    pub tags: BTreeMap<AudienceSlug, Vec<String>>,
    /// The time of creation.
    pub created_at: Timestamp,
    /// The time of the last change.
    pub updated_at: Timestamp,
    /// How many subscriptions the contact has.
    pub subscription_count: u64,
    /// The version, which each change increases.
    pub version: Version,
}

impl Contact {
    /// An empty contact, not stored yet.
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
            suppression: Suppression::default(),
            former_addresses: Vec::new(),
            tags: BTreeMap::new(),
            created_at,
            updated_at: created_at,
            subscription_count: 0,
            version: Version::UNWRITTEN,
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

    /// The e-mail address with this normal form, if the contact has it.
    #[must_use]
    pub fn email(&self, normal_form: &str) -> Option<&ContactMethod> {
        let mut emails = self.emails.iter();
        emails.find(|email| email.normal_form == normal_form)
    }

    /// The e-mail address with this hash, if the contact has it.
    #[must_use]
    pub fn email_of_hash(&self, hash: &AddressHash) -> Option<&ContactMethod> {
        let mut emails = self.emails.iter();
        emails.find(|email| AddressHash::of(&self.organization_id, &email.normal_form) == *hash)
    }

    /// Whether the contact has this e-mail address.
    #[must_use]
    pub fn has_address(&self, address: &EmailAddress) -> bool {
        self.email(address.normal_form()).is_some()
    }

    /// Adds a method, or finds the existing method with the same normal form. A kind has one primary method: a new primary
    /// method replaces the old one.
    pub fn add_method(
        &mut self,
        value: &MethodValue,
        is_primary: Option<bool>,
    ) -> &mut ContactMethod {
        if let MethodValue::Email(address) = value {
            let hash = AddressHash::of(&self.organization_id, address.normal_form());
            self.former_addresses.retain(|former| *former != hash);
        }
        let version = self.version.next();
        let added_by_it = |method: &&ContactMethod| method.id.is_of(version);
        let place = self
            .phones
            .iter()
            .chain(&self.emails)
            .filter(added_by_it)
            .count();
        let (methods, found) = self.methods_mut(value);
        let (index, becomes_primary) = if let Some(index) = found {
            (index, is_primary == Some(true))
        } else {
            let is_first = !methods.iter().any(|method| method.is_primary);
            methods.push(ContactMethod {
                id: MethodId::new(version, place),
                position: methods.last().map_or(0, |last| last.position + 1),
                normal_form: value.normal_form().to_owned(),
                value: value.shown_form().to_owned(),
                is_primary: false,
                verification: VerificationState::default(),
                suppression: AddressSuppression::default(),
            });
            (methods.len() - 1, is_primary.unwrap_or(is_first))
        };
        if becomes_primary {
            for (other, method) in methods.iter_mut().enumerate() {
                method.is_primary = other == index;
            }
        }
        &mut methods[index]
    }

    /// Adds the facts about a received address to the contact's entry (contract section 7).
    ///
    /// If the address comes back to its last owner, the contact already has the person's own facts. A copy with the address
    /// would stay after the contact's facts are lifted.
    pub fn receive(&mut self, address: &Address) {
        let mut kept = address.suppression.clone();
        if address.former_owners.first() == Some(&self.id) {
            kept = kept.without(&self.suppression);
        }
        let mut emails = self.emails.iter_mut();
        if let Some(email) = emails.find(|email| email.normal_form == address.normal_form) {
            email.suppression.merge(kept);
        }
    }

    /// Removes a method with its verification, if the contact has the method. If the method was primary, the oldest
    /// remaining method of its kind becomes primary. Returns the facts that block mail to the removed address.
    pub fn remove_method(&mut self, value: &MethodValue) -> Option<AddressSuppression> {
        let (methods, index) = self.methods_mut(value);
        let removed = methods.remove(index?);
        if let (true, Some(first)) = (removed.is_primary, methods.first_mut()) {
            first.is_primary = true;
        }
        if let MethodValue::Email(address) = value {
            let hash = AddressHash::of(&self.organization_id, address.normal_form());
            self.former_addresses.push(hash);
        }
        Some(removed.suppression.of_former_owner(&self.suppression))
    }

    /// The method with this normal form, if the contact has it.
    pub fn method_mut(&mut self, value: &MethodValue) -> Option<&mut ContactMethod> {
        let (methods, index) = self.methods_mut(value);
        Some(&mut methods[index?])
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
mod tests;
