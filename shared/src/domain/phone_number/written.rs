//! A phone number as somebody wrote it: the characters that it may have, and the characters that count.

use icu_properties::CodePointMapData;
use icu_properties::props::GeneralCategory;

use super::{InvalidPhoneNumber, PhoneNumber};
use crate::domain::invisible::{general_category, is_ignorable};

/// The parts of a written number that count.
pub(super) struct Written {
    /// Whether a plus comes first.
    pub(super) has_plus: bool,
    /// All its digits.
    pub(super) digits: String,
    /// The place among the digits of a zero in parentheses, as in `+44 (0)20 7946 0958`.
    pub(super) zero_in_parentheses: Option<usize>,
}

impl Written {
    /// Reads a text.
    ///
    /// # Errors
    /// When the text has something that is not part of one phone number.
    pub(super) fn parse(text: &str) -> Result<Self, InvalidPhoneNumber> {
        let visible: String = text
            .chars()
            .filter(|c| c.is_ascii() || !is_ignorable(*c))
            .collect();
        let text = strip_tel_scheme(visible.trim()).trim();
        if text.is_empty() {
            return Err(InvalidPhoneNumber::Blank);
        }
        if text.chars().count() > PhoneNumber::MAX_CHARACTERS {
            return Err(InvalidPhoneNumber::TooLong);
        }
        let plain = text.char_indices().map(|(place, c)| {
            plain(c).ok_or_else(|| fault(&text[..place], c, &text[place + c.len_utf8()..]))
        });
        let plain: String = plain.collect::<Result<_, _>>()?;
        let number = plain.strip_prefix('+');
        let has_plus = number.is_some();
        let number = number.unwrap_or(&plain);
        if number.contains('+') {
            return Err(InvalidPhoneNumber::Plus);
        }
        if is_float(number) {
            return Err(InvalidPhoneNumber::Float);
        }
        let number = number.replace([' ', '.'], "");
        let (before, _) = number.split_once("(0)").unzip();
        Ok(Self {
            has_plus,
            digits: digits(&number),
            zero_in_parentheses: before.map(|before| digits(before).len()),
        })
    }
}

/// The text after a `tel:` scheme, in upper or lower case (RFC 3966).
fn strip_tel_scheme(text: &str) -> &str {
    match text.split_at_checked(4) {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("tel:") => rest,
        _ => text,
    }
}

/// The ASCII character for `c`: a digit, a plus, a parenthesis or a dot, or a blank for other punctuation. `None` if a number
/// cannot contain `c`.
fn plain(c: char) -> Option<char> {
    Some(match c {
        '0'..='9' | '+' | '(' | ')' | '.' | ' ' => c,
        '\u{ff0b}' => '+',
        '[' | '\u{ff08}' | '\u{ff3b}' => '(',
        ']' | '\u{ff09}' | '\u{ff3d}' => ')',
        '\u{ff0e}' => '.',
        '/' | '\u{ff0f}' => ' ',
        // The wave dashes mean a range.
        '\u{301c}' | '\u{3030}' => return None,
        _ if is_dash(c) => ' ',
        _ => match general_category(c) {
            GeneralCategory::SpaceSeparator | GeneralCategory::DashPunctuation => ' ',
            GeneralCategory::DecimalNumber => decimal_digit(c),
            _ => return None,
        },
    })
}

/// Whether people use `c` as a hyphen, although it is not in Unicode's category of dashes. These are minus signs, and the long
/// vowel mark, which shares its key with the hyphen on Japanese keyboards.
fn is_dash(c: char) -> bool {
    matches!(
        c,
        '\u{2d7}' | '\u{2212}' | '\u{2796}' | '\u{30fc}' | '\u{ff70}'
    )
}

/// The fault of a text that has the character `c` between `before` and `after`.
fn fault(before: &str, c: char, after: &str) -> InvalidPhoneNumber {
    let follows_digit = before.ends_with(|c: char| c.is_ascii_digit() || c == '.');
    let precedes_number = || {
        let number = after.trim_start_matches(['.', ':', ' ']);
        number.starts_with(|c: char| c.is_ascii_digit())
    };
    match c {
        ';' | ',' | '#' | '\u{ff1b}' | '\u{ff0c}' | '\u{ff03}' => InvalidPhoneNumber::Extension,
        '~' | '\u{2053}' | '\u{223c}' | '\u{301c}' | '\u{3030}' | '\u{ff5e}' => {
            InvalidPhoneNumber::Range
        }
        // As in `4.91701E+12`.
        'e' | 'E' if follows_digit && after.starts_with(['+', '-']) => InvalidPhoneNumber::Float,
        'x' | 'X' if precedes_number() => InvalidPhoneNumber::Extension,
        'e' | 'E'
            if after
                .get(..2)
                .is_some_and(|it| it.eq_ignore_ascii_case("xt")) =>
        {
            InvalidPhoneNumber::Extension
        }
        _ if c.is_alphabetic() => InvalidPhoneNumber::Letter,
        _ if c.is_control() || c.is_whitespace() => InvalidPhoneNumber::ControlCharacter,
        _ => InvalidPhoneNumber::Character,
    }
}

/// Whether a spreadsheet wrote the number as a float: digits, a dot and only zeros. Among other punctuation, a dot may
/// separate a last group of zeros, so only a single zero counts: no group has one digit.
fn is_float(plain: &str) -> bool {
    plain.split_once('.').is_some_and(|(number, fraction)| {
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let is_zeros = !fraction.is_empty() && fraction.bytes().all(|byte| byte == b'0');
        is_zeros && (is_number || fraction.len() == 1)
    })
}

fn digits(plain: &str) -> String {
    plain.chars().filter(char::is_ascii_digit).collect()
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
