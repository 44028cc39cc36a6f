//! Telephone numbers as they are dialled inside one region.
//!
//! A number read wrongly would verify somebody else's phone, so a national number has to become exactly the one that
//! Google's libphonenumber makes of it, or none. The reader of the `phonenumber` crate is not that exact: it takes a
//! trunk prefix off twice, or off a number of the plan that merely begins like one (`+7 800 …`); it takes the first
//! digits of a bare number for the calling code that they repeat (Germany's `49…`); and its validity check is content
//! when a pattern matches the beginning of a number. Its metadata, though, is Google's own, and only that is used
//! here: the steps are those of libphonenumber's `parse` and `isValidNumber` for a number without `+`.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use phonenumber::country::Id;
use phonenumber::metadata::{DATABASE, Descriptor};
use phonenumber::{Metadata, Type};
use regex::RegexBuilder;

/// How many digits a number in international form has. Some plans have longer or shorter ones (Germany, Iran, Japan),
/// which could not be written with `+`.
const INTERNATIONAL_DIGITS: RangeInclusive<usize> = 7..=15;

/// A calling code has up to three digits.
const MAX_CALLING_CODE_DIGITS: usize = 3;

/// The kinds of number a numbering plan describes, in no particular order.
const KINDS: [Type; 10] = [
    Type::FixedLine,
    Type::Mobile,
    Type::TollFree,
    Type::PremiumRate,
    Type::SharedCost,
    Type::Voip,
    Type::PersonalNumber,
    Type::Pager,
    Type::Uan,
    Type::Voicemail,
];

/// What is left of `digits` after the prefix that `region` dials before an international number (`011`, `00`, …), if
/// they begin with it.
///
/// What is left is in international form whatever it looks like: where it begins with a zero it is a bad number, not a
/// national one after all.
pub(super) fn strip_international_prefix(digits: &str, region: Id) -> Option<&str> {
    let prefix = plan_of(region)?.international_prefix()?.find(digits)?;
    if prefix.start() != 0 {
        return None;
    }
    digits.get(prefix.end()..)
}

/// Whether the digits of a number in international form (without `+`) begin with an assigned calling code.
pub(super) fn calling_code_exists(digits: &str) -> bool {
    // "01" would parse as 1.
    !digits.starts_with('0')
        && (1..=MAX_CALLING_CODE_DIGITS)
            .filter_map(|length| digits.get(..length)?.parse().ok())
            .any(|code: u16| DATABASE.region(&code).is_some())
}

/// Reads `digits`, dialled inside `region` and without its international prefix, as E.164.
///
/// None unless the number is valid under the region's calling code. It may belong to another region that shares the
/// code: to Canada, a number of the United States is a national one.
pub(super) fn read_national(digits: &str, region: Id) -> Option<String> {
    let plan = plan_of(region)?;
    let calling_code = plan.country_code();
    let national = significant_number(digits, plan)?;
    let international = format!("{calling_code}{national}");

    (INTERNATIONAL_DIGITS.contains(&international.len()) && is_assigned(&national, calling_code))
        .then(|| format!("+{international}"))
}

/// The numbering plan of a region.
fn plan_of(region: Id) -> Option<&'static Metadata> {
    DATABASE.by_id(region.as_ref())
}

/// The digits that follow the calling code in the international form: `digits` without a calling code dialled without
/// `+`, without trunk prefix and carrier code, and with the area code that a local number leaves out.
fn significant_number(digits: &str, plan: &Metadata) -> Option<String> {
    let calling_code = plan.country_code();
    if let Some(rest) = digits.strip_prefix(&calling_code.to_string()) {
        let rest = without_trunk_prefix(rest, plan);
        // A number may begin with the digits of its own calling code.
        let is_calling_code = !is_national(digits, plan) && is_national(&rest, plan);
        if is_calling_code || is_too_long(digits, plan) {
            // From here on it counts as a number of the whole calling code.
            let main_plan = DATABASE.by_code(&calling_code)?.into_iter().next()?;
            return Some(without_plausible_trunk_prefix(&rest, main_plan));
        }
    }
    Some(without_plausible_trunk_prefix(digits, plan))
}

/// As [`without_trunk_prefix`], but where the rest is too short for a number, it was no prefix.
fn without_plausible_trunk_prefix(number: &str, plan: &Metadata) -> String {
    let stripped = without_trunk_prefix(number, plan);
    if has_possible_length(&stripped, plan) {
        stripped.into_owned()
    } else {
        number.to_owned()
    }
}

/// `number` without its trunk prefix and carrier code, or as the plan rewrites it (Argentina's mobile numbers, numbers
/// of the Caribbean without area code). What was a number of the plan and would no longer be one stays as it is.
fn without_trunk_prefix<'a>(number: &'a str, plan: &Metadata) -> Cow<'a, str> {
    match strip_trunk_prefix(number, plan) {
        Some(stripped) if is_national(&stripped, plan) || !is_national(number, plan) => stripped,
        _ => Cow::Borrowed(number),
    }
}

/// What the prefix rule of the plan makes of `number`; none where it does not apply.
fn strip_trunk_prefix<'a>(number: &'a str, plan: &Metadata) -> Option<Cow<'a, str>> {
    let Some(pattern) = plan.national_prefix_for_parsing() else {
        return number
            .strip_prefix(plan.national_prefix()?)
            .map(Cow::Borrowed);
    };
    let captures = pattern.captures(number)?;
    let prefix = captures.get(0).filter(|prefix| prefix.start() == 0)?;
    let rest = number.get(prefix.end()..)?;

    match plan.national_prefix_transform_rule() {
        // The rule is for the numbers that take part in its last group.
        Some(rule) if captures.get(captures.len() - 1).is_some() => {
            let mut rewritten = String::new();
            captures.expand(rule, &mut rewritten);
            rewritten.push_str(rest);
            Some(Cow::Owned(rewritten))
        }
        _ => Some(Cow::Borrowed(rest)),
    }
}

/// Whether the plan has numbers of this form, of whatever kind.
fn is_national(number: &str, plan: &Metadata) -> bool {
    // The general description has no lengths in this metadata, and Google does not look at them here.
    matches_whole(plan.descriptors().general(), number)
}

/// Whether `number` is a valid number under a calling code, in whichever of its regions.
fn is_assigned(number: &str, calling_code: u16) -> bool {
    // The first plan that claims the number decides.
    DATABASE
        .by_code(&calling_code)
        .into_iter()
        .flatten()
        .find_map(|plan| match plan.leading_digits() {
            Some(leading) => leading
                .find(number)
                .is_some_and(|found| found.start() == 0)
                .then(|| is_valid(number, plan)),
            None => is_valid(number, plan).then_some(true),
        })
        .unwrap_or(false)
}

/// Whether `number` is of some kind that the plan describes.
fn is_valid(number: &str, plan: &Metadata) -> bool {
    is_national(number, plan)
        && kinds(plan).any(|kind| has_length_of(number, kind) && matches_whole(kind, number))
}

/// The kinds of number that a plan has.
fn kinds(plan: &Metadata) -> impl Iterator<Item = &Descriptor> {
    KINDS
        .into_iter()
        .filter_map(|kind| plan.descriptors().get(kind))
}

/// Whether some kind of number of the plan is as long as `number`, or all are shorter (then it stays the bad number it
/// is).
fn has_possible_length(number: &str, plan: &Metadata) -> bool {
    kinds(plan).any(|kind| has_length_of(number, kind)) || is_too_long(number, plan)
}

/// Whether every number of the plan is shorter than `number`.
fn is_too_long(number: &str, plan: &Metadata) -> bool {
    kinds(plan)
        .flat_map(Descriptor::possible_length)
        .all(|&length| usize::from(length) < number.len())
}

/// Whether numbers of this kind can be as long as `number`.
fn has_length_of(number: &str, kind: &Descriptor) -> bool {
    kind.possible_length()
        .iter()
        .any(|&length| usize::from(length) == number.len())
}

/// Whether the whole of `number` matches the pattern of `kind`.
fn matches_whole(kind: &Descriptor, number: &str) -> bool {
    let pattern = kind.national_number();
    // The crate's own search is content with the beginning of a number, but mostly has the pattern compiled already:
    // what it does not find need not be looked at again.
    pattern.find(number).is_some_and(|found| found.start() == 0)
        && RegexBuilder::new(&format!("^(?:{})$", pattern.as_str()))
            .ignore_whitespace(true)
            .unicode(false)
            .build()
            .is_ok_and(|whole| whole.is_match(number))
}
