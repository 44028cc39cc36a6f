//! Checks the values of a seed file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

use anyhow::{anyhow, bail};
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, Contact, ContactId, ContactPatch, ContactRecord, EmailAddress,
    Ending, MethodValue, NewMethod, OrganizationId, PhoneNumber, PhoneRegion, SubscriptionId,
    SubscriptionPatch, SuppressionPatch, Timestamp, ValidationPatch, Verification,
    VerificationSource,
};
use shared::store::is_too_large;

use super::file::{
    ContactSeed, EmailValidationSeed, MethodSeed, OrganizationSeed, SubscriptionSeed,
};
use super::organization::Organization;

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
    /// The place of the first fault, and what is wrong there.
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
        let ids: Vec<_> = contacts.iter().map(|contact| contact.id.clone()).collect();
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
        let ids = ids.iter().enumerate();
        refuse_duplicates(ids.map(|(i, id)| (id, format!("{place}.contacts[{i}].id"))))?;
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
        seed: ContactSeed,
    ) -> anyhow::Result<ContactRecord> {
        let phones = self.phones(&format!("{place}.phoneNumber"), seed.phone_number)?;
        let emails = emails(&format!("{place}.emails"), seed.emails)?;
        if let Some(unknown) = seed.tags.keys().find(|slug| !audiences.contains(slug)) {
            bail!("{place}.tags: {unknown} is not among the organization's audiences");
        }
        let verification = verification(
            place,
            seed.verified_at,
            seed.verified_by,
            seed.verification_source,
        )?;
        let patch = ContactPatch {
            first_name: seed.first_name,
            last_name: seed.last_name,
            methods: phones.into_iter().chain(emails).collect(),
            secondary_phone_numbers: seed.secondary_phone_number,
            status: seed.status,
            pipeline_id: seed.pipeline_id,
            pipeline_stage: seed.pipeline_stage,
            user_id: seed.user_id,
            created_by: seed.created_by,
            assignees: seed.assignees,
            verification,
            email_validation: seed.email_validation.map(validation),
            globally_unsubscribed: seed.globally_unsubscribed_at.map(SuppressionPatch::Since),
            global_unsubscribe_reason: Some(seed.global_unsubscribe_reason),
            hard_bounced: seed.hard_bounced_at.map(SuppressionPatch::Since),
            complained: seed.complained_at.map(SuppressionPatch::Since),
            tags: seed.tags,
            created_at: Some(seed.created_at.unwrap_or(self.now)),
        };
        if self.is_too_large(organization, &seed.id, &patch) {
            bail!(
                "{place}: is larger than the 400 KB of an item, with room for a verification of every entry"
            );
        }
        Ok(ContactRecord {
            id: Some(seed.id),
            patch,
            owned_elsewhere: BTreeSet::new(),
            subscriptions: subscriptions(place, audiences, clients, seed.subscriptions)?,
            updated_at: seed.updated_at,
        })
    }

    fn is_too_large(
        &self,
        organization: &OrganizationId,
        id: &ContactId,
        patch: &ContactPatch,
    ) -> bool {
        let mut contact = Contact::new(organization.clone(), id.clone(), self.now);
        patch.clone().apply(&mut contact, self.now);
        is_too_large(&contact)
    }

    fn phones(&self, place: &str, seeds: Vec<MethodSeed>) -> anyhow::Result<Vec<NewMethod>> {
        methods(place, seeds, |text| {
            let number = PhoneNumber::parse(text, self.region)?;
            if !number.has_assigned_calling_code() {
                bail!("has a calling code that is not assigned");
            }
            Ok(MethodValue::Phone(number))
        })
    }
}

fn emails(place: &str, seeds: Vec<MethodSeed>) -> anyhow::Result<Vec<NewMethod>> {
    methods(place, seeds, |text| {
        Ok(MethodValue::Email(EmailAddress::parse(text)?))
    })
}

/// The contact methods of one kind.
fn methods(
    place: &str,
    seeds: Vec<MethodSeed>,
    read: impl Fn(&str) -> anyhow::Result<MethodValue>,
) -> anyhow::Result<Vec<NewMethod>> {
    let primaries = seeds
        .iter()
        .filter(|seed| seed.is_primary == Some(true))
        .count();
    if primaries > 1 {
        bail!("{place}: more than one entry is primary");
    }
    // If the file marks no entry as primary, the first entry is.
    let mut first_is_primary = primaries == 0;
    let methods = seeds
        .into_iter()
        .enumerate()
        .map(|(i, seed)| {
            let value = read(&seed.value).map_err(|why| anyhow!("{place}[{i}].value: {why}"))?;
            let is_first = std::mem::take(&mut first_is_primary);
            let place = format!("{place}[{i}]");
            Ok(NewMethod {
                value,
                is_primary: Some(seed.is_primary.unwrap_or(is_first)),
                verification: verification(
                    &place,
                    seed.verified_at,
                    seed.verified_by,
                    seed.verification_source,
                )?,
            })
        })
        .collect::<anyhow::Result<Vec<_>>>()?;
    // Values are personal data: the error names only their place.
    let mut seen = BTreeSet::new();
    match methods
        .iter()
        .position(|method| !seen.insert(method.value.normal_form()))
    {
        Some(i) => bail!("{place}[{i}].value: is the same as that of an earlier entry"),
        None => Ok(methods),
    }
}

fn validation(seed: EmailValidationSeed) -> ValidationPatch {
    ValidationPatch {
        status: seed.status,
        reason: Some(seed.reason),
        validated_at: Some(seed.validated_at),
    }
}

fn subscriptions(
    place: &str,
    audiences: &BTreeSet<AudienceSlug>,
    clients: &BTreeSet<ClientSlug>,
    seeds: Vec<SubscriptionSeed>,
) -> anyhow::Result<BTreeMap<SubscriptionId, SubscriptionPatch>> {
    let mut subscriptions = BTreeMap::new();
    for (i, seed) in seeds.into_iter().enumerate() {
        let place = format!("{place}.subscriptions[{i}]");
        if !audiences.contains(&seed.audience) {
            bail!(
                "{place}.audience: {} is not among the organization's audiences",
                seed.audience
            );
        }
        if let Some(client) = seed
            .client
            .as_ref()
            .filter(|client| !clients.contains(client))
        {
            bail!("{place}.client: {client} is not among the organization's clients");
        }
        let subscription = SubscriptionPatch {
            status: Some(seed.status),
            ending: Some(Ending {
                at: seed.unsubscribed_at,
                reason: seed.unsubscribe_reason,
            }),
            verification: verification(
                &place,
                seed.verified_at,
                seed.verified_by,
                seed.verification_source,
            )?,
            is_history: true,
        };
        let id = SubscriptionId {
            audience: seed.audience,
            client: seed.client,
        };
        if subscriptions.insert(id, subscription).is_some() {
            bail!("{place}: an earlier subscription has the same audience and client");
        }
    }
    Ok(subscriptions)
}

fn verification(
    place: &str,
    at: Option<Timestamp>,
    by: Option<Actor>,
    source: Option<String>,
) -> anyhow::Result<Option<Verification>> {
    let source = source
        .filter(|text| !text.trim().is_empty())
        .map(|text| VerificationSource::parse(&text))
        .transpose()
        .map_err(|why| anyhow!("{place}.verificationSource: {why}"))?;
    match at {
        Some(at) => Ok(Some(Verification { at, by, source })),
        None if by.is_some() || source.is_some() => {
            bail!("{place}: has verifiedBy or verificationSource without verifiedAt")
        }
        None => Ok(None),
    }
}

/// Gives each address to the first of the contacts that have it. The others have it without owning it.
fn give_addresses_one_owner(contacts: &mut [ContactRecord]) {
    let mut taken = BTreeSet::new();
    for contact in contacts {
        let addresses = contact.own_addresses().map(EmailAddress::normal_form);
        let addresses: Vec<_> = addresses.map(str::to_owned).collect();
        let elsewhere = addresses
            .into_iter()
            .filter(|address| !taken.insert(address.clone()));
        contact.owned_elsewhere = elsewhere.collect();
    }
}

/// Refuses two items with the same id.
fn refuse_duplicates<'a, T: Ord + Display + 'a>(
    items: impl Iterator<Item = (&'a T, String)>,
) -> anyhow::Result<()> {
    let mut seen = BTreeSet::new();
    for (id, place) in items {
        if !seen.insert(id) {
            bail!("{place}: {id} is there twice");
        }
    }
    Ok(())
}
