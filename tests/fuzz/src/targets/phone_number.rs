use shared::domain::{PhoneNumber, PhoneRegion};

use crate::choices::line;

/// A phone number: the region in the first line, then the number.
///
/// # Panics
/// When an accepted number is not E.164, is not stable, or has other digits than its international form.
pub fn phone_number(mut input: &[u8]) {
    let region = region(line(&mut input));
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let found = PhoneNumber::parse(text, region);
    let new = PhoneNumber::parse_new(text, region);
    if let Ok(new) = &new {
        assert_eq!(Ok(new), found.as_ref(), "an added number is found again");
    }
    let number = match found {
        Ok(number) => number,
        Err(refusal) => {
            let refusal = refusal.to_string();
            assert!(
                !refusal.contains("; ") && !refusal.contains('\n'),
                "{refusal}"
            );
            return;
        }
    };
    let e164 = number.as_e164();
    let digits = e164.strip_prefix('+').unwrap();
    assert!(
        (7..=15).contains(&digits.len()) && !digits.starts_with('0'),
        "{e164}"
    );
    assert!(digits.bytes().all(|byte| byte.is_ascii_digit()), "{e164}");
    for region in [region, PhoneRegion::CANADA] {
        let again = PhoneNumber::parse(e164, region);
        assert_eq!(
            again.as_ref().map(PhoneNumber::as_e164),
            Ok(e164),
            "{e164} in {region}"
        );
    }
    if let Some(written) = written_internationally(text) {
        assert_eq!(digits, written, "the digits of {text:?}");
    }
    assert!(!format!("{number:?}").contains(digits), "it is masked");
}

/// The region of an input. Any other text selects one of the regions.
fn region(name: &[u8]) -> PhoneRegion {
    let named = str::from_utf8(name).ok().and_then(|name| name.parse().ok());
    let sum: usize = name.iter().map(|byte| usize::from(*byte)).sum();
    let count = PhoneRegion::all().count();
    named
        .or_else(|| PhoneRegion::all().nth(sum % count))
        .unwrap()
}

/// The digits of a number with a leading plus. `None` if a zero in parentheses leaves them to the numbering plan, or if this
/// function does not read their script.
fn written_internationally(text: &str) -> Option<String> {
    let mut digits = String::new();
    let mut plus = None;
    for c in text.chars() {
        match c {
            '+' | '＋' => plus = plus.or(Some(digits.is_empty())),
            '0'..='9' => digits.push(c),
            '０'..='９' => digits.push(char::from_digit(u32::from(c) - u32::from('０'), 10)?),
            '(' | '（' | '[' | '［' => return None,
            _ if c.is_numeric() => return None,
            _ => {}
        }
    }
    plus.filter(|is_first| *is_first).map(|_| digits)
}
