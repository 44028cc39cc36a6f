use proptest::prelude::*;

use super::*;

fn normal(text: &str) -> String {
    EmailAddress::parse(text).unwrap().normal_form().to_owned()
}

#[test]
fn the_normal_form_is_lower_case_and_the_given_form_is_kept() {
    let address = EmailAddress::parse("  Jane.Doe+News@Example.COM ").unwrap();
    assert_eq!(address.normal_form(), "jane.doe+news@example.com");
    assert_eq!(address.as_given(), "Jane.Doe+News@Example.COM");
}

#[test]
fn a_sharp_s_is_not_folded_into_two_letters() {
    assert_ne!(normal("straße@example.com"), normal("strasse@example.com"));
    assert_eq!(normal("a@straße.example"), "a@xn--strae-oqa.example");
}

#[test]
fn composed_and_decomposed_letters_are_one_address() {
    assert_eq!(
        normal("jose\u{301}@example.com"),
        normal("jos\u{e9}@example.com")
    );
    assert_eq!(normal("JOSE\u{301}@example.com"), "jos\u{e9}@example.com");
}

#[test]
fn a_domain_is_compared_in_its_ascii_form() {
    assert_eq!(normal("a@Bücher.example"), "a@xn--bcher-kva.example");
    assert_eq!(normal("a@XN--BCHER-KVA.example"), "a@xn--bcher-kva.example");
    assert_eq!(normal("a@bu\u{308}cher.example"), "a@xn--bcher-kva.example");
}

fn fault(text: &str) -> InvalidEmailAddress {
    EmailAddress::parse(text).expect_err(text)
}

#[test]
fn invisible_characters_around_an_address_are_dropped() {
    for text in [
        "\u{feff}zed@example.com",
        "zed@example.com\u{200b}",
        "\u{202a}zed@example.com\u{202c}",
        "\u{2066}\u{a0}zed@example.com\u{2069}\n",
        "\u{200e} zed@example.com \u{200f}",
        "\u{3000}zed@example.com\u{3164}",
        "\u{ad}zed@example.com\u{fe0f}",
    ] {
        let address = EmailAddress::parse(text).unwrap();
        assert_eq!(address.normal_form(), "zed@example.com", "{text:?}");
        assert_eq!(address.as_given(), "zed@example.com", "{text:?}");
    }
}

#[test]
fn an_invisible_character_within_an_address_is_refused_on_both_sides() {
    for c in [
        '\u{feff}',
        '\u{200b}',
        '\u{200d}',
        '\u{200e}',
        '\u{ad}',
        '\u{fe0f}',
        '\u{3164}',
        '\u{34f}',
        '\u{a0}',
        ' ',
        '\u{2028}',
        '\u{e0061}',
    ] {
        for text in [
            format!("ze{c}d@example.com"),
            format!("zed{c}@example.com"),
            format!("zed@{c}example.com"),
            format!("zed@exa{c}mple.com"),
        ] {
            assert_eq!(fault(&text), InvalidEmailAddress::Invisible, "{text:?}");
        }
    }
    for c in [
        '\0',
        '\u{7f}',
        '\u{e000}',
        '\u{378}',
        '\u{fdd0}',
        '\u{10fffd}',
    ] {
        for text in [format!("ze{c}d@example.com"), format!("zed@exa{c}mple.com")] {
            assert_eq!(fault(&text), InvalidEmailAddress::Character, "{text:?}");
        }
    }
}

#[test]
fn dots_may_be_anywhere_in_the_local_part() {
    for address in [
        "aaa..bb@example.ne.jp",
        "a..b.@example.ne.jp",
        "abc.@docomo.example.ne.jp",
        ".abc@example.ne.jp",
        "a...b@ezweb.example.ne.jp",
        "a.b@example.com",
    ] {
        assert_eq!(normal(address), address);
    }
    assert_ne!(normal("a.b@example.com"), normal("ab@example.com"));
}

#[test]
fn a_local_part_in_quotation_marks_is_what_it_quotes() {
    for (text, address) in [
        ("\"jane.doe\"@example.com", "jane.doe@example.com"),
        ("\"Jane\"@Example.com", "jane@example.com"),
        ("\"aaa..bb\"@example.ne.jp", "aaa..bb@example.ne.jp"),
        ("\"ab.\"@example.ne.jp", "ab.@example.ne.jp"),
        ("\"ja\\ne\"@example.com", "jane@example.com"),
    ] {
        assert_eq!(normal(text), address);
        assert_eq!(EmailAddress::parse(text).unwrap().as_given(), text);
    }
    for text in [
        "\"a@b\"@c.example",
        "\"a,b\"@c.example",
        "\"a\\\"b\"@c.example",
        "\"a\\\\b\"@c.example",
        "\"a\"b@c.example",
        "a\"b\"@c.example",
        "\"a@c.example",
        "\"a\\\"@c.example",
        "\"@c.example",
    ] {
        assert_eq!(fault(text), InvalidEmailAddress::LocalPart, "{text}");
    }
    assert_eq!(fault("\"\"@c.example"), InvalidEmailAddress::NoLocalPart);
    assert_eq!(fault("\"a b\"@c.example"), InvalidEmailAddress::Invisible);
}

#[test]
fn a_refusal_names_the_fault() {
    use InvalidEmailAddress::*;
    for (text, why) in [
        ("", Blank),
        (" \u{200b}", Blank),
        ("a", NoAt),
        ("a.example.com", NoAt),
        ("a＠b.example", NoAt),
        ("@", NoLocalPart),
        ("@b.example", NoLocalPart),
        (".@b.example", NoLocalPart),
        ("a@", Domain),
        ("a@-b.example", Domain),
        ("a@b..example", Domain),
        ("a@.example", Domain),
        ("a@b.example.", Domain),
        ("a@[192.0.2.1]", Domain),
        ("a@xn--a.example", Domain),
        ("a@b_c.example", Domain),
        ("a@b.example>", Domain),
        ("a@b@c.example", LocalPart),
        ("a,b@c.example", LocalPart),
        ("Jane<a@b.example", LocalPart),
        ("mailto:a@b.example", LocalPart),
        ("a\u{37e}b@c.example", LocalPart),
        ("ｊａｎｅ@example.com", FullWidth),
        ("jane．doe@example.com", FullWidth),
        ("jane＋news@example.com", FullWidth),
        ("a b@c.example", Invisible),
        ("a@b c.example", Invisible),
        ("a@b.example c@d.example", Invisible),
        ("a\0@b.example", Character),
        ("a@b\0.example", Character),
    ] {
        assert_eq!(fault(text), why, "{text:?}");
        let message = why.to_string();
        assert!(message.starts_with("must be an e-mail address of at most 320 characters: "));
    }
    let label = "b".repeat(64);
    assert_eq!(fault(&format!("a@{label}.example")), Domain);
    // In a domain, full-width letters mean the same as ASCII letters.
    assert_eq!(normal("a@ｅｘａｍｐｌｅ.com"), "a@example.com");
}

#[test]
fn an_address_has_at_most_320_characters() {
    let domain = "example.com";
    let longest = format!("{}@{domain}", "a".repeat(320 - 1 - domain.len()));
    assert!(EmailAddress::parse(&longest).is_ok());
    // In the normal form, the first becomes two characters, and the second becomes three.
    for grows in ["\u{130}", "\u{1d160}"] {
        let address = format!("{}@{domain}", grows.repeat(300));
        assert_eq!(fault(&address), InvalidEmailAddress::TooLong);
    }
    assert_eq!(fault(&format!("a{longest}")), InvalidEmailAddress::TooLong);
}

#[test]
fn debug_output_hides_the_address() {
    assert_eq!(
        format!("{:?}", EmailAddress::parse("a@b.example").unwrap()),
        "EmailAddress(…)"
    );
}

proptest! {
    #[test]
    fn the_normal_form_of_a_normal_form_is_itself(text in "\\PC{1,12}@[a-zà-ÿα-ωA-Z]{1,10}\\.example") {
        if let Ok(address) = EmailAddress::parse(&text) {
            let again = EmailAddress::parse(address.normal_form()).unwrap();
            prop_assert_eq!(again.normal_form(), address.normal_form());
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = EmailAddress::parse(&text);
    }
}
