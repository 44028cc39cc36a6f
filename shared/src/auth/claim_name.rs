//! The names of the configurable claims (contract section 3).

use std::fmt;
use std::str::FromStr;

use serde_json::Value;

/// The name of a claim, or a JSON Pointer (RFC 6901) to a nested one. A text that begins with `/` is a pointer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimName {
    text: String,
    /// The JSON Pointer to the claim, also for a name, so that names and pointers are looked up and compared alike.
    pointer: String,
}

/// A text that begins with `/` and is not a JSON Pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be the name of a claim, or a JSON Pointer (RFC 6901), in which `~` is written `~0`")]
pub struct InvalidClaimName;

impl FromStr for ClaimName {
    type Err = InvalidClaimName;

    fn from_str(text: &str) -> Result<Self, InvalidClaimName> {
        let pointer = if text.starts_with('/') {
            let mut escapes = text.split('~').skip(1);
            if !escapes.all(|escape| escape.starts_with(['0', '1'])) {
                return Err(InvalidClaimName);
            }
            text.to_owned()
        } else {
            format!("/{}", text.replace('~', "~0").replace('/', "~1"))
        };
        Ok(Self {
            text: text.to_owned(),
            pointer,
        })
    }
}

impl ClaimName {
    /// The value of the claim, if `claims` have it.
    #[must_use]
    pub fn find<'c>(&self, claims: &'c Value) -> Option<&'c Value> {
        claims.pointer(&self.pointer)
    }

    /// Whether both mean the same claim.
    pub(crate) fn is_same_claim(&self, other: &Self) -> bool {
        self.pointer == other.pointer
    }

    /// The name of the claim in the token and, for a nested claim, the names of the members that lead to it.
    pub fn path(&self) -> impl Iterator<Item = String> {
        let segments = self.pointer.split('/').skip(1);
        segments.map(|segment| segment.replace("~1", "/").replace("~0", "~"))
    }
}

/// Writes the name as it is configured.
impl fmt::Display for ClaimName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn find(name: &str) -> Option<Value> {
        let claims = json!({
            "role": "plain", "https://example.com/role": "namespaced", "a~b": "tilde", "a": { "b/c": ["nested"] },
        });
        let name: ClaimName = name.parse().unwrap();
        name.find(&claims).cloned()
    }

    #[test]
    fn a_name_without_a_leading_slash_is_no_pointer() {
        assert_eq!(find("role"), Some(json!("plain")));
        assert_eq!(find("https://example.com/role"), Some(json!("namespaced")));
        assert_eq!(find("a~b"), Some(json!("tilde")));
        assert_eq!(find("a/b"), None);
    }

    #[test]
    fn a_pointer_leads_to_a_nested_claim() {
        assert_eq!(find("/role"), Some(json!("plain")));
        assert_eq!(find("/a/b~1c"), Some(json!(["nested"])));
        assert_eq!(find("/a/b~1c/0"), Some(json!("nested")));
        assert_eq!(find("/a~0b"), Some(json!("tilde")));
        assert_eq!(find("/a/b/c"), None);
    }

    #[test]
    fn an_invalid_pointer_is_refused() {
        for text in ["/a~2", "/a~", "/~", "/a~/b", "/a~1~x"] {
            assert_eq!(text.parse::<ClaimName>(), Err(InvalidClaimName), "{text}");
        }
    }

    #[test]
    fn a_path_has_the_names_without_escapes() {
        let path = |name: &str| {
            name.parse::<ClaimName>()
                .unwrap()
                .path()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            path("https://example.com/role"),
            ["https://example.com/role"]
        );
        assert_eq!(path("/a/b~1c/~01"), ["a", "b/c", "~1"]);
    }
}
