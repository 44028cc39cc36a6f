//! The keys that tokens are verified with, as a JWK Set (RFC 7517).

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind};
use serde::Deserialize;
use serde_json::Value;

use super::{DEVELOPMENT_SECRET, KeyName, TokenFault};

/// Shortest HMAC secret, in bytes (contract section 3; RFC 7518 section 3.2 asks for the size of the hash).
const MIN_SECRET_BYTES: usize = 32;

/// Shortest RSA modulus, in bits (RFC 7518 section 3.3).
const MIN_RSA_BITS: usize = 2048;

/// Maximum number of keys in a set. Identity providers publish two or three. The limit bounds the memory that a fetched
/// document can take.
const MAX_KEYS: usize = 100;

/// The byte order mark of UTF-8, which some servers and editors put before a document.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A set of keys. Each key is used with one algorithm.
#[derive(Debug)]
pub(crate) struct KeySet {
    keys: Vec<VerificationKey>,
}

/// One key. `DecodingKey` hides the key itself from `Debug`.
#[derive(Debug)]
pub(super) struct VerificationKey {
    id: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
    is_development_key: bool,
}

/// A text that is not a set of usable keys.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidKeys(String);

#[derive(Deserialize)]
struct JwkSet {
    keys: Vec<Value>,
}

impl KeySet {
    /// Reads the JWK Set of a setting: every key must be usable.
    ///
    /// # Errors
    /// When the text is not a JWK Set, or when a key is not usable. The error then names the key and the reason.
    pub(crate) fn parse(json: &str) -> Result<Self, InvalidKeys> {
        Self::read(json.as_bytes(), false)
    }

    /// Reads the JWK Set that an identity provider publishes. It skips keys that are not signing keys of a known kind
    /// (RFC 7517 section 5): such sets also hold encryption keys and keys of newer kinds. If different keys have the
    /// same `kid` and algorithm, it keeps the first. It also skips the development key: no provider signs with it, and
    /// no deployed function accepts it.
    ///
    /// # Errors
    /// When the document is not a JWK Set, or when it has no usable key.
    pub(super) fn parse_published(json: &[u8]) -> Result<Self, InvalidKeys> {
        Self::read(json, true)
    }

    /// Reads a JWK Set. An unusable key is left out of a published set, and makes any other set invalid.
    fn read(json: &[u8], is_published: bool) -> Result<Self, InvalidKeys> {
        let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
        let jwks = serde_json::from_slice::<JwkSet>(json).map_err(|error| {
            // The text has only the position, because serde's own text would quote the document.
            let (line, column) = (error.line(), error.column());
            InvalidKeys(format!("is not a JWK Set (line {line}, column {column})"))
        })?;
        if jwks.keys.len() > MAX_KEYS {
            return Err(InvalidKeys(format!("holds more than {MAX_KEYS} keys")));
        }
        let mut keys: Vec<VerificationKey> = Vec::new();
        for (position, jwk) in jwks.keys.into_iter().enumerate() {
            match VerificationKey::from_jwk(jwk).and_then(|key| key.unless_in(&keys)) {
                Ok(Some(key)) if is_published && key.is_development_key => {
                    tracing::warn!(position, "the published development key was left out");
                }
                Ok(key) => keys.extend(key),
                Err(why) if is_published => {
                    tracing::warn!(position, why, "a published key was left out");
                }
                Err(why) => return Err(InvalidKeys(format!("keys[{position}] {why}"))),
            }
        }
        if keys.is_empty() {
            return Err(InvalidKeys("holds no usable key".to_owned()));
        }
        Ok(Self { keys })
    }

    /// The key that a token's header chooses: the key with its `kid`, or without `kid` the only key of the set.
    ///
    /// # Errors
    /// [`TokenFault::UnknownKey`] when there is no such key, [`TokenFault::Algorithm`] when the key has another `alg`.
    pub(super) fn choose(
        &self,
        id: Option<&str>,
        algorithm: &str,
    ) -> Result<&VerificationKey, TokenFault> {
        let is_chosen = |key: &&VerificationKey| match id {
            Some(id) => key.id.as_deref() == Some(id),
            None => self.keys.len() == 1,
        };
        let mut chosen = self.keys.iter().filter(is_chosen).peekable();
        chosen.peek().ok_or(TokenFault::UnknownKey)?;
        chosen
            .find(|key| algorithm.parse() == Ok(key.algorithm))
            .ok_or(TokenFault::Algorithm)
    }

    /// The names of the keys, for explanations.
    pub(super) fn names(&self) -> Vec<KeyName> {
        let name = |key: &VerificationKey| KeyName {
            id: key.id.clone(),
            algorithm: format!("{:?}", key.algorithm),
        };
        self.keys.iter().map(name).collect()
    }

    /// Whether the published development key is among the keys.
    pub(super) fn holds_development_key(&self) -> bool {
        self.keys.iter().any(|key| key.is_development_key)
    }
}

impl VerificationKey {
    fn from_jwk(jwk: Value) -> Result<Self, &'static str> {
        let jwk: Jwk =
            serde_json::from_value(jwk).map_err(|_| "is not a JWK of a known kind (`kty`)")?;
        let algorithm = algorithm(&jwk)?;
        if !matches!(
            jwk.common.public_key_use,
            None | Some(PublicKeyUse::Signature)
        ) {
            return Err("is not for signatures (`use`)");
        }
        let operations = jwk.common.key_operations.as_ref();
        if operations.is_some_and(|operations| !operations.contains(&KeyOperations::Verify)) {
            return Err("is not for verifying (`key_ops`)");
        }
        check_parameters(&jwk.algorithm, algorithm)?;
        let key = DecodingKey::from_jwk(&jwk).map_err(|_| NOT_BASE64URL)?;
        let secret = key.try_get_as_bytes();
        let is_development_key = secret.is_ok_and(|secret| secret == DEVELOPMENT_SECRET);
        Ok(Self {
            id: jwk.common.key_id,
            algorithm,
            key,
            is_development_key,
        })
    }

    /// The key; `None` if it is among the `earlier` keys of its set. Microsoft Entra ID lists a key once for each issuer
    /// that signs with it.
    fn unless_in(self, earlier: &[Self]) -> Result<Option<Self>, &'static str> {
        let has_same_name = |key: &&Self| key.id == self.id && key.algorithm == self.algorithm;
        match earlier.iter().find(has_same_name) {
            None => Ok(Some(self)),
            Some(key) if is_same_key(&key.key, &self.key) => Ok(None),
            // A token could mean either key.
            Some(_) => Err("has the `kid` and `alg` of an earlier key"),
        }
    }
}

fn is_same_key(a: &DecodingKey, b: &DecodingKey) -> bool {
    match (a.kind(), b.kind()) {
        (DecodingKeyKind::SecretOrDer(a), DecodingKeyKind::SecretOrDer(b)) => a == b,
        (
            DecodingKeyKind::RsaModulusExponent { n, e },
            DecodingKeyKind::RsaModulusExponent { n: n2, e: e2 },
        ) => (n, e) == (n2, e2),
        _ => false,
    }
}

/// The algorithm that a key is used with: its `alg`, or without `alg` the usual algorithm of its kind. The keys of
/// Microsoft Entra ID have no `alg`. A secret must state it.
fn algorithm(jwk: &Jwk) -> Result<Algorithm, &'static str> {
    if let Some(stated) = jwk.common.key_algorithm {
        return Algorithm::try_from(stated).map_err(|_| "has an `alg` that is not one of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, EdDSA");
    }
    match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => Ok(Algorithm::RS256),
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            Ok(Algorithm::ES256)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P384 => {
            Ok(Algorithm::ES384)
        }
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            Ok(Algorithm::EdDSA)
        }
        AlgorithmParameters::OctetKey(_) => Err("is a secret that states no `alg`"),
        _ => Err("states no `alg`, and its kind (`kty`, `crv`) has no usual one"),
    }
}

const NOT_BASE64URL: &str = "has parameters that are not base64url";

/// Checks that a key of this kind and size can be used with `algorithm`.
fn check_parameters(
    parameters: &AlgorithmParameters,
    algorithm: Algorithm,
) -> Result<(), &'static str> {
    let bytes = |text: &str| {
        BASE64_URL_SAFE_NO_PAD
            .decode(text)
            .map_err(|_| NOT_BASE64URL)
    };
    let (is_usable, problem) = match (parameters, algorithm.family()) {
        (AlgorithmParameters::OctetKey(key), AlgorithmFamily::Hmac) => (
            bytes(&key.value)?.len() >= MIN_SECRET_BYTES,
            "has a secret of less than 32 bytes (`k`)",
        ),
        (AlgorithmParameters::RSA(key), AlgorithmFamily::Rsa) => {
            let modulus = bytes(&key.n)?;
            let significant = modulus.iter().skip_while(|byte| **byte == 0).count();
            (
                significant * 8 >= MIN_RSA_BITS,
                "has a modulus of less than 2048 bits (`n`)",
            )
        }
        (AlgorithmParameters::EllipticCurve(key), AlgorithmFamily::Ec) => {
            let coordinate_bytes = match (&key.curve, algorithm) {
                (EllipticCurve::P256, Algorithm::ES256) => 32,
                (EllipticCurve::P384, Algorithm::ES384) => 48,
                _ => return Err("has a curve (`crv`) that its `alg` does not use"),
            };
            (
                bytes(&key.x)?.len() == coordinate_bytes
                    && bytes(&key.y)?.len() == coordinate_bytes,
                "has coordinates of the wrong size (`x`, `y`)",
            )
        }
        (AlgorithmParameters::OctetKeyPair(key), AlgorithmFamily::Ed) => (
            key.curve == EllipticCurve::Ed25519 && bytes(&key.x)?.len() == 32,
            "is not an Ed25519 key (`crv`, `x`)",
        ),
        _ => return Err("has an `alg` that its kind (`kty`) does not use"),
    };
    if is_usable { Ok(()) } else { Err(problem) }
}

#[cfg(test)]
mod tests;
