//! The subscriptions, and whether their clients may send.

use maud::{Markup, html};
use shared::domain::{
    AudienceContact, Block, ClientSlug, Eligibility, SubscribedContact, Subscription,
    SubscriptionId, SubscriptionStatus,
};

use super::words::{level, outside, reason, status, subscription as name, time};

/// All subscriptions of a contact.
pub(super) fn subscriptions(contact: &SubscribedContact) -> Markup {
    html! {
        section {
            h2 { "Subscriptions" }
            @if contact.subscriptions.is_empty() { p { "No subscription, so no client may send." } }
            @for (id, held) in &contact.subscriptions {
                article .card { (subscription(contact, id, held)) }
            }
        }
    }
}

fn subscription(contact: &SubscribedContact, id: &SubscriptionId, held: &Subscription) -> Markup {
    let class = match held.status {
        SubscriptionStatus::Subscribed => "yes",
        SubscriptionStatus::Pending => "none",
        SubscriptionStatus::Unsubscribed => "no",
    };
    html! {
        h3 { (name(&id.audience, id.client.as_ref())) }
        dl .rows {
            div {
                dt { "Status" }
                dd {
                    p {
                        span class=(class) { (status(held.status)) }
                        @if let Some(at) = held.unsubscribed_at { " since " (time(at)) }
                    }
                    @if !held.unsubscribe_reason.is_empty() { p .quiet { (reason(&held.unsubscribe_reason)) } }
                }
            }
            @match &id.client {
                Some(client) => (sending(contact, id, client, held)),
                None => div { dt { "Marketing" } dd { p { (of_audience(held.status)) } } },
            }
        }
    }
}

/// The meaning of a subscription at audience level for the clients.
fn of_audience(status: SubscriptionStatus) -> &'static str {
    match status {
        SubscriptionStatus::Unsubscribed => "No client may send marketing mail in this audience.",
        SubscriptionStatus::Pending | SubscriptionStatus::Subscribed => {
            "The subscription of each client decides."
        }
    }
}

/// The address by which the client knows the contact, and whether the client may send to it.
fn sending(
    contact: &SubscribedContact,
    id: &SubscriptionId,
    client: &ClientSlug,
    held: &Subscription,
) -> Markup {
    let email = held.email(&contact.contact);
    let seen = email.and_then(|email| {
        AudienceContact::new(contact.clone(), &email.normal_form, &id.audience, client)
    });
    let eligibility = Eligibility::of(seen.as_ref());
    html! {
        div {
            dt { "Address" }
            dd { p { @match email { Some(email) => (outside(&email.value)), None => "None: the contact has no e-mail address." } } }
        }
        div {
            dt { "Marketing" }
            dd {
                @if eligibility.can_send_marketing() {
                    p { span .yes { "May be sent" } }
                    p .quiet { "verified at " (levels(&eligibility)) }
                } @else {
                    p { span .no { "Must not be sent" } }
                    ul .reasons {
                        @for block in &eligibility.blocked_by { li { (why(*block)) } }
                    }
                }
            }
        }
        div {
            dt { "Transactional" }
            dd {
                p {
                    @if eligibility.can_send_transactional {
                        span .yes { "May be sent" }
                    } @else {
                        span .no { "Must not be sent" }
                        @if email.is_some() { " because of a hard bounce or a complaint" }
                    }
                }
            }
        }
    }
}

fn levels(eligibility: &Eligibility) -> String {
    let levels = eligibility.verified_by.iter().map(|held| level(*held));
    let levels = levels.collect::<Vec<_>>().join(" and ");
    format!("{levels} level")
}

/// A reason not to send, in words, with its name in the API.
fn why(block: Block) -> Markup {
    let (words, code) = match block {
        Block::NotVerified => ("The address is verified at no level.", "not_verified"),
        Block::NotSubscribed => (
            "The person is not subscribed with this client.",
            "not_subscribed",
        ),
        Block::AudienceUnsubscribed => (
            "The person left the audience as a whole.",
            "audience_unsubscribed",
        ),
        Block::GloballyUnsubscribed => (
            "The person, or a former owner of the address, unsubscribed from everything.",
            "globally_unsubscribed",
        ),
        Block::HardBounced => ("The mailbox refused a message permanently.", "hard_bounced"),
        Block::Complained => (
            "The person, or a former owner of the address, reported a message as spam.",
            "complained",
        ),
        Block::Undeliverable => (
            "A validation found that the address does not work or is risky.",
            "undeliverable",
        ),
    };
    html! { (words) " " code { (code) } }
}
