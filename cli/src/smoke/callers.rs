//! The tokens of the callers. They come from the environment, because other processes and the shell's history can see the
//! command line. The tool never prints them.

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

/// The time for which a token that is signed here is valid.
const VALIDITY: Duration = Duration::from_hours(1);

/// The origin of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// The token is from this environment variable.
    Variable(&'static str),
    /// The token is signed here with the development key.
    Signed,
}

/// A caller, with its token.
pub(super) struct Caller {
    /// The token.
    pub(super) token: String,
    /// The origin of the token.
    pub(super) origin: Origin,
    /// The subject that the token proves, if the token is signed here. The tool does not parse other tokens.
    pub(super) subject: Option<String>,
}

/// The callers of the API.
pub(super) struct Callers {
    person: Caller,
    application: Caller,
}

impl Callers {
    /// The callers of the environment. For a local API, a missing caller gets a development token for the demo data.
    ///
    /// # Errors
    /// When a token is missing or malformed.
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

    /// The caller of this kind.
    pub(super) fn get(&self, who: Who) -> &Caller {
        match who {
            Who::Person => &self.person,
            Who::Application => &self.application,
        }
    }

    /// The texts that the tool must not print: the tokens and their parts.
    pub(super) fn secrets(&self) -> impl Iterator<Item = &str> {
        [&self.person, &self.application]
            .into_iter()
            .flat_map(|caller| {
                std::iter::once(caller.token.as_str()).chain(caller.token.split('.'))
            })
    }
}

impl Caller {
    /// The token with a made-up signature, which has no part of the real signature.
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
    // The check finds mistakes early, and makes sure that a header can hold the token. The message must not show the value.
    if !is_compact_jws(&token) {
        bail!("{name} is not a token: it must be a JWT by itself, without `Bearer`");
    }
    Ok(Some(Caller {
        token,
        origin: Origin::Variable(name),
        subject: None,
    }))
}

/// Whether the token has three parts in base64url (RFC 7515 section 7.1).
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
    if !settings.authenticator.accepts_development_tokens() {
        bail!(
            "{TOKEN} is not set, and development tokens do not fit the keys that the environment sets"
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
