//! The faults of a token (contract section 3).

/// Why a token is refused. The text names the kind of fault and never echoes the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// The token is over 8 KiB.
    #[error("malformed token: over 8 KiB")]
    TooLarge,
    /// The token is not a signed JWT in compact form.
    #[error("malformed token")]
    Malformed,
    /// The token has a `crit` header. The API understands no extension (RFC 7515 section 4.1.11).
    #[error("malformed token: critical header not understood")]
    Critical,
    /// The set has no key with the token's `kid`, or the token has no `kid` and the set has several keys.
    #[error("signature key unknown")]
    UnknownKey,
    /// The token's `alg` is not the algorithm of its key.
    #[error("algorithm is not the one of the key")]
    Algorithm,
    /// The signature does not match.
    #[error("signature is invalid")]
    Signature,
    /// `exp` and the leeway have passed.
    #[error("token expired")]
    Expired,
    /// `nbf` is in the future, beyond the leeway.
    #[error("token not yet valid")]
    NotYetValid,
    /// `iss` is not the accepted issuer.
    #[error("issuer is not accepted")]
    Issuer,
    /// `aud`, or `client_id` in a token without `aud`, names no accepted audience.
    #[error("audience is not accepted")]
    Audience,
    /// A required claim is missing.
    #[error("claim missing: {0}")]
    ClaimMissing(String),
    /// A claim has a value that is not allowed.
    #[error("claim malformed: {0}")]
    ClaimMalformed(String),
}
