//! The claims of a token whose signature was verified, and what they must be (contract section 3).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use super::TokenFault;

/// How far clocks may be apart (contract section 3).
const LEEWAY: Duration = Duration::from_mins(1);

/// Claims that were found valid.
pub(super) struct Claims {
    all: Map<String, Value>,
    /// The last instant at which the token is valid, since 1970.
    pub(super) valid_until: Duration,
}

/// The registered claims that are checked (RFC 7519 section 4.1).
///
/// As members of a struct none of them may occur twice: two readers could read such a token as two.
#[derive(Deserialize)]
struct RegisteredClaims {
    exp: Option<Value>,
    nbf: Option<Value>,
    iss: Option<Value>,
    aud: Option<Value>,
    sub: Option<Value>,
}

impl Claims {
    /// Reads claims and checks that they name this issuer and audience, and that the token is valid at `now` (since 1970).
    pub(super) fn parse(
        json: &[u8],
        issuer: &str,
        audience: &str,
        now: Duration,
    ) -> Result<Self, TokenFault> {
        let missing = |claim: &str| TokenFault::ClaimMissing(claim.to_owned());
        let malformed = |claim: &str| TokenFault::ClaimMalformed(claim.to_owned());
        let all = serde_json::from_slice(json).map_err(|_| TokenFault::Malformed)?;
        let claims: RegisteredClaims =
            serde_json::from_slice(json).map_err(|_| TokenFault::Malformed)?;
        let expires = claims.exp.as_ref().and_then(numeric_date);
        let valid_until = expires
            .ok_or_else(|| missing("exp"))?
            .saturating_add(LEEWAY);
        let claimed_issuer = match claims.iss {
            Some(Value::String(issuer)) => issuer,
            // RFC 7519 section 4.1.1 has one issuer. A list could hold ours beside an issuer that nobody accepts.
            Some(Value::Array(_)) => return Err(malformed("iss")),
            _ => return Err(missing("iss")),
        };
        let audiences = claims.aud.as_ref().and_then(audiences);
        let audiences = audiences.ok_or_else(|| missing("aud"))?;
        if !claims.sub.is_some_and(|sub| sub.is_string()) {
            return Err(missing("sub"));
        }
        let valid_from = match &claims.nbf {
            Some(nbf) => numeric_date(nbf).ok_or_else(|| malformed("nbf"))?,
            None => Duration::ZERO,
        };
        if now > valid_until {
            return Err(TokenFault::Expired);
        }
        if valid_from > now.saturating_add(LEEWAY) {
            return Err(TokenFault::NotYetValid);
        }
        if claimed_issuer != issuer {
            return Err(TokenFault::Issuer);
        }
        if !audiences.contains(&audience) {
            return Err(TokenFault::Audience);
        }
        Ok(Self { all, valid_until })
    }

    /// The value of a claim, if the token has it.
    pub(super) fn get(&self, name: &str) -> Option<&Value> {
        self.all.get(name)
    }

    /// A claim that is a text. A blank text and null count as absent (contract section 3).
    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, TokenFault> {
        match self.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) if text.trim().is_empty() => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(TokenFault::ClaimMalformed(name.to_owned())),
        }
    }
}

/// A `NumericDate` (RFC 7519 section 2): seconds since 1970, perhaps with a fraction.
fn numeric_date(value: &Value) -> Option<Duration> {
    match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        None => Duration::try_from_secs_f64(value.as_f64()?).ok(),
    }
}

/// The audiences of a token: `aud` is one text or a list of texts (RFC 7519 section 4.1.3).
fn audiences(aud: &Value) -> Option<Vec<&str>> {
    match aud {
        Value::String(audience) => Some(vec![audience]),
        Value::Array(list) => list.iter().map(Value::as_str).collect(),
        _ => None,
    }
}
