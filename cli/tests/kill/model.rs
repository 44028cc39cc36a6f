//! The possible states of a contact after a kill, by the contract alone.
//!
//! Every answer to a write has the contact's version, so the acknowledged changes have an order. A write without an answer may
//! have taken effect between any two of them, or not at all. The model tries all of these cases. Each change raises the version
//! by one, so no case explains a lost or repeated change.

use std::collections::{BTreeMap, BTreeSet};

/// A phone number or an address, in its normal form.
pub(crate) type Method = String;

/// The slug of a client. All subscriptions are in one audience.
pub(crate) type Client = &'static str;

/// The time, author and source of a verification.
pub(crate) type Verification = (String, String, Option<String>);

/// The state of a method at one level.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Held {
    pub(crate) verification: Option<Verification>,
    /// Whether a verification was cleared since the contact has the method.
    pub(crate) is_cleared: bool,
}

/// The part of a contact that the checks compare.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct State {
    pub(crate) version: u64,
    pub(crate) is_erased: bool,
    pub(crate) first_name: String,
    /// The contact's level of each method that it has.
    pub(crate) methods: BTreeMap<String, Held>,
    /// The status of each client's subscription, `subscribed` or `unsubscribed`, with the reason.
    pub(crate) statuses: BTreeMap<String, (String, String)>,
    /// The client's level of each address that the contact has, unless the level is empty.
    pub(crate) levels: BTreeMap<(String, String), Held>,
}

/// A write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Write {
    /// Endpoints 1 and 2. Without a verification, the request clears.
    VerifyMethod(Method, Option<Verification>),
    /// Endpoint 3.
    VerifyContact(Client, Method, Option<Verification>),
    /// An upsert gives the contact this unique name, and may verify the address.
    Upsert(Client, Method, String, Option<Verification>),
    Subscribe(Client),
    Unsubscribe(Client, String),
    Add(Method),
    Remove(Method),
    Erase,
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The outcome, and the contact's version after the write. An erasure has the outcome `erased` and no version.
    Done(String, Option<u64>),
    /// The write changed nothing, because the contact or the method does not exist.
    Refused(u16),
    /// No answer came, or the function did not know the result (503).
    Unknown,
}

/// Times after this one are later than every clear.
const LATER_THAN_CLEARS: &str = "2100";

impl Held {
    /// The one rule.
    fn record(&mut self, new: &Verification) {
        if self.verification.as_ref().is_none_or(|old| old.0 > new.0) {
            self.verification = Some(new.clone());
        }
    }

    /// An upsert does not restore a verification that was cleared later.
    fn add_history(&mut self, new: &Verification) {
        if !self.is_cleared || new.0.as_str() > LATER_THAN_CLEARS {
            self.record(new);
        }
    }

    fn clear(&mut self) {
        *self = Self {
            verification: None,
            is_cleared: true,
        };
    }
}

impl Write {
    /// The outcome in the answer, and the state after the write. `None` if the write is refused.
    fn apply(&self, before: &State) -> Option<(&'static str, State)> {
        if before.is_erased {
            return None;
        }
        let mut after = before.clone();
        let outcomes = self.change(&mut after)?;
        after.levels.retain(|_, held| *held != Held::default());
        if after == *before {
            return Some((outcomes[1], after));
        }
        after.version += 1;
        Some((outcomes[0], after))
    }

    /// Changes the state except its version. Returns the outcome if the state changes, and the outcome if it does not.
    fn change(&self, state: &mut State) -> Option<[&'static str; 2]> {
        match self {
            Self::VerifyMethod(method, verification) => {
                let held = state.methods.get_mut(method)?;
                return Some(change(verification.as_ref(), [held]));
            }
            Self::VerifyContact(client, email, verification) => {
                state.statuses.get(*client)?;
                let of_contact = state.methods.get_mut(email)?;
                let of_client = state.levels.entry(level(client, email)).or_default();
                return Some(change(verification.as_ref(), [of_contact, of_client]));
            }
            Self::Erase => {
                let version = state.version;
                *state = State {
                    version,
                    is_erased: true,
                    ..State::default()
                };
                return Some(["erased"; 2]);
            }
            Self::Upsert(client, email, name, verification) => {
                name.clone_into(&mut state.first_name);
                let of_contact = state.methods.get_mut(email)?;
                let of_client = state.levels.entry(level(client, email)).or_default();
                if let Some(new) = verification {
                    of_contact.add_history(new);
                    of_client.add_history(new);
                }
            }
            Self::Subscribe(client) => {
                let status = state.statuses.get_mut(*client)?;
                if status.0 != "subscribed" {
                    *status = ("subscribed".to_owned(), String::new());
                }
            }
            Self::Unsubscribe(client, reason) => {
                let status = state.statuses.get_mut(*client)?;
                if status.0 != "unsubscribed" {
                    *status = ("unsubscribed".to_owned(), reason.clone());
                }
            }
            Self::Add(method) => {
                state.methods.entry(method.clone()).or_default();
            }
            Self::Remove(method) => {
                state.methods.remove(method)?;
                state.levels.retain(|(_, email), _| email != method);
            }
        }
        Some(["updated", "unchanged"])
    }
}

pub(crate) fn level(client: &str, email: &str) -> (String, String) {
    (client.to_owned(), email.to_owned())
}

/// Records at each of these levels, or clears all of them if any level is verified.
fn change<const N: usize>(
    verification: Option<&Verification>,
    mut levels: [&mut Held; N],
) -> [&'static str; 2] {
    let is_verified = levels.iter().any(|held| held.verification.is_some());
    for held in &mut levels {
        match verification {
            Some(new) => held.record(new),
            None if is_verified => held.clear(),
            None => {}
        }
    }
    match verification {
        Some(_) => ["recorded", "kept"],
        None => ["cleared", "unchanged"],
    }
}

/// All possible states of a contact after these concurrent writes, from this state on.
pub(crate) fn possible(before: &State, writes: &[(Write, Answer)]) -> BTreeSet<State> {
    let mut done: Vec<(u64, &str, &Write)> = Vec::new();
    let mut unknown: Vec<&Write> = Vec::new();
    let mut is_erased = false;
    for (write, answer) in writes {
        match answer {
            Answer::Done(outcome, Some(version)) => done.push((*version, outcome, write)),
            Answer::Done(_, None) => is_erased = true,
            Answer::Unknown => unknown.push(write),
            Answer::Refused(_) => {}
        }
    }
    // Among the answers with one version, the change that made the version comes first.
    done.sort_by_key(|(version, outcome, _)| (*version, ["kept", "unchanged"].contains(outcome)));
    let mut states = BTreeSet::from([(before.clone(), 0)]);
    for (version, outcome, write) in done {
        with_unknown(&mut states, &unknown, version);
        let after = |(state, used): &(State, u32)| {
            let (found, after) = write.apply(state)?;
            (found == outcome && after.version == version).then_some((after, *used))
        };
        states = states.iter().filter_map(after).collect();
    }
    with_unknown(&mut states, &unknown, u64::MAX);
    if is_erased {
        // A repeated erasure finds an erased contact.
        let after = |(state, used): &(State, u32)| {
            let erased = Write::Erase.apply(state).map(|(_, after)| after);
            (erased.unwrap_or_else(|| state.clone()), *used)
        };
        states = states.iter().map(after).collect();
    }
    states.into_iter().map(|(state, _)| state).collect()
}

/// Adds the states after any of the writes with an unknown result, each at most once, up to this version.
fn with_unknown(states: &mut BTreeSet<(State, u32)>, unknown: &[&Write], version: u64) {
    let mut rest: Vec<_> = states.iter().cloned().collect();
    while let Some((state, used)) = rest.pop() {
        for (place, write) in unknown.iter().enumerate() {
            if used & (1 << place) != 0 {
                continue;
            }
            let Some((_, after)) = write.apply(&state) else {
                continue;
            };
            let next = (after, used | (1 << place));
            let is_new = next.0.version > state.version && next.0.version <= version;
            if is_new && states.insert(next.clone()) {
                rest.push(next);
            }
        }
    }
}
