//! Telephone numbers as they are dialled inside one region.
//!
//! A number read wrongly would verify somebody else's phone, so a national number has to become exactly the one that
//! Google's libphonenumber makes of it, or none. The reader of the `phonenumber` crate is not that exact: it takes a
//! trunk prefix off twice, or off a number of the plan that merely begins like one (`+7 800 …`); it takes the first
//! digits of a bare number for the calling code that they repeat (Germany's `49…`); and its validity check is content
//! when a pattern matches the beginning of a number. Its metadata, though, is Google's own, and only that is used
//! here, by way of the tables of `numbering-plans`: the steps are those of libphonenumber's `parse` and `isValidNumber`
//! for a number without `+`.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use numbering_plans::{Plan, Region};

/// How many digits a number in international form has. Some plans have longer or shorter ones (Germany, Iran, Japan),
/// which could not be written with `+`.
const INTERNATIONAL_DIGITS: RangeInclusive<usize> = 7..=15;

/// A calling code has up to three digits.
const MAX_CALLING_CODE_DIGITS: usize = 3;

/// What is left of `digits` after the prefix that `region` dials before an international number (`011`, `00`, …), if
/// they begin with it.
///
/// What is left is in international form whatever it looks like: where it begins with a zero it is a bad number, not a
/// national one after all.
pub(super) fn strip_international_prefix(digits: &str, region: Region) -> Option<&str> {
    region.plan()?.strip_international_prefix(digits)
}

/// Whether the digits of a number in international form (without `+`) begin with an assigned calling code.
pub(super) fn calling_code_exists(digits: &str) -> bool {
    // "01" would parse as 1.
    !digits.starts_with('0')
        && (1..=MAX_CALLING_CODE_DIGITS)
            .filter_map(|length| digits.get(..length)?.parse().ok())
            .any(|code| !Plan::under_calling_code(code).is_empty())
}

/// Reads `digits`, dialled inside `region` and without its international prefix, as E.164.
///
/// None unless the number is valid under the region's calling code. It may belong to another region that shares the
/// code: to Canada, a number of the United States is a national one.
pub(super) fn read_national(digits: &str, region: Region) -> Option<String> {
    let plan = region.plan()?;
    let calling_code = plan.calling_code();
    let national = significant_number(digits, plan)?;
    let international = format!("{calling_code}{national}");

    (INTERNATIONAL_DIGITS.contains(&international.len()) && is_assigned(&national, calling_code))
        .then(|| format!("+{international}"))
}

/// The digits that follow the calling code in the international form: `digits` without a calling code dialled without
/// `+`, without trunk prefix and carrier code, and with the area code that a local number leaves out.
fn significant_number(digits: &str, plan: &Plan) -> Option<String> {
    let calling_code = plan.calling_code();
    if let Some(rest) = digits.strip_prefix(&calling_code.to_string()) {
        let rest = without_trunk_prefix(rest, plan);
        // A number may begin with the digits of its own calling code.
        let is_calling_code = !plan.is_national(digits) && plan.is_national(&rest);
        if is_calling_code || plan.is_too_long(digits) {
            // From here on it counts as a number of the whole calling code.
            let main_plan = Plan::under_calling_code(calling_code).first()?;
            return Some(without_plausible_trunk_prefix(&rest, main_plan));
        }
    }
    Some(without_plausible_trunk_prefix(digits, plan))
}

/// As [`without_trunk_prefix`], but where the rest is too short for a number, it was no prefix.
fn without_plausible_trunk_prefix(number: &str, plan: &Plan) -> String {
    let stripped = without_trunk_prefix(number, plan);
    // One that is too long stays the bad number it is.
    if plan.has_length_of(&stripped) || plan.is_too_long(&stripped) {
        stripped.into_owned()
    } else {
        number.to_owned()
    }
}

/// `number` without its trunk prefix and carrier code, or as the plan rewrites it. What was a number of the plan and
/// would no longer be one stays as it is.
fn without_trunk_prefix<'a>(number: &'a str, plan: &Plan) -> Cow<'a, str> {
    match plan.strip_trunk_prefix(number) {
        Some(stripped) if plan.is_national(&stripped) || !plan.is_national(number) => stripped,
        _ => Cow::Borrowed(number),
    }
}

/// Whether `number` is a valid number under a calling code, in whichever of its regions.
fn is_assigned(number: &str, calling_code: u16) -> bool {
    // The first plan that claims the number decides.
    Plan::under_calling_code(calling_code)
        .iter()
        .find_map(|plan| match plan.claims(number) {
            Some(is_claimed) => is_claimed.then(|| plan.is_valid(number)),
            None => plan.is_valid(number).then_some(true),
        })
        .unwrap_or(false)
}
