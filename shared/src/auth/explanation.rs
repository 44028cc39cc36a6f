//! Explains why a token is accepted or refused, to a person who sets up an identity provider. Functions do not use it.

use std::sync::Arc;
use std::time::Duration;

use super::authenticator::since_1970;
use super::claims::{Claims, missing};
use super::token::Token;
use super::{Authenticator, Caller, Keys, Refusal, TokenFault};
use crate::domain::Timestamp;

/// The decision about a token, and the reasons.
#[derive(Debug)]
pub struct Explanation {
    /// The decision of a function with these settings.
    pub decision: Result<Arc<Caller>, Refusal>,
    /// Every fault of the token that the checks can find; empty if the token is accepted. A token without a valid
    /// signature proves nothing, so its further faults only help to find the cause.
    pub faults: Vec<TokenFault>,
    /// The keys of the set; empty if they were not needed or could not be fetched.
    pub keys: Vec<KeyName>,
}

/// A key of the set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyName {
    /// Its `kid`, if it has one.
    pub id: Option<String>,
    /// The algorithm that it is used with.
    pub algorithm: String,
}

impl Authenticator {
    /// The URL of `JWT_KEYS_URL`, if the keys come from there.
    #[must_use]
    pub fn keys_url(&self) -> Option<String> {
        match &self.keys {
            Keys::Configured(_) => None,
            Keys::Fetched(keys) => Some(keys.url().to_string()),
        }
    }

    /// Explains the decision about this token at `now`. It uses the same checks as the functions.
    pub async fn explain(&self, token: &str, now: Timestamp) -> Explanation {
        let decision = self.authenticate_token(token, now).await;
        let mut faults = Vec::new();
        let mut keys = Vec::new();
        if let Ok(token) = Token::parse(token) {
            if let Ok(verifier) = self.keys_for(&token).await {
                keys = verifier.keys.names();
                let payload = token.key(&verifier.keys);
                faults.extend(payload.and_then(|key| token.payload(key)).err());
            }
            let claims = token.unverified_payload();
            if let Ok(claims) = claims.and_then(|json| Claims::parse(&json)) {
                faults.extend(self.faults_of(&claims, since_1970(now)));
            }
        }
        match &decision {
            Err(Refusal::InvalidToken(fault)) if !faults.contains(fault) => {
                faults.insert(0, fault.clone());
            }
            _ => {}
        }
        Explanation {
            decision,
            faults,
            keys,
        }
    }

    fn faults_of(&self, claims: &Claims, now: Duration) -> Vec<TokenFault> {
        let mut faults = Vec::new();
        faults.extend(claims.check_expiry(now).err());
        faults.extend(claims.check_not_before(now).err());
        faults.extend(claims.check_issuer(&self.issuer).err());
        faults.extend(claims.check_audience(&self.audiences).err());
        let first_of_the_caller = faults.len();
        faults.extend(claims.subject().err());
        let organization = self.organization(claims);
        let roles = self.roles(claims);
        // `caller` ends at the first fault, so another fault would hide this one.
        let needs_organization = !roles.as_ref().is_ok_and(|roles| roles.is_super_admin);
        if matches!(organization, Ok(None)) && needs_organization {
            faults.push(missing(&self.claim_names.organization));
        }
        faults.extend(organization.err());
        faults.extend(self.client(claims).err());
        faults.extend(roles.err());
        if faults.len() == first_of_the_caller {
            faults.extend(self.caller(claims).err());
        }
        faults
    }
}
