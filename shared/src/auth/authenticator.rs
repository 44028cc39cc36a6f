//! From the `Authorization` header to a [`Caller`].

use std::sync::Arc;
use std::time::Duration;

use lambda_http::http::HeaderValue;

use super::caller::Roles;
use super::claims::{Claims, malformed, missing};
use super::token::Token;
use super::verifier::Verifier;
use super::{Caller, ClaimName, FetchError, FetchedKeys, KeySet, TokenFault};
use crate::domain::{Actor, ClientSlug, OrganizationId, Timestamp, is_invisible};

/// Longest subject (OpenID Connect Core section 2). The table stores the subject with every verification that its owner records.
const MAX_SUBJECT_CHARACTERS: usize = 255;

/// The names of the configurable claims. Some identity providers namespace custom claims or nest them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// The claim that holds the organization.
    pub organization: ClaimName,
    /// The claim that holds the role.
    pub role: ClaimName,
    /// The claim that holds the client's slug.
    pub client: ClaimName,
}

/// The names of the roles that the API knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleNames {
    /// The role that gives access to every organization.
    pub super_admin: String,
    /// The role of an administrator of its own organization.
    pub admin: String,
}

/// Why a caller is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("missing Authorization header")]
    MissingAuthorization,
    /// The header does not hold a bearer token.
    #[error("Authorization header is not a bearer token")]
    NotBearer,
    /// The token is not valid.
    #[error("{0}")]
    InvalidToken(#[from] TokenFault),
    /// The keys to verify tokens are not available.
    #[error("no keys to check tokens with")]
    KeysUnavailable(#[source] Arc<FetchError>),
}

/// The keys that tokens are verified with.
#[derive(Debug)]
pub(crate) enum Keys {
    /// The keys of `JWT_KEYS`.
    Configured(Arc<Verifier>),
    /// The keys that `JWT_KEYS_URL` publishes.
    Fetched(FetchedKeys),
}

impl From<KeySet> for Keys {
    fn from(keys: KeySet) -> Self {
        Self::Configured(Arc::new(Verifier::new(keys)))
    }
}

/// Verifies tokens.
#[derive(Debug)]
pub struct Authenticator {
    /// The keys to verify tokens with.
    pub(crate) keys: Keys,
    /// The `iss` that tokens must have.
    pub issuer: String,
    /// The audiences that tokens may be for.
    pub audiences: Vec<String>,
    /// The names of the configurable claims.
    pub claim_names: ClaimNames,
    /// The names of the roles that the API knows.
    pub role_names: RoleNames,
}

impl Authenticator {
    /// Whether tokens of the published development key are accepted.
    #[must_use]
    pub fn accepts_development_tokens(&self) -> bool {
        matches!(&self.keys, Keys::Configured(verifier) if verifier.keys.holds_development_key())
    }

    /// Fetches the keys, so that the first request does not wait for them. A failure is not reported: the first request
    /// fetches again and reports it.
    pub async fn prepare(&self) {
        if let Keys::Fetched(keys) = &self.keys {
            let _ = keys.current().await;
        }
    }

    /// The caller that the `Authorization` header proves at `now`.
    ///
    /// # Errors
    /// Why the caller is refused.
    pub async fn authenticate(
        &self,
        authorization: Option<&HeaderValue>,
        now: Timestamp,
    ) -> Result<Arc<Caller>, Refusal> {
        self.authenticate_token(bearer_token(authorization)?, now)
            .await
    }

    /// The caller that a token proves at `now`.
    pub(super) async fn authenticate_token(
        &self,
        text: &str,
        now: Timestamp,
    ) -> Result<Arc<Caller>, Refusal> {
        let now = since_1970(now);
        let available = match &self.keys {
            Keys::Configured(keys) => Some(Arc::clone(keys)),
            Keys::Fetched(fetched) => fetched.cached(),
        };
        if let Some(caller) = available.and_then(|keys| keys.cached_caller(text, now)) {
            return Ok(caller);
        }
        let token = Token::parse(text)?;
        let keys = self.keys_for(&token).await?;
        let claims = Claims::parse(&token.payload(token.key(&keys.keys)?)?)?;
        let valid_until = claims.check_expiry(now)?;
        claims.check_not_before(now)?;
        claims.check_issuer(&self.issuer)?;
        claims.check_audience(&self.audiences)?;
        let caller = Arc::new(self.caller(&claims)?);
        keys.cache(text, now..=valid_until, &caller);
        Ok(caller)
    }

    /// The keys to verify a token with.
    pub(super) async fn keys_for(&self, token: &Token<'_>) -> Result<Arc<Verifier>, Refusal> {
        match &self.keys {
            Keys::Configured(keys) => Ok(Arc::clone(keys)),
            Keys::Fetched(fetched) => {
                let known = fetched.current().await.map_err(Refusal::KeysUnavailable)?;
                Ok(match token.key(&known.keys) {
                    // The provider may have changed its keys since the last fetch.
                    Err(TokenFault::UnknownKey) => fetched.newer_than(known).await,
                    _ => known,
                })
            }
        }
    }

    /// The caller that these claims name.
    pub(super) fn caller(&self, claims: &Claims) -> Result<Caller, TokenFault> {
        let subject = claims.subject()?;
        if subject.chars().count() > MAX_SUBJECT_CHARACTERS || subject.chars().any(char::is_control)
        {
            return Err(malformed("sub"));
        }
        let organization = self.organization(claims)?;
        let client = self.client(claims)?;
        let roles = self.roles(claims)?;
        let actor = match &client {
            Some(client) => Actor::client(client),
            // A user with such a subject would pass for an application, whose actor is `client:<slug>`.
            None if looks_like_client(subject) => return Err(malformed("sub")),
            None => Actor::subject(subject),
        };
        Caller::new(actor, organization, client, roles)
            .ok_or_else(|| missing(&self.claim_names.organization))
    }

    pub(super) fn organization(
        &self,
        claims: &Claims,
    ) -> Result<Option<OrganizationId>, TokenFault> {
        let name = &self.claim_names.organization;
        let text = claims.text_or_member(name)?;
        text.map(|text| OrganizationId::parse(text).map_err(|_| malformed(name)))
            .transpose()
    }

    pub(super) fn client(&self, claims: &Claims) -> Result<Option<ClientSlug>, TokenFault> {
        let name = &self.claim_names.client;
        let text = claims.text(name)?;
        text.map(|text| ClientSlug::parse(text).map_err(|_| malformed(name)))
            .transpose()
    }

    pub(super) fn roles(&self, claims: &Claims) -> Result<Roles, TokenFault> {
        let roles = claims.texts(&self.claim_names.role)?;
        let has = |role: &String| roles.contains(&role.as_str());
        Ok(Roles {
            is_super_admin: has(&self.role_names.super_admin),
            is_admin: has(&self.role_names.admin),
        })
    }
}

/// Whether a subject visibly begins with `client:`. Invisible characters do not count.
fn looks_like_client(subject: &str) -> bool {
    let visible = subject.chars().filter(|c| !is_invisible(*c));
    visible.take("client:".len()).eq("client:".chars())
}

/// The time since 1970. No timestamp is earlier.
pub(super) fn since_1970(time: Timestamp) -> Duration {
    Duration::from_millis(time.unix_milliseconds().try_into().unwrap_or(0))
}

/// The token after `Bearer`, which may be in upper or lower case (RFC 9110 section 11.1).
fn bearer_token(authorization: Option<&HeaderValue>) -> Result<&str, Refusal> {
    let authorization = authorization
        .map(|value| value.as_bytes().trim_ascii())
        .filter(|value| !value.is_empty())
        .ok_or(Refusal::MissingAuthorization)?;
    match authorization.split_at_checked(b"bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => {
            str::from_utf8(token.trim_ascii_start()).map_err(|_| TokenFault::Malformed.into())
        }
        _ => Err(Refusal::NotBearer),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use futures_util::FutureExt;
    use jsonwebtoken::{EncodingKey, Header, encode, get_current_timestamp};
    use serde_json::json;

    use super::*;
    use crate::auth::DEVELOPMENT_SECRET;

    const SECRET: [u8; 32] = [0; 32];
    const KEYS: &str = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;

    fn authenticator() -> Authenticator {
        Authenticator {
            keys: KeySet::parse(KEYS).unwrap().into(),
            issuer: "issuer".to_owned(),
            audiences: vec!["audience".to_owned()],
            claim_names: ClaimNames {
                organization: "organizationId".parse().unwrap(),
                role: "role".parse().unwrap(),
                client: "client".parse().unwrap(),
            },
            role_names: RoleNames {
                super_admin: "SUPERADMIN".to_owned(),
                admin: "ADMIN".to_owned(),
            },
        }
    }

    /// A token that is valid from `valid_from` until `expires`, in seconds since 1970.
    fn authorization(valid_from: u64, expires: u64) -> HeaderValue {
        let claims = json!({
            "iss": "issuer", "aud": "audience", "sub": "user_1", "organizationId": "org_a",
            "nbf": valid_from, "exp": expires,
        });
        let token = encode(
            &Header::default(),
            &claims,
            &EncodingKey::from_secret(&SECRET),
        );
        format!("Bearer {}", token.unwrap()).parse().unwrap()
    }

    fn at(seconds: u64) -> Timestamp {
        let time = chrono::DateTime::from_timestamp(i64::try_from(seconds).unwrap(), 0).unwrap();
        Timestamp::from_datetime(time).unwrap()
    }

    #[test]
    fn development_tokens_are_accepted_where_their_key_is_configured() {
        assert!(!authenticator().accepts_development_tokens());
        let secret = BASE64_URL_SAFE_NO_PAD.encode(DEVELOPMENT_SECRET);
        let keys = json!({ "keys": [{ "kty": "oct", "alg": "HS256", "k": secret }] });
        let authenticator = Authenticator {
            keys: KeySet::parse(&keys.to_string()).unwrap().into(),
            ..authenticator()
        };
        assert!(authenticator.accepts_development_tokens());
    }

    /// `Ok` if the token is accepted at this time, else the text of the refusal.
    fn answer(
        authenticator: &Authenticator,
        token: &HeaderValue,
        seconds: u64,
    ) -> Result<(), String> {
        let answer = authenticator.authenticate(Some(token), at(seconds));
        match answer.now_or_never().unwrap() {
            Ok(_) => Ok(()),
            Err(refusal) => Err(refusal.to_string()),
        }
    }

    #[test]
    fn a_token_that_is_valid_by_the_system_clock_is_refused_by_a_later_injected_clock() {
        let (authenticator, now) = (authenticator(), get_current_timestamp());
        let token = authorization(0, now + 600);
        assert_eq!(answer(&authenticator, &token, now), Ok(()));
        // By now the token is in the cache, which uses the same clock.
        assert_eq!(answer(&authenticator, &token, now + 660), Ok(()));
        let expired = Err("token expired".to_owned());
        assert_eq!(answer(&authenticator, &token, now + 661), expired);
        assert_eq!(
            answer(&self::authenticator(), &token, now + 661),
            expired,
            "without the cache"
        );
    }

    #[test]
    fn a_token_that_is_valid_by_the_system_clock_is_refused_by_an_earlier_injected_clock() {
        let (authenticator, now) = (authenticator(), get_current_timestamp());
        let token = authorization(now, now + 600);
        assert_eq!(answer(&authenticator, &token, now - 60), Ok(()));
        assert_eq!(
            answer(&authenticator, &token, now - 61),
            Err("token not yet valid".to_owned())
        );
    }

    #[test]
    fn a_token_that_expired_by_the_system_clock_is_accepted_by_an_earlier_injected_clock() {
        let token = authorization(0, 1_000_000_000);
        assert_eq!(answer(&authenticator(), &token, 1_000_000_060), Ok(()));
    }
}
