//! Checks the values of a seed file.

use std::collections::BTreeSet;
use std::fmt::Display;

use anyhow::{anyhow, bail};
use shared::domain::{
    AudienceSlug, ClientSlug, Contact, ContactRecord, EmailAddress, OrganizationId, PhoneRegion,
    TimeZone, Timestamp,
};
use shared::store::is_too_large;

use super::file::OrganizationSeed;
use super::organization::Organization;
use crate::contact_file::fault::Fault;
use crate::contact_file::members::ContactMembers;
use crate::contact_file::read;
use crate::contact_file::values::ReadContext;

/// Checks the values of a seed file, and converts them to normal form.
pub(super) struct Reader {
    /// The region of national phone numbers.
    pub(super) region: PhoneRegion,
    /// The creation time of contacts without one.
    pub(super) now: Timestamp,
}

impl Reader {
    /// Checks the organizations of a file.
    ///
    /// # Errors
    /// The place of the first fault, and the reason.
    pub(super) fn organizations(
        &self,
        seeds: Vec<OrganizationSeed>,
    ) -> anyhow::Result<Vec<Organization>> {
        let organizations = seeds
            .into_iter()
            .enumerate()
            .map(|(i, seed)| self.organization(&format!("organizations[{i}]"), seed))
            .collect::<anyhow::Result<Vec<_>>>()?;
        let ids = organizations.iter().enumerate();
        refuse_duplicates(ids.map(|(i, found)| (&found.id, format!("organizations[{i}].id"))))?;
        Ok(organizations)
    }

    fn organization(
        &self,
        place: &str,
        organization: OrganizationSeed,
    ) -> anyhow::Result<Organization> {
        let OrganizationSeed {
            id,
            audiences,
            clients,
            contacts,
        } = organization;
        let mut contacts = contacts
            .into_iter()
            .enumerate()
            .map(|(i, contact)| {
                self.contact(
                    &format!("{place}.contacts[{i}]"),
                    &id,
                    &audiences,
                    &clients,
                    contact,
                )
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let ids = contacts.iter().enumerate();
        let ids = ids.filter_map(|(i, contact)| {
            let id = contact.id.as_ref()?;
            Some((id, format!("{place}.contacts[{i}].id")))
        });
        refuse_duplicates(ids)?;
        give_addresses_one_owner(&mut contacts);
        Ok(Organization {
            id,
            audiences,
            clients,
            contacts,
        })
    }

    fn contact(
        &self,
        place: &str,
        organization: &OrganizationId,
        audiences: &BTreeSet<AudienceSlug>,
        clients: &BTreeSet<ClientSlug>,
        members: ContactMembers,
    ) -> anyhow::Result<ContactRecord> {
        if members.id.is_none() {
            bail!("{place}: missing field `id`");
        }
        let context = ReadContext {
            region: self.region,
            time_zone: TimeZone::UTC,
            now: self.now,
        };
        let is_unknown = |(slug, _): &(&ClientSlug, String)| !clients.contains(*slug);
        if let Some((unknown, field)) = members.clients().find(is_unknown) {
            bail!("{place}.{field}: {unknown} is not among the organization's clients");
        }
        let row = read::contact(members, &context)
            .map_err(|Fault { field, reason }| anyhow!("{place}.{field}: {reason}"))?;
        let is_unknown = |(slug, _): &&(AudienceSlug, String)| !audiences.contains(slug);
        if let Some((unknown, field)) = row.audiences.iter().find(is_unknown) {
            bail!("{place}.{field}: {unknown} is not among the organization's audiences");
        }
        let mut record = row.record;
        record.patch.created_at.get_or_insert(self.now);
        if self.is_too_large(organization, &record) {
            bail!(
                "{place}: is larger than an item may be: 400 KB, with room for a verification of every entry"
            );
        }
        Ok(record)
    }

    fn is_too_large(&self, organization: &OrganizationId, record: &ContactRecord) -> bool {
        let Some(id) = record.id.clone() else {
            return false;
        };
        let mut contact = Contact::new(organization.clone(), id, self.now);
        record.patch.clone().apply(&mut contact, &[], self.now);
        is_too_large(&contact)
    }
}

/// Gives each address to the first contact that has it and may own it. The other contacts have the address without owning it.
fn give_addresses_one_owner(contacts: &mut [ContactRecord]) {
    let mut taken = BTreeSet::new();
    for contact in contacts {
        let addresses = contact.own_addresses().map(EmailAddress::normal_form);
        let addresses: Vec<_> = addresses.map(str::to_owned).collect();
        let elsewhere = addresses
            .into_iter()
            .filter(|address| !taken.insert(address.clone()));
        contact.not_owned.extend(elsewhere);
    }
}

/// Refuses two items with the same id.
fn refuse_duplicates<'a, T: Ord + Display + 'a>(
    items: impl Iterator<Item = (&'a T, String)>,
) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for (id, place) in items {
        if !seen.insert(id) {
            bail!("{place}: {id} is used twice");
        }
    }
    Ok(())
}
