//! The states of each contact, one for each version.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Violations;
use crate::history::{ContactKey, History};
use crate::ledger::{Commit, Item, Key, key_of, text, version};
use crate::start;

const CHECK: &str = "each change raises the version by one";

/// A contact with its subscriptions at one version.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) version: u64,
    /// When this state was committed.
    pub(super) since: Duration,
    /// When the next state was visible to every read; `None` for the last state.
    pub(super) until: Option<Duration>,
    /// The contact's item.
    pub(super) contact: Item,
    /// The subscriptions' items, by their sort keys.
    pub(super) subscriptions: BTreeMap<String, Item>,
    /// The id of the request that made this state; `None` at the beginning.
    pub(super) request: Option<String>,
}

impl State {
    /// Whether the contact is erased.
    pub(super) fn is_erased(&self) -> bool {
        self.contact.get("erasedAt").is_some()
    }

    /// Whether a request from `began` to `ended` could see this state.
    pub(super) fn is_seen_between(&self, began: Duration, ended: Duration) -> bool {
        self.since <= ended && self.until.is_none_or(|until| until >= began)
    }
}

/// The states of all contacts.
pub(super) type Timelines = BTreeMap<ContactKey, Vec<State>>;

/// The organization, the kind and the id in the partition key of a contact or an address.
pub(super) fn parts(partition: &str) -> Option<(&str, &str, &str)> {
    let (organization, rest) = partition.strip_prefix("ORG#")?.split_once('#')?;
    let (kind, id) = rest.split_once('#')?;
    Some((organization, kind, id))
}

fn contact_key(key: &Key) -> Option<ContactKey> {
    let (organization, kind, id) = parts(&key.0)?;
    (kind == "CONTACT" && !key.1.starts_with("HISTORY#"))
        .then(|| (organization.to_owned(), id.to_owned()))
}

/// The states that the commits of a history make.
pub(super) fn timelines(history: &History, found: &mut Violations) -> Timelines {
    let mut timelines = Timelines::new();
    for item in start::items() {
        if let Some(contact) =
            contact_key(&key_of(item)).filter(|_| text(item, "sk") == Some("CONTACT"))
        {
            let subscriptions = start::items().iter().filter(|other| {
                other["pk"] == item["pk"]
                    && text(other, "sk").is_some_and(|sort| sort.starts_with("SUBSCRIPTION#"))
            });
            let subscriptions = subscriptions.map(|it| (key_of(it).1, it.clone())).collect();
            let state = state(item.clone(), subscriptions, Duration::ZERO, None);
            timelines.insert(contact, vec![state]);
        }
    }
    for commit in &history.commits {
        let contacts: BTreeSet<_> = commit
            .writes
            .iter()
            .filter_map(|write| contact_key(&write.key))
            .collect();
        for contact in contacts {
            let states = timelines.entry(contact.clone()).or_default();
            add(states, commit, &contact, found);
        }
    }
    timelines
}

fn state(
    contact: Item,
    subscriptions: BTreeMap<String, Item>,
    since: Duration,
    request: Option<String>,
) -> State {
    State {
        version: version(&contact).unwrap_or_default(),
        since,
        until: None,
        contact,
        subscriptions,
        request,
    }
}

/// Adds the state that a commit makes of a contact.
fn add(states: &mut Vec<State>, commit: &Commit, contact: &ContactKey, found: &mut Violations) {
    if states.last().is_some_and(State::is_erased) {
        return;
    }
    let of_contact = commit
        .writes
        .iter()
        .filter(|write| contact_key(&write.key).as_ref() == Some(contact));
    let mut subscriptions = states
        .last()
        .map(|state| state.subscriptions.clone())
        .unwrap_or_default();
    let (mut item, mut changes_subscription) = (None, false);
    for write in of_contact {
        if write.key.1 == "CONTACT" {
            item.clone_from(&write.after);
        } else {
            changes_subscription = true;
            match &write.after {
                Some(after) => subscriptions.insert(write.key.1.clone(), after.clone()),
                None => subscriptions.remove(&write.key.1),
            };
        }
    }
    let last = states.last().map_or(0, |state| state.version);
    let Some(item) = item else {
        found.add(
            CHECK,
            format!("{contact:?}: only subscriptions changed at version {last}"),
        );
        return;
    };
    let next = version(&item).unwrap_or_default();
    let is_erased = item.get("erasedAt").is_some();
    if next == last {
        let before = states.last().map(|state| visible(&state.contact));
        if changes_subscription || before != Some(visible(&item)) {
            found.add(
                CHECK,
                format!("{contact:?} changed and stayed at version {last}"),
            );
        }
        return;
    }
    if next != last + 1 && !(states.is_empty() && next == 1) && !is_erased {
        found.add(
            CHECK,
            format!("{contact:?} went from version {last} to {next}"),
        );
    }
    if let Some(state) = states.last_mut() {
        state.until = Some(commit.visible_at);
    }
    let request = text(&item, "changeRequestId").map(str::to_owned);
    states.push(state(item, subscriptions, commit.at, request));
}

/// A contact's item without the attributes that no caller sees.
fn visible(contact: &Item) -> Item {
    let mut contact = contact.clone();
    if let Some(attributes) = contact.as_object_mut() {
        attributes.remove("fence");
    }
    contact
}
