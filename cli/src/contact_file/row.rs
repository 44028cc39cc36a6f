//! A record about a contact, as the store imports it.

use shared::domain::{AudienceSlug, ContactRecord, MethodValue};
use shared::store::ImportRefusal;

use super::fault::Fault;

/// A record about a contact.
#[derive(Debug)]
pub(crate) struct ContactRow {
    /// The record itself.
    pub(crate) record: ContactRecord,
    /// The audiences that the record names, each with the member that names it.
    pub(crate) audiences: Vec<(AudienceSlug, String)>,
    /// The member with the record's only e-mail address, if the address is not in a list.
    pub(crate) email_member: Option<&'static str>,
}

impl ContactRow {
    /// The member with the contact method at this position in the record.
    fn field_of_method(&self, place: usize) -> String {
        if let Some(member) = self.email_member {
            return member.to_owned();
        }
        let before = self.record.patch.methods.iter().take(place);
        let emails = before.filter(|method| matches!(method.value, MethodValue::Email(_)));
        format!("emails[{}].value", emails.count())
    }

    /// The fault for the store's refusal of the record.
    pub(crate) fn fault_of(&self, refusal: &ImportRefusal) -> Fault {
        let why = refusal.to_string();
        match refusal {
            ImportRefusal::AddressTaken(place) => Fault::new(self.field_of_method(*place), why),
            ImportRefusal::SeveralOwners | ImportRefusal::OwnerMissing => Fault::new("emails", why),
            ImportRefusal::Erased => Fault::new("id", why),
            ImportRefusal::Unreadable
            | ImportRefusal::TooLarge
            | ImportRefusal::Refused
            | ImportRefusal::InDoubt => Fault::of_record(why),
        }
    }
}
