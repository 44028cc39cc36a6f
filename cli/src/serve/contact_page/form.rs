//! The form that the page sends: a token, and the cursor of a page of the history.

use hyper::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use url::form_urlencoded;

/// The maximum length of the body, in bytes, as for the API. A token has at most 8 KiB.
pub(super) const MAX_BODY_BYTES: usize = 16 * 1024;

/// The name of the token in the form.
pub(super) const TOKEN: &str = "token";

/// The name of the cursor in the form.
pub(super) const CURSOR: &str = "cursor";

/// A form that was sent.
#[derive(Default)]
pub(super) struct Form {
    /// The token; empty if there is none.
    pub(super) token: String,
    /// The cursor of the page before; `None` for the newest entries.
    pub(super) cursor: Option<String>,
}

impl Form {
    /// Whether the content type of the request is that of a form.
    pub(super) fn is_form(headers: &HeaderMap) -> bool {
        let stated = headers
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        let essence = stated.and_then(|stated| stated.split(';').next());
        essence.is_some_and(|essence| {
            essence
                .trim()
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }

    /// Reads a form. If a name is repeated, the last one counts.
    pub(super) fn read(body: &[u8]) -> Self {
        let mut form = Self::default();
        for (name, value) in form_urlencoded::parse(body) {
            match &*name {
                TOKEN => form.token = token(&value),
                CURSOR => {
                    form.cursor = Some(value.into_owned()).filter(|cursor| !cursor.is_empty());
                }
                _ => {}
            }
        }
        form
    }

    /// The `Authorization` header that a caller of the API sends.
    pub(super) fn authorization(&self) -> Option<HeaderValue> {
        if self.token.is_empty() {
            return None;
        }
        let mut header = HeaderValue::try_from(format!("Bearer {}", self.token)).ok()?;
        header.set_sensitive(true);
        Some(header)
    }
}

/// The token in a text as people paste it: after `Bearer`, or with the line breaks of a terminal. No token has blanks.
fn token(pasted: &str) -> String {
    let pasted = pasted.trim();
    let token = match pasted.split_once(char::is_whitespace) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token,
        _ => pasted,
    };
    let is_part = |c: &char| !c.is_whitespace() && !c.is_control();
    token.chars().filter(is_part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_read_as_people_paste_it() {
        for pasted in [
            "a.b.c",
            " a.b.c\n",
            "Bearer a.b.c",
            "bearer\ta.b.c",
            "a.b\r\n.c",
        ] {
            assert_eq!(token(pasted), "a.b.c", "{pasted:?}");
        }
        assert_eq!(token(" \n"), "");
    }

    #[test]
    fn the_last_token_and_cursor_of_a_form_count() {
        let form = Form::read(b"token=x&cursor=1&other=2&token=a%2Bb&cursor=");
        assert_eq!((form.token.as_str(), form.cursor), ("a+b", None));
        let form = Form::read(b"cursor=c");
        assert_eq!(
            (form.authorization(), form.cursor.as_deref()),
            (None, Some("c"))
        );
    }

    #[test]
    fn no_text_of_a_form_becomes_another_header() {
        let form = Form::read("token=a%0D%0AX-Other:%20b%00é".as_bytes());
        let header = form.authorization().unwrap();
        assert_eq!(header.as_bytes(), "Bearer aX-Other:bé".as_bytes());
        assert!(header.is_sensitive());
    }

    #[test]
    fn only_the_type_that_browsers_send_is_a_form() {
        let is_form = |value: &'static str| {
            let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(value))]);
            Form::is_form(&headers)
        };
        assert!(is_form("application/x-www-form-urlencoded"));
        assert!(is_form("Application/X-WWW-form-urlencoded; charset=utf-8"));
        for other in [
            "text/plain",
            "multipart/form-data; boundary=x",
            "application/json",
            "",
        ] {
            assert!(!is_form(other), "{other}");
        }
        assert!(!Form::is_form(&HeaderMap::new()));
    }
}
