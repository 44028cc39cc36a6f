//! The frame of the page, the form that asks for a token, and the page for an unknown contact.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use shared::domain::ContactId;

use super::form::{Form, TOKEN};
use super::{Read, methods, path_of, person, subscriptions, timeline};

pub(super) const STYLE: &str = concat!(
    include_str!("../base.css"),
    include_str!("contact_page.css")
);

/// The pages without a contact. They depend on the server's settings.
pub(super) struct Layout {
    /// Whether the server accepts development tokens.
    pub(super) takes_development_tokens: bool,
}

impl Layout {
    /// The form that asks for a token. `refusal` is the reason why the last token was refused.
    pub(super) fn token_form(&self, id: &ContactId, refusal: Option<&str>) -> Markup {
        document(
            &format!("Contact {id}"),
            &html! {
                header {
                    h1 { "Show a contact" }
                    dl .facts { div .wide { dt { "Id" } dd { code { (id) } } } }
                }
                (self.ask(id, refusal))
            },
        )
    }

    /// The page for a contact that does not exist, or that the caller has no access to. Its form takes another token.
    pub(super) fn not_found(&self, id: Option<&ContactId>) -> Markup {
        document(
            "No such contact",
            &html! {
                header { h1 { "No such contact" } }
                @match id {
                    Some(id) => {
                        p { "The token gives access to no contact with the id " code { (id) } "." }
                        (self.ask(id, None))
                    }
                    None => {
                        p {
                            "The address of a contact’s page ends with the contact’s id: " (ContactId::RULE.trim_start_matches("must be "))
                            "."
                        }
                    }
                }
            },
        )
    }

    fn ask(&self, id: &ContactId, refusal: Option<&str>) -> Markup {
        html! {
            section .card {
                form method="post" action=(path_of(id.as_str())) {
                    @if let Some(refusal) = refusal {
                        p .refusal #refusal role="alert" { (refusal) }
                    }
                    label for=(TOKEN) { "Token" }
                    input #(TOKEN) name=(TOKEN) type="text" required autofocus autocomplete="off" autocapitalize="none"
                        spellcheck="false" aria-invalid=[refusal.map(|_| "true")]
                        aria-describedby=(if refusal.is_some() { "refusal hint" } else { "hint" });
                    button { "Show the contact" }
                    p .quiet #hint {
                        @if self.takes_development_tokens {
                            code { "cargo contacts token " span .whole { "--organization" } " ORG" }
                            " prints a token for the contacts of the organization ORG."
                        } @else {
                            "The token must be one of the identity provider whose keys the environment sets. Development tokens are not \
                             accepted."
                        }
                        " The server does not store it."
                    }
                }
            }
        }
    }
}

/// The contact with a page of its history.
pub(super) fn contact(read: &Read, form: &Form) -> Markup {
    let contact = &read.contact.contact;
    let id = &contact.contact.id;
    document(
        &format!("Contact {id}"),
        &html! {
            (person::header(&contact.contact))
            (person::suppression(&contact.contact.suppression))
            (methods::emails(&read.contact))
            (methods::phones(&contact.contact))
            (subscriptions::subscriptions(contact))
            (person::tags(&contact.contact))
            (timeline::timeline(id, &read.history, form))
        },
    )
}

fn document(title: &str, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " – Contact Verification" }
                style { (PreEscaped(STYLE)) }
            }
            body {
                nav { a href="/" { "Contact Verification" } }
                main { (content) }
            }
        }
    }
}
