//! The tokens that are sent. They come from the environment, never from the command line, where every process of the
//! machine and the shell's history could see them, and are never printed.

use std::time::Duration;

use anyhow::{Context, bail};
use shared::settings::environment_variable;

use super::check::Who;
use crate::demo;
use crate::development::{self, Identity};

/// The variable with a token of the organization that has the sample contacts.
pub(super) const TOKEN: &str = "CONTACTS_TOKEN";
/// The variable with a token of the application `website`.
pub(super) const APPLICATION_TOKEN: &str = "CONTACTS_APPLICATION_TOKEN";

/// How long a token is valid that is signed here.
const VALIDITY: Duration = Duration::from_hours(1);

/// Where a token comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// This variable.
    Variable(&'static str),
    /// It is signed here, with the development key.
    Signed,
}

/// A token.
pub(super) struct Caller {
    /// Itself.
    pub(super) token: String,
    /// Where it comes from.
    pub(super) origin: Origin,
    /// Whom it proves. What comes from outside is not looked into: that is the API's affair.
    pub(super) subject: Option<String>,
}

/// Who calls.
pub(super) struct Callers {
    person: Caller,
    application: Caller,
}

impl Callers {
    /// Those of the environment. For a local API those who are missing are made up, as the demo data need them.
    ///
    /// # Errors
    /// When one is missing or is not a token.
    pub(super) fn from_environment(is_local: bool) -> anyhow::Result<Self> {
        let person = from_variable(TOKEN)?;
        let application = from_variable(APPLICATION_TOKEN)?;
        let is_given = person.is_some();
        let person = match person {
            Some(person) => person,
            None if is_local => signed(demo::person()?)?,
            None => bail!(
                "{TOKEN} is not set: it must be a token of the organization that has the sample contacts"
            ),
        };
        let application = match application {
            Some(application) => application,
            None if is_given => Caller {
                token: person.token.clone(),
                origin: person.origin,
                subject: None,
            },
            None => signed(demo::application()?)?,
        };
        Ok(Self {
            person,
            application,
        })
    }

    /// One of them.
    pub(super) fn get(&self, who: Who) -> &Caller {
        match who {
            Who::Person => &self.person,
            Who::Application => &self.application,
        }
    }

    /// What must not be printed: the tokens and their parts.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        [&self.person, &self.application]
            .into_iter()
            .flat_map(|caller| {
                std::iter::once(caller.token.as_str()).chain(caller.token.split('.'))
            })
    }
}

impl Caller {
    /// The token with a signature that nobody made. It holds nothing of the real one.
    pub(super) fn forged_token(&self) -> String {
        match self.token.rsplit_once('.') {
            Some((signed, signature)) => format!("{signed}.{}", "A".repeat(signature.len())),
            None => "A".to_owned(),
        }
    }
}

fn from_variable(name: &'static str) -> anyhow::Result<Option<Caller>> {
    let token = environment_variable(name).with_context(|| format!("{name} cannot be used"))?;
    let Some(token) = token else {
        return Ok(None);
    };
    // A mistake is found here, and a header can hold what is left. Its value is not for the message.
    if !is_compact_jws(&token) {
        bail!("{name} is not a token: it must be a JWT by itself, without `Bearer`");
    }
    Ok(Some(Caller {
        token,
        origin: Origin::Variable(name),
        subject: None,
    }))
}

/// Three parts in base64url (RFC 7515 section 7.1).
fn is_compact_jws(token: &str) -> bool {
    let is_base64url = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    token.split('.').count() == 3 && token.split('.').all(is_base64url)
}

fn signed(identity: Identity) -> anyhow::Result<Caller> {
    let settings = development::settings()?;
    if !settings.accepts_development_tokens() {
        bail!(
            "{TOKEN} is not set, and the environment names other keys than the one that development tokens are signed with"
        );
    }
    Ok(Caller {
        token: development::token(&settings, &identity, VALIDITY)?,
        origin: Origin::Signed,
        subject: Some(identity.subject),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_three_parts_of_base64url_are_a_token() {
        assert!(is_compact_jws("eyJ.eyJ-_9.c2ln"));
        for bad in [
            "",
            "a.b",
            "a..b",
            "a.b.c.d",
            "Bearer a.b.c",
            "a.b.c\n",
            "a.b.c=",
        ] {
            assert!(!is_compact_jws(bad), "{bad:?}");
        }
    }

    #[test]
    fn a_forged_token_has_nothing_of_the_signature() {
        let caller = Caller {
            token: "header.claims.signature".to_owned(),
            origin: Origin::Signed,
            subject: None,
        };
        assert_eq!(caller.forged_token(), "header.claims.AAAAAAAAA");
    }
}
