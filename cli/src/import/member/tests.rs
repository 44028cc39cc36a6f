use serde_json::json;

use super::*;

fn value(member: &str, cell: &str) -> Result<Option<Value>, Fault> {
    Member::named(member).unwrap().value(cell)
}

fn held(member: &str, cell: &str) -> Value {
    value(member, cell).unwrap().unwrap()
}

#[test]
fn a_blank_cell_is_no_value() {
    for cell in ["", " ", "\t", "\u{a0}", " \u{3000}\r\n"] {
        for (member, _) in all() {
            assert_eq!(value(member, cell).unwrap(), None, "{member}");
        }
    }
}

#[test]
fn a_text_is_trimmed_and_json_only_if_it_is_a_whole_text_of_json() {
    for (cell, text) in [
        (" x ", "x"),
        ("\u{a0}x\u{a0}", "x"),
        ("\"Bud\" Smith", "\"Bud\" Smith"),
        ("\"Bud", "\"Bud"),
        ("Bud\"", "Bud\""),
        ("\"", "\""),
        ("\"a\" and \"b\"", "\"a\" and \"b\""),
        ("\"\"", ""),
        ("\" x \"", " x "),
        ("\"\\\"Bud\\\" Smith\"", "\"Bud\" Smith"),
        ("[1]", "[1]"),
        ("[x]", "[x]"),
        ("{\"a\":1}", "{\"a\":1}"),
        ("1", "1"),
        ("true", "true"),
        ("null", "null"),
    ] {
        assert_eq!(held("firstName", cell), text, "{cell}");
        assert_eq!(held("verified_at", cell), text, "{cell}");
    }
}

#[test]
fn a_boolean_is_true_or_false_in_any_case_and_nothing_else() {
    for member in ["verified", "suppression.hard_bounced"] {
        for (cell, boolean) in [
            ("true", true),
            ("TRUE", true),
            (" True ", true),
            ("tRuE", true),
            ("false", false),
            ("FALSE\u{a0}", false),
        ] {
            assert_eq!(held(member, cell), boolean, "{cell}");
        }
        for cell in ["yes", "1", "0", "\"true\"", "wahr", "t", "truefalse"] {
            let fault = value(member, cell).unwrap_err();
            assert_eq!(
                (fault.field.as_str(), fault.reason.as_str()),
                (member, "must be true or false")
            );
        }
    }
}

#[test]
fn tags_have_commas_or_semicolons_between_them_or_are_json() {
    for cell in [
        "VIP, Blog",
        "VIP,Blog",
        "VIP;Blog",
        "VIP ; Blog;",
        "\"VIP\",\"Blog\"",
        "\"VIP\", \"Blog\"",
        "\"VIP\";\"Blog\"",
        "VIP,,Blog,",
        "VIP\u{a0},\u{a0}Blog",
        "[\"VIP\",\"Blog\"]",
    ] {
        assert_eq!(held("tags", cell), json!(["VIP", "Blog"]), "{cell}");
    }
    for (cell, tags) in [
        ("VIP", json!(["VIP"])),
        ("\"VIP\"", json!(["VIP"])),
        ("Smith, John; Blog", json!(["Smith, John", "Blog"])),
        (
            "6\" disk, 5\" disk, 4\" disk",
            json!(["6\" disk", "5\" disk", "4\" disk"]),
        ),
        ("two\r\nlines", json!(["two\r\nlines"])),
        ("\"a;b\",c", json!(["a;b", "c"])),
        ("\"a,b\",\"say \"\"hi\"\"\"", json!(["a,b", "say \"hi\""])),
        ("{\"n\":[\"a;b\"]}", json!({ "n": ["a;b"] })),
    ] {
        assert_eq!(held("tags", cell), tags, "{cell}");
    }
}

#[test]
fn other_lists_have_semicolons_between_their_entries_or_are_json() {
    for member in [
        "assignees",
        "secondaryPhoneNumber",
        "audiences",
        "clients",
        "formerOwners",
    ] {
        assert_eq!(held(member, "a; b;"), json!(["a", "b"]));
        assert_eq!(held(member, "Doe, Jane"), json!(["Doe, Jane"]));
        assert_eq!(held(member, "[\"a;b\"]"), json!(["a;b"]));
    }
}

#[test]
fn a_number_is_a_text_or_a_list() {
    assert_eq!(held("phoneNumber", " +1 416 "), "+1 416");
    assert_eq!(held("phoneNumber", "\"+1 416\""), "+1 416");
    assert_eq!(held("phoneNumber", "[{}]"), json!([{}]));
    assert_eq!(held("phoneNumber", "[1"), "[1");
}

#[test]
fn a_cell_of_objects_is_json_of_the_type_of_its_member() {
    assert_eq!(held("emails", " [{}] "), json!([{}]));
    assert_eq!(held("suppression", "{}"), json!({}));
    for (member, cell) in [
        ("emails", "a@b.ca"),
        ("emails", "{}"),
        ("subscriptions", "[1"),
        ("suppression", "[]"),
        ("email_validation", "valid"),
        ("emailValidation", "\"valid\""),
    ] {
        assert_eq!(value(member, cell).unwrap_err().field, member);
    }
}

#[test]
fn a_member_is_found_without_regard_to_case_and_a_misspelt_one_by_its_letters() {
    assert_eq!(Member::named("EMAIL").unwrap().name(), "email");
    assert_eq!(Member::named("firstname").unwrap().name(), "firstName");
    assert_eq!(Member::named("First Name"), None);
    for (name, member) in [
        ("First Name", Some("firstName")),
        ("fristName", Some("firstName")),
        ("Phone Number", Some("phoneNumber")),
        ("E-Mail", Some("email")),
        ("adress", Some("address")),
        ("LEID", None),
        ("MEMBER_RATING", None),
        ("Ñ", None),
    ] {
        assert_eq!(Member::like(name), member, "{name}");
    }
}
