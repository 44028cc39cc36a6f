//! E-mail addresses and their normal form (contract section 4).

use std::borrow::Cow;
use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use icu_properties::props::GeneralCategory;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

use super::invisible::{general_category, is_invisible};

/// An e-mail address: its normal form for comparisons, and the form as given for display.
///
/// The normal form is NFC and lower case, with the domain in A-labels. Dots and plus tags stay, and there is no case
/// folding: two addresses that a mail server may distinguish have different normal forms.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    normal_form: String,
    as_given: String,
}

/// A text that is not an e-mail address, and why. The message never repeats the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmailAddress {
    /// It is missing.
    #[error("{EXPECTED}: it is missing")]
    Missing,
    /// It is a value of another type than text.
    #[error("{EXPECTED}: it is not a string")]
    NotText,
    /// It has no visible character.
    #[error("{EXPECTED}: it is blank")]
    Blank,
    /// It or its normal form has more than [`EmailAddress::MAX_CHARACTERS`].
    #[error("{EXPECTED}: it has more than 320 characters")]
    TooLong,
    /// It has no `@`.
    #[error("{EXPECTED}: it has no @")]
    NoAt,
    /// White space or another invisible character is within it.
    #[error("{EXPECTED}: it has a blank or an invisible character within")]
    Invisible,
    /// It has a control, private-use or unassigned character.
    #[error("{EXPECTED}: it has a control character, or one without a meaning in Unicode")]
    Character,
    /// The part before the `@` is empty, or has nothing but dots.
    #[error("{EXPECTED}: nothing comes before the @")]
    NoLocalPart,
    /// The part before the `@` has a character that is only valid in quotation marks.
    #[error("{EXPECTED}: it has a character before the @ that no address has there")]
    LocalPart,
    /// The part before the `@` has a full-width letter, digit or sign.
    #[error("{EXPECTED}: it has a full-width character before the @")]
    FullWidth,
    /// The part after the `@` is no domain.
    #[error("{EXPECTED}: its domain is not valid")]
    Domain,
}

/// The beginning of every refusal.
const EXPECTED: &str = "must be an e-mail address of at most 320 characters";

impl EmailAddress {
    /// Longest address, in characters: 64 for the local part, `@`, and 255 for the domain (RFC 3696, erratum 1690).
    /// The contract limits only the sum.
    pub const MAX_CHARACTERS: usize = 320;

    /// Reads an address, and drops invisible characters around it.
    ///
    /// The local part has the characters of a dot-atom (RFC 5322 section 3.2.3), extended to non-ASCII letters (RFC 6531),
    /// with dots anywhere: some providers have assigned such addresses. A local part in quotation marks is the same
    /// mailbox as the one without them, so it must be valid without them. Address literals as domain are errors: they are
    /// hardly used, and they give one mailbox many spellings.
    ///
    /// # Errors
    /// When the text does not have exactly one valid local part and domain, is over [`Self::MAX_CHARACTERS`], or has an
    /// invisible character within.
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let as_given = text.trim_matches(is_invisible);
        if as_given.is_empty() {
            return Err(InvalidEmailAddress::Blank);
        }
        if as_given.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidEmailAddress::TooLong);
        }
        // UTS #46 would drop some of these characters from the domain.
        check_characters(as_given)?;
        let (local, domain) = as_given.rsplit_once('@').ok_or(InvalidEmailAddress::NoAt)?;
        let nfc = ComposingNormalizerBorrowed::new_nfc();
        // Lower-casing can produce a sequence that NFC composes, so NFC runs a second time.
        let local = nfc
            .normalize(&nfc.normalize(&unquoted(local)).to_lowercase())
            .into_owned();
        // The check needs the normal form: NFC turns the Greek question mark into a semicolon.
        check_local_part(&local)?;
        // UTS #46 without transitional processing keeps `ß` distinct from `ss`. `Verify` checks the DNS length limits
        // (RFC 1035), and `STD3` refuses characters that no host name has, such as `_`.
        let domain = Uts46::new()
            .to_ascii(
                domain.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .map_err(|_| InvalidEmailAddress::Domain)?;
        let normal_form = format!("{local}@{domain}");
        // NFC and lower case can lengthen a text. The normal form is part of a key, and DynamoDB limits the size of
        // keys.
        if normal_form.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidEmailAddress::TooLong);
        }
        Ok(Self {
            normal_form,
            as_given: as_given.to_owned(),
        })
    }

    /// The form for comparisons and look-ups.
    #[must_use]
    pub fn normal_form(&self) -> &str {
        &self.normal_form
    }

    /// The address as given, trimmed.
    #[must_use]
    pub fn as_given(&self) -> &str {
        &self.as_given
    }
}

/// Refuses characters that nobody can see or type.
fn check_characters(address: &str) -> Result<(), InvalidEmailAddress> {
    for c in address.chars() {
        if is_invisible(c) {
            return Err(InvalidEmailAddress::Invisible);
        }
        if c.is_ascii_graphic() {
            continue;
        }
        if let GeneralCategory::Control
        | GeneralCategory::PrivateUse
        | GeneralCategory::Unassigned = general_category(c)
        {
            return Err(InvalidEmailAddress::Character);
        }
    }
    Ok(())
}

/// The local part without quotation marks and their backslashes (RFC 5322 section 3.2.4). A local part that is not in
/// quotation marks stays unchanged. A backslash that quotes nothing stays too, so that a later check refuses it.
fn unquoted(local: &str) -> Cow<'_, str> {
    let quoted = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let Some(quoted) = quoted else {
        return local.into();
    };
    let mut unquoted = String::new();
    let mut chars = quoted.chars();
    while let Some(c) = chars.next() {
        let escaped = if c == '\\' { chars.next() } else { None };
        unquoted.push(escaped.unwrap_or(c));
    }
    unquoted.into()
}

/// Checks the characters of a local part in its normal form.
fn check_local_part(local: &str) -> Result<(), InvalidEmailAddress> {
    if local.chars().all(|c| c == '.') {
        return Err(InvalidEmailAddress::NoLocalPart);
    }
    for c in local.chars() {
        match c {
            '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"' => {
                return Err(InvalidEmailAddress::LocalPart);
            }
            '\u{ff01}'..='\u{ff5e}' => return Err(InvalidEmailAddress::FullWidth),
            _ => {}
        }
    }
    Ok(())
}

/// Masked: an address is personal data.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests;
