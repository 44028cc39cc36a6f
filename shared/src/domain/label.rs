//! The label that names the source of a verification.

use serde::{Deserialize, Serialize};

/// A `verificationSource`, such as `admin-manual`: a trimmed text of 1 to 100 characters, without control characters
/// (contract section 4).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct VerificationSource(String);

/// A label that is empty, has over 100 characters, or contains control characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be at most 100 characters without control characters")]
pub struct InvalidLabel;

impl VerificationSource {
    /// Longest label, in characters.
    pub const MAX_CHARACTERS: usize = 100;

    /// Reads a label. A blank text gives `None`.
    ///
    /// # Errors
    /// When the label is over [`Self::MAX_CHARACTERS`] or contains control characters.
    pub fn parse(text: &str) -> Result<Option<Self>, InvalidLabel> {
        let text = text.trim();
        if text.is_empty() {
            return Ok(None);
        }
        if text.chars().count() > Self::MAX_CHARACTERS || text.chars().any(char::is_control) {
            return Err(InvalidLabel);
        }
        Ok(Some(Self(text.to_owned())))
    }

    /// The label as the table and the API write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for VerificationSource {
    type Error = InvalidLabel;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text)?.ok_or(InvalidLabel)
    }
}

impl From<VerificationSource> for String {
    fn from(source: VerificationSource) -> Self {
        source.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_blank_label_counts_as_absent() {
        assert_eq!(VerificationSource::parse(""), Ok(None));
        assert_eq!(VerificationSource::parse(" \n "), Ok(None));
    }

    #[test]
    fn a_label_is_trimmed_and_counted_in_characters() {
        assert_eq!(
            VerificationSource::parse(" webchat ")
                .unwrap()
                .unwrap()
                .as_str(),
            "webchat"
        );
        assert!(VerificationSource::parse(&"é".repeat(100)).is_ok());
        assert_eq!(
            VerificationSource::parse(&"é".repeat(101)),
            Err(InvalidLabel)
        );
    }

    #[test]
    fn a_control_character_inside_a_label_is_refused() {
        for bad in ["a\nb", "a\u{0}b", "a\u{7f}b", "a\u{85}b"] {
            assert_eq!(VerificationSource::parse(bad), Err(InvalidLabel), "{bad:?}");
        }
    }
}
