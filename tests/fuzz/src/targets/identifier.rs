use shared::domain::{
    AudienceSlug, ClientSlug, ContactId, MethodId, OrganizationId, VerificationSource,
};
use shared::settings::table_name;

/// An id, a slug or a label.
///
/// # Panics
/// When a parser deviates from the contract's pattern (sections 1 and 4), or its result is not stable.
pub fn identifier(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let trimmed = text.trim();
    let is_of = |chars: &str| {
        trimmed
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || chars.contains(c))
    };
    let is_between = |least: usize, most: usize| (least..=most).contains(&trimmed.chars().count());
    let is_slug = is_between(1, 120)
        && is_of("_-")
        && !trimmed.contains(|c: char| c.is_ascii_uppercase())
        && !trimmed.starts_with(['_', '-']);
    let is_key = is_between(1, 128)
        && trimmed
            .chars()
            .all(|c| ('!'..='~').contains(&c) && c != '#');
    let numbers: Vec<_> = trimmed.split('-').collect();
    let is_number = |text: &&str| !text.is_empty() && text.chars().all(|c| c.is_ascii_digit());
    let is_label = is_between(1, 100) && !trimmed.chars().any(char::is_control);
    macro_rules! check {
        ($kind:ident, $fits:expr) => {
            let parsed = $kind::parse(text);
            assert_eq!(parsed.is_ok(), $fits, "{} {text:?}", stringify!($kind));
            if let Ok(parsed) = parsed {
                assert_eq!(parsed.as_str(), trimmed);
                assert_eq!($kind::parse(parsed.as_str()), Ok(parsed));
            }
        };
    }
    check!(ContactId, is_between(1, 64) && is_of("_-"));
    check!(AudienceSlug, is_slug);
    check!(ClientSlug, is_slug);
    check!(OrganizationId, is_key);
    check!(
        MethodId,
        numbers.len() == 2 && numbers.iter().all(is_number)
    );
    check!(VerificationSource, is_label);
    let is_table = (3..=255).contains(&text.len())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    assert_eq!(table_name(text).is_ok(), is_table, "{text:?}");
}
