//! Tokens that were found good. A caller sends the same one with each request until it expires, and to check its
//! signature again can cost more than all else that a request does (docs/performance.md).

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;

use super::{Caller, KeySet};

/// How many are kept: those that were used last. With the longest tokens they take 1 MB.
const MOST: NonZeroUsize = NonZeroUsize::new(128).unwrap();

/// Tokens that were found good, by their text, and whom they stand for.
#[derive(Debug)]
pub(super) struct CheckedTokens(Mutex<Tokens>);

#[derive(Debug)]
struct Tokens {
    /// What their signatures were checked with. They mean nothing to other keys.
    keys: Option<Arc<KeySet>>,
    checked: LruCache<Box<str>, Checked>,
}

#[derive(Debug)]
struct Checked {
    caller: Arc<Caller>,
    times: RangeInclusive<u64>,
}

impl Tokens {
    fn are_of(&self, keys: &Arc<KeySet>) -> bool {
        self.keys.as_ref().is_some_and(|own| Arc::ptr_eq(own, keys))
    }
}

impl CheckedTokens {
    pub(super) fn new() -> Self {
        Self(Mutex::new(Tokens {
            keys: None,
            checked: LruCache::new(MOST),
        }))
    }

    /// Whom a token stands for, where it was found good with these keys and still is at `now` (seconds since 1970).
    pub(super) fn caller(&self, token: &str, keys: &Arc<KeySet>, now: u64) -> Option<Arc<Caller>> {
        let mut tokens = self.tokens();
        if !tokens.are_of(keys) {
            return None;
        }
        let checked = tokens.checked.get(token)?;
        let is_good = checked.times.contains(&now);
        is_good.then(|| Arc::clone(&checked.caller))
    }

    /// Keeps a token that was found good with these keys: `times` is when, and until when it will be.
    pub(super) fn keep(
        &self,
        token: &str,
        keys: &Arc<KeySet>,
        times: RangeInclusive<u64>,
        caller: &Arc<Caller>,
    ) {
        let mut tokens = self.tokens();
        if !tokens.are_of(keys) {
            tokens.checked.clear();
            tokens.keys = Some(Arc::clone(keys));
        }
        let caller = Arc::clone(caller);
        tokens.checked.put(token.into(), Checked { caller, times });
    }

    fn tokens(&self) -> MutexGuard<'_, Tokens> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Actor, OrganizationId};

    fn keys() -> Arc<KeySet> {
        let set = r#"{"keys":[{"kty":"oct","alg":"HS256","k":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}]}"#;
        Arc::new(KeySet::parse(set).unwrap())
    }

    fn caller() -> Arc<Caller> {
        let organization = OrganizationId::parse("org_a").unwrap();
        Arc::new(Caller::new(Actor::subject("user_1"), Some(organization), None, false).unwrap())
    }

    #[test]
    fn a_token_is_good_from_when_it_was_checked_until_it_expires() {
        let (tokens, keys) = (CheckedTokens::new(), keys());
        tokens.keep("a.b.c", &keys, 1000..=2000, &caller());
        for (now, is_good) in [
            // The clock was set back: it may not be valid yet.
            (999, false),
            (1000, true),
            (2000, true),
            (2001, false),
        ] {
            assert_eq!(
                tokens.caller("a.b.c", &keys, now).is_some(),
                is_good,
                "{now}"
            );
        }
    }

    #[test]
    fn nothing_but_the_very_token_is_good() {
        let (tokens, keys) = (CheckedTokens::new(), keys());
        tokens.keep("a.b.c", &keys, 0..=9, &caller());
        for other in ["", "a.b", "a.b.C", "a.b.c ", "a.b.cc"] {
            assert!(tokens.caller(other, &keys, 5).is_none(), "{other}");
        }
    }

    #[test]
    fn with_new_keys_every_token_is_checked_again() {
        let (tokens, old, new) = (CheckedTokens::new(), keys(), keys());
        tokens.keep("a.b.c", &old, 0..=9, &caller());
        assert!(tokens.caller("a.b.c", &new, 5).is_none());
        tokens.keep("d.e.f", &new, 0..=9, &caller());
        assert!(tokens.caller("d.e.f", &new, 5).is_some());
        assert!(tokens.caller("a.b.c", &new, 5).is_none());
    }

    #[test]
    fn what_was_used_last_is_kept() {
        let (tokens, keys) = (CheckedTokens::new(), keys());
        let is_known = |token: &str| tokens.caller(token, &keys, 5).is_some();
        tokens.keep("first", &keys, 0..=9, &caller());
        tokens.keep("second", &keys, 0..=9, &caller());
        for n in 0..MOST.get() - 1 {
            assert!(is_known("first"));
            tokens.keep(&n.to_string(), &keys, 0..=9, &caller());
        }
        assert!(is_known("first"));
        assert!(!is_known("second"));
    }
}
