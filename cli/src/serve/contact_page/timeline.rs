//! The history of the contact, newest first, by day.

use maud::{Markup, html};
use serde_json::json;
use shared::domain::{
    ContactId, HistoryEntry, HistoryEvent, HistoryState, Level, MethodKind, SuppressionKind,
};
use shared::store::HistoryPage;

use super::form::{CURSOR, Form, TOKEN};
use super::path_of;
use super::words::{actor, author, clock, day, finding, outside, reason, subscription, time};

/// A page of the history, with buttons for the other pages.
pub(super) fn timeline(id: &ContactId, history: &HistoryPage, form: &Form) -> Markup {
    let days = history
        .entries
        .chunk_by(|one, next| day(one.at) == day(next.at));
    html! {
        section #timeline {
            h2 { "What happened" }
            @if history.entries.is_empty() {
                p { @if form.cursor.is_some() { "Nothing older." } @else { "Nothing is recorded yet." } }
            }
            @for entries in days {
                h3 { (day(entries[0].at)) }
                ol .timeline { @for entry in entries { li { (shown(entry)) } } }
            }
            div .buttons {
                @if form.cursor.is_some() { (button(id, form, None, "Newest entries")) }
                @if let Some(next) = &history.next_cursor { (button(id, form, Some(next), "Older entries")) }
            }
        }
    }
}

/// A button that shows another page of the history. Its form holds the token, because the server does not store it.
fn button(id: &ContactId, form: &Form, cursor: Option<&str>, label: &str) -> Markup {
    html! {
        form method="post" action={ (path_of(id.as_str())) "#timeline" } {
            input type="hidden" name=(TOKEN) value=(form.token) autocomplete="off";
            @if let Some(cursor) = cursor { input type="hidden" name=(CURSOR) value=(cursor); }
            button .second { (label) }
        }
    }
}

fn shown(entry: &HistoryEntry) -> Markup {
    html! {
        p .quiet { time datetime=(entry.at) { (clock(entry.at)) } }
        p .what { (what(entry)) }
        dl .rows {
            div { dt { "Before" } dd { (state(entry.before.as_ref(), entry.event)) } }
            div { dt { "After" } dd { (state(entry.after.as_ref(), entry.event)) } }
            div { dt { "By" } dd { (origin(entry)) } }
        }
    }
}

/// The change, as a sentence.
fn what(entry: &HistoryEntry) -> Markup {
    let verified_at =
        |state: &Option<HistoryState>| state.as_ref().and_then(|state| state.verified_at);
    let (before, after) = (verified_at(&entry.before), verified_at(&entry.after));
    html! {
        @match entry.event {
            HistoryEvent::VerificationRecorded => {
                (method(entry)) " verified " (place(entry))
                @match (before, after) {
                    (Some(before), Some(after)) if after < before => { " since an earlier time, " (day(after)) }
                    (_, Some(after)) => { ", since " (day(after)) }
                    (_, None) => "",
                }
            }
            HistoryEvent::VerificationCleared => {
                (method(entry)) " no longer verified " (place(entry))
            }
            HistoryEvent::SubscriptionChanged => (subscription_change(entry)),
            HistoryEvent::SuppressionChanged => (suppression_change(entry)),
            HistoryEvent::Erased => "The contact was erased",
        }
    }
}

/// The number or address that an entry is about.
fn method(entry: &HistoryEntry) -> Markup {
    html! {
        @match (&entry.value, entry.kind) {
            (Some(value), _) => (outside(value)),
            (None, Some(MethodKind::Phone)) => "A phone number",
            (None, Some(MethodKind::Email)) => "An address",
            (None, None) => "Something",
        }
    }
}

/// The level of a verification.
fn place(entry: &HistoryEntry) -> Markup {
    html! {
        @match (entry.level, &entry.audience) {
            (Some(Level::Client), Some(audience)) => {
                "at client level for " (subscription(audience, entry.client.as_ref()))
            }
            (Some(Level::Audience), Some(audience)) => { "at audience level for " (outside(audience.as_str())) }
            _ => "at contact level",
        }
    }
}

fn subscription_change(entry: &HistoryEntry) -> Markup {
    let after = entry.after.as_ref();
    let status = after.and_then(|state| state.status.as_deref());
    html! {
        @match status {
            Some("subscribed") => "Subscribed to ",
            Some("unsubscribed") => "Unsubscribed from ",
            Some(_) => "Requested, not yet confirmed: ",
            None => "The subscription no longer exists: ",
        }
        @match (&entry.audience, &entry.client) {
            (Some(audience), Some(client)) => { (outside(audience.as_str())) " for " (outside(client.as_str())) }
            (Some(audience), None) => { (outside(audience.as_str())) " as a whole" }
            (None, _) => "an audience",
        }
    }
}

fn suppression_change(entry: &HistoryEntry) -> Markup {
    let of = entry.after.as_ref().or(entry.before.as_ref());
    let kind = of.and_then(|state| state.kind);
    html! {
        "Mail to "
        @if entry.value.is_some() || entry.kind.is_some() { (method(entry)) } @else { "the person" }
        @match (&entry.before, &entry.after) {
            (None, _) => " is blocked: ",
            (Some(_), None) => " is no longer blocked for this reason: ",
            (Some(_), Some(_)) => " is still blocked, with new details: ",
        }
        @match kind {
            Some(SuppressionKind::GloballyUnsubscribed) => "global unsubscription",
            Some(SuppressionKind::Complained) => "complaint",
            Some(SuppressionKind::HardBounced) => "hard bounce",
            Some(SuppressionKind::Validation) => "finding of a validation",
            None => "unknown reason",
        }
        @if entry.kind.is_some() && matches!(kind, Some(SuppressionKind::GloballyUnsubscribed | SuppressionKind::Complained)) {
            " of a former owner"
        }
    }
}

/// A state before or after the change.
fn state(state: Option<&HistoryState>, event: HistoryEvent) -> Markup {
    let Some(state) = state else {
        let nothing = match event {
            HistoryEvent::VerificationRecorded | HistoryEvent::VerificationCleared => {
                "not verified"
            }
            HistoryEvent::SubscriptionChanged => "no subscription",
            HistoryEvent::SuppressionChanged => "no mail was blocked for this reason",
            HistoryEvent::Erased => "nothing",
        };
        return html! { p { (nothing) } };
    };
    html! {
        @if let Some(at) = state.verified_at {
            p { "verified since " (time(at)) }
            p .quiet { (author(state.verified_by.as_ref(), state.verification_source.as_ref())) }
        }
        @if let Some(status) = &state.status { p { (status_words(state, status)) } }
        @if let Some(at) = state.since { p { "since " (time(at)) } }
        @if state.kind.is_some() && state.since.is_none() { p { "since an unknown time" } }
        @if let Some(text) = &state.reason { p .quiet { (reason(text)) } }
    }
}

/// The status of a subscription, or the finding of a validation with its meaning.
fn status_words(state: &HistoryState, status: &str) -> Markup {
    let found = state.kind == Some(SuppressionKind::Validation);
    let found = found.then(|| serde_json::from_value(json!(status)).ok());
    match found.flatten() {
        Some(found) => html! { (finding(found)) },
        None => outside(status),
    }
}

/// The author of the change, with the route and the request.
fn origin(entry: &HistoryEntry) -> Markup {
    if entry.actor.is_none() && entry.route.is_none() && entry.request_id.is_none() {
        return html! { p { "changed by hand" } };
    }
    html! {
        p { @match &entry.actor { Some(by) => (actor(by)), None => "an unknown author" } }
        p .quiet {
            @if let Some(route) = &entry.route { "on " code { (outside(route)) } }
            @if let Some(id) = entry.request_id.as_ref().filter(|id| entry.route.as_ref() != Some(*id)) { ", request " code { (outside(id)) } }
        }
    }
}
