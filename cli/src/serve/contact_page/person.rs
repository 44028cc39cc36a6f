//! The name and the ids of the contact, the facts that block mail to the person, and the tags.

use maud::{Markup, html};
use shared::domain::{Contact, Suppression};

use super::words::{outside, reason, time};

/// The name, the ids and the version of the contact.
pub(super) fn header(contact: &Contact) -> Markup {
    let names = [&contact.first_name, &contact.last_name];
    let names = names.into_iter().flatten().map(String::as_str);
    let name = names.collect::<Vec<_>>().join(" ");
    html! {
        header {
            h1 { @if name.trim().is_empty() { "Contact without a name" } @else { (outside(&name)) } }
            dl .facts {
                div .wide { dt { "Id" } dd { code { (contact.id) } } }
                div .wide { dt { "Organization" } dd { code { (contact.organization_id) } } }
                @if let Some(status) = &contact.status { div { dt { "Status" } dd { (outside(status)) } } }
                div { dt { "Version" } dd { (contact.version.number()) } }
                div .wide { dt { "Created" } dd { (time(contact.created_at)) } }
                div .wide { dt { "Last change" } dd { (time(contact.updated_at)) } }
            }
        }
    }
}

/// The facts that block mail to all addresses of the person.
pub(super) fn suppression(suppression: &Suppression) -> Markup {
    let Suppression {
        globally_unsubscribed_at,
        global_unsubscribe_reason,
        complained_at,
    } = suppression;
    html! {
        section {
            h2 { "Mail to the person" }
            dl .card .rows {
                div {
                    dt { "Global unsubscription" }
                    dd {
                        @if let Some(at) = globally_unsubscribed_at {
                            p { span .no { "Unsubscribed from everything" } " since " (time(*at)) }
                            p .quiet { (reason(global_unsubscribe_reason)) }
                        } @else {
                            p { span .none { "None" } }
                        }
                    }
                }
                div {
                    dt { "Complaint" }
                    dd {
                        @if let Some(at) = complained_at {
                            p { span .no { "Reported a message as spam" } " on " (time(*at)) }
                        } @else {
                            p { span .none { "None" } }
                        }
                    }
                }
            }
        }
    }
}

/// The tags, by audience.
pub(super) fn tags(contact: &Contact) -> Markup {
    let tags = contact.tags.iter().filter(|(_, tags)| !tags.is_empty());
    let tags: Vec<_> = tags.collect();
    html! {
        section {
            h2 { "Tags" }
            @if tags.is_empty() {
                p { "No tags." }
            } @else {
                dl .card .rows {
                    @for (audience, tags) in tags {
                        div {
                            dt { (outside(audience.as_str())) }
                            dd { ul .tags { @for tag in tags { li { (outside(tag)) } } } }
                        }
                    }
                }
            }
        }
    }
}
