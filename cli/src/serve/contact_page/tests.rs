//! The text of the page, for contacts with all kinds of data, and for a contact without data.

mod timeline;

use std::collections::{BTreeMap, BTreeSet};

use hyper::Request;
use shared::domain::{
    Actor, AddressHash, AddressSuppression, AudienceSlug, ClientSlug, Contact, EmailAddress,
    HistoryEntry, HistoryEvent, HistoryState, MethodValue, OrganizationId, PhoneNumber,
    PhoneRegion, SubscribedContact, Subscription, SubscriptionId, SubscriptionStatus, Suppression,
    Timestamp, ValidationStatus, Verification, VerificationSource,
};

use self::timeline::{entry, of_jane};
use super::*;

const HOSTILE: &str = "<script>\"'&\u{202e}x";
const LAYOUT: Layout = Layout {
    takes_development_tokens: true,
};

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

fn contact() -> Contact {
    Contact::new(
        OrganizationId::parse("org_a").unwrap(),
        ContactId::parse("c_1").unwrap(),
        at("2024-01-02T03:04:05.678Z"),
    )
}

fn subscription(client: Option<&str>) -> SubscriptionId {
    SubscriptionId {
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: client.map(|client| ClientSlug::parse(client).unwrap()),
    }
}

fn verified(by: Option<&str>, source: Option<&str>) -> Verification {
    Verification {
        at: at("2024-09-01T10:00:00Z"),
        by: by.map(Actor::subject),
        source: source.map(|source| VerificationSource::parse(source).unwrap()),
    }
}

fn exported(
    contact: Contact,
    subscriptions: BTreeMap<SubscriptionId, Subscription>,
) -> ExportedContact {
    ExportedContact {
        contact: SubscribedContact {
            contact,
            subscriptions,
        },
        not_owned: BTreeSet::new(),
        former_owners: BTreeMap::new(),
    }
}

/// The HTML of a page.
fn html(contact: ExportedContact, entries: Vec<HistoryEntry>, next: Option<&str>) -> String {
    let history = HistoryPage {
        entries,
        next_cursor: next.map(str::to_owned),
    };
    let form = Form::read(b"token=t\"k");
    layout::contact(&Read { contact, history }, &form).into_string()
}

/// The text that a reader sees of some HTML.
fn seen(html: &str) -> String {
    let (_, body) = html.split_once("<body>").unwrap_or(("", html));
    let pieces = body.split('<').map(|piece| {
        let (tag, text) = piece.split_once('>').unwrap_or(("", piece));
        let inline = ["bdi", "span", "time", "code"];
        let name = tag.trim_start_matches('/').split(' ').next();
        if inline.iter().any(|inline| name == Some(inline)) {
            text.to_owned()
        } else {
            format!(" {text}")
        }
    });
    let text = pieces.collect::<String>();
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn assert_seen(page: &str, parts: &[&str]) {
    let seen = seen(page);
    for part in parts {
        assert!(seen.contains(part), "{part:?} is not in {seen}");
    }
}

#[test]
fn a_contact_without_anything_says_so() {
    let page = html(exported(contact(), BTreeMap::new()), Vec::new(), None);
    assert_seen(
        &page,
        &[
            "Contact without a name",
            "Id c_1 Organization org_a Version 0 Created 2 Jan 2024, 03:04:05.678 UTC",
            "Global unsubscription None Complaint None",
            "No e-mail address.",
            "No phone number.",
            "No subscription, so no client may send.",
            "No tags.",
            "Nothing is recorded yet.",
        ],
    );
    assert!(!page.contains("<form"));
}

/// A contact with an address that is verified at two levels, and with every fact that can block mail.
fn held_back() -> ExportedContact {
    let mut contact = contact();
    let address = EmailAddress::parse("Jane@Example.com").unwrap();
    let email = contact.add_method(&MethodValue::Email(address), None);
    email
        .verification
        .record(verified(Some("u_1"), Some("webchat")));
    email.suppression.hard_bounced_at = Some(at("2025-01-01T00:00:00Z"));
    email.suppression.complained_at = Some(at("2025-01-02T00:00:00Z"));
    email.suppression.validation.status = ValidationStatus::NoMx;
    email.suppression.validation.reason = "NXDOMAIN".to_owned();
    let email = email.clone();
    let phone = PhoneNumber::parse("+14165550100", PhoneRegion::CANADA).unwrap();
    contact
        .add_method(&MethodValue::Phone(phone), None)
        .verification
        .clear(at("2025-01-03T00:00:00Z"));
    contact.suppression.globally_unsubscribed_at = Some(at("2025-01-04T00:00:00Z"));
    contact.suppression.global_unsubscribe_reason = "enough".to_owned();
    let mut client = Subscription {
        address: Some(AddressHash::of(
            &contact.organization_id,
            &email.normal_form,
        )),
        ..Subscription::default()
    };
    client.set_verification(
        &contact,
        &email,
        Some(verified(Some("client:website"), None)).into(),
    );
    let audience = Subscription {
        status: SubscriptionStatus::Unsubscribed,
        unsubscribed_at: Some(at("2025-01-05T00:00:00Z")),
        unsubscribe_reason: "moved".to_owned(),
        ..Subscription::default()
    };
    let subscriptions = BTreeMap::from([
        (subscription(Some("website")), client),
        (subscription(None), audience),
    ]);
    exported(contact, subscriptions)
}

#[test]
fn every_level_and_all_that_holds_mail_back_is_shown() {
    let page = html(held_back(), Vec::new(), None);
    assert_seen(
        &page,
        &[
            "Unsubscribed from everything since 4 Jan 2025, 00:00:00 UTC Reason: “enough” Complaint None",
            "Jane@Example.com primary compared as jane@example.com",
            "Contact level Verified since 1 Sep 2024, 10:00:00 UTC by u_1, on the word of webchat",
            "Audience level newsletter Not verified",
            "Client level website in newsletter Verified since 1 Sep 2024, 10:00:00 UTC by the application website",
            "No MX: the domain takes no mail Reason: “NXDOMAIN”",
            "Hard bounce Refused permanently on 1 Jan 2025",
            "A former owner Reported a message as spam on 2 Jan 2025",
            "+14165550100 primary Contact level Not verified last cleared on 3 Jan 2025",
            "newsletter as a whole Status Unsubscribed since 5 Jan 2025, 00:00:00 UTC Reason: “moved” \
             Marketing No client may send marketing mail in this audience.",
            "website in newsletter Status Pending Address Jane@Example.com Marketing Must not be sent \
             The person is not subscribed with this client. not_subscribed",
            "audience_unsubscribed",
            "globally_unsubscribed",
            "hard_bounced",
            "complained",
            "undeliverable",
            "Transactional Must not be sent because of a hard bounce or a complaint",
        ],
    );
    assert!(!seen(&page).contains("not_verified"));
}

#[test]
fn the_levels_that_let_a_client_send_are_shown() {
    let mut held = held_back().contact;
    held.contact.suppression = Suppression::default();
    held.contact.emails[0].suppression = AddressSuppression::default();
    held.subscriptions.remove(&subscription(None));
    let client = held.subscriptions.get_mut(&subscription(Some("website")));
    client.unwrap().status = SubscriptionStatus::Subscribed;
    let page = html(exported(held.contact, held.subscriptions), Vec::new(), None);
    assert_seen(
        &page,
        &["Marketing May be sent verified at contact and client level Transactional May be sent"],
    );
}

#[test]
fn an_address_of_another_contact_is_marked() {
    let mut held = held_back();
    held.not_owned.insert("jane@example.com".to_owned());
    assert_seen(
        &html(held, Vec::new(), None),
        &["Another contact owns this address"],
    );
}

#[test]
fn no_text_from_outside_becomes_markup_or_turns_the_text_around_it() {
    let text = || HOSTILE.to_owned();
    let mut held = held_back();
    let contact = &mut held.contact.contact;
    (contact.first_name, contact.status) = (Some(text()), Some(text()));
    contact.secondary_phone_numbers = vec![text()];
    contact.suppression.global_unsubscribe_reason = text();
    let tags = (subscription(None).audience, vec![text()]);
    contact.tags.extend([tags]);
    let email = &mut contact.emails[0];
    email.value = text();
    email.suppression.validation.reason = text();
    email.verification = Some(verified(Some(HOSTILE), Some(HOSTILE))).into();
    for subscription in held.contact.subscriptions.values_mut() {
        subscription.unsubscribe_reason = text();
    }
    let mut entry = of_jane(entry(HistoryEvent::SubscriptionChanged));
    let state = HistoryState {
        status: Some(text()),
        reason: Some(text()),
        ..HistoryState::default()
    };
    (entry.before, entry.after) = (Some(state.clone()), Some(state));
    (entry.actor, entry.route) = (Some(Actor::subject(HOSTILE)), Some(text()));
    entry.request_id = Some("<script>".to_owned());
    let page = html(held, vec![entry], Some(HOSTILE));
    // Each text from outside, such as the name of the person, is within an element of its own.
    let shown = "<bdi>&lt;script&gt;&quot;'&amp;<span class=\"codepoint\">U+202E</span>x</bdi>";
    assert_eq!(page.matches(shown).count(), 18, "{page}");
    let (_, body) = page.split_once("<body>").unwrap();
    assert!(!body.contains("<script"));
    // The character itself is only in the hidden field, where nobody reads it.
    assert_eq!(body.matches('\u{202e}').count(), 1);
}

#[test]
fn the_form_says_where_tokens_come_from_and_why_one_was_refused() {
    let id = ContactId::parse("c_1").unwrap();
    let page = LAYOUT.token_form(&id, None).into_string();
    assert_seen(&page, &["cargo contacts token --organization ORG"]);
    assert!(!page.contains("role=\"alert\""));
    let other = Layout {
        takes_development_tokens: false,
    };
    let page = other.token_form(&id, Some("<b>")).into_string();
    assert_seen(
        &page,
        &[
            "<b> Token",
            "identity provider whose keys the environment sets",
        ],
    );
    assert!(page.contains("aria-describedby=\"refusal hint\""));
}

#[test]
fn only_reads_and_forms_of_one_id_are_for_the_page() {
    let is_asked_for = |method: &str, path: &str| {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .body(())
            .unwrap();
        ContactPage::is_asked_for(&request.into_parts().0)
    };
    for method in ["GET", "HEAD", "POST"] {
        assert!(is_asked_for(method, "/contacts/c_1"), "{method}");
    }
    for (method, path) in [
        ("DELETE", "/contacts/c_1"),
        ("GET", "/contacts"),
        ("GET", "/contacts/c_1/verification"),
        ("GET", "/api/contacts/c_1"),
        ("POST", "/api/contacts"),
    ] {
        assert!(!is_asked_for(method, path), "{method} {path}");
    }
}
