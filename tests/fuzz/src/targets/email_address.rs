use icu_normalizer::ComposingNormalizerBorrowed;
use shared::domain::EmailAddress;

use crate::invisible::is_invisible;

/// An e-mail address.
///
/// # Panics
/// When the normal form of an address breaks a rule of normal forms.
pub fn email_address(input: &[u8]) {
    let Ok(text) = str::from_utf8(input) else {
        return;
    };
    let address = match EmailAddress::parse(text) {
        Ok(address) => address,
        Err(refusal) => {
            let refusal = refusal.to_string();
            assert!(
                !refusal.contains("; ") && !refusal.contains('\n'),
                "{refusal}"
            );
            return;
        }
    };
    let (normal, given) = (address.normal_form(), address.as_given());
    for same in [normal, given] {
        let again = EmailAddress::parse(same);
        let again = again.as_ref().map(EmailAddress::normal_form);
        assert_eq!(again, Ok(normal), "{text:?} is not stable");
    }
    assert!(text.contains(given), "{given:?}");
    let (local, domain) = normal.rsplit_once('@').unwrap();
    assert!(!local.is_empty() && !domain.is_empty(), "{normal:?}");
    assert!(
        domain.is_ascii() && !domain.bytes().any(|byte| byte.is_ascii_uppercase()),
        "{domain}"
    );
    assert_eq!(normal.to_lowercase(), normal, "lower case");
    assert!(
        ComposingNormalizerBorrowed::new_nfc().is_normalized(normal),
        "{normal:?}"
    );
    assert!(
        !normal.contains(|c: char| c.is_control() || is_invisible(c)),
        "{normal:?}"
    );
    assert!(
        normal.chars().count() <= EmailAddress::MAX_CHARACTERS,
        "{normal:?}"
    );
    assert!(
        !format!("{address:?}").contains(local) || local.len() < 13,
        "it is masked"
    );
}
