//! Tests of the history's sentences.

use std::collections::BTreeMap;

use shared::domain::{
    Actor, HistoryEntry, HistoryEvent, HistoryState, Level, MethodKind, SubscriptionId,
    SuppressionKind, VerificationSource,
};

use super::{assert_seen, at, contact, exported, html, subscription};

/// An entry without optional members.
pub(super) fn entry(event: HistoryEvent) -> HistoryEntry {
    HistoryEntry {
        id: "h_1".to_owned(),
        at: at("2026-05-20T15:04:02.135Z"),
        event,
        level: None,
        audience: None,
        client: None,
        kind: None,
        value: None,
        before: None,
        after: None,
        actor: None,
        route: None,
        request_id: None,
    }
}

fn verified_since(text: &str) -> HistoryState {
    HistoryState {
        verified_at: Some(at(text)),
        ..HistoryState::default()
    }
}

fn subscribed(status: &str) -> HistoryState {
    HistoryState {
        status: Some(status.to_owned()),
        ..HistoryState::default()
    }
}

fn held(kind: SuppressionKind) -> HistoryState {
    HistoryState {
        kind: Some(kind),
        ..HistoryState::default()
    }
}

fn of_website(mut entry: HistoryEntry) -> HistoryEntry {
    let SubscriptionId { audience, client } = subscription(Some("website"));
    entry.level = Some(Level::Client);
    (entry.audience, entry.client) = (Some(audience), client);
    entry
}

pub(super) fn of_jane(mut entry: HistoryEntry) -> HistoryEntry {
    entry.kind = Some(MethodKind::Email);
    entry.value = Some("jane@example.com".to_owned());
    entry
}

#[test]
fn each_entry_of_the_history_is_a_sentence() {
    let recorded = || of_jane(entry(HistoryEvent::VerificationRecorded));
    let (early, late) = ("2024-09-01T10:00:00Z", "2025-01-01T00:00:00Z");
    let mut first = of_website(recorded());
    first.after = Some(verified_since(early));
    let mut earlier = recorded();
    (earlier.level, earlier.before, earlier.after) = (
        Some(Level::Contact),
        Some(verified_since(late)),
        Some(verified_since(early)),
    );
    let mut cleared = of_jane(entry(HistoryEvent::VerificationCleared));
    (cleared.level, cleared.audience) = (Some(Level::Audience), Some(subscription(None).audience));
    cleared.before = Some(verified_since(early));
    let mut ended = of_website(entry(HistoryEvent::SubscriptionChanged));
    (ended.before, ended.after) = (
        Some(subscribed("subscribed")),
        Some(subscribed("unsubscribed")),
    );
    let mut asked = entry(HistoryEvent::SubscriptionChanged);
    (asked.audience, asked.after) = (
        Some(subscription(None).audience),
        Some(subscribed("pending")),
    );
    let mut bounced = of_jane(entry(HistoryEvent::SuppressionChanged));
    bounced.after = Some(held(SuppressionKind::HardBounced));
    let mut former = of_jane(entry(HistoryEvent::SuppressionChanged));
    former.after = Some(held(SuppressionKind::Complained));
    let mut lifted = entry(HistoryEvent::SuppressionChanged);
    lifted.before = Some(held(SuppressionKind::GloballyUnsubscribed));
    for (entry, sentence) in [
        (
            first,
            "jane@example.com verified at client level for website in newsletter, since 1 September 2024",
        ),
        (
            earlier,
            "jane@example.com verified at contact level since an earlier time, 1 September 2024",
        ),
        (
            cleared,
            "jane@example.com no longer verified at audience level for newsletter",
        ),
        (ended, "Unsubscribed from newsletter for website"),
        (asked, "Requested, not yet confirmed: newsletter as a whole"),
        (bounced, "Mail to jane@example.com is blocked: hard bounce"),
        (
            former,
            "Mail to jane@example.com is blocked: complaint of a former owner",
        ),
        (
            lifted,
            "Mail to the person is no longer blocked for this reason: global unsubscription",
        ),
    ] {
        let page = html(exported(contact(), BTreeMap::new()), vec![entry], None);
        assert_seen(
            &page,
            &[&format!("20 May 2026 15:04:02.135 UTC {sentence} Before ")],
        );
    }
}

#[test]
fn an_entry_says_who_changed_what() {
    let mut by_person = of_jane(entry(HistoryEvent::VerificationRecorded));
    by_person.after = Some(HistoryState {
        verified_at: Some(at("2024-09-01T10:00:00Z")),
        verified_by: Some(Actor::subject("u_1")),
        verification_source: Some(VerificationSource::parse("webchat").unwrap()),
        ..HistoryState::default()
    });
    by_person.actor = Some(Actor::subject("u_1"));
    by_person.route = Some("PATCH /api/contacts/{id}/verification".to_owned());
    by_person.request_id = Some("r_1".to_owned());
    let by_hand = of_jane(entry(HistoryEvent::VerificationCleared));
    let page = html(
        exported(contact(), BTreeMap::new()),
        vec![by_person, by_hand],
        None,
    );
    assert_seen(
        &page,
        &[
            "Before not verified After verified since 1 Sep 2024, 10:00:00 UTC by u_1, on the word of webchat \
             By u_1 on PATCH /api/contacts/{id}/verification, request r_1",
            "By changed by hand",
        ],
    );
    assert_eq!(page.matches("<h3>20 May 2026</h3>").count(), 1);
    assert!(page.contains("<time datetime=\"2026-05-20T15:04:02.135Z\">"));
}

#[test]
fn the_next_page_is_a_form_with_the_token() {
    let page = html(
        exported(contact(), BTreeMap::new()),
        vec![of_jane(entry(HistoryEvent::VerificationCleared))],
        Some("next\"page"),
    );
    let (_, form) = page.split_once("<form").unwrap();
    for part in [
        "method=\"post\" action=\"/contacts/c_1#timeline\"",
        "name=\"token\" value=\"t&quot;k\"",
        "name=\"cursor\" value=\"next&quot;page\"",
    ] {
        assert!(form.contains(part), "{part} is not in {form}");
    }
}
