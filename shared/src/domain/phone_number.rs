//! Phone numbers and their normal form, E.164 (contract section 4).

use std::fmt;
use std::ops::RangeInclusive;

use super::{PhoneRegion, numbering_plan};
use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

/// A phone number in E.164: `+` and 7 to 15 digits, the first not 0.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

/// The number of digits of a number in international form. Some plans have longer or shorter numbers (Germany, Iran,
/// Japan), which have no form with `+`.
const INTERNATIONAL_DIGITS: RangeInclusive<usize> = 7..=15;

/// A text that is not a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a phone number, such as +14165550100, without an extension")]
pub struct InvalidPhoneNumber;

impl PhoneNumber {
    /// Longest text of a phone number, in characters, after trimming and without `tel:`.
    pub const MAX_CHARACTERS: usize = 64;

    /// Reads a number in international form, or a national number of `region`.
    ///
    /// A number in international form keeps its digits: no numbering plan can turn it into another number.
    ///
    /// # Errors
    /// - When the text contains anything but digits and separators. An extension is an error too: the parser never
    ///   drops it.
    /// - When the number has fewer than 7 or more than 15 digits.
    /// - When the number is national and not valid in `region`.
    pub fn parse(text: &str, region: PhoneRegion) -> Result<Self, InvalidPhoneNumber> {
        let text = strip_tel_scheme(text.trim()).trim();
        if text.chars().count() > Self::MAX_CHARACTERS {
            return Err(InvalidPhoneNumber);
        }
        let digits = if let Some(international) = text.strip_prefix('+') {
            digits_without_trunk_zero(&plain(international)?)
        } else {
            let text = plain(text)?;
            dialled(&text, region).ok_or(InvalidPhoneNumber)?
        };
        if INTERNATIONAL_DIGITS.contains(&digits.len()) && !digits.starts_with('0') {
            Ok(Self(format!("+{digits}")))
        } else {
            Err(InvalidPhoneNumber)
        }
    }

    /// Whether the number's calling code is assigned. Only a number that a request adds to a contact needs this
    /// (contract section 4).
    #[must_use]
    pub fn has_assigned_calling_code(&self) -> bool {
        numbering_plan::calling_code_exists(&self.0[1..])
    }

    /// The number, such as `+14165550100`.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.0
    }
}

/// The international form of a number dialled in `region`: the digits, from the result of [`plain`].
fn dialled(text: &str, region: PhoneRegion) -> Option<String> {
    let plan = region.plan()?;
    let dialled = digits(text);
    if plan.strip_international_prefix(&dialled).is_none() {
        return numbering_plan::read_national(&dialled, plan);
    }
    // The rest is in international form. If it begins with a zero, the number is invalid; it is not a national number.
    let dialled = digits_without_trunk_zero(text);
    plan.strip_international_prefix(&dialled).map(str::to_owned)
}

/// The text after a `tel:` scheme, in upper or lower case (RFC 3966).
fn strip_tel_scheme(text: &str) -> &str {
    match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        _ => text,
    }
}

/// The text in ASCII: decimal digits become 0 to 9, separators become blanks, and parentheses stay.
fn plain(text: &str) -> Result<String, InvalidPhoneNumber> {
    let categories = CodePointMapData::<GeneralCategory>::new();
    text.chars()
        .map(|c| match categories.get(c) {
            _ if matches!(c, '0'..='9' | '(' | ')') => Ok(c),
            _ if matches!(c, '.' | '/') => Ok(' '),
            // The minus sign and the soft hyphen are dashes too, but Unicode puts them in other categories.
            _ if matches!(c, '\u{2212}' | '\u{ad}') => Ok(' '),
            GeneralCategory::SpaceSeparator | GeneralCategory::DashPunctuation => Ok(' '),
            GeneralCategory::DecimalNumber => Ok(decimal_digit(c)),
            _ => Err(InvalidPhoneNumber),
        })
        .collect()
}

/// The ASCII digit with the same value as `c`, a character of the category `Nd`.
///
/// Unicode encodes decimal digits in ascending runs of ten (The Unicode Standard, section 4.6), so the value is the
/// distance from the start of the run. Runs can follow each other without a gap, so the distance counts modulo ten.
fn decimal_digit(c: char) -> char {
    let categories = CodePointMapData::<GeneralCategory>::new();
    let before = (0..u32::from(c)).rev();
    let distance = before
        .take_while(|&c| categories.get32(c) == GeneralCategory::DecimalNumber)
        .count();
    char::from_digit(u32::try_from(distance % 10).unwrap_or(0), 10).unwrap_or('0')
}

/// The digits in the result of [`plain`].
fn digits(plain: &str) -> String {
    plain.chars().filter(char::is_ascii_digit).collect()
}

/// The digits in the result of [`plain`] without a trunk zero `(0)`, as in `+44 (0)20 7946 0958`.
fn digits_without_trunk_zero(plain: &str) -> String {
    digits(&plain.replacen("(0)", " ", 1))
}

/// Masked: a phone number is personal data.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str, region: &str) -> Option<String> {
        PhoneNumber::parse(text, region.parse().unwrap())
            .ok()
            .map(|number| number.as_e164().to_owned())
    }

    #[test]
    fn a_number_in_international_form_is_its_digits() {
        for text in [
            "+14165550100",
            " +1 (416) 555-0100 ",
            "tel:+1-416-555-0100",
            "TEL: +1.416.555.0100",
            "+1/416/555/0100",
            "+1\u{a0}416\u{2011}555\u{2013}0100",
            "+1\u{2212}416\u{3000}555\u{ff0d}0100",
            "+１４１６５５５０１００",
            "+١٤١٦٥٥٥٠١٠٠",
            "+𝟏𝟒𝟏𝟔𝟝𝟝𝟝𝟎𝟣𝟬𝟶",
        ] {
            assert_eq!(
                parse(text, "CA").as_deref(),
                Some("+14165550100"),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_trunk_zero_in_parentheses_is_dropped() {
        assert_eq!(
            parse("+44 (0)20 7946 0958", "CA").as_deref(),
            Some("+442079460958")
        );
        assert_eq!(
            parse("+44(０)20 7946 0958", "CA").as_deref(),
            Some("+442079460958")
        );
        assert_eq!(
            parse("011 44 (0)20 7946 0958", "CA").as_deref(),
            Some("+442079460958")
        );
    }

    #[test]
    fn no_numbering_plan_rewrites_a_number_in_international_form() {
        for number in [
            "+78001234567",
            "+61180012345",
            "+37080012345",
            "+11234567",
            "+999123456789",
            "+4402079460958",
        ] {
            for region in ["CA", "RU", "AU", "LT", "GB"] {
                assert_eq!(parse(number, region).as_deref(), Some(number), "{region}");
            }
        }
    }

    #[test]
    fn an_international_number_has_7_to_15_digits_and_does_not_begin_with_0() {
        assert!(parse("+1234567", "CA").is_some());
        assert!(parse("+123456789012345", "CA").is_some());
        for bad in [
            "+123456",
            "+1234567890123456",
            "+0123456789",
            "+",
            "+()",
            "+(0)123456",
        ] {
            assert_eq!(parse(bad, "CA"), None, "{bad:?}");
        }
    }

    #[test]
    fn the_regions_international_prefix_stands_for_the_plus() {
        assert_eq!(
            parse("011 44 20 7946 0958", "CA").as_deref(),
            Some("+442079460958")
        );
        assert_eq!(
            parse("00 1 416 555 0100", "GB").as_deref(),
            Some("+14165550100")
        );
        assert_eq!(
            parse("0011 1 416 555 0100", "AU").as_deref(),
            Some("+14165550100")
        );
        assert_eq!(
            parse("010 1 416 555 0100", "JP").as_deref(),
            Some("+14165550100")
        );
        assert_eq!(
            parse("00 44 20 7946 0958", "CA"),
            None,
            "not how Canada dials"
        );
        assert_eq!(parse("011 0 20 7946 0958", "CA"), None);
    }

    #[test]
    fn a_national_number_is_read_in_the_default_region() {
        assert_eq!(parse("416-555-0100", "CA").as_deref(), Some("+14165550100"));
        assert_eq!(
            parse("1 416 555 0100", "CA").as_deref(),
            Some("+14165550100")
        );
        assert_eq!(
            parse("(020) 7946 0958", "GB").as_deref(),
            Some("+442079460958")
        );
        assert_eq!(
            parse("(0)20 7946 0958", "GB").as_deref(),
            Some("+442079460958")
        );
        assert_eq!(parse("416-555-0100", "GB"), None);
        assert_eq!(parse("555-0100", "CA"), None);
    }

    #[test]
    fn what_is_more_than_a_number_is_refused_never_cut() {
        for bad in [
            "",
            " ",
            "tel:",
            "+1 416 555 0100 ext 5",
            "+1 416 555 0100 x5",
            "+1 416 555 0100;ext=5",
            "+1 416 555 0100#5",
            "+1 416 555 0100,5",
            "+14165550100abc",
            "+1416555O100",
            "1-800-FLOWERS",
            "++14165550100",
            "+1+4165550100",
            "(+1) 4165550100",
            "4165550100+",
            "+1416\t5550100",
            "+1416\n5550100",
            "+1416\u{0}5550100",
            "+1416\u{200b}5550100",
            "\u{202a}+14165550100\u{202c}",
            "+1 416 555 010½",
            "+Ⅳ14165550100",
            "tel:tel:+14165550100",
            "4/100;phone-context=ext;x tel:1",
        ] {
            assert_eq!(parse(bad, "CA"), None, "{bad:?}");
        }
    }

    #[test]
    fn a_text_has_at_most_64_characters() {
        assert!(parse(&format!("+1{}4165550100", " ".repeat(52)), "CA").is_some());
        assert!(parse(&format!("+1{}4165550100", " ".repeat(53)), "CA").is_none());
        assert!(parse(&format!("{}+14165550100", " ".repeat(200)), "CA").is_some());
    }

    #[test]
    fn a_calling_code_is_known_to_be_assigned() {
        let has_code = |text| {
            PhoneNumber::parse(text, PhoneRegion::CANADA)
                .unwrap()
                .has_assigned_calling_code()
        };
        assert!(has_code("+14165550100"));
        assert!(has_code("+3581234567"));
        assert!(has_code("+80012345678"));
        assert!(!has_code("+99912345678"));
        assert!(!has_code("+21012345678"));
    }

    #[test]
    fn a_number_does_not_show_itself_in_debug_output() {
        let number = PhoneNumber::parse("+1234567", PhoneRegion::CANADA).unwrap();
        assert_eq!(format!("{number:?}"), "PhoneNumber(…)");
    }

    /// Google's own answers for national numbers of every region: `tests/fixtures/generate_national_numbers.py`.
    #[test]
    fn a_national_number_is_the_one_that_google_reads_or_none() {
        let rows = include_str!("../../tests/fixtures/national-numbers.tsv");
        let mut refused = Vec::new();
        let mut agreed = 0;
        for row in rows.lines().filter(|row| !row.starts_with('#')) {
            let [region, digits, expected] = row.split('\t').collect::<Vec<_>>()[..] else {
                panic!("{row:?}")
            };
            let expected = Some(expected).filter(|expected| *expected != "-");
            match parse(digits, region) {
                None if expected.is_some() => refused.push(row),
                read => {
                    assert_eq!(read.as_deref(), expected, "{row}");
                    agreed += 1;
                }
            }
        }
        assert!(agreed > 5_000, "{agreed}");
        // Google also knows numbers that are too short or too long to be written with `+`.
        let is_unwritable =
            |row: &&str| !(7..=15).contains(&(row.rsplit('\t').next().unwrap().len() - 1));
        assert!(refused.iter().all(is_unwritable), "{refused:?}");
        assert_eq!(refused.len(), 7);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*|[+0-9() .-]{0,70}") {
            let _ = PhoneNumber::parse(&text, PhoneRegion::CANADA);
        }

        #[test]
        fn the_normal_form_of_a_normal_form_is_itself(digits in "[1-9][0-9]{6,14}") {
            let number = format!("+{digits}");
            let normal = parse(&number, "RU");
            prop_assert_eq!(normal.as_deref(), Some(number.as_str()));
        }
    }
}
