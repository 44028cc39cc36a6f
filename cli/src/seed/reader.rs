//! Checks the values of a seed file.

use std::collections::BTreeSet;
use std::fmt::Display;

use anyhow::{anyhow, bail};
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, Contact, ContactMethod, EmailAddress, EmailValidation,
    OrganizationId, PhoneNumber, PhoneRegion, Subscription, SubscriptionId, Suppression, Timestamp,
    Verification, VerificationSource, Version,
};
use shared::store::is_too_large;

use super::file::{ContactSeed, MethodSeed, OrganizationSeed, SubscriptionSeed};
use super::organization::{Organization, Subscriptions};

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
        let contacts = contacts
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
        refuse_duplicates(
            ids.map(|(i, (contact, _))| (&contact.id, format!("{place}.contacts[{i}].id"))),
        )?;
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
    ) -> anyhow::Result<(Contact, Subscriptions)> {
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
        let created_at = seed.created_at.unwrap_or(self.now);
        let contact = Contact {
            organization_id: organization.clone(),
            id: seed.id,
            first_name: seed.first_name,
            last_name: seed.last_name,
            phones,
            emails,
            secondary_phone_numbers: seed.secondary_phone_number,
            status: seed.status,
            pipeline_id: seed.pipeline_id,
            pipeline_stage: seed.pipeline_stage,
            user_id: seed.user_id,
            created_by: seed.created_by,
            assignees: seed.assignees,
            verification,
            email_validation: seed
                .email_validation
                .map_or_else(EmailValidation::default, |seed| EmailValidation {
                    status: seed.status,
                    reason: seed.reason,
                    validated_at: seed.validated_at,
                }),
            suppression: Suppression {
                globally_unsubscribed_at: seed.globally_unsubscribed_at,
                global_unsubscribe_reason: seed.global_unsubscribe_reason,
                hard_bounced_at: seed.hard_bounced_at,
                complained_at: seed.complained_at,
            },
            tags: seed.tags,
            created_at,
            updated_at: seed.updated_at.unwrap_or(created_at),
            version: Version::FIRST,
        };
        if is_too_large(&contact) {
            bail!(
                "{place}: is larger than the 400 KB of an item, with room for a verification of every entry"
            );
        }
        let subscriptions = subscriptions(place, audiences, clients, seed.subscriptions)?;
        Ok((contact, subscriptions))
    }

    fn phones(&self, place: &str, seeds: Vec<MethodSeed>) -> anyhow::Result<Vec<ContactMethod>> {
        methods(place, seeds, |text| {
            let number = PhoneNumber::parse(text, self.region)?;
            if !number.has_assigned_calling_code() {
                bail!("has a calling code that is not assigned");
            }
            Ok((number.as_e164().to_owned(), number.as_e164().to_owned()))
        })
    }
}

fn emails(place: &str, seeds: Vec<MethodSeed>) -> anyhow::Result<Vec<ContactMethod>> {
    methods(place, seeds, |text| {
        let address = EmailAddress::parse(text)?;
        Ok((
            address.normal_form().to_owned(),
            address.as_given().to_owned(),
        ))
    })
}

/// The contact methods of one kind. `read` answers the normal form of a value and the form in which it is shown.
fn methods(
    place: &str,
    seeds: Vec<MethodSeed>,
    read: impl Fn(&str) -> anyhow::Result<(String, String)>,
) -> anyhow::Result<Vec<ContactMethod>> {
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
            let (normal_form, value) =
                read(&seed.value).map_err(|why| anyhow!("{place}[{i}].value: {why}"))?;
            let is_first = std::mem::take(&mut first_is_primary);
            let place = format!("{place}[{i}]");
            Ok(ContactMethod {
                position: u32::try_from(i)?,
                normal_form,
                value,
                is_primary: seed.is_primary.unwrap_or(is_first),
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
        .position(|method| !seen.insert(&method.normal_form))
    {
        Some(i) => bail!("{place}[{i}].value: is the same as that of an earlier entry"),
        None => Ok(methods),
    }
}

fn subscriptions(
    place: &str,
    audiences: &BTreeSet<AudienceSlug>,
    clients: &BTreeSet<ClientSlug>,
    seeds: Vec<SubscriptionSeed>,
) -> anyhow::Result<Subscriptions> {
    let mut subscriptions = Subscriptions::new();
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
        let subscription = Subscription {
            status: seed.status,
            verification: verification(
                &place,
                seed.verified_at,
                seed.verified_by,
                seed.verification_source,
            )?,
            unsubscribed_at: seed.unsubscribed_at,
            unsubscribe_reason: seed.unsubscribe_reason,
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
