//! The words of the page for texts from outside, times, actors and levels.

use chrono::DateTime;
use maud::{Markup, html};
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, Level, SubscriptionStatus, Timestamp, ValidationStatus,
    VerificationSource, VerificationState,
};

/// A text from outside, such as a name or a reason. It cannot change the direction of the text around it (`bdi`). Characters
/// that could change its own direction are shown by their codes.
pub(super) fn outside(text: &str) -> Markup {
    html! {
        bdi {
            @for piece in text.split_inclusive(is_deceptive) {
                @let visible = piece.strip_suffix(is_deceptive).unwrap_or(piece);
                (visible)
                @if let Some(c) = piece[visible.len()..].chars().next() {
                    span .codepoint { (format!("U+{:04X}", u32::from(c))) }
                }
            }
        }
    }
}

/// Whether `c` could make a reader take the text for another text: control characters, and Unicode's property `Bidi_Control`.
fn is_deceptive(c: char) -> bool {
    matches!(
        c,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
    ) || (c.is_control() && !c.is_whitespace())
}

/// A time, with its milliseconds unless they are zero.
pub(super) fn time(at: Timestamp) -> Markup {
    html! { time datetime=(at) { (formatted(at, "%-d %b %Y, ")) (clock(at)) } }
}

/// The day of a time.
pub(super) fn day(at: Timestamp) -> String {
    formatted(at, "%-d %B %Y")
}

/// A time without its day.
pub(super) fn clock(at: Timestamp) -> String {
    let milliseconds = at.unix_milliseconds() % 1000;
    formatted(
        at,
        if milliseconds == 0 {
            "%H:%M:%S UTC"
        } else {
            "%H:%M:%S%.3f UTC"
        },
    )
}

fn formatted(at: Timestamp, format: &str) -> String {
    // Chrono can represent every timestamp.
    let time = DateTime::from_timestamp_millis(at.unix_milliseconds());
    time.map_or_else(|| at.to_string(), |time| time.format(format).to_string())
}

/// A person or an application.
pub(super) fn actor(actor: &Actor) -> Markup {
    match actor.as_str().strip_prefix("client:") {
        Some(client) if actor.is_application() => html! { "the application " (outside(client)) },
        _ => outside(actor.as_str()),
    }
}

/// The author and the source of a verification, as far as they are known.
pub(super) fn author(by: Option<&Actor>, source: Option<&VerificationSource>) -> Markup {
    html! {
        @if let Some(by) = by { "by " (actor(by)) }
        @if by.is_some() && source.is_some() { ", " }
        @if let Some(source) = source { "on the word of " (outside(source.as_str())) }
        @if by.is_none() && source.is_none() { "by an unknown author" }
    }
}

/// Whether a number or address is verified at a level, since when, by whom, on whose word.
pub(super) fn verification(state: &VerificationState) -> Markup {
    html! {
        @if let Some(current) = &state.current {
            p { span .yes { "Verified" } " since " (time(current.at)) }
            p .quiet { (author(current.by.as_ref(), current.source.as_ref())) }
        } @else {
            p { span .none { "Not verified" } }
        }
        @if let Some(at) = state.cleared_at {
            p .quiet { "last cleared on " (time(at)) }
        }
    }
}

/// A subscription: of a client in an audience, or at audience level.
pub(super) fn subscription(audience: &AudienceSlug, client: Option<&ClientSlug>) -> Markup {
    html! {
        @match client {
            Some(client) => { (outside(client.as_str())) " in " (outside(audience.as_str())) }
            None => { (outside(audience.as_str())) " as a whole" }
        }
    }
}

/// The name of a level.
pub(super) fn level(level: Level) -> &'static str {
    match level {
        Level::Contact => "contact",
        Level::Audience => "audience",
        Level::Client => "client",
    }
}

/// The status of a subscription.
pub(super) fn status(status: SubscriptionStatus) -> &'static str {
    match status {
        SubscriptionStatus::Pending => "Pending",
        SubscriptionStatus::Subscribed => "Subscribed",
        SubscriptionStatus::Unsubscribed => "Unsubscribed",
    }
}

/// The finding of a validation: its name and its meaning.
pub(super) fn finding(status: ValidationStatus) -> &'static str {
    match status {
        ValidationStatus::Unknown => "Not validated",
        ValidationStatus::Valid => "Valid",
        ValidationStatus::InvalidSyntax => "Invalid syntax: not an address",
        ValidationStatus::NoMx => "No MX: the domain takes no mail",
        ValidationStatus::Disposable => "Disposable: a throw-away address",
        ValidationStatus::Risky => "Risky: likely to bounce or to complain",
        ValidationStatus::ManuallyInvalid => "Manually invalid: marked by a person",
    }
}

/// A reason in quotation marks, if one was given.
pub(super) fn reason(reason: &str) -> Markup {
    html! { @if !reason.is_empty() { "Reason: “" (outside(reason)) "”" } }
}
