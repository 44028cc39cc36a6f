//! The identifiers of organizations, contacts, audiences, clients and actors, and the label that names the source of a
//! verification (contract sections 1 and 4).

use std::fmt;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Version;

/// A text that does not follow the rule of its identifier or label.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidIdentifier(&'static str);

/// Defines an identifier or label: a trimmed text that the function `$fits` accepts.
macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $rule:literal, $fits:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// The rule of the text, for error messages.
            pub const RULE: &'static str = $rule;

            /// Reads the text, without surrounding white space.
            ///
            /// # Errors
            /// When the trimmed text does not follow [`Self::RULE`].
            pub fn parse(text: &str) -> Result<Self, InvalidIdentifier> {
                let text = text.trim();
                let fits: fn(&str) -> bool = $fits;
                if fits(text) { Ok(Self(text.to_owned())) } else { Err(InvalidIdentifier(Self::RULE)) }
            }

            /// The text, as the table and the API write it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidIdentifier;

            fn try_from(text: String) -> Result<Self, Self::Error> {
                Self::parse(&text)
            }
        }
    };
}

identifier!(
    /// The id of an organization, the tenant.
    ///
    /// The identity provider chooses the form. Printable ASCII covers the ids of every provider. `#` separates the
    /// parts of a key, so an id must not contain it: otherwise a key could belong to two organizations.
    OrganizationId,
    "must be 1 to 128 printable ASCII characters other than `#`",
    |text| (1..=128).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic() && b != b'#')
);

identifier!(
    /// The id of a contact. Its content has no meaning (contract section 1).
    ContactId,
    "must be 1 to 64 letters, digits, `_` or `-`",
    |text| (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
);

impl ContactId {
    /// An id for a new contact, from a random UUID (RFC 9562 section 5.4).
    #[must_use]
    pub fn random() -> Self {
        Self(format!("c_{}", Uuid::new_v4().simple()))
    }
}

identifier!(
    /// The id of a contact method on its contact: the contact's version that added the method, `-`, and the place of the
    /// method among those that this version added.
    ///
    /// A contact never uses an id again. A method that is removed and added again has another id, so nothing that refers to
    /// the old one counts for the new one.
    MethodId,
    "must be two numbers with `-` between them",
    |text| text.split_once('-').is_some_and(|(version, place)| {
        [version, place]
            .iter()
            .all(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
    })
);

impl MethodId {
    /// The id of the method at this place among those that a version of the contact adds.
    #[must_use]
    pub fn new(version: Version, place: usize) -> Self {
        Self(format!("{}-{place}", version.number()))
    }

    /// Whether this version of the contact added the method.
    pub(super) fn is_of(&self, version: Version) -> bool {
        let added_by = self.0.split_once('-').map(|(version, _)| version);
        added_by == Some(&version.number().to_string())
    }
}

identifier!(
    /// The slug of an audience, a list to which people subscribe (contract section 1).
    AudienceSlug,
    "must be a slug: 1 to 120 lower-case letters, digits, `_` or `-`, beginning with a letter or digit",
    is_slug
);

identifier!(
    /// The slug of a client, an application that calls the API (contract section 1).
    ClientSlug,
    "must be a slug: 1 to 120 lower-case letters, digits, `_` or `-`, beginning with a letter or digit",
    is_slug
);

/// Whether a text is a slug: `[a-z0-9][a-z0-9_-]{0,119}` (contract section 1).
fn is_slug(text: &str) -> bool {
    (1..=120).contains(&text.len())
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'-')
        && text.as_bytes()[0].is_ascii_alphanumeric()
}

identifier!(
    /// A `verificationSource`, such as `admin-manual`: a trimmed text of 1 to 100 characters, without control characters
    /// (contract section 4).
    VerificationSource,
    "must be at most 100 characters without control characters",
    |text| (1..=VerificationSource::MAX_CHARACTERS).contains(&text.chars().count())
        && !text.chars().any(char::is_control)
);

impl VerificationSource {
    /// Longest label, in characters.
    pub const MAX_CHARACTERS: usize = 100;
}

/// The author of a verification, stored as `verifiedBy`: a token's subject, or `client:<slug>` for an application.
///
/// An actor comes from a token, never from a request body (contract section 3).
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Actor(String);

impl Actor {
    /// The person or service that a token's `sub` names.
    #[must_use]
    pub fn subject(subject: &str) -> Self {
        Self(subject.to_owned())
    }

    /// The application with this slug.
    #[must_use]
    pub fn client(client: &ClientSlug) -> Self {
        Self(format!("client:{client}"))
    }

    /// The actor as the table and the API write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the actor is an application. A person's subject never begins with `client:` (contract section 3).
    #[must_use]
    pub fn is_application(&self) -> bool {
        self.0.starts_with("client:")
    }
}

/// Masked: many identity providers use an e-mail address as the subject.
impl fmt::Debug for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Actor(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_id_is_a_valid_id() {
        let id = ContactId::random();
        assert_eq!(ContactId::parse(id.as_str()), Ok(id));
    }

    #[test]
    fn the_id_of_a_method_names_the_version_that_added_it() {
        let version = |number| Version::new(number);
        let id = MethodId::new(version(12), 3);
        assert!(id.is_of(version(12)));
        for other in [1, 2, 11, 13, 123] {
            assert!(!id.is_of(version(other)), "{other}");
        }
    }

    #[test]
    fn identifiers_are_trimmed() {
        assert_eq!(ContactId::parse("  c_1\n").unwrap().as_str(), "c_1");
        assert_eq!(
            AudienceSlug::parse(" newsletter ").unwrap().as_str(),
            "newsletter"
        );
    }

    #[test]
    fn a_contact_id_has_1_to_64_plain_characters() {
        assert!(ContactId::parse(&"a".repeat(64)).is_ok());
        for bad in ["", " ", &"a".repeat(65), "a b", "a#b", "ä", "a/b", "a.b"] {
            assert!(ContactId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_slug_is_lower_case_and_begins_with_a_letter_or_digit() {
        for good in ["a", "0", "news-letter_2", &"a".repeat(120)] {
            assert!(AudienceSlug::parse(good).is_ok(), "{good:?}");
        }
        for bad in ["", "-a", "_a", "News", "a b", "a#b", "é", &"a".repeat(121)] {
            assert!(ClientSlug::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn an_organization_id_cannot_hold_the_separator_of_keys() {
        assert!(OrganizationId::parse("64f0a1b2c3d4e5f6a7b8c9d3").is_ok());
        assert!(OrganizationId::parse("https://tenant.example.com/acme").is_ok());
        for bad in [
            "",
            " ",
            "a#CONTACT#b",
            "a b",
            "a\u{0}b",
            "ä",
            &"a".repeat(129),
        ] {
            assert!(OrganizationId::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_label_is_trimmed_and_counted_in_characters() {
        assert_eq!(
            VerificationSource::parse(" webchat ").unwrap().as_str(),
            "webchat"
        );
        assert!(VerificationSource::parse(&"é".repeat(100)).is_ok());
        for bad in ["", " \n ", &"é".repeat(101)] {
            assert!(VerificationSource::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_control_character_inside_a_label_is_refused() {
        for bad in ["a\nb", "a\u{0}b", "a\u{7f}b", "a\u{85}b"] {
            assert!(VerificationSource::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn debug_output_hides_the_actor() {
        assert!(!format!("{:?}", Actor::subject("jane@example.com")).contains("jane"));
    }
}
