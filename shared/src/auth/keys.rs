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

/// Most keys of a set. Identity providers publish two or three; this bounds what a fetched document can make us hold.
const MAX_KEYS: usize = 100;

/// UTF-8's, which some servers and editors put before a document.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// A set of keys, each with the one algorithm that it is used with.
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
    /// When it is not a JWK Set, or names the key that cannot be used and why.
    pub(crate) fn parse(json: &str) -> Result<Self, InvalidKeys> {
        Self::read(json.as_bytes(), false)
    }

    /// Reads the JWK Set that an identity provider publishes. It skips keys that are not signing keys of a known kind
    /// (RFC 7517 section 5): such sets also hold encryption keys and keys of newer kinds. Of different keys with one
    /// `kid` and algorithm it keeps the first. It also skips the development key: no provider signs with it, and no
    /// deployed function accepts it.
    ///
    /// # Errors
    /// When it is not a JWK Set, or holds no usable key.
    pub(super) fn parse_published(json: &[u8]) -> Result<Self, InvalidKeys> {
        Self::read(json, true)
    }

    /// Reads a JWK Set. A key that cannot be used is left out of a published set, and makes any other set invalid.
    fn read(json: &[u8], is_published: bool) -> Result<Self, InvalidKeys> {
        let json = json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json);
        let jwks = serde_json::from_slice::<JwkSet>(json).map_err(|error| {
            // The position only: serde's own words would quote the document.
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

    /// The key that a token's header chooses: by `kid`, or without one the only key of the set.
    ///
    /// # Errors
    /// [`TokenFault::UnknownKey`] when there is none, [`TokenFault::Algorithm`] when its `alg` is another.
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

    /// Whether the published development key is among them.
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

    /// The key, unless it is among the `earlier` ones of its set already. Microsoft Entra ID lists a key once for each
    /// issuer that signs with it.
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

/// The algorithm that a key is used with: its `alg`, or the usual one of its kind where it states none, as Microsoft
/// Entra ID's do. A secret must state it.
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

/// Whether a key of this kind and size can be used with `algorithm`.
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
mod tests {
    use serde_json::json;

    use super::*;

    fn oct(secret: &[u8]) -> Value {
        json!({ "kty": "oct", "kid": "k", "alg": "HS256", "k": BASE64_URL_SAFE_NO_PAD.encode(secret) })
    }

    fn parse(keys: &Value) -> Result<KeySet, String> {
        KeySet::parse(&json!({ "keys": keys }).to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_secret_has_at_least_32_bytes() {
        assert!(parse(&json!([oct(&[7; 32])])).is_ok());
        assert_eq!(
            parse(&json!([oct(&[7; 31])])).unwrap_err(),
            "keys[0] has a secret of less than 32 bytes (`k`)"
        );
    }

    #[test]
    fn a_secret_states_its_algorithm() {
        let mut key = oct(&[7; 32]);
        key.as_object_mut().unwrap().remove("alg");
        assert_eq!(
            parse(&json!([oct(&[1; 32]), key])).unwrap_err(),
            "keys[1] is a secret that states no `alg`"
        );
    }

    #[test]
    fn a_public_key_without_an_algorithm_is_used_with_the_usual_one_of_its_kind() {
        let encoded = |bytes: usize| BASE64_URL_SAFE_NO_PAD.encode(vec![255; bytes]);
        let curve = |name: &str, bytes: usize| json!({ "kty": "EC", "crv": name, "x": encoded(bytes), "y": encoded(bytes) });
        let ed25519 = json!({ "kty": "OKP", "crv": "Ed25519", "x": encoded(32) });
        for (key, algorithm) in [
            (
                json!({ "kty": "RSA", "n": encoded(256), "e": "AQAB" }),
                "RS256",
            ),
            (
                json!({ "kty": "RSA", "n": encoded(256), "e": "AQAB", "alg": null }),
                "RS256",
            ),
            (curve("P-256", 32), "ES256"),
            (curve("P-384", 48), "ES384"),
            (ed25519, "EdDSA"),
        ] {
            let names = parse(&json!([key])).unwrap().names();
            assert_eq!(names[0].algorithm, algorithm);
        }
        for unusable in [
            curve("P-521", 66),
            json!({ "kty": "OKP", "crv": "X25519", "x": encoded(32) }),
        ] {
            assert!(parse(&json!([unusable])).is_err(), "{unusable}");
        }
    }

    #[test]
    fn a_byte_order_mark_before_a_set_is_ignored() {
        let set = format!("\u{feff} {}", json!({ "keys": [oct(&[7; 32])] }));
        assert!(KeySet::parse(&set).is_ok());
        assert!(KeySet::parse_published(set.as_bytes()).is_ok());
    }

    #[test]
    fn a_key_that_is_listed_twice_counts_once() {
        let set = parse(&json!([oct(&[1; 32]), oct(&[1; 32])])).unwrap();
        assert_eq!(set.keys.len(), 1);
    }

    #[test]
    fn a_key_is_used_only_with_an_algorithm_of_its_kind() {
        let mut key = oct(&[7; 32]);
        key["alg"] = json!("RS256");
        assert!(parse(&json!([key])).unwrap_err().contains("`kty`"));
        let rsa = json!({ "kty": "RSA", "alg": "HS256", "n": BASE64_URL_SAFE_NO_PAD.encode([255; 256]), "e": "AQAB" });
        assert!(parse(&json!([rsa])).unwrap_err().contains("`kty`"));
    }

    #[test]
    fn an_rsa_key_has_at_least_2048_bits() {
        let rsa = |bytes: usize| json!({ "kty": "RSA", "alg": "RS256", "n": BASE64_URL_SAFE_NO_PAD.encode(vec![255; bytes]), "e": "AQAB" });
        assert!(parse(&json!([rsa(256)])).is_ok());
        assert!(parse(&json!([rsa(255)])).unwrap_err().contains("2048 bits"));
    }

    #[test]
    fn an_elliptic_curve_key_has_the_curve_of_its_algorithm() {
        let p256 = |alg: &str| {
            let coordinate = BASE64_URL_SAFE_NO_PAD.encode([1; 32]);
            json!({ "kty": "EC", "crv": "P-256", "alg": alg, "x": coordinate, "y": coordinate })
        };
        assert!(parse(&json!([p256("ES256")])).is_ok());
        assert!(
            parse(&json!([p256("ES384")]))
                .unwrap_err()
                .contains("`crv`")
        );
    }

    #[test]
    fn an_encryption_key_is_refused_in_a_setting_and_left_out_of_a_published_set() {
        let mut encryption = oct(&[7; 32]);
        encryption["use"] = json!("enc");
        assert!(parse(&json!([encryption])).unwrap_err().contains("`use`"));
        let published =
            json!({ "keys": [encryption, { "kty": "future" }, oct(&[8; 32])] }).to_string();
        assert_eq!(
            KeySet::parse_published(published.as_bytes())
                .unwrap()
                .keys
                .len(),
            1
        );
    }

    #[test]
    fn a_set_without_a_usable_key_is_refused() {
        assert_eq!(parse(&json!([])).unwrap_err(), "holds no usable key");
        assert!(
            KeySet::parse("{}")
                .unwrap_err()
                .to_string()
                .starts_with("is not a JWK Set")
        );
        assert!(KeySet::parse_published(br#"{"keys":[{"kty":"future"}]}"#).is_err());
        let development = json!({ "keys": [oct(DEVELOPMENT_SECRET)] }).to_string();
        assert!(KeySet::parse_published(development.as_bytes()).is_err());
    }

    #[test]
    fn two_keys_of_one_id_and_algorithm_are_refused() {
        assert!(
            parse(&json!([oct(&[1; 32]), oct(&[2; 32])]))
                .unwrap_err()
                .contains("earlier key")
        );
    }

    #[test]
    fn an_error_does_not_quote_the_document() {
        let error = KeySet::parse(r#"{"keys": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}"#).unwrap_err();
        assert!(!error.to_string().contains("c2VjcmV0"));
    }

    #[test]
    fn debug_output_hides_secrets() {
        let output = format!("{:?}", parse(&json!([oct(&[7; 32])])).unwrap());
        assert!(!output.contains("7, 7"), "{output}");
        let encoded = BASE64_URL_SAFE_NO_PAD.encode([7; 32]);
        assert!(!output.contains(&encoded), "{output}");
    }

    #[test]
    fn the_development_key_is_recognized() {
        assert!(
            parse(&json!([oct(DEVELOPMENT_SECRET)]))
                .unwrap()
                .holds_development_key()
        );
        assert!(
            !parse(&json!([oct(&[7; 32])]))
                .unwrap()
                .holds_development_key()
        );
    }

    #[test]
    fn a_key_is_chosen_by_id_or_is_the_only_one() {
        let one = parse(&json!([oct(&[1; 32])])).unwrap();
        assert!(one.choose(Some("k"), "HS256").is_ok());
        assert!(one.choose(None, "HS256").is_ok());
        assert!(matches!(
            one.choose(Some("other"), "HS256"),
            Err(TokenFault::UnknownKey)
        ));
        for algorithm in ["HS512", "none", "", "hs256", "RS256"] {
            assert!(
                matches!(one.choose(Some("k"), algorithm), Err(TokenFault::Algorithm)),
                "{algorithm}"
            );
        }
        let mut second = oct(&[2; 32]);
        second["kid"] = json!("l");
        let two = parse(&json!([oct(&[1; 32]), second])).unwrap();
        assert!(two.choose(Some("l"), "HS256").is_ok());
        assert!(matches!(
            two.choose(None, "HS256"),
            Err(TokenFault::UnknownKey)
        ));
    }
}
