//! Each request has at most one effect, and each answer tells what its own request did.

use std::collections::BTreeMap;

use super::Violations;
use super::timeline::{State, Timelines};
use crate::history::{ContactKey, History};
use crate::requests::Asked;

/// A change of a contact by a request: the contact, and the place of its new state in the timeline.
type Effect<'a> = (&'a ContactKey, usize);

pub(super) fn check(history: &History, timelines: &Timelines, found: &mut Violations) {
    let mut effects: BTreeMap<&str, Vec<Effect<'_>>> = BTreeMap::new();
    for (contact, states) in timelines {
        for (place, state) in states.iter().enumerate() {
            if let Some(request) = &state.request {
                effects.entry(request).or_default().push((contact, place));
            }
        }
    }
    for sent in &history.sent {
        let effects = effects.get(sent.id.as_str()).map_or(&[][..], Vec::as_slice);
        let is_erasure = sent.request.asked == Asked::Erase;
        if effects.len() > 1 && !is_erasure {
            found.add(
                "at most one effect for each request",
                format!("{sent:?} changed {effects:?}"),
            );
        }
        for &(contact, place) in effects {
            if contact.0 != sent.request.organization {
                found.add(
                    "nobody changes another organization's contacts",
                    format!("{sent:?} changed {contact:?}"),
                );
            }
            let before = place
                .checked_sub(1)
                .map(|place| timelines[contact][place].version);
            let if_match = sent.request.if_match;
            if if_match.is_some() && before != if_match && !is_erasure {
                found.add("If-Match", format!("{sent:?} changed version {before:?}"));
            }
        }
        let Some(answer) = sent.definite() else {
            continue;
        };
        let is_done = effects
            .iter()
            .any(|(contact, place)| timelines[*contact][*place].since <= sent.ended);
        match sent.outcome() {
            Some("recorded" | "cleared" | "created" | "updated") if !is_done => {
                found.add(
                    "no acknowledged write is lost",
                    format!("{sent:?} changed nothing"),
                );
            }
            Some("kept" | "unchanged") if !effects.is_empty() => {
                found.add(
                    "the caller hears what its own write did",
                    format!("{sent:?} changed {effects:?}"),
                );
            }
            None if answer.status >= 400 && !effects.is_empty() => {
                let is_erased = effects
                    .iter()
                    .any(|(contact, _)| timelines[*contact].last().is_some_and(State::is_erased));
                if !is_erased {
                    found.add(
                        "the caller hears what its own write did",
                        format!("{sent:?} changed {effects:?}"),
                    );
                }
            }
            _ => {}
        }
    }
}
