//! One token: its header, the key it is checked with, its claims.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use jsonwebtoken::errors::ErrorKind;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::keys::{KeySet, VerificationKey};

/// Longest token that is read, in bytes (contract section 3).
const MAX_BYTES: usize = 8 * 1024;

/// What is wrong with a token. The text names the kind of fault and never echoes the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Over 8 KiB.
    #[error("malformed token: over 8 KiB")]
    TooLarge,
    /// Not a signed JWT in compact form.
    #[error("malformed token")]
    Malformed,
    /// It has a `crit` header, none of whose extensions we understand (RFC 7515 section 4.1.11).
    #[error("malformed token: critical header not understood")]
    Critical,
    /// No key of the set is the one it was signed with.
    #[error("signature key unknown")]
    UnknownKey,
    /// Its `alg` is not that of its key.
    #[error("algorithm is not the one of the key")]
    Algorithm,
    /// The signature does not match.
    #[error("signature is invalid")]
    Signature,
    /// `exp` has passed.
    #[error("token expired")]
    Expired,
    /// `nbf` has not come.
    #[error("token not yet valid")]
    NotYetValid,
    /// `iss` is another.
    #[error("issuer is not accepted")]
    Issuer,
    /// `aud` is another.
    #[error("audience is not accepted")]
    Audience,
    /// A claim is missing, or is not a text or number as it must be.
    #[error("claim missing: {0}")]
    ClaimMissing(String),
    /// A claim is there and cannot be what it must be.
    #[error("claim malformed: {0}")]
    ClaimMalformed(String),
}

/// What chooses the key. `jku`, `x5u` and `jwk` are not read: a token does not bring its own key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    #[serde(default)]
    kid: Option<String>,
    /// Whether there is a `crit`, whatever it holds: RFC 7515 section 4.1.11 allows neither an empty list nor null.
    #[serde(default, rename = "crit", deserialize_with = "is_present")]
    has_crit: bool,
}

/// Called only for a member that is there.
fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// A token whose header is read.
pub(super) struct Token<'a> {
    text: &'a str,
    header: Header,
}

impl<'a> Token<'a> {
    pub(super) fn parse(text: &'a str) -> Result<Self, TokenFault> {
        if text.len() > MAX_BYTES {
            return Err(TokenFault::TooLarge);
        }
        let (header, _) = text.split_once('.').ok_or(TokenFault::Malformed)?;
        let header = BASE64_URL_SAFE_NO_PAD
            .decode(header)
            .map_err(|_| TokenFault::Malformed)?;
        let header: Header = serde_json::from_slice(&header).map_err(|_| TokenFault::Malformed)?;
        if header.has_crit {
            return Err(TokenFault::Critical);
        }
        Ok(Self { text, header })
    }

    pub(super) fn key<'k>(&self, keys: &'k KeySet) -> Result<&'k VerificationKey, TokenFault> {
        keys.choose(self.header.kid.as_deref(), &self.header.alg)
    }

    /// The claims, once the signature and the registered claims have been checked against what is expected of tokens of
    /// the key's algorithm.
    pub(super) fn claims(
        &self,
        key: &VerificationKey,
        expected: &Validation,
    ) -> Result<Map<String, Value>, TokenFault> {
        let claims: Map<String, Value> = jsonwebtoken::decode(self.text, &key.key, expected)
            .map_err(|error| fault(error.into_kind()))?
            .claims;
        // The library also takes a list in which the accepted issuer is one of several; RFC 7519 section 4.1.1 has one.
        if claims.get("iss").is_some_and(Value::is_array) {
            return Err(TokenFault::ClaimMalformed("iss".to_owned()));
        }
        Ok(claims)
    }
}

fn fault(kind: ErrorKind) -> TokenFault {
    match kind {
        ErrorKind::ExpiredSignature => TokenFault::Expired,
        ErrorKind::ImmatureSignature => TokenFault::NotYetValid,
        ErrorKind::InvalidIssuer => TokenFault::Issuer,
        ErrorKind::InvalidAudience => TokenFault::Audience,
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => TokenFault::Algorithm,
        ErrorKind::MissingRequiredClaim(claim) => TokenFault::ClaimMissing(claim),
        ErrorKind::InvalidClaimFormat(claim) => TokenFault::ClaimMalformed(claim),
        ErrorKind::InvalidToken
        | ErrorKind::Base64(_)
        | ErrorKind::Json(_)
        | ErrorKind::Utf8(_) => TokenFault::Malformed,
        // Whatever else the library reports (a point that is not on the curve, a broken key), the signature was not
        // found to be good.
        _ => TokenFault::Signature,
    }
}
