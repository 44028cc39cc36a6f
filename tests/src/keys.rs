//! Key pairs for a test, and tokens signed with them.
//!
//! This module builds tokens by hand, without the library with which the product reads them. So a test can use any
//! header and any claim, valid or not.

use std::sync::OnceLock;
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair,
    Ed25519KeyPair, KeyPair, RsaEncoding, RsaKeyPair,
};
use aws_lc_rs::{hmac, rsa};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

/// A key that signs tokens with one algorithm.
pub struct SigningKey {
    id: String,
    algorithm: &'static str,
    secret: Secret,
}

enum Secret {
    Hmac(Vec<u8>),
    Rsa(&'static RsaKeyPair),
    Ecdsa(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

impl SigningKey {
    /// A new key for `algorithm` (its `alg`, RFC 7518 section 3.1), with this `kid`.
    #[must_use]
    pub fn generate(algorithm: &'static str, id: &str) -> Self {
        let secret = match algorithm {
            "HS256" | "HS384" | "HS512" => {
                let mut bytes = vec![0; 64];
                rand::fill(&mut bytes).unwrap();
                Secret::Hmac(bytes)
            }
            "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => Secret::Rsa(rsa_key()),
            "ES256" => {
                Secret::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).unwrap())
            }
            "ES384" => {
                Secret::Ecdsa(EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap())
            }
            "EdDSA" => Secret::Ed25519(Ed25519KeyPair::generate().unwrap()),
            _ => unreachable!("no such algorithm: {algorithm}"),
        };
        Self {
            id: id.to_owned(),
            algorithm,
            secret,
        }
    }

    /// A new key of the same kind and the same `kid`.
    #[must_use]
    pub fn impostor(&self) -> Self {
        match &self.secret {
            Secret::Rsa(_) => Self {
                id: self.id.clone(),
                algorithm: self.algorithm,
                secret: Secret::Rsa(another_rsa_key()),
            },
            _ => Self::generate(self.algorithm, &self.id),
        }
    }

    /// The HMAC key with these bytes as its secret.
    #[must_use]
    pub fn hmac(algorithm: &'static str, id: &str, secret: &[u8]) -> Self {
        Self {
            id: id.to_owned(),
            algorithm,
            secret: Secret::Hmac(secret.to_vec()),
        }
    }

    /// The same RSA key pair, for another algorithm.
    #[must_use]
    pub fn rsa_for(&self, algorithm: &'static str) -> Self {
        let Secret::Rsa(pair) = &self.secret else {
            unreachable!("not an RSA key")
        };
        Self {
            id: self.id.clone(),
            algorithm,
            secret: Secret::Rsa(pair),
        }
    }

    /// The public part as DER (for RSA: RFC 8017 appendix A.1.1) or as the bytes of the point.
    #[must_use]
    pub fn public_bytes(&self) -> Vec<u8> {
        match &self.secret {
            Secret::Hmac(_) => unreachable!("a secret has no public part"),
            Secret::Rsa(pair) => pair.public_key().as_ref().to_vec(),
            Secret::Ecdsa(pair) => pair.public_key().as_ref().to_vec(),
            Secret::Ed25519(pair) => pair.public_key().as_ref().to_vec(),
        }
    }

    /// The JWK that a provider publishes. For HMAC it contains the secret.
    #[must_use]
    pub fn jwk(&self) -> Value {
        let mut jwk = match &self.secret {
            Secret::Hmac(secret) => json!({ "kty": "oct", "k": base64url(secret) }),
            Secret::Rsa(pair) => {
                let public = pair.public_key();
                json!({
                    "kty": "RSA",
                    "n": base64url(public.modulus().big_endian_without_leading_zero()),
                    "e": base64url(public.exponent().big_endian_without_leading_zero()),
                })
            }
            Secret::Ecdsa(pair) => {
                // 0x04, x, y (SEC 1 section 2.3.3).
                let coordinates = &pair.public_key().as_ref()[1..];
                let (x, y) = coordinates.split_at(coordinates.len() / 2);
                let curve = if x.len() == 32 { "P-256" } else { "P-384" };
                json!({ "kty": "EC", "crv": curve, "x": base64url(x), "y": base64url(y) })
            }
            Secret::Ed25519(pair) => {
                json!({ "kty": "OKP", "crv": "Ed25519", "x": base64url(pair.public_key().as_ref()) })
            }
        };
        jwk["kid"] = json!(self.id);
        jwk["alg"] = json!(self.algorithm);
        jwk
    }

    /// The header of its tokens.
    #[must_use]
    pub fn header(&self) -> Value {
        json!({ "typ": "JWT", "alg": self.algorithm, "kid": self.id })
    }

    /// A token with these claims.
    #[must_use]
    pub fn token(&self, claims: &Value) -> String {
        self.token_with_header(&self.header(), claims)
    }

    /// A correctly signed token with any header and these claims.
    #[must_use]
    pub fn token_with_header(&self, header: &Value, claims: &Value) -> String {
        self.token_of_text(&header.to_string(), &claims.to_string())
    }

    /// A correctly signed token whose header and claims are these texts, which need not be JSON.
    #[must_use]
    pub fn token_of_text(&self, header: &str, claims: &str) -> String {
        let message = unsigned_text(header, claims);
        let signature = self.sign(message.as_bytes());
        format!("{message}.{}", base64url(&signature))
    }

    /// The signature in the form of JWS (RFC 7518 section 3).
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.secret {
            Secret::Hmac(secret) => {
                let algorithm = match self.algorithm {
                    "HS256" => hmac::HMAC_SHA256,
                    "HS384" => hmac::HMAC_SHA384,
                    _ => hmac::HMAC_SHA512,
                };
                let key = hmac::Key::new(algorithm, secret);
                hmac::sign(&key, message).as_ref().to_vec()
            }
            Secret::Rsa(pair) => {
                let encoding: &dyn RsaEncoding = match self.algorithm {
                    "RS256" => &signature::RSA_PKCS1_SHA256,
                    "RS384" => &signature::RSA_PKCS1_SHA384,
                    "RS512" => &signature::RSA_PKCS1_SHA512,
                    "PS256" => &signature::RSA_PSS_SHA256,
                    "PS384" => &signature::RSA_PSS_SHA384,
                    _ => &signature::RSA_PSS_SHA512,
                };
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(encoding, &SystemRandom::new(), message, &mut signature)
                    .unwrap();
                signature
            }
            Secret::Ecdsa(pair) => pair
                .sign(&SystemRandom::new(), message)
                .unwrap()
                .as_ref()
                .to_vec(),
            Secret::Ed25519(pair) => pair.sign(message).as_ref().to_vec(),
        }
    }
}

/// The RSA key pair of this process. All tests share it, because a new key pair takes long.
fn rsa_key() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| rsa::KeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// The RSA key pair of impostors.
fn another_rsa_key() -> &'static RsaKeyPair {
    static KEY: OnceLock<RsaKeyPair> = OnceLock::new();
    KEY.get_or_init(|| rsa::KeyPair::generate(KeySize::Rsa2048).unwrap())
}

/// The JWK Set of these keys.
#[must_use]
pub fn key_set(keys: &[&SigningKey]) -> Value {
    json!({ "keys": keys.iter().map(|key| key.jwk()).collect::<Vec<_>>() })
}

/// The signed part of a token.
#[must_use]
pub fn unsigned(header: &Value, claims: &Value) -> String {
    unsigned_text(&header.to_string(), &claims.to_string())
}

fn unsigned_text(header: &str, claims: &str) -> String {
    format!(
        "{}.{}",
        base64url(header.as_bytes()),
        base64url(claims.as_bytes())
    )
}

/// The bytes in base64url, the encoding of a token's parts (RFC 7515 section 2).
#[must_use]
pub fn base64url(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// The current time in seconds since 1970, as in `exp`.
#[must_use]
pub fn now_seconds() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
