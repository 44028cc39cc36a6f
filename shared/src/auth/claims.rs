//! The claims of a token, and the checks of their values (contract section 3).

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{ClaimName, TokenFault};

/// The tolerated difference between two clocks (contract section 3).
const LEEWAY: Duration = Duration::from_mins(1);

/// The claims of a token.
pub(super) struct Claims {
    all: Value,
    checked: CheckedClaims,
}

/// The claims that are checked in every token: registered ones (RFC 7519 section 4.1), and `client_id` (RFC 8693 section
/// 4.3). Null counts as absent.
///
/// They are members of a struct, because serde then refuses a claim that occurs twice: two readers could read such a token
/// differently.
#[derive(Deserialize)]
struct CheckedClaims {
    exp: Option<Value>,
    nbf: Option<Value>,
    iss: Option<Value>,
    aud: Option<Value>,
    client_id: Option<Value>,
    sub: Option<Value>,
}

impl Claims {
    pub(super) fn parse(json: &[u8]) -> Result<Self, TokenFault> {
        let all: Value = serde_json::from_slice(json).map_err(|_| TokenFault::Malformed)?;
        // Serde also reads a struct from a list.
        if !all.is_object() {
            return Err(TokenFault::Malformed);
        }
        let checked = serde_json::from_slice(json).map_err(|_| TokenFault::Malformed)?;
        Ok(Self { all, checked })
    }

    /// The last instant at which the token is valid, since 1970.
    ///
    /// # Errors
    /// When that instant is before `now` (since 1970), or when `exp` is missing or malformed.
    pub(super) fn check_expiry(&self, now: Duration) -> Result<Duration, TokenFault> {
        let expiry = self.checked.exp.as_ref().ok_or_else(|| missing("exp"))?;
        let expiry = numeric_date(expiry).ok_or_else(|| malformed("exp"))?;
        let valid_until = expiry.saturating_add(LEEWAY);
        if now > valid_until {
            return Err(TokenFault::Expired);
        }
        Ok(valid_until)
    }

    pub(super) fn check_not_before(&self, now: Duration) -> Result<(), TokenFault> {
        let Some(not_before) = &self.checked.nbf else {
            return Ok(());
        };
        let not_before = numeric_date(not_before).ok_or_else(|| malformed("nbf"))?;
        if not_before > now.saturating_add(LEEWAY) {
            return Err(TokenFault::NotYetValid);
        }
        Ok(())
    }

    pub(super) fn check_issuer(&self, issuer: &str) -> Result<(), TokenFault> {
        match &self.checked.iss {
            None => Err(missing("iss")),
            Some(Value::String(claimed)) if claimed == issuer => Ok(()),
            Some(Value::String(_)) => Err(TokenFault::Issuer),
            // RFC 7519 section 4.1.1 allows one issuer. A list could name our issuer beside one that nobody accepts.
            Some(_) => Err(malformed("iss")),
        }
    }

    /// Checks that the token is for one of these audiences. `aud` is one text or a list of texts (RFC 7519 section 4.1.3). In
    /// a token without `aud`, `client_id` counts.
    pub(super) fn check_audience(&self, accepted: &[String]) -> Result<(), TokenFault> {
        let is_accepted = |audience: &str| accepted.iter().any(|ours| ours == audience);
        let names_one = match (&self.checked.aud, &self.checked.client_id) {
            (Some(Value::String(audience)), _) | (None, Some(Value::String(audience))) => {
                is_accepted(audience)
            }
            (Some(Value::Array(list)), _) => {
                let audiences: Option<Vec<_>> = list.iter().map(Value::as_str).collect();
                let audiences = audiences.ok_or_else(|| malformed("aud"))?;
                audiences.into_iter().any(is_accepted)
            }
            (Some(_), _) => return Err(malformed("aud")),
            (None, Some(_)) => return Err(malformed("client_id")),
            (None, None) => return Err(missing("aud")),
        };
        if names_one {
            Ok(())
        } else {
            Err(TokenFault::Audience)
        }
    }

    pub(super) fn subject(&self) -> Result<&str, TokenFault> {
        match &self.checked.sub {
            Some(Value::String(text)) if !is_blank(text) => Ok(text),
            None | Some(Value::String(_)) => Err(missing("sub")),
            Some(Value::Array(list)) if list.is_empty() => Err(missing("sub")),
            Some(Value::Object(members)) if members.is_empty() => Err(missing("sub")),
            Some(_) => Err(malformed("sub")),
        }
    }

    /// A claim of one text, or of a list of exactly one. Null, a blank text, an empty list and an empty object
    /// count as absent.
    pub(super) fn text(&self, name: &ClaimName) -> Result<Option<&str>, TokenFault> {
        let text = match name.find(&self.all) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(list)) if list.is_empty() => return Ok(None),
            Some(Value::Object(members)) if members.is_empty() => return Ok(None),
            Some(Value::Array(list)) if list.len() == 1 => list[0].as_str(),
            Some(value) => value.as_str(),
        };
        let text = text.ok_or_else(|| malformed(name))?;
        Ok(Some(text).filter(|text| !is_blank(text)))
    }

    /// Like [`Self::text`]. From an object with one member, it takes the member's name.
    pub(super) fn text_or_member(&self, name: &ClaimName) -> Result<Option<&str>, TokenFault> {
        let Some(Value::Object(members)) = name.find(&self.all) else {
            return self.text(name);
        };
        match members.keys().next() {
            Some(_) if members.len() > 1 => Err(malformed(name)),
            member => Ok(member.map(String::as_str).filter(|text| !is_blank(text))),
        }
    }

    /// The texts of a claim: one text, the texts of a list, or the names of an object's members. Null counts as absent.
    pub(super) fn texts(&self, name: &ClaimName) -> Result<Vec<&str>, TokenFault> {
        let texts = match name.find(&self.all) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::String(text)) => Some(vec![text.as_str()]),
            Some(Value::Array(list)) => list.iter().map(Value::as_str).collect(),
            Some(Value::Object(members)) => Some(members.keys().map(String::as_str).collect()),
            Some(_) => None,
        };
        texts.ok_or_else(|| malformed(name))
    }
}

fn is_blank(text: &str) -> bool {
    text.trim().is_empty()
}

pub(super) fn missing(claim: &(impl ToString + ?Sized)) -> TokenFault {
    TokenFault::ClaimMissing(claim.to_string())
}

pub(super) fn malformed(claim: &(impl ToString + ?Sized)) -> TokenFault {
    TokenFault::ClaimMalformed(claim.to_string())
}

/// A `NumericDate` (RFC 7519 section 2): seconds since 1970, perhaps with a fraction.
fn numeric_date(value: &Value) -> Option<Duration> {
    match value.as_u64() {
        Some(seconds) => Some(Duration::from_secs(seconds)),
        // A time before 1970 counts as 1970: both are past.
        None => Duration::try_from_secs_f64(value.as_f64()?.max(0.0)).ok(),
    }
}
