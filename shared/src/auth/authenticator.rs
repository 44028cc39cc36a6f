//! From the `Authorization` header to a [`Caller`].

use std::sync::Arc;

use jsonwebtoken::{Algorithm, Validation, get_current_timestamp};
use lambda_http::http::HeaderValue;
use serde_json::{Map, Value};

use super::checked_tokens::CheckedTokens;
use super::token::Token;
use super::{Caller, FetchError, FetchedKeys, KeySet, TokenFault};
use crate::domain::{Actor, ClientSlug, OrganizationId};

/// How far clocks may be apart, in seconds (contract section 3).
const LEEWAY_SECONDS: u64 = 60;

/// The algorithms of keys (contract section 3).
const ALGORITHMS: [Algorithm; 12] = [
    Algorithm::HS256,
    Algorithm::HS384,
    Algorithm::HS512,
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];

/// Longest subject (OpenID Connect Core section 2). It is stored with every verification of its owner's.
const MAX_SUBJECT_CHARACTERS: usize = 255;

/// The role that reaches every organization.
const SUPER_ADMIN_ROLE: &str = "SUPERADMIN";

/// The names of the claims that are ours to configure, for identity providers that namespace custom claims.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimNames {
    /// Which claim holds the organization.
    pub organization: String,
    /// Which claim holds the role.
    pub role: String,
    /// Which claim holds the client's slug.
    pub client: String,
}

impl Default for ClaimNames {
    fn default() -> Self {
        Self {
            organization: "organizationId".to_owned(),
            role: "role".to_owned(),
            client: "client".to_owned(),
        }
    }
}

/// Why a caller is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// There is no `Authorization` header.
    #[error("missing Authorization header")]
    MissingAuthorization,
    /// The header does not hold a bearer token.
    #[error("Authorization header is not a bearer token")]
    NotBearer,
    /// The token proves nothing.
    #[error("{0}")]
    InvalidToken(#[from] TokenFault),
    /// There are no keys to check a token with.
    #[error("no keys to check tokens with")]
    KeysUnavailable(#[source] Arc<FetchError>),
}

/// Where the keys come from.
#[derive(Debug)]
enum Keys {
    Configured(Arc<KeySet>),
    Fetched(Box<FetchedKeys>),
}

impl Keys {
    /// Those that are there without fetching any.
    fn at_hand(&self) -> Option<Arc<KeySet>> {
        match self {
            Self::Configured(keys) => Some(Arc::clone(keys)),
            Self::Fetched(fetched) => fetched.cached(),
        }
    }
}

/// Checks tokens.
#[derive(Debug)]
pub struct Authenticator {
    keys: Keys,
    /// What a token must claim, for each algorithm: made once, since a copy for each request would cost more than a check.
    expected: Vec<Validation>,
    claim_names: ClaimNames,
    checked: CheckedTokens,
}

impl Authenticator {
    /// Checks tokens with the keys of a setting.
    #[must_use]
    pub fn with_keys(keys: KeySet, issuer: &str, audience: &str, claim_names: ClaimNames) -> Self {
        let keys = Keys::Configured(Arc::new(keys));
        Self::new(keys, issuer, audience, claim_names)
    }

    /// Checks tokens with keys that an identity provider publishes.
    #[must_use]
    pub fn with_fetched_keys(
        keys: FetchedKeys,
        issuer: &str,
        audience: &str,
        claim_names: ClaimNames,
    ) -> Self {
        let keys = Keys::Fetched(Box::new(keys));
        Self::new(keys, issuer, audience, claim_names)
    }

    fn new(keys: Keys, issuer: &str, audience: &str, claim_names: ClaimNames) -> Self {
        Self {
            keys,
            expected: expected(issuer, audience),
            claim_names,
            checked: CheckedTokens::new(),
        }
    }

    /// Gets the keys, so that the first request need not wait for them. A failure is not reported: that request tries
    /// again and answers for it.
    pub async fn prepare(&self) {
        if let Keys::Fetched(keys) = &self.keys {
            let _ = keys.current().await;
        }
    }

    /// The caller that the `Authorization` header stands for.
    ///
    /// # Errors
    /// Why the caller is not let in.
    pub async fn authenticate(
        &self,
        authorization: Option<&HeaderValue>,
    ) -> Result<Arc<Caller>, Refusal> {
        let text = bearer_token(authorization)?;
        let now = get_current_timestamp();
        if let Some(keys) = self.keys.at_hand()
            && let Some(caller) = self.checked.caller(text, &keys, now)
        {
            return Ok(caller);
        }
        let token = Token::parse(text)?;
        let keys = self.keys_for(&token).await?;
        let claims = self.verified_claims(&token, &keys)?;
        let caller = Arc::new(self.caller(&claims)?);
        // A time with a fraction is checked each time; whoever writes one is rare.
        if let Some(expires) = claims.get("exp").and_then(Value::as_u64) {
            let times = now..=expires.saturating_add(LEEWAY_SECONDS);
            self.checked.keep(text, &keys, times, &caller);
        }
        Ok(caller)
    }

    /// The keys to check a token with.
    async fn keys_for(&self, token: &Token<'_>) -> Result<Arc<KeySet>, Refusal> {
        match &self.keys {
            Keys::Configured(keys) => Ok(Arc::clone(keys)),
            Keys::Fetched(fetched) => {
                let known = fetched.current().await.map_err(Refusal::KeysUnavailable)?;
                Ok(match token.key(&known) {
                    // The provider may have changed its keys since.
                    Err(TokenFault::UnknownKey) => fetched.newer_than(known).await,
                    _ => known,
                })
            }
        }
    }

    fn verified_claims(
        &self,
        token: &Token<'_>,
        keys: &KeySet,
    ) -> Result<Map<String, Value>, TokenFault> {
        let key = token.key(keys)?;
        let expected = self
            .expected
            .iter()
            .find(|expected| expected.algorithms == [key.algorithm])
            .ok_or(TokenFault::Algorithm)?;
        token.claims(key, expected)
    }

    fn caller(&self, claims: &Map<String, Value>) -> Result<Caller, TokenFault> {
        let missing = |claim: &str| TokenFault::ClaimMissing(claim.to_owned());
        let malformed = |claim: &str| TokenFault::ClaimMalformed(claim.to_owned());
        let subject = text_claim(claims, "sub")?.ok_or_else(|| missing("sub"))?;
        if subject.chars().count() > MAX_SUBJECT_CHARACTERS || subject.chars().any(char::is_control)
        {
            return Err(malformed("sub"));
        }
        let names = &self.claim_names;
        let organization = text_claim(claims, &names.organization)?
            .map(|text| OrganizationId::parse(text).map_err(|_| malformed(&names.organization)))
            .transpose()?;
        let client = text_claim(claims, &names.client)?
            .map(|text| ClientSlug::parse(text).map_err(|_| malformed(&names.client)))
            .transpose()?;
        let is_super_admin =
            claims.get(&names.role).and_then(Value::as_str) == Some(SUPER_ADMIN_ROLE);
        let actor = client
            .as_ref()
            .map_or_else(|| Actor::subject(subject), Actor::client);
        Caller::new(actor, organization, client, is_super_admin)
            .ok_or_else(|| missing(&names.organization))
    }
}

fn expected(issuer: &str, audience: &str) -> Vec<Validation> {
    let expected = |algorithm| {
        let mut validation = Validation::new(algorithm);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation
    };
    ALGORITHMS.map(expected).into()
}

/// The token behind `Bearer`, whose letters may be of either case (RFC 9110 section 11.1).
fn bearer_token(authorization: Option<&HeaderValue>) -> Result<&str, Refusal> {
    let authorization = authorization
        .ok_or(Refusal::MissingAuthorization)?
        .as_bytes()
        .trim_ascii();
    if authorization.is_empty() {
        return Err(Refusal::MissingAuthorization);
    }
    match authorization.split_at_checked(b"bearer ".len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(b"bearer ") => {
            str::from_utf8(token.trim_ascii_start()).map_err(|_| TokenFault::Malformed.into())
        }
        _ => Err(Refusal::NotBearer),
    }
}

/// A claim that is a text. A blank one and null count as absent (contract section 4).
fn text_claim<'a>(
    claims: &'a Map<String, Value>,
    name: &str,
) -> Result<Option<&'a str>, TokenFault> {
    match claims.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenFault::ClaimMalformed(name.to_owned())),
    }
}
