//! What a record makes of a contact, or of none: a pure function of the record and of what there is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Import, ImportOutcome, ImportRefusal};
use crate::domain::{
    Contact, ContactId, ContactPatch, ContactRecord, EmailValidation, MethodValue, OrganizationId,
    SubscribedContact, Subscription, SubscriptionId, Timestamp, ValidationPatch,
};
use crate::store::edit::{Edit, OwnerEdit};
use crate::store::items::grows_too_large;
use crate::store::operator::bulk::MAX_ITEMS;
use crate::store::read::Snapshot;
use crate::store::{ChangeError, DatabaseError};

/// Most addresses that one write claims: a transaction is of them and the contact.
const MAX_CLAIMS: usize = MAX_ITEMS - 1;

/// What the table holds of the contact that a record is about.
pub(super) struct State {
    /// Which contact it is, or will be.
    pub(super) id: ContactId,
    /// The contact, if it exists, with those of its subscriptions that the record names.
    pub(super) snapshot: Option<Snapshot>,
    /// Subscriptions of a contact that does not exist yet: an import was interrupted before it came to the contact.
    pub(super) leftovers: BTreeSet<SubscriptionId>,
    /// Who owns the record's addresses, by normal form.
    pub(super) owners: HashMap<String, ContactId>,
}

/// What to do.
pub(super) enum Plan {
    /// All is as the record says.
    Nothing,
    /// Write this.
    Write(Box<Write>),
    /// Reject the record.
    Refuse(ImportRefusal),
}

/// A change of one contact.
pub(super) struct Write {
    /// The change.
    pub(super) edit: Edit,
    /// Subscriptions of a new contact that have no room in one transaction with it. They are written before it, so that an
    /// interrupted import finds no contact and completes it.
    pub(super) surplus: Vec<(SubscriptionId, Subscription)>,
    /// Whether that is all that the record says.
    pub(super) is_last: bool,
}

impl Write {
    /// What it does.
    pub(super) fn outcome(&self) -> ImportOutcome {
        match self.edit.version_before() {
            None => ImportOutcome::Created,
            Some(_) => ImportOutcome::Updated,
        }
    }
}

/// Decides.
///
/// # Errors
/// Never: too large contacts are refused before.
pub(super) fn plan(
    import: &Import<'_>,
    record: &ContactRecord,
    state: State,
    now: Timestamp,
) -> Result<Plan, DatabaseError> {
    let State {
        id,
        snapshot,
        leftovers,
        owners,
    } = state;
    let stored = snapshot.as_ref().map(|snapshot| &snapshot.state);
    let stored_contact = stored.map(|stored| &stored.contact);
    let mut claimed = match claims(record, &id, stored_contact, &owners) {
        Ok(claimed) => claimed,
        Err(refusal) => return Ok(Plan::Refuse(refusal)),
    };
    let mut patch = record.patch.clone();
    if let (Some(said), Some(stored)) = (&patch.email_validation, stored_contact)
        && !is_news(said, &stored.email_validation)
    {
        patch.email_validation = None;
    }
    let applied = |patch| applied(import.organization, record, &id, stored_contact, patch, now);
    let mut contact = applied(patch.clone());
    if grows_too_large(stored_contact, &contact) {
        return Ok(Plan::Refuse(ImportRefusal::TooLarge));
    }
    let mut is_last = true;
    if claimed.len() > MAX_CLAIMS {
        claimed.truncate(MAX_CLAIMS);
        cut_after(&mut patch, &claimed[MAX_CLAIMS - 1]);
        contact = applied(patch);
        is_last = false;
    }

    let mut room = MAX_ITEMS - 1 - claimed.len();
    let mut subscriptions = BTreeMap::new();
    let mut surplus = Vec::new();
    for (id, patch) in &record.subscriptions {
        if leftovers.contains(id) {
            // Once the contact exists, they are its subscriptions.
            is_last = false;
            continue;
        }
        let before = stored.and_then(|stored| stored.subscriptions.get(id));
        let after = patch.clone().apply(before.cloned(), now);
        if before == Some(&after) {
            continue;
        }
        if room > 0 {
            room -= 1;
            subscriptions.insert(id.clone(), after);
        } else if stored.is_none() {
            surplus.push((id.clone(), after));
        } else {
            is_last = false;
        }
    }
    let after = SubscribedContact {
        contact,
        subscriptions,
    };
    let owners = claimed.into_iter().map(OwnerEdit::Claim).collect();
    Ok(match Edit::new(snapshot, after, owners, now) {
        Err(ChangeError::Database(error)) => return Err(error),
        Err(_) => Plan::Refuse(ImportRefusal::TooLarge),
        Ok(edit) if edit.is_empty() => Plan::Nothing,
        Ok(edit) => Plan::Write(Box::new(Write {
            edit,
            surplus,
            is_last,
        })),
    })
}

/// The addresses that nobody owns and the contact shall. None is ever taken from another contact.
fn claims(
    record: &ContactRecord,
    id: &ContactId,
    stored: Option<&Contact>,
    owners: &HashMap<String, ContactId>,
) -> Result<Vec<String>, ImportRefusal> {
    let mut claimed = Vec::new();
    for address in record.own_addresses() {
        let value = MethodValue::Email(address.clone());
        let is_new = stored.is_none_or(|stored| stored.method(&value).is_none());
        match owners.get(address.normal_form()) {
            None => claimed.push(address.normal_form().to_owned()),
            // Read before the contact, it may not be the owner any more.
            Some(owner) if owner == id && is_new => {
                claimed.push(address.normal_form().to_owned());
            }
            Some(owner) if owner == id => {}
            Some(_) => {
                // One that it has already is left to it, whoever owns it.
                if is_new {
                    let mut methods = record.patch.methods.iter();
                    let place = methods.position(|method| method.value == value);
                    return Err(ImportRefusal::AddressTaken(place.unwrap_or_default()));
                }
            }
        }
    }
    Ok(claimed)
}

/// Whether a finding says something that the stored one does not. Of two the later counts, and one without a time is
/// earlier than one with.
fn is_news(said: &ValidationPatch, stored: &EmailValidation) -> bool {
    *stored == EmailValidation::default()
        || match (said.validated_at.flatten(), stored.validated_at) {
            (Some(said), Some(stored)) => said > stored,
            (None, Some(_)) => false,
            (_, None) => true,
        }
}

/// Leaves out the addresses after this one: they come with the next write.
fn cut_after(patch: &mut ContactPatch, last: &str) {
    let mut is_before = true;
    patch.methods.retain(|method| {
        let is_email = matches!(method.value, MethodValue::Email(_));
        let stays = is_before || !is_email;
        is_before &= !is_email || method.value.normal_form() != last;
        stays
    });
}

/// What these patch make of the contact, or of none.
fn applied(
    organization: &OrganizationId,
    record: &ContactRecord,
    id: &ContactId,
    stored: Option<&Contact>,
    patch: ContactPatch,
    now: Timestamp,
) -> Contact {
    let created_at = patch.created_at.unwrap_or(now);
    let mut contact = stored
        .cloned()
        .unwrap_or_else(|| Contact::new(organization.clone(), id.clone(), created_at));
    patch.apply(&mut contact, now);
    if stored.is_none() {
        contact.updated_at = record.updated_at.unwrap_or(created_at);
    }
    contact
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{
        Actor, AudienceSlug, ClientSlug, EmailAddress, NewMethod, SubscriptionPatch,
        ValidationStatus,
    };
    use crate::store::RetryBudget;
    use crate::store::items::contact_item;
    use std::time::Duration;

    fn id(text: &str) -> ContactId {
        ContactId::parse(text).unwrap()
    }

    fn address(text: &str) -> NewMethod {
        NewMethod {
            value: MethodValue::Email(EmailAddress::parse(text).unwrap()),
            is_primary: None,
            verification: None,
        }
    }

    fn record(addresses: &[&str]) -> ContactRecord {
        ContactRecord {
            id: Some(id("c_1")),
            patch: ContactPatch {
                methods: addresses.iter().map(|text| address(text)).collect(),
                ..ContactPatch::default()
            },
            ..ContactRecord::default()
        }
    }

    fn state(contact: Option<Contact>, owners: &[(&str, &str)]) -> State {
        State {
            id: id("c_1"),
            snapshot: contact.map(|contact| {
                Snapshot::new(contact_item(&contact).unwrap(), BTreeMap::new()).unwrap()
            }),
            leftovers: BTreeSet::new(),
            owners: owners
                .iter()
                .map(|(address, owner)| ((*address).to_owned(), id(owner)))
                .collect(),
        }
    }

    fn planned(record: &ContactRecord, state: State) -> Plan {
        let organization = OrganizationId::parse("org_a").unwrap();
        let import = Import {
            organization: &organization,
            actor: Actor::subject("contacts import"),
            clock: &|| Timestamp::parse_rfc3339("2026-05-20T15:04:01Z").unwrap(),
            dry_run: false,
            retry_budget: &RetryBudget::new(Duration::ZERO),
        };
        plan(&import, record, state, (import.clock)()).unwrap()
    }

    fn write(plan: Plan) -> Write {
        match plan {
            Plan::Write(write) => *write,
            Plan::Nothing => panic!("nothing is to be written"),
            Plan::Refuse(refusal) => panic!("{refusal:?}"),
        }
    }

    /// The addresses that a write claims.
    fn claimed(write: &Write) -> Vec<&str> {
        let owners = write.edit.owners().iter().map(|owner| match owner {
            OwnerEdit::Claim(address) => address.as_str(),
            OwnerEdit::Release(_) => panic!("{owner:?}"),
        });
        owners.collect()
    }

    fn slug(n: usize) -> SubscriptionId {
        SubscriptionId {
            audience: AudienceSlug::parse("newsletter").unwrap(),
            client: Some(ClientSlug::parse(&format!("client-{n:03}")).unwrap()),
        }
    }

    #[test]
    fn an_address_that_nobody_owns_is_claimed_and_one_of_another_contact_refused() {
        let created = write(planned(&record(&["a@b.ca"]), state(None, &[])));
        assert_eq!(claimed(&created), ["a@b.ca"]);
        assert!(created.is_last);
        let plan = planned(
            &record(&["a@b.ca", "c@b.ca"]),
            state(None, &[("c@b.ca", "c_2")]),
        );
        assert!(matches!(plan, Plan::Refuse(ImportRefusal::AddressTaken(1))));
    }

    #[test]
    fn an_address_that_another_contact_is_said_to_own_is_kept_without_claiming_it() {
        let mut record = record(&["a@b.ca"]);
        record.owned_elsewhere.insert("a@b.ca".to_owned());
        let created = write(planned(&record, state(None, &[])));
        assert!(claimed(&created).is_empty());
        assert_eq!(created.edit.after().contact.emails.len(), 1);
    }

    #[test]
    fn a_contact_that_is_as_the_record_says_is_not_written() {
        let record = record(&["a@b.ca"]);
        let created = write(planned(&record, state(None, &[])));
        let again = planned(
            &record,
            state(
                Some(created.edit.after().contact.clone()),
                &[("a@b.ca", "c_1")],
            ),
        );
        assert!(matches!(again, Plan::Nothing));
    }

    #[test]
    fn more_addresses_than_a_write_claims_come_one_write_after_the_other_in_their_order() {
        let addresses: Vec<_> = (0..100).map(|n| format!("{n:03}@b.ca")).collect();
        let texts: Vec<_> = addresses.iter().map(String::as_str).collect();
        let mut record = record(&texts);
        record.patch.methods[99].is_primary = Some(true);
        let mut owners = Vec::new();
        let mut contact = None;
        let mut sizes = Vec::new();
        loop {
            match planned(&record, state(contact.clone(), &owners)) {
                Plan::Nothing => break,
                plan => {
                    let write = write(plan);
                    sizes.push((claimed(&write).len(), write.is_last));
                    owners = addresses[..write.edit.after().contact.emails.len()]
                        .iter()
                        .map(|address| (address.as_str(), "c_1"))
                        .collect();
                    contact = Some(write.edit.after().contact.clone());
                }
            }
        }
        assert_eq!(sizes, [(99, false), (1, true)]);
        let emails = contact.unwrap().emails;
        let values: Vec<_> = emails.iter().map(|email| email.value.as_str()).collect();
        assert_eq!(values, texts);
        assert_eq!(emails.iter().filter(|email| email.is_primary).count(), 1);
        assert!(emails[99].is_primary);
    }

    #[test]
    fn subscriptions_without_room_come_before_a_new_contact_and_after_one_that_is_there() {
        let mut record = record(&["a@b.ca"]);
        record.subscriptions = (0..250)
            .map(|n| (slug(n), SubscriptionPatch::default()))
            .collect();
        let created = write(planned(&record, state(None, &[])));
        assert_eq!(
            (
                created.edit.after().subscriptions.len(),
                created.surplus.len()
            ),
            (98, 152)
        );
        assert!(created.is_last);

        let contact = Some(created.edit.after().contact.clone());
        let updated = write(planned(&record, state(contact, &[("a@b.ca", "c_1")])));
        assert_eq!(
            (
                updated.edit.after().subscriptions.len(),
                updated.surplus.len()
            ),
            (99, 0)
        );
        assert!(!updated.is_last);
    }

    #[test]
    fn subscriptions_that_an_interrupted_import_has_left_become_those_of_the_contact() {
        let mut record = record(&[]);
        record.subscriptions = (0..2)
            .map(|n| (slug(n), SubscriptionPatch::default()))
            .collect();
        let mut state = state(None, &[]);
        state.leftovers = BTreeSet::from([slug(0)]);
        let created = write(planned(&record, state));
        assert_eq!(created.edit.after().subscriptions.len(), 1);
        assert!(!created.is_last);
    }

    #[test]
    fn of_two_findings_the_later_counts() {
        let at = |text| Some(Timestamp::parse_rfc3339(text).unwrap());
        let early = at("2024-01-01T00:00:00Z");
        let late = at("2025-01-01T00:00:00Z");
        let stored = |validated_at| EmailValidation {
            status: ValidationStatus::Risky,
            reason: String::new(),
            validated_at,
        };
        let said = |validated_at| ValidationPatch {
            status: ValidationStatus::Valid,
            reason: Some(String::new()),
            validated_at: Some(validated_at),
        };
        for (said_at, stored_at, counts) in [
            (late, early, true),
            (early, late, false),
            (early, early, false),
            (None, early, false),
            (early, None, true),
            (None, None, true),
        ] {
            assert_eq!(is_news(&said(said_at), &stored(stored_at)), counts);
        }
        assert!(is_news(&said(None), &EmailValidation::default()));
    }
}
