//! The seed file (contract section 11): organizations with their audiences, clients and contacts.

mod command;
mod counts;
pub(crate) mod file;
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::path::Path;

use anyhow::{anyhow, bail};
use chrono::Utc;
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, Contact, ContactMethod, EmailAddress, EmailValidation,
    OrganizationId, PhoneNumber, PhoneRegion, Subscription, SubscriptionId, Suppression, Timestamp,
    Verification, VerificationSource, Version,
};
use shared::store::{Addition, ChangeMetadata, DatabaseError, Store, is_too_large};

pub use self::command::run;
pub use self::samples::samples_of;

use self::counts::Counts;
use self::file::{ContactSeed, MethodSeed, OrganizationSeed, SeedFile, SubscriptionSeed};

/// How many writes are under way at the same time.
const CONCURRENT_WRITES: usize = 8;

/// How many things are given to the store at a time.
const BATCH: usize = 500;

/// What a seed file holds, checked and in normal form.
#[derive(Debug, Default)]
pub struct Seed {
    organizations: Vec<Organization>,
}

#[derive(Debug)]
struct Organization {
    id: OrganizationId,
    audiences: BTreeSet<AudienceSlug>,
    clients: BTreeSet<ClientSlug>,
    contacts: Vec<(Contact, Subscriptions)>,
}

type Subscriptions = BTreeMap<SubscriptionId, Subscription>;

impl Seed {
    /// Reads a seed file from the disk.
    ///
    /// # Errors
    /// As [`Self::parse`], or when the file cannot be read.
    pub fn read(file: &Path, region: PhoneRegion) -> anyhow::Result<Self> {
        Self::parse(&std::fs::read_to_string(file)?, region)
    }

    /// Reads a seed file, national phone numbers as those of `region`.
    ///
    /// # Errors
    /// Where the file does not fit, and why. Members that nobody knows are not passed over: they are mostly known ones,
    /// misspelt.
    pub fn parse(json: &str, region: PhoneRegion) -> anyhow::Result<Self> {
        let file = SeedFile::parse(json)?;
        let reader = Reader {
            region,
            now: Timestamp::from_datetime(Utc::now())?,
        };
        let organizations = file
            .organizations
            .into_iter()
            .enumerate()
            .map(|(position, organization)| {
                reader.organization(&format!("organizations[{position}]"), organization)
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        no_doubles(
            organizations
                .iter()
                .enumerate()
                .map(|(i, found)| (&found.id, format!("organizations[{i}].id"))),
        )?;
        Ok(Self { organizations })
    }

    /// How much it holds.
    fn counts(&self) -> Counts {
        let contacts = || self.organizations.iter().flat_map(|found| &found.contacts);
        Counts {
            organizations: self.organizations.len(),
            audiences: self
                .organizations
                .iter()
                .map(|found| found.audiences.len())
                .sum(),
            clients: self
                .organizations
                .iter()
                .map(|found| found.clients.len())
                .sum(),
            contacts: contacts().count(),
            subscriptions: contacts()
                .map(|(_, subscriptions)| subscriptions.len())
                .sum(),
        }
    }

    /// Writes what the table does not hold yet. What it holds stays as it is, with all that has been recorded there.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn load(self, store: &Store) -> Result<(), DatabaseError> {
        let additions = self
            .organizations
            .into_iter()
            .flat_map(Organization::additions);
        stream::iter(additions)
            .chunks(BATCH)
            .map(|additions| store.add(additions))
            .buffer_unordered(CONCURRENT_WRITES)
            .try_collect()
            .await
    }
}

impl Organization {
    fn additions(self) -> impl Iterator<Item = Addition> {
        let Self {
            id,
            audiences,
            clients,
            contacts,
        } = self;
        let (of_audiences, of_clients) = (id.clone(), id.clone());
        let audiences = audiences
            .into_iter()
            .map(move |audience| Addition::Audience(of_audiences.clone(), audience));
        let clients = clients
            .into_iter()
            .map(move |client| Addition::Client(of_clients.clone(), client));
        let mut taken = BTreeSet::new();
        let contacts = contacts
            .into_iter()
            .flat_map(move |(contact, subscriptions)| {
                let (organization, id) = (id.clone(), contact.id.clone());
                let metadata = ChangeMetadata {
                    actor: Actor::subject("contacts seed"),
                    now: contact.updated_at,
                    route: "seed",
                    request_id: "seed".to_owned(),
                };
                // Of several contacts with one address, the first owns it.
                let addresses = contact.emails.iter().map(|email| email.normal_form.clone());
                let contact = Addition::Contact {
                    owned: addresses
                        .filter(|address| taken.insert(address.clone()))
                        .collect(),
                    contact: Box::new(contact),
                    metadata,
                };
                let subscriptions = subscriptions.into_iter().map(move |(subscription, found)| {
                    Addition::Subscription(organization.clone(), id.clone(), subscription, found)
                });
                std::iter::once(contact).chain(subscriptions)
            });
        audiences.chain(clients).chain(contacts)
    }
}

/// What every part of the file is read with.
struct Reader {
    region: PhoneRegion,
    now: Timestamp,
}

impl Reader {
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
        no_doubles(
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
        let phones = methods(&format!("{place}.phoneNumber"), seed.phone_number, |text| {
            let number = PhoneNumber::parse(text, self.region)?;
            if !number.has_assigned_calling_code() {
                bail!("has a calling code that is not assigned");
            }
            Ok((number.as_e164().to_owned(), number.as_e164().to_owned()))
        })?;
        let emails = methods(&format!("{place}.emails"), seed.emails, |text| {
            let address = EmailAddress::parse(text)?;
            Ok((
                address.normal_form().to_owned(),
                address.as_given().to_owned(),
            ))
        })?;
        if let Some(unknown) = seed
            .tags
            .keys()
            .find(|audience| !audiences.contains(audience))
        {
            bail!("{place}.tags: {unknown} is not among the organization's audiences");
        }
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
            verification: verification(
                place,
                seed.verified_at,
                seed.verified_by,
                seed.verification_source,
            )?,
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
        Ok((
            contact,
            subscriptions(place, audiences, clients, seed.subscriptions)?,
        ))
    }
}

/// The contact methods of one kind; `read` makes the normal form and the shown form of a value.
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
    // Where the file does not say which one is, the first is.
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
    // The values themselves are personal data: an error names their place only.
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
        .map(|text| VerificationSource::parse(&text))
        .transpose()
        .map_err(|why| anyhow!("{place}.verificationSource: {why}"))?
        .flatten();
    match at {
        Some(at) => Ok(Some(Verification { at, by, source })),
        None if by.is_some() || source.is_some() => {
            bail!("{place}: has verifiedBy or verificationSource without verifiedAt")
        }
        None => Ok(None),
    }
}

/// Refuses a second item of the same id.
fn no_doubles<'a, T: Ord + Display + 'a>(
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

#[cfg(test)]
mod tests {
    use super::*;

    fn error(json: &str) -> String {
        format!("{:#}", Seed::parse(json, PhoneRegion::CANADA).unwrap_err())
    }

    fn contact_error(contact: &str) -> String {
        error(&format!(
            r#"{{"organizations":[{{"id":"o","audiences":["news"],"clients":["web"],"contacts":[{{"id":"c"}},{contact}]}}]}}"#
        ))
    }

    #[test]
    fn the_example_of_the_contract_is_read() {
        let json = r#"{ "organizations": [ {
            "id": "org_a", "audiences": ["newsletter"], "clients": ["website"],
            "contacts": [ {
              "id": "c_1", "firstName": "Jane", "lastName": "Doe",
              "phoneNumber": [ { "value": "+14165550100", "isPrimary": true } ],
              "emails": [ { "value": "Jane.Doe@Example.com", "isPrimary": true, "verifiedAt": "2024-01-01T00:00:00Z" } ],
              "verifiedAt": null,
              "emailValidation": { "status": "valid", "reason": "" },
              "globallyUnsubscribedAt": null, "hardBouncedAt": null, "complainedAt": null,
              "subscriptions": [ { "audience": "newsletter", "client": "website", "status": "subscribed", "verifiedAt": null },
                                 { "audience": "newsletter", "status": "subscribed" } ],
              "tags": { "newsletter": ["lead"] }
            } ] } ] }"#;
        let seed = Seed::parse(json, PhoneRegion::CANADA).unwrap();
        let (contact, subscriptions) = &seed.organizations[0].contacts[0];
        assert_eq!(contact.emails[0].value, "Jane.Doe@Example.com");
        assert_eq!(contact.emails[0].normal_form, "jane.doe@example.com");
        assert_eq!(subscriptions.len(), 2);
    }

    #[test]
    fn only_the_ids_are_required() {
        assert!(
            Seed::parse(
                r#"{"organizations":[{"id":"o","contacts":[{"id":"c"}]}]}"#,
                PhoneRegion::CANADA
            )
            .is_ok()
        );
    }

    #[test]
    fn the_first_entry_is_primary_unless_the_file_says_otherwise() {
        let primaries = |entries: &str| {
            let json = format!(
                r#"{{"organizations":[{{"id":"o","contacts":[{{"id":"c","emails":{entries}}}]}}]}}"#
            );
            let seed = Seed::parse(&json, PhoneRegion::CANADA).unwrap();
            seed.organizations[0].contacts[0]
                .0
                .emails
                .iter()
                .map(|email| email.is_primary)
                .collect::<Vec<_>>()
        };
        assert_eq!(
            primaries(r#"[{"value":"a@b.ca"},{"value":"c@b.ca"}]"#),
            [true, false]
        );
        assert_eq!(
            primaries(r#"[{"value":"a@b.ca"},{"value":"c@b.ca","isPrimary":true}]"#),
            [false, true]
        );
        assert_eq!(
            primaries(r#"[{"value":"a@b.ca","isPrimary":false}]"#),
            [false]
        );
    }

    #[test]
    fn null_counts_as_absent() {
        let json = r#"{"organizations":[{"id":"o","audiences":null,"contacts":[{"id":"c","phoneNumber":null,
            "emails":[{"value":"a@b.ca","isPrimary":null}],"emailValidation":{"status":null,"reason":null},
            "subscriptions":null,"tags":null,"status":null}]}]}"#;
        assert!(Seed::parse(json, PhoneRegion::CANADA).is_ok());
    }

    #[test]
    fn an_error_says_where_and_why() {
        for (contact, expected) in [
            (
                r#"{"id":"a b"}"#,
                "organizations[0].contacts[1].id: must be 1 to 64",
            ),
            (r"{}", "organizations[0].contacts[1]: missing field `id`"),
            (
                r#"{"id":"d","phoneNumbers":[]}"#,
                "organizations[0].contacts[1].phoneNumbers: unknown field",
            ),
            (
                r#"{"id":"c"}"#,
                "organizations[0].contacts[1].id: c is there twice",
            ),
            (
                r#"{"id":"d","phoneNumber":[{"value":"1"}]}"#,
                "organizations[0].contacts[1].phoneNumber[0].value: must be a phone number",
            ),
            (
                r#"{"id":"d","phoneNumber":[{"value":"+99912345678"}]}"#,
                "organizations[0].contacts[1].phoneNumber[0].value: has a calling code that is not assigned",
            ),
            (
                r#"{"id":"d","emails":[{"value":"a@b.ca"},{"value":"A@B.ca"}]}"#,
                "organizations[0].contacts[1].emails[1].value: is the same",
            ),
            (
                r#"{"id":"d","emails":[{"value":"a@b.ca","isPrimary":true},{"value":"b@b.ca","isPrimary":true}]}"#,
                "organizations[0].contacts[1].emails: more than one",
            ),
            (
                r#"{"id":"d","emails":[{"value":"a@b.ca","verifiedAt":"2024-01-01"}]}"#,
                "organizations[0].contacts[1].emails[0].verifiedAt: must be a date and time",
            ),
            (
                r#"{"id":"d","emails":[{"value":"a@b.ca","verifiedBy":"u"}]}"#,
                "organizations[0].contacts[1].emails[0]: has verifiedBy",
            ),
            (
                r#"{"id":"d","subscriptions":[{"audience":"other"}]}"#,
                "organizations[0].contacts[1].subscriptions[0].audience: other is not among",
            ),
            (
                r#"{"id":"d","subscriptions":[{"audience":"news","client":"app"}]}"#,
                "organizations[0].contacts[1].subscriptions[0].client: app is not among",
            ),
            (
                r#"{"id":"d","subscriptions":[{"audience":"news"},{"audience":"news"}]}"#,
                "organizations[0].contacts[1].subscriptions[1]: an earlier",
            ),
            (
                r#"{"id":"d","subscriptions":[{"audience":"news","status":"gone"}]}"#,
                "organizations[0].contacts[1].subscriptions[0].status: unknown variant",
            ),
            (
                r#"{"id":"d","tags":{"other":[]}}"#,
                "organizations[0].contacts[1].tags: other is not among",
            ),
        ] {
            let error = contact_error(contact);
            assert!(error.starts_with(expected), "{contact}\n{error}");
        }
        for (contact, expected) in [
            (
                r#"["d"]"#,
                "organizations[0].contacts[1]: must be an object",
            ),
            (
                r#"{"id":"d","emails":["a@b.ca"]}"#,
                "organizations[0].contacts[1].emails[0]: must be an object",
            ),
            (
                r#"{"id":"d","emailValidation":["valid"]}"#,
                "organizations[0].contacts[1].emailValidation: must be",
            ),
            (
                r#"{"id":"d","phoneNumber":"+14165550100"}"#,
                "organizations[0].contacts[1].phoneNumber: invalid type, expected a sequence",
            ),
        ] {
            let error = contact_error(contact);
            assert!(error.starts_with(expected), "{contact}\n{error}");
        }
        let large = format!(r#"{{"id":"d","firstName":"{}"}}"#, "x".repeat(410_000));
        assert!(contact_error(&large).starts_with("organizations[0].contacts[1]: is larger than"));
        assert_eq!(error(""), "the file: is not JSON (line 1, column 0)");
        assert_eq!(error("[]"), "the file: must be an object");
        assert!(error(r#"{"organizations":[]} x"#).starts_with("the file: is not JSON"));
        assert!(
            error(r#"{"organizations":[{"id":"o"},{"id":"o"}]}"#)
                .starts_with("organizations[1].id: o is there twice")
        );
    }
}
