//! The faults of a token (contract section 3).

/// Why a token is refused. The text names the kind of fault and never echoes the token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// Over 8 KiB.
    #[error("malformed token: over 8 KiB")]
    TooLarge,
    /// Not a signed JWT in compact form.
    #[error("malformed token")]
    Malformed,
    /// It has a `crit` header; we understand no extension (RFC 7515 section 4.1.11).
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
    /// `exp` and the leeway have passed.
    #[error("token expired")]
    Expired,
    /// `nbf` has not come.
    #[error("token not yet valid")]
    NotYetValid,
    /// `iss` is not the accepted issuer.
    #[error("issuer is not accepted")]
    Issuer,
    /// `aud`, or without one `client_id`, names no accepted audience.
    #[error("audience is not accepted")]
    Audience,
    /// A required claim is missing.
    #[error("claim missing: {0}")]
    ClaimMissing(String),
    /// A claim has a value that it cannot have.
    #[error("claim malformed: {0}")]
    ClaimMalformed(String),
}
