//! Reads telephone numbers as people dial them inside one region.
//!
//! A wrongly read number would verify another person's phone. So this module gives exactly the result of Google's
//! libphonenumber: the same number, or none. It follows the steps of libphonenumber's `parse` and `isValidNumber` for a
//! number without `+`.
//!
//! The parser of the `phonenumber` crate differs from libphonenumber in three ways:
//!
//! - It removes a trunk prefix twice, or removes digits that only look like a trunk prefix (`+7 800 …`).
//! - It reads the first digits of a national number as a calling code when they are equal (Germany's `49…`).
//! - It accepts a number when a pattern matches only the beginning of the number.
//!
//! So this module uses only the metadata of that crate, which are Google's own, through the tables of
//! `numbering-plans`.

use std::borrow::Cow;

use numbering_plans::Plan;

/// A calling code has up to three digits.
const MAX_CALLING_CODE_DIGITS: usize = 3;

/// Whether `digits`, a number in international form without `+`, begin with an assigned calling code.
pub(super) fn calling_code_exists(digits: &str) -> bool {
    (1..=MAX_CALLING_CODE_DIGITS)
        .filter_map(|length| digits.get(..length))
        .any(|code| calling_code(code).is_some())
}

/// Whether `digits` are a valid number in international form without `+`.
pub(super) fn is_international(digits: &str) -> bool {
    (1..=MAX_CALLING_CODE_DIGITS)
        .filter_map(|length| digits.split_at_checked(length))
        .any(|(code, number)| calling_code(code).is_some_and(|code| is_valid(code, number)))
}

/// The assigned calling code that these digits are.
fn calling_code(digits: &str) -> Option<u16> {
    // "01" would parse as 1.
    let code = digits.parse().ok().filter(|_| !digits.starts_with('0'))?;
    (!Plan::under_calling_code(code).is_empty()).then_some(code)
}

/// Whether to drop a zero that somebody wrote as `(0)` between a calling code and `number`.
///
/// In most plans the zero is the trunk prefix, which callers from abroad do not dial. In some plans numbers begin with a
/// zero (Italy, San Marino, Côte d'Ivoire).
pub(super) fn drops_zero(calling_code: &str, number: &str) -> bool {
    let Some(code) = self::calling_code(calling_code) else {
        return false;
    };
    let (without, with) = (
        is_valid(code, number),
        is_valid(code, &format!("0{number}")),
    );
    if without == with {
        let plan = Plan::under_calling_code(code).first();
        return plan.is_some_and(Plan::has_trunk_zero);
    }
    without
}

/// The national significant number: the digits that follow the calling code in the international form. `digits` were
/// dialled inside a region with this plan, without an international prefix.
///
/// The number need not be valid. It may belong to another region with the same code: in Canada, a number of the United
/// States is a national number.
///
/// This function removes a calling code that was dialled without `+`, the trunk prefix and the carrier code. It adds
/// the area code that a local number omits.
pub(super) fn significant_number(digits: &str, plan: &Plan) -> Option<String> {
    let calling_code = plan.calling_code();
    if let Some(rest) = digits.strip_prefix(&calling_code.to_string()) {
        let rest = without_trunk_prefix(rest, plan);
        // A national number may begin with the digits of its own calling code.
        let is_calling_code = !plan.is_national(digits) && plan.is_national(&rest);
        if is_calling_code || plan.is_too_long(digits) {
            // The main region's plan reads a number whose calling code was dialled.
            let main_plan = Plan::under_calling_code(calling_code).first()?;
            return Some(without_plausible_trunk_prefix(&rest, main_plan));
        }
    }
    Some(without_plausible_trunk_prefix(digits, plan))
}

/// Like [`without_trunk_prefix`], but keeps the prefix if the rest is too short for a number.
fn without_plausible_trunk_prefix(number: &str, plan: &Plan) -> String {
    let stripped = without_trunk_prefix(number, plan);
    // A rest that is too long stays: the later validity check refuses it.
    if plan.has_length_of(&stripped) || plan.is_too_long(&stripped) {
        stripped.into_owned()
    } else {
        number.to_owned()
    }
}

/// Removes the trunk prefix and the carrier code from `number`, or rewrites it by the plan's rule. A number of the plan
/// keeps its digits if the result would not be a number of the plan.
fn without_trunk_prefix<'a>(number: &'a str, plan: &Plan) -> Cow<'a, str> {
    match plan.strip_trunk_prefix(number) {
        Some(stripped) if plan.is_national(&stripped) || !plan.is_national(number) => stripped,
        _ => Cow::Borrowed(number),
    }
}

/// Whether `number` has a length that numbers of the calling code have (libphonenumber's `isPossibleNumber`), or is valid.
pub(super) fn is_possible(calling_code: u16, number: &str) -> bool {
    let main_plan = Plan::under_calling_code(calling_code).first();
    main_plan.is_some_and(|plan| plan.has_length_of(number)) || is_valid(calling_code, number)
}

/// Whether `number` is valid in any region of a calling code.
pub(super) fn is_valid(calling_code: u16, number: &str) -> bool {
    // The first plan that claims the number decides.
    Plan::under_calling_code(calling_code)
        .iter()
        .find_map(|plan| match plan.claims(number) {
            Some(is_claimed) => is_claimed.then(|| plan.is_valid(number)),
            None => plan.is_valid(number).then_some(true),
        })
        .unwrap_or(false)
}
