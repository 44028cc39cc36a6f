//! The e-mail addresses and phone numbers, each with its verifications and the facts that block mail to it.

use maud::{Markup, html};
use shared::domain::{
    AddressSuppression, Contact, ContactMethod, SubscribedContact, ValidationStatus,
};
use shared::store::ExportedContact;

use super::words::{finding, outside, reason, subscription, time, verification};

/// The addresses.
pub(super) fn emails(exported: &ExportedContact) -> Markup {
    let contact = &exported.contact.contact;
    html! {
        section {
            h2 { "E-mail addresses" }
            @if contact.emails.is_empty() { p { "No e-mail address." } }
            @for email in &contact.emails {
                article .card {
                    (heading(email))
                    @if exported.not_owned.contains(&email.normal_form) {
                        p .quiet { "Another contact owns this address, so a search for the address does not find this contact." }
                    }
                    (email_levels(&exported.contact, email))
                    (suppression(&email.suppression))
                }
            }
        }
    }
}

/// The phone numbers.
pub(super) fn phones(contact: &Contact) -> Markup {
    html! {
        section {
            h2 { "Phone numbers" }
            @if contact.phones.is_empty() { p { "No phone number." } }
            @for phone in &contact.phones {
                article .card {
                    (heading(phone))
                    dl .rows { div { dt { "Contact level" } dd { (verification(&phone.verification)) } } }
                }
            }
            @if !contact.secondary_phone_numbers.is_empty() {
                p {
                    "Further numbers, which cannot be verified: "
                    @for (index, number) in contact.secondary_phone_numbers.iter().enumerate() {
                        @if index > 0 { ", " }
                        (outside(number))
                    }
                }
            }
        }
    }
}

fn heading(method: &ContactMethod) -> Markup {
    html! {
        h3 {
            (outside(&method.value))
            @if method.is_primary { " " span .badge { "primary" } }
        }
        @if method.value != method.normal_form {
            p .quiet { "compared as " (outside(&method.normal_form)) }
        }
    }
}

/// The verifications of an address: the contact's level first, then those of the subscriptions.
fn email_levels(contact: &SubscribedContact, email: &ContactMethod) -> Markup {
    html! {
        dl .rows {
            div { dt { "Contact level" } dd { (verification(&email.verification)) } }
            @for (id, held) in &contact.subscriptions {
                div {
                    dt {
                        @match &id.client {
                            Some(_) => { "Client level" br; span .quiet { (subscription(&id.audience, id.client.as_ref())) } }
                            None => { "Audience level" br; span .quiet { (outside(id.audience.as_str())) } }
                        }
                    }
                    dd { (verification(&held.verification(email))) }
                }
            }
        }
    }
}

/// The facts that block mail to an address.
fn suppression(suppression: &AddressSuppression) -> Markup {
    let AddressSuppression {
        validation,
        hard_bounced_at,
        globally_unsubscribed_at,
        complained_at,
    } = suppression;
    let class = match validation.status {
        ValidationStatus::Unknown => "none",
        ValidationStatus::Valid => "yes",
        _ => "no",
    };
    html! {
        dl .rows {
            div {
                dt { "Validation" }
                dd {
                    p {
                        span class=(class) { (finding(validation.status)) }
                        @if let Some(at) = validation.validated_at { ", on " (time(at)) }
                    }
                    @if !validation.reason.is_empty() { p .quiet { (reason(&validation.reason)) } }
                }
            }
            div {
                dt { "Hard bounce" }
                dd {
                    @if let Some(at) = hard_bounced_at {
                        p { span .no { "Refused permanently" } " on " (time(*at)) }
                    } @else {
                        p { span .none { "None" } }
                    }
                }
            }
            @if globally_unsubscribed_at.or(*complained_at).is_some() {
                div {
                    dt { "A former owner" }
                    dd {
                        @if let Some(at) = globally_unsubscribed_at {
                            p { span .no { "Unsubscribed from everything" } " on " (time(*at)) }
                        }
                        @if let Some(at) = complained_at {
                            p { span .no { "Reported a message as spam" } " on " (time(*at)) }
                        }
                    }
                }
            }
        }
    }
}
