//! A key set together with the tokens that were found valid with it.
//!
//! A caller sends the same token with each request until it expires. A second verification of its signature can cost more
//! than the rest of the request (docs/performance.md).

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use lru::LruCache;

use super::{Caller, KeySet};

/// The number of tokens in the cache. With the longest tokens they take 1 MB.
const CAPACITY: NonZeroUsize = NonZeroUsize::new(128).unwrap();

/// A key set and the cache of tokens that were found valid with it.
///
/// The cache belongs to its key set: new keys come in a new `Verifier`, which verifies every token again.
#[derive(Debug)]
pub(crate) struct Verifier {
    pub(super) keys: KeySet,
    /// The valid tokens, by their whole text.
    valid_tokens: Mutex<LruCache<Box<str>, ValidToken>>,
}

#[derive(Debug)]
struct ValidToken {
    caller: Arc<Caller>,
    valid: RangeInclusive<Duration>,
}

impl Verifier {
    pub(super) fn new(keys: KeySet) -> Self {
        Self {
            keys,
            valid_tokens: Mutex::new(LruCache::new(CAPACITY)),
        }
    }

    /// The caller of a token that is in the cache and valid at `now` (since 1970).
    pub(super) fn cached_caller(&self, token: &str, now: Duration) -> Option<Arc<Caller>> {
        let mut tokens = self.valid_tokens();
        let cached = tokens.get(token)?;
        let is_valid = cached.valid.contains(&now);
        is_valid.then(|| Arc::clone(&cached.caller))
    }

    /// Adds a token that was found valid with these keys. It is `valid` from the time of that check until it expires.
    pub(super) fn cache(&self, token: &str, valid: RangeInclusive<Duration>, caller: &Arc<Caller>) {
        let caller = Arc::clone(caller);
        let valid_token = ValidToken { caller, valid };
        self.valid_tokens().put(token.into(), valid_token);
    }

    fn valid_tokens(&self) -> MutexGuard<'_, LruCache<Box<str>, ValidToken>> {
        self.valid_tokens
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::caller::Roles;
    use crate::domain::{Actor, OrganizationId};

    fn verifier() -> Verifier {
        let set = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
        Verifier::new(KeySet::parse(set).unwrap())
    }

    fn caller() -> Arc<Caller> {
        let organization = OrganizationId::parse("org_a").unwrap();
        let (actor, roles) = (Actor::subject("user_1"), Roles::default());
        Arc::new(Caller::new(actor, Some(organization), None, roles).unwrap())
    }

    const ALWAYS: RangeInclusive<Duration> = Duration::ZERO..=Duration::MAX;
    const NOW: Duration = Duration::from_secs(5);

    #[test]
    fn a_cached_token_is_valid_from_its_check_until_it_expires() {
        let verifier = verifier();
        let valid = Duration::from_secs(1000)..=Duration::from_secs(2000);
        verifier.cache("a.b.c", valid, &caller());
        for (milliseconds, is_valid) in [
            // The clock was set back: the token may not be valid yet.
            (999_999, false),
            (1_000_000, true),
            (2_000_000, true),
            (2_000_001, false),
        ] {
            let now = Duration::from_millis(milliseconds);
            let cached = verifier.cached_caller("a.b.c", now);
            assert_eq!(cached.is_some(), is_valid, "{now:?}");
        }
    }

    #[test]
    fn only_the_whole_text_of_a_cached_token_is_found() {
        let verifier = verifier();
        verifier.cache("a.b.c", ALWAYS, &caller());
        assert!(verifier.cached_caller("a.b.c", NOW).is_some());
        for other in ["", "a.b", "a.b.C", "a.b.c ", "a.b.cc"] {
            assert!(verifier.cached_caller(other, NOW).is_none(), "{other}");
        }
    }

    #[test]
    fn the_least_recently_used_token_is_dropped() {
        let verifier = verifier();
        let is_cached = |token: &str| verifier.cached_caller(token, NOW).is_some();
        verifier.cache("first", ALWAYS, &caller());
        verifier.cache("second", ALWAYS, &caller());
        for n in 0..CAPACITY.get() - 1 {
            assert!(is_cached("first"));
            verifier.cache(&n.to_string(), ALWAYS, &caller());
        }
        assert!(is_cached("first"));
        assert!(!is_cached("second"));
    }
}
