//! Phone numbers and their normal form, E.164 (contract section 4).

mod written;

use std::fmt;
use std::ops::RangeInclusive;

use self::written::Written;
use super::{PhoneRegion, numbering_plan};
use numbering_plans::Plan;

/// A phone number in E.164: `+` and 7 to 15 digits, the first not 0.
#[derive(Clone, PartialEq, Eq)]
pub struct PhoneNumber(String);

/// The number of digits of a number in international form. Some plans have longer or shorter numbers (Germany, Iran,
/// Japan), which have no form with `+`.
const INTERNATIONAL_DIGITS: RangeInclusive<usize> = 7..=15;

/// A text that is not a phone number, and why. The message never repeats the text. It has no `; `, which separates the
/// faults of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPhoneNumber {
    /// It is missing.
    #[error("{EXPECTED}: it is missing")]
    Missing,
    /// It is a value of another type than text.
    #[error("{EXPECTED}: it is not a string")]
    NotText,
    /// It has no visible character.
    #[error("{EXPECTED}: it is blank")]
    Blank,
    /// It has more than [`PhoneNumber::MAX_CHARACTERS`].
    #[error("{EXPECTED}: it has more than 64 characters")]
    TooLong,
    /// It has a letter.
    #[error("{EXPECTED}: it has a letter")]
    Letter,
    /// It has an extension, or a parameter of a `tel:` URI.
    #[error("{EXPECTED}: it has an extension, or more than one number")]
    Extension,
    /// It has a tilde or a wave dash.
    #[error("{EXPECTED}: it is a range of numbers")]
    Range,
    /// It has a tab, a line break or another control character.
    #[error("{EXPECTED}: it has a tab, a line break or another control character")]
    ControlCharacter,
    /// It has another character that no phone number has.
    #[error("{EXPECTED}: it has a character that no phone number has")]
    Character,
    /// It has a plus that does not come first.
    #[error("{EXPECTED}: it has a + that does not come first")]
    Plus,
    /// A spreadsheet wrote it as a number.
    #[error(
        "{EXPECTED}: a spreadsheet wrote it as a number, such as 14165550100.0 (make the column text)"
    )]
    Float,
    /// It has fewer digits than a number in international form.
    #[error("{EXPECTED}: it is too short")]
    TooShort,
    /// It has more digits than a number in international form.
    #[error("{EXPECTED}: it has more than 15 digits")]
    TooManyDigits,
    /// A zero follows the plus or the international prefix.
    #[error("{EXPECTED}: no calling code begins with 0")]
    LeadingZero,
    /// It has no plus, and is no number of the region.
    #[error(
        "{EXPECTED}: it is not a number of the region {0} (a number of another region begins with +)"
    )]
    NotOfRegion(PhoneRegion),
    /// Without a plus it can be read as two numbers.
    #[error("{EXPECTED}: it is ambiguous without a + (write it with +)")]
    Ambiguous,
    /// No region has its calling code.
    #[error("{EXPECTED}: its calling code does not exist")]
    UnknownCallingCode,
}

/// The beginning of every refusal.
const EXPECTED: &str = "must be a phone number, such as +14165550100";

impl PhoneNumber {
    /// Longest text of a phone number, in characters, without `tel:` and invisible characters.
    pub const MAX_CHARACTERS: usize = 64;

    /// Reads a number that is looked up on a contact: in international form, or a national number of `region`.
    ///
    /// A number in international form keeps its digits: no numbering plan can turn it into another number. A national
    /// number needs only a possible length, because regulators assign new ranges every month.
    ///
    /// # Errors
    /// - When the text contains anything but digits and separators. An extension is an error too: the parser never
    ///   drops it.
    /// - When the number has fewer than 7 or more than 15 digits.
    /// - When the number is national and not possible in `region`, or when it is ambiguous without a `+`.
    pub fn parse(text: &str, region: PhoneRegion) -> Result<Self, InvalidPhoneNumber> {
        Self::read(text, region, numbering_plan::is_possible)
    }

    /// Reads a number that is added to a contact. A national number must be valid, and the calling code must exist.
    ///
    /// # Errors
    /// Like [`Self::parse`], and [`InvalidPhoneNumber::UnknownCallingCode`].
    pub fn parse_new(text: &str, region: PhoneRegion) -> Result<Self, InvalidPhoneNumber> {
        let number = Self::read(text, region, numbering_plan::is_valid)?;
        if numbering_plan::calling_code_exists(&number.0[1..]) {
            Ok(number)
        } else {
            Err(InvalidPhoneNumber::UnknownCallingCode)
        }
    }

    /// Reads a number. `is_number` checks a national number, by its calling code and the digits after it.
    fn read(
        text: &str,
        region: PhoneRegion,
        is_number: fn(u16, &str) -> bool,
    ) -> Result<Self, InvalidPhoneNumber> {
        let written = Written::parse(text)?;
        let plan = region.plan();
        let digits = &written.digits;
        let zero = written.zero_in_parentheses;
        let without = |prefix: usize| {
            let rest = digits.get(prefix..).unwrap_or_default();
            international(rest, zero.and_then(|zero| zero.checked_sub(prefix)))
        };
        let prefixed = plan.and_then(|plan| plan.strip_international_prefix(digits));
        let digits = match (plan, prefixed) {
            _ if written.has_plus => without(0),
            (_, Some(rest)) => {
                let number = without(digits.len() - rest.len());
                // Some prefixes end with a digit for the carrier, but people also write a plain 00.
                let other = without(2);
                let has_other = digits.starts_with("00") && other != number;
                if has_other && numbering_plan::is_international(&other) {
                    return Err(InvalidPhoneNumber::Ambiguous);
                }
                number
            }
            (plan, None) => plan
                .ok_or(InvalidPhoneNumber::NotOfRegion(region))
                .and_then(|plan| national(&written, plan, region, is_number))?,
        };
        if digits.starts_with('0') {
            return Err(InvalidPhoneNumber::LeadingZero);
        }
        if digits.len() < *INTERNATIONAL_DIGITS.start() {
            return Err(InvalidPhoneNumber::TooShort);
        }
        if digits.len() > *INTERNATIONAL_DIGITS.end() {
            return Err(InvalidPhoneNumber::TooManyDigits);
        }
        Ok(Self(format!("+{digits}")))
    }

    /// The number, such as `+14165550100`.
    #[must_use]
    pub fn as_e164(&self) -> &str {
        &self.0
    }
}

/// The digits of a number in international form. Its numbering plan decides about a zero in parentheses after the calling
/// code, and about nothing else.
fn international(digits: &str, zero_in_parentheses: Option<usize>) -> String {
    if let Some((calling_code, with_zero)) =
        zero_in_parentheses.and_then(|place| digits.split_at_checked(place))
        && let Some(without_zero) = with_zero.strip_prefix('0')
        && numbering_plan::drops_zero(calling_code, without_zero)
    {
        return format!("{calling_code}{without_zero}");
    }
    digits.to_owned()
}

/// The digits in international form of a number dialled in `region` without an international prefix.
fn national(
    written: &Written,
    plan: &Plan,
    region: PhoneRegion,
    is_number: fn(u16, &str) -> bool,
) -> Result<String, InvalidPhoneNumber> {
    let digits = &written.digits;
    let calling_code = plan.calling_code();
    let number = numbering_plan::significant_number(digits, plan)
        .filter(|number| is_number(calling_code, number))
        .ok_or(InvalidPhoneNumber::NotOfRegion(region))?;
    // A spreadsheet drops the plus, and a national number may begin with the digits of the calling code. So the digits may be
    // two different numbers.
    let international = international(digits, written.zero_in_parentheses);
    let international = international.strip_prefix(&calling_code.to_string());
    let is_other = |rest: &str| rest != number && numbering_plan::is_valid(calling_code, rest);
    if international.is_some_and(is_other) {
        return Err(InvalidPhoneNumber::Ambiguous);
    }
    Ok(format!("{calling_code}{number}"))
}

/// Masked: a phone number is personal data.
impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PhoneNumber(…)")
    }
}

#[cfg(test)]
mod tests;
