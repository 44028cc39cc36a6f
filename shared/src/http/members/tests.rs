use serde_json::json;

use super::*;
use crate::http::parse::text;

fn problem(body: &[u8]) -> Option<Problem> {
    match Members::of(&body.into()) {
        Ok(_) => None,
        Err(Failure::Invalid(faults)) => Some(faults[0].problem),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn an_empty_body_is_an_empty_object() {
    assert_eq!(problem(b""), None);
    assert_eq!(problem(b" {} \n"), None);
}

#[test]
fn invalid_json_and_json_that_is_not_an_object_are_different_faults() {
    for bad in [
        &b" "[..],
        b"{",
        b"{}{}",
        b"{'a':1}",
        b"nul",
        b"\xff\xfe",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":01}",
    ] {
        assert_eq!(problem(bad), Some(Problem::InvalidJson), "{bad:?}");
    }
    for bad in [&b"[]"[..], b"null", b"1", b"\"{}\"", b"true"] {
        assert_eq!(problem(bad), Some(Problem::MustBeObject), "{bad:?}");
    }
}

#[test]
fn a_byte_order_mark_before_a_body_is_ignored() {
    for body in ["\u{feff}{}", "\u{feff}", "\u{feff} { \"a\": 1 }"] {
        assert_eq!(problem(body.as_bytes()), None, "{body:?}");
    }
    assert_eq!(
        problem("\u{feff}\u{feff}{}".as_bytes()),
        Some(Problem::InvalidJson)
    );
    assert_eq!(problem(b"\xff\xfe{\0}\0"), Some(Problem::InvalidJson));
}

#[test]
fn the_last_of_several_members_with_one_name_counts() {
    let body = Body::from(r#"{"a":1,"a":2}"#);
    assert_eq!(Members::of(&body).unwrap().value("a"), json!(2));
}

#[test]
fn members_that_no_reader_asks_for_are_ignored() {
    let body = Body::from(r#"{"a":"x","huge":1e999,"surrogate":"\ud800"}"#);
    let members = Members::of(&body).unwrap();
    assert_eq!(members.value("a"), json!("x"));
    assert_eq!(members.value("absent"), Value::Null);
    assert_eq!(
        members.value("huge"),
        json!([]),
        "must not pass for an absent one"
    );
}

fn read<T>(json: &str, read: impl FnOnce(&mut Members<'_>) -> Option<T>) -> Result<T, Problem> {
    let body = Body::from(json);
    let mut members = Members::of(&body).unwrap();
    read(&mut members).ok_or_else(|| members.faults[0].problem)
}

#[test]
fn a_null_and_a_blank_text_count_as_absent() {
    for json in ["{}", r#"{"a":null}"#, r#"{"a":" "}"#] {
        assert_eq!(read(json, |m| m.optional("a", text)), Ok(None), "{json}");
        let required = read(json, |m| m.required("a", text));
        assert_eq!(required, Err(Problem::Required), "{json}");
    }
}

#[test]
fn a_value_that_serde_json_cannot_hold_is_a_fault_and_not_absent() {
    for json in [r#"{"a":1e999}"#, r#"{"a":"\ud800"}"#] {
        let optional = read(json, |m| m.optional("a", text));
        assert_eq!(optional, Err(Problem::MustBeString), "{json}");
    }
    let texts = read(r#"{"a":["\ud800"]}"#, |m| m.texts("a"));
    assert_eq!(texts, Err(Problem::MustBeNonEmptyStrings));
}

#[test]
fn a_fault_in_a_list_of_objects_names_the_entry() {
    let body = Body::from(r#"{"a":[{"b":"x"},{},1]}"#);
    let mut members = Members::of(&body).unwrap();
    assert!(members.objects("a", |m| m.required("b", text)).is_none());
    let names: Vec<_> = members.faults.iter().map(|fault| &*fault.member).collect();
    assert_eq!(names, ["a.1.b", "a.2"]);
}

/// The value of `verifiedAt`, read as a member whose absence clears something, or the faults of the body.
fn clearing(json: &str) -> Result<Option<String>, Vec<(String, Problem)>> {
    let body = Body::from(json);
    let mut members = Members::of(&body).unwrap();
    members
        .optional_clearing("verifiedAt", text)
        .ok_or_else(|| {
            let faults = members.faults.iter();
            faults
                .map(|fault| (fault.member.to_string(), fault.problem))
                .collect()
        })
}

#[test]
fn a_misspelt_name_of_a_clearing_member_is_refused_and_named() {
    for name in [
        "verified_at",
        "verifiedat",
        "VerifiedAt",
        "VERIFIED-AT",
        "verified-at_",
    ] {
        for value in [r#""x""#, "null", r#""""#] {
            let json = format!(r#"{{"{name}":{value}}}"#);
            let fault = (name.to_owned(), Problem::Misspelled("verifiedAt"));
            assert_eq!(clearing(&json), Err(vec![fault]), "{json}");
        }
    }
}

#[test]
fn several_misspelt_names_of_a_clearing_member_are_all_named() {
    let faults = clearing(r#"{"verified_at":"x","other":1,"VerifiedAt":"y"}"#).unwrap_err();
    let names: Vec<_> = faults.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["VerifiedAt", "verified_at"]);
}

#[test]
fn a_clearing_member_under_its_own_name_wins_over_a_misspelt_one() {
    let said = |text: &str| Ok(Some(text.to_owned()));
    assert_eq!(
        clearing(r#"{"verified_at":"y","verifiedAt":"x"}"#),
        said("x")
    );
    assert_eq!(
        clearing(r#"{"verified_at":"y","verifiedAt":null}"#),
        Ok(None)
    );
}

#[test]
fn a_clearing_member_that_is_absent_and_not_misspelt_is_absent() {
    for json in [
        "{}",
        r#"{"verifiedBy":"x","verifiedAtt":"x","verified at":"x"}"#,
    ] {
        assert_eq!(clearing(json), Ok(None), "{json}");
    }
}
