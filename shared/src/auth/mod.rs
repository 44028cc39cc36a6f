//! A bearer token in, a [`Caller`] out (contract section 3).

mod authenticator;
mod caller;
mod claim_name;
mod claims;
mod explanation;
mod fetched_keys;
mod keys;
mod token;
mod token_fault;
mod verifier;

pub(crate) use authenticator::Keys;
pub use authenticator::{Authenticator, ClaimNames, Refusal, RoleNames};
pub use caller::Caller;
pub use claim_name::{ClaimName, InvalidClaimName};
pub use explanation::{Explanation, KeyName};
pub use fetched_keys::FetchError;
pub(crate) use fetched_keys::FetchedKeys;
pub use keys::InvalidKeys;
pub(crate) use keys::KeySet;
pub use token_fault::TokenFault;

/// The secret of the HS256 key with which `contacts serve` and `contacts token` sign on a developer's machine.
///
/// It is public, so it proves nothing. It is here so that a deployed function can refuse to start with it
/// (contract section 11).
pub const DEVELOPMENT_SECRET: &[u8; 56] =
    b"contact-verification development key: public, not secret";
