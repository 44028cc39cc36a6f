//! E-mail addresses and their normal form (contract section 4).

use std::fmt;

use icu_normalizer::ComposingNormalizerBorrowed;
use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// An e-mail address: its normal form for comparisons, and the form as given for display.
///
/// The normal form is NFC and lower case, with the domain in A-labels. Dots and plus tags stay, and there is no case
/// folding: two addresses that a mail server may distinguish have different normal forms.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    normal_form: String,
    as_given: String,
}

/// A text without exactly one valid local part and domain, or over 320 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an e-mail address of at most 320 characters")]
pub struct InvalidEmailAddress;

impl EmailAddress {
    /// Longest address, in characters: 64 for the local part, `@`, and 255 for the domain (RFC 3696, erratum 1690).
    /// The contract limits only the sum.
    pub const MAX_CHARACTERS: usize = 320;

    /// Reads an address, without surrounding white space.
    ///
    /// The local part is a dot-atom (RFC 5322 section 3.2.3), extended to non-ASCII letters (RFC 6531). Quoted local
    /// parts and address literals as domain are errors: they are hardly used, and they give one mailbox many spellings.
    ///
    /// # Errors
    /// When the text does not have exactly one valid local part and domain, or is over [`Self::MAX_CHARACTERS`].
    pub fn parse(text: &str) -> Result<Self, InvalidEmailAddress> {
        let as_given = text.trim();
        if as_given.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidEmailAddress);
        }
        let (local, domain) = as_given.split_once('@').ok_or(InvalidEmailAddress)?;
        let nfc = ComposingNormalizerBorrowed::new_nfc();
        // Lower-casing can produce a sequence that NFC composes, so NFC runs a second time.
        let local = nfc
            .normalize(&nfc.normalize(local).to_lowercase())
            .into_owned();
        // The check needs the normal form: NFC turns the Greek question mark into a semicolon.
        if !is_dot_atom(&local) {
            return Err(InvalidEmailAddress);
        }
        // UTS #46 without transitional processing keeps `ß` distinct from `ss`. `Verify` checks the DNS length limits
        // (RFC 1035), and `STD3` refuses characters that no host name has, such as `@`.
        let domain = Uts46::new()
            .to_ascii(
                domain.as_bytes(),
                AsciiDenyList::STD3,
                Hyphens::CheckFirstLast,
                DnsLength::Verify,
            )
            .map_err(|_| InvalidEmailAddress)?;
        let normal_form = format!("{local}@{domain}");
        // NFC and lower case can lengthen a text. The normal form is part of a key, and DynamoDB limits the size of
        // keys.
        if normal_form.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidEmailAddress);
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

/// Whether `local` is a dot-atom: atoms separated by single dots.
fn is_dot_atom(local: &str) -> bool {
    local
        .split('.')
        .all(|atom| !atom.is_empty() && atom.chars().all(is_atom_character))
}

fn is_atom_character(c: char) -> bool {
    match c {
        '(' | ')' | '<' | '>' | '[' | ']' | ':' | ';' | '@' | '\\' | ',' | '"' => false,
        _ => !c.is_whitespace() && !c.is_control(),
    }
}

/// Masked: an address is personal data.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn normal(text: &str) -> String {
        EmailAddress::parse(text).unwrap().normal_form().to_owned()
    }

    #[test]
    fn the_normal_form_is_lower_case_and_the_given_form_is_kept() {
        let address = EmailAddress::parse("  Jane.Doe+News@Example.COM ").unwrap();
        assert_eq!(address.normal_form(), "jane.doe+news@example.com");
        assert_eq!(address.as_given(), "Jane.Doe+News@Example.COM");
    }

    #[test]
    fn a_sharp_s_is_not_folded_into_two_letters() {
        assert_ne!(normal("straße@example.com"), normal("strasse@example.com"));
        assert_eq!(normal("a@straße.example"), "a@xn--strae-oqa.example");
    }

    #[test]
    fn composed_and_decomposed_letters_are_one_address() {
        assert_eq!(
            normal("jose\u{301}@example.com"),
            normal("jos\u{e9}@example.com")
        );
        assert_eq!(normal("JOSE\u{301}@example.com"), "jos\u{e9}@example.com");
    }

    #[test]
    fn a_domain_is_compared_in_its_ascii_form() {
        assert_eq!(normal("a@Bücher.example"), "a@xn--bcher-kva.example");
        assert_eq!(normal("a@XN--BCHER-KVA.example"), "a@xn--bcher-kva.example");
        assert_eq!(normal("a@bu\u{308}cher.example"), "a@xn--bcher-kva.example");
    }

    #[test]
    fn what_has_no_usable_local_part_or_domain_is_refused() {
        for bad in [
            "",
            " ",
            "@",
            "a",
            "a@",
            "@b.example",
            "a@b@c.example",
            "a b@c.example",
            "a@b c.example",
            "a@-b.example",
            "a@b..example",
            "a@.example",
            "a@b.example.",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "\"a b\"@c.example",
            "a@[192.0.2.1]",
            "a,b@c.example",
            "<a@b.example>",
            "a\u{0}@b.example",
            "a@b\u{0}.example",
            "a@xn--a.example",
            "a@b_c.example",
            "a\u{a0}b@c.example",
            "a\u{37e}b@c.example",
        ] {
            assert_eq!(
                EmailAddress::parse(bad),
                Err(InvalidEmailAddress),
                "{bad:?}"
            );
        }
        let label = "b".repeat(64);
        assert_eq!(
            EmailAddress::parse(&format!("a@{label}.example")),
            Err(InvalidEmailAddress)
        );
    }

    #[test]
    fn an_address_has_at_most_320_characters() {
        let domain = "example.com";
        let longest = format!("{}@{domain}", "a".repeat(320 - 1 - domain.len()));
        assert!(EmailAddress::parse(&longest).is_ok());
        // Each becomes two letters, or three of four bytes, in the normal form.
        for grows in ["\u{130}", "\u{1d160}"] {
            let address = format!("{}@{domain}", grows.repeat(300));
            assert_eq!(EmailAddress::parse(&address), Err(InvalidEmailAddress));
        }
        assert_eq!(
            EmailAddress::parse(&format!("a{longest}")),
            Err(InvalidEmailAddress)
        );
    }

    #[test]
    fn an_address_does_not_show_itself_in_debug_output() {
        assert_eq!(
            format!("{:?}", EmailAddress::parse("a@b.example").unwrap()),
            "EmailAddress(…)"
        );
    }

    proptest! {
        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(text in "\\PC{1,12}@[a-zà-ÿα-ωA-Z]{1,10}\\.example") {
            if let Ok(address) = EmailAddress::parse(&text) {
                let again = EmailAddress::parse(address.normal_form()).unwrap();
                prop_assert_eq!(again.normal_form(), address.normal_form());
            }
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            let _ = EmailAddress::parse(&text);
        }
    }
}
