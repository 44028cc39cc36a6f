//! One token: its header, its key, its signature.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::crypto;
use serde::de::IgnoredAny;
use serde::{Deserialize, Deserializer};

use super::TokenFault;
use super::keys::{KeySet, VerificationKey};

/// Longest token that is read, in bytes (contract section 3).
const MAX_BYTES: usize = 8 * 1024;

/// The members of the header that choose the key. `jku`, `x5u` and `jwk` are not read: a token does not bring its own key.
#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Whether there is a `crit`, with any value: RFC 7515 section 4.1.11 allows neither an empty list nor null.
    #[serde(default, rename = "crit", deserialize_with = "is_present")]
    has_crit: bool,
}

/// Returns true: serde calls this function only for a member that is present.
fn is_present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(deserializer).map(|_| true)
}

/// A token whose header was read.
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
        // Serde also reads a struct from a list.
        if !header.trim_ascii_start().starts_with(b"{") {
            return Err(TokenFault::Malformed);
        }
        let header: Header = serde_json::from_slice(&header).map_err(|_| TokenFault::Malformed)?;
        if header.has_crit {
            return Err(TokenFault::Critical);
        }
        Ok(Self { text, header })
    }

    pub(super) fn key<'k>(&self, keys: &'k KeySet) -> Result<&'k VerificationKey, TokenFault> {
        keys.choose(self.header.kid.as_deref(), &self.header.alg)
    }

    /// The payload, once the signature is verified with `key`.
    pub(super) fn payload(&self, key: &VerificationKey) -> Result<Vec<u8>, TokenFault> {
        let parts: Vec<_> = self.text.split('.').collect();
        let [header, payload, signature] = parts[..] else {
            return Err(TokenFault::Malformed);
        };
        let signed = &self.text[..header.len() + 1 + payload.len()];
        match crypto::verify(signature, signed.as_bytes(), &key.key, key.algorithm) {
            Ok(true) => {}
            Ok(false) => return Err(TokenFault::Signature),
            // The signature is not base64url. Nothing else can fail, because the key fits its algorithm.
            Err(_) => return Err(TokenFault::Malformed),
        }
        BASE64_URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| TokenFault::Malformed)
    }

    /// The payload, without a check of the signature. It proves nothing and is for explanations only.
    pub(super) fn unverified_payload(&self) -> Result<Vec<u8>, TokenFault> {
        let payload = self.text.split('.').nth(1).ok_or(TokenFault::Malformed)?;
        BASE64_URL_SAFE_NO_PAD
            .decode(payload)
            .map_err(|_| TokenFault::Malformed)
    }
}
