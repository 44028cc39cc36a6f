//! Cursors: the place after which a page begins, with a checksum over the place and the query.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::domain::{ContactId, MethodValue, OrganizationId};

/// How many bytes of the checksum a cursor has.
const CHECKSUM_BYTES: usize = 8;

/// The cursors of one query.
///
/// The checksum is not a signature. It detects a changed cursor, and a cursor of another contact or query. A forged cursor can
/// only begin a page at another place of the same history, because the keys of the query come from the token and the path.
#[derive(Debug)]
pub(super) struct Cursor {
    query: String,
}

/// The text is not a cursor of this query.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidCursor;

impl Cursor {
    /// The cursors of the history of a contact, or of the entries about one of its methods.
    pub(super) fn new(
        organization: &OrganizationId,
        contact: &ContactId,
        method: Option<&MethodValue>,
    ) -> Self {
        let method = method.map_or_else(String::new, |method| {
            format!("{} {}", method.kind().as_str(), method.normal_form())
        });
        Self {
            query: format!("{organization}#{contact}#{method}"),
        }
    }

    /// The cursor of the page after this place.
    pub(super) fn write(&self, place: &str) -> String {
        let mut bytes = self.checksum(place);
        bytes.extend(place.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The place after which a page begins.
    ///
    /// # Errors
    /// [`InvalidCursor`].
    pub(super) fn read(&self, text: &str) -> Result<String, InvalidCursor> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text);
        let bytes = bytes.map_err(|_| InvalidCursor)?;
        let (checksum, place) = bytes
            .split_at_checked(CHECKSUM_BYTES)
            .ok_or(InvalidCursor)?;
        let place = str::from_utf8(place).map_err(|_| InvalidCursor)?;
        if place.is_empty() || self.checksum(place) != checksum {
            return Err(InvalidCursor);
        }
        Ok(place.to_owned())
    }

    fn checksum(&self, place: &str) -> Vec<u8> {
        let text = format!("{}#{place}", self.query);
        digest(&SHA256, text.as_bytes()).as_ref()[..CHECKSUM_BYTES].to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::EmailAddress;

    #[test]
    fn a_cursor_is_read_by_its_own_query_alone() {
        let organization = |id| OrganizationId::parse(id).unwrap();
        let contact = |id| ContactId::parse(id).unwrap();
        let address = MethodValue::Email(EmailAddress::parse("a@b.ca").unwrap());
        let all = Cursor::new(&organization("org_a"), &contact("c_1"), None);
        let text = all.write("000000000002#5#0001");
        assert_eq!(all.read(&text).as_deref(), Ok("000000000002#5#0001"));
        for other in [
            Cursor::new(&organization("org_b"), &contact("c_1"), None),
            Cursor::new(&organization("org_a"), &contact("c_2"), None),
            Cursor::new(&organization("org_a"), &contact("c_1"), Some(&address)),
        ] {
            assert_eq!(other.read(&text), Err(InvalidCursor));
        }
    }

    #[test]
    fn a_changed_cursor_is_refused() {
        let cursor = Cursor::new(
            &OrganizationId::parse("org_a").unwrap(),
            &ContactId::parse("c_1").unwrap(),
            None,
        );
        let text = cursor.write("000000000002#5#0001");
        for position in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[position] = if changed[position] == b'A' {
                b'B'
            } else {
                b'A'
            };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(cursor.read(&changed), Err(InvalidCursor), "{position}");
        }
        for bad in [
            "",
            "A",
            "*",
            &text[..text.len() - 4],
            &format!("{text}AAAA"),
        ] {
            assert_eq!(cursor.read(bad), Err(InvalidCursor), "{bad:?}");
        }
    }
}
