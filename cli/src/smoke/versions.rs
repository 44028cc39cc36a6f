//! The versions of a contact in the answers so far (contract section 9).

use super::check::ExpectedVersion;
use super::pattern::{Difference, fits};

/// The versions of a contact in the answers so far, as entity tags.
#[derive(Debug, Default)]
pub(super) struct Versions {
    current: Option<String>,
    earlier: Option<String>,
}

impl Versions {
    /// The version in the last answer.
    pub(super) fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// The version before the current one.
    pub(super) fn earlier(&self) -> Option<&str> {
        self.earlier.as_deref()
    }

    /// Notes the `ETag` of an answer, and compares it with the expected version.
    ///
    /// # Errors
    /// When the version is not the expected one.
    pub(super) fn see(
        &mut self,
        expected: ExpectedVersion,
        tag: Option<&str>,
    ) -> Result<(), Difference> {
        let pattern = match expected {
            ExpectedVersion::None => None,
            ExpectedVersion::Some => Some("\"…\"".to_owned()),
            ExpectedVersion::Same => self.current.clone(),
            ExpectedVersion::Next => self.current.as_deref().and_then(next),
        };
        if let Some(tag) = tag
            && self.current.as_deref() != Some(tag)
        {
            self.earlier = self.current.replace(tag.to_owned());
        }
        match (pattern, tag) {
            (Some(pattern), Some(tag)) if !fits(&pattern, tag) => {
                Err(Difference::new("ETag", pattern, tag))
            }
            (Some(pattern), None) => Err(Difference::new("ETag", pattern, "nothing")),
            _ => Ok(()),
        }
    }
}

/// The tag of the next version: each change adds one.
fn next(tag: &str) -> Option<String> {
    let version: u64 = tag.trim_matches('"').parse().ok()?;
    Some(format!("\"{}\"", version.checked_add(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_stays_or_rises_by_one() {
        let mut versions = Versions::default();
        for (expected, tag, is_good) in [
            (ExpectedVersion::Some, Some("3"), false),
            (ExpectedVersion::Some, Some("\"3\""), true),
            (ExpectedVersion::Same, Some("\"3\""), true),
            (ExpectedVersion::None, None, true),
            (ExpectedVersion::Next, Some("\"4\""), true),
            (ExpectedVersion::Next, Some("\"4\""), false),
            (ExpectedVersion::Same, None, false),
            (ExpectedVersion::Next, Some("\"6\""), false),
        ] {
            assert_eq!(
                versions.see(expected, tag).is_ok(),
                is_good,
                "{expected:?} {tag:?}"
            );
        }
        assert_eq!(versions.current(), Some("\"6\""));
        assert_eq!(versions.earlier(), Some("\"4\""));
    }
}
