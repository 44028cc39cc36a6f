use proptest::prelude::*;

use super::*;

/// The number, read as one to add to a contact.
fn added(text: &str, region: &str) -> Result<String, InvalidPhoneNumber> {
    let number = PhoneNumber::parse_new(text, region.parse().unwrap())?;
    Ok(number.as_e164().to_owned())
}

/// The number, read as one to look up.
fn looked_up(text: &str, region: &str) -> Result<String, InvalidPhoneNumber> {
    let number = PhoneNumber::parse(text, region.parse().unwrap())?;
    Ok(number.as_e164().to_owned())
}

fn parse(text: &str, region: &str) -> Option<String> {
    looked_up(text, region).ok()
}

#[test]
fn a_number_in_international_form_keeps_its_digits() {
    for text in [
        "+14165550100",
        " +1 (416) 555-0100 ",
        "tel:+1-416-555-0100",
        "TEL: +1.416.555.0100",
        "+1/416/555/0100",
        "+1\u{a0}416\u{2011}555\u{2013}0100",
        "+1\u{2212}416\u{3000}555\u{ff0d}0100",
        "+１４１６５５５０１００",
        "+١٤١٦٥٥٥٠١٠٠",
        "+𝟏𝟒𝟏𝟔𝟝𝟝𝟝𝟎𝟣𝟬𝟶",
    ] {
        assert_eq!(
            parse(text, "CA").as_deref(),
            Some("+14165550100"),
            "{text:?}"
        );
    }
}

#[test]
fn invisible_characters_are_ignored() {
    for text in [
        "\u{202a}+1 (416) 555-0100\u{202c}",
        "\u{feff}+14165550100",
        "\u{200e}tel:\u{200b}+14165550100",
        "+1416\u{200b}5550100",
        "+1\u{ad}416\u{2060}555\u{fe0f}0100",
        "\u{2066}416-555-0100\u{2069}",
        "\u{3164}+14165550100\n",
        "(416)\u{200d}555-0100",
    ] {
        assert_eq!(added(text, "CA").as_deref(), Ok("+14165550100"), "{text:?}");
    }
}

#[test]
fn a_number_is_read_as_it_is_typed_in_japan() {
    for (text, number) in [
        ("（03）1234-5678", "+81312345678"),
        ("０３－１２３４－５６７８", "+81312345678"),
        ("＋８１ ９０ １２３４ ５６７８", "+819012345678"),
        ("＋８１（０）９０－１２３４－５６７８", "+819012345678"),
        ("090ー1234ー5678", "+819012345678"),
        ("090\u{ff70}1234\u{ff70}5678", "+819012345678"),
        ("０９０．１２３４．５６７８", "+819012345678"),
        ("［03］1234／5678", "+81312345678"),
        ("090\u{2010}1234\u{2015}5678", "+819012345678"),
        ("090−1234−5678", "+819012345678"),
    ] {
        assert_eq!(added(text, "JP").as_deref(), Ok(number), "{text:?}");
    }
}

#[test]
fn the_numbering_plan_decides_about_a_zero_in_parentheses() {
    for (text, number) in [
        ("+44 (0)20 7946 0958", "+442079460958"),
        ("+44(０)20 7946 0958", "+442079460958"),
        ("+44 [0] 20 7946 0958", "+442079460958"),
        ("011 44 (0)20 7946 0958", "+442079460958"),
        ("+49 (0) 170 1234567", "+491701234567"),
        ("+41(0)44 668 18 00", "+41446681800"),
        // Numbers that begin with a zero.
        ("+39 (0)6 1234 5678", "+390612345678"),
        ("+39（0）2 1234 5678", "+390212345678"),
        ("+378 (0)549 886377", "+3780549886377"),
        ("+225 (0)7 01 23 45 67", "+2250701234567"),
        ("011 39 (0)6 1234 5678", "+390612345678"),
        // Numbers that are valid neither with nor without the zero: the trunk prefix decides.
        ("+44 (0)1 234", "+441234"),
        ("+7 (0)1 2345", "+7012345"),
        // The zero does not follow the calling code.
        ("+4420 (0)7946 0958", "+4420079460958"),
        ("+999 (0)12345678", "+999012345678"),
    ] {
        let number = Some(number).filter(|number| number.len() > 7);
        assert_eq!(parse(text, "CA").as_deref(), number, "{text:?}");
    }
}

#[test]
fn a_number_that_may_have_lost_its_plus_is_ambiguous() {
    for (text, region) in [
        ("4917012345678", "DE"),
        ("49 151 23456789", "DE"),
        ("390496239", "IT"),
        ("35896847", "FI"),
        ("841992000", "VN"),
        ("468038107", "SE"),
        ("49 (0)30 657070", "DE"),
        ("383 (0)43075983", "XK"),
        ("63 (0)200806", "PH"),
        ("39 (0)068288", "IT"),
    ] {
        for number in [added(text, region), looked_up(text, region)] {
            assert_eq!(number, Err(InvalidPhoneNumber::Ambiguous), "{text:?}");
        }
        // With its plus, the number is not ambiguous.
        assert!(looked_up(&format!("+{text}"), region).is_ok(), "{text:?}");
    }
    for (text, region, number) in [
        ("04917012345678", "DE", "+494917012345678"),
        ("0 170 1234567", "DE", "+491701234567"),
        ("1 416 555 0100", "CA", "+14165550100"),
        ("33 6 12 34 56 78", "FR", "+33612345678"),
        ("7 912 345 67 89", "RU", "+79123456789"),
        ("47123456", "NO", "+4747123456"),
    ] {
        assert_eq!(added(text, region).as_deref(), Ok(number), "{text:?}");
    }
}

/// The international prefixes of these regions have a digit for the carrier, which a plain 00 lacks.
#[test]
fn a_plain_00_that_is_no_prefix_of_the_region_is_ambiguous() {
    for (text, region) in [
        ("0055 11 98765-4321", "BR"),
        ("00 57 300 1234567", "CO"),
        ("0065 9123 4567", "SG"),
        ("0033 6 12 34 56 78", "TH"),
        ("0081 90 1234 5678", "KR"),
        ("00 852 9123 4567", "HK"),
        ("00 1 416 555 0100", "AU"),
        ("0033 (0)6 12 34 56 78", "TH"),
    ] {
        for number in [added(text, region), looked_up(text, region)] {
            assert_eq!(number, Err(InvalidPhoneNumber::Ambiguous), "{text:?}");
        }
    }
    for (text, region, number) in [
        ("0021 55 11 98765-4321", "BR", "+5511987654321"),
        ("009 57 300 1234567", "CO", "+573001234567"),
        ("001 44 20 7946 0958", "SG", "+442079460958"),
        ("001 65 9123 4567", "TH", "+6591234567"),
        ("001 1 416 555 0100", "KR", "+14165550100"),
        ("0011 65 9123 4567", "AU", "+6591234567"),
    ] {
        assert_eq!(added(text, region).as_deref(), Ok(number), "{text:?}");
    }
}

#[test]
fn a_number_of_a_new_range_can_be_looked_up_but_not_added() {
    for (text, region, number) in [
        ("624-305-1111", "CA", "+16243051111"),
        ("(624) 305 1111", "US", "+16243051111"),
        ("1 624 305 1111", "CA", "+16243051111"),
        ("055 0000 0000", "GB", "+445500000000"),
        ("0199 123456", "DE", "+49199123456"),
        ("01 00 00 00 00", "FR", "+33100000000"),
    ] {
        assert_eq!(looked_up(text, region).as_deref(), Ok(number), "{text:?}");
    }
    let not_valid = Err(InvalidPhoneNumber::NotOfRegion(PhoneRegion::CANADA));
    assert_eq!(added("624-305-1111", "CA"), not_valid);
    // A number that is possible inside an area only, and one that is too long.
    assert_eq!(looked_up("305-1111", "CA"), not_valid);
    assert_eq!(looked_up("62430511112", "CA"), not_valid);
}

#[test]
fn a_refusal_names_the_fault() {
    use InvalidPhoneNumber::*;
    for (text, why) in [
        ("\u{200b} ", Blank),
        ("tel:", Blank),
        ("+1416555O100", Letter),
        ("1-800-FLOWERS", Letter),
        ("+1 416 555 0100 home", Letter),
        ("tel:tel:+14165550100", Letter),
        ("416555x", Letter),
        ("x", Letter),
        ("416e5550100", Letter),
        ("416 e+5550100", Letter),
        ("+1 416 555 0100 ext 5", Extension),
        ("+1 416 555 0100 Ext.5", Extension),
        ("+1 416 555 0100 x5", Extension),
        ("+1 416 555 0100;ext=5", Extension),
        ("+1 416 555 0100#5", Extension),
        ("+1 416 555 0100, 416 555 0101", Extension),
        ("416 555 0100~9", Range),
        ("03-1234-5678〜9", Range),
        ("03-1234-5678～9", Range),
        ("+1416\t5550100", ControlCharacter),
        ("416 555 0100\n416 555 0101", ControlCharacter),
        ("+1416\u{0}5550100", ControlCharacter),
        ("416\u{2028}5550100", ControlCharacter),
        ("+1 416 555 010½", Character),
        ("+1·416·5550100", Character),
        ("*67 416 555 0100", Character),
        ("++14165550100", Plus),
        ("(+1) 4165550100", Plus),
        ("4165550100+", Plus),
        ("4165550100.0", Float),
        ("+14165550100.00", Float),
        ("４１６５５５０１００．０", Float),
        ("+1 416 555 0100.0", Float),
        ("4.16555E+09", Float),
        ("4.16555e+09", Float),
        ("4.e+09", Float),
        ("+123456", TooShort),
        ("+", TooShort),
        ("()", NotOfRegion(PhoneRegion::CANADA)),
        ("+1234567890123456", TooManyDigits),
        ("+0123456789", LeadingZero),
        ("011 0 20 7946 0958", LeadingZero),
        ("555-0100", NotOfRegion(PhoneRegion::CANADA)),
    ] {
        assert_eq!(added(text, "CA"), Err(why), "{text:?}");
        let message = why.to_string();
        assert!(message.starts_with("must be a phone number, such as +14165550100: "));
    }
    let too_long = format!("+1{}4165550100", " ".repeat(53));
    assert_eq!(added(&too_long, "CA"), Err(TooLong));
    // Dots between groups do not make a float.
    assert_eq!(added("416.555.0000", "CA").as_deref(), Ok("+14165550000"));
    assert_eq!(added("(416) 555.0000", "CA").as_deref(), Ok("+14165550000"));
}

#[test]
fn no_numbering_plan_rewrites_a_number_in_international_form() {
    for number in [
        "+78001234567",
        "+61180012345",
        "+37080012345",
        "+11234567",
        "+999123456789",
        "+4402079460958",
    ] {
        for region in ["CA", "RU", "AU", "LT", "GB"] {
            assert_eq!(parse(number, region).as_deref(), Some(number), "{region}");
        }
    }
}

#[test]
fn an_international_number_has_7_to_15_digits_and_does_not_begin_with_0() {
    assert!(parse("+1234567", "CA").is_some());
    assert!(parse("+123456789012345", "CA").is_some());
    for bad in [
        "+123456",
        "+1234567890123456",
        "+0123456789",
        "+",
        "+()",
        "+(0)123456",
    ] {
        assert_eq!(parse(bad, "CA"), None, "{bad:?}");
    }
}

#[test]
fn the_regions_international_prefix_replaces_the_plus() {
    assert_eq!(
        parse("011 44 20 7946 0958", "CA").as_deref(),
        Some("+442079460958")
    );
    assert_eq!(
        parse("00 1 416 555 0100", "GB").as_deref(),
        Some("+14165550100")
    );
    assert_eq!(
        parse("0011 1 416 555 0100", "AU").as_deref(),
        Some("+14165550100")
    );
    assert_eq!(
        parse("010 1 416 555 0100", "JP").as_deref(),
        Some("+14165550100")
    );
    assert_eq!(
        parse("00 44 20 7946 0958", "CA"),
        None,
        "not how Canada dials"
    );
    assert_eq!(parse("011 0 20 7946 0958", "CA"), None);
}

#[test]
fn a_national_number_is_read_in_the_default_region() {
    assert_eq!(parse("416-555-0100", "CA").as_deref(), Some("+14165550100"));
    assert_eq!(
        parse("1 416 555 0100", "CA").as_deref(),
        Some("+14165550100")
    );
    assert_eq!(
        parse("(020) 7946 0958", "GB").as_deref(),
        Some("+442079460958")
    );
    assert_eq!(
        parse("(0)20 7946 0958", "GB").as_deref(),
        Some("+442079460958")
    );
    assert!(added("416-555-0100", "GB").is_err());
    assert_eq!(parse("555-0100", "CA"), None);
}

#[test]
fn a_text_with_more_than_a_number_is_refused_and_never_shortened() {
    for bad in [
        "",
        " ",
        "tel:",
        "+1 416 555 0100 ext 5",
        "+1 416 555 0100 x5",
        "+1 416 555 0100;ext=5",
        "+1 416 555 0100#5",
        "+1 416 555 0100,5",
        "+14165550100abc",
        "+1416555O100",
        "1-800-FLOWERS",
        "++14165550100",
        "+1+4165550100",
        "(+1) 4165550100",
        "4165550100+",
        "+1416\t5550100",
        "+1416\n5550100",
        "+1416\u{0}5550100",
        "+1 416 555 010½",
        "+Ⅳ14165550100",
        "tel:tel:+14165550100",
        "4/100;phone-context=ext;x tel:1",
    ] {
        assert_eq!(parse(bad, "CA"), None, "{bad:?}");
    }
}

#[test]
fn a_text_has_at_most_64_characters() {
    assert!(parse(&format!("+1{}4165550100", " ".repeat(52)), "CA").is_some());
    assert!(parse(&format!("+1{}4165550100", " ".repeat(53)), "CA").is_none());
    assert!(parse(&format!("{}+14165550100", " ".repeat(200)), "CA").is_some());
}

#[test]
fn a_number_that_is_added_has_a_calling_code_that_exists() {
    for number in ["+14165550100", "+3581234567", "+80012345678"] {
        assert_eq!(added(number, "CA").as_deref(), Ok(number));
    }
    for number in ["+99912345678", "+21012345678"] {
        assert_eq!(
            added(number, "CA"),
            Err(InvalidPhoneNumber::UnknownCallingCode)
        );
        assert_eq!(looked_up(number, "CA").as_deref(), Ok(number));
    }
}

#[test]
fn debug_output_hides_the_number() {
    let number = PhoneNumber::parse("+1234567", PhoneRegion::CANADA).unwrap();
    assert_eq!(format!("{number:?}"), "PhoneNumber(…)");
}

fn rows(table: &'static str) -> impl Iterator<Item = &'static str> {
    table.lines().filter(|row| !row.starts_with('#'))
}

/// Google also knows numbers that are too short or too long to be written with `+`.
fn is_writable(number: &str) -> bool {
    INTERNATIONAL_DIGITS.contains(&(number.len() - 1))
}

/// Google's own answers for national numbers of every region: `tests/fixtures/generate_national_numbers.py`.
#[test]
fn a_national_number_is_read_as_google_reads_it_or_refused() {
    let mut read = 0;
    for row in rows(include_str!("../../../tests/fixtures/national-numbers.tsv")) {
        let [region, digits, to_add, to_look_up] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row:?}")
        };
        for (answer, expected) in [
            (added(digits, region), to_add),
            (looked_up(digits, region), to_look_up),
        ] {
            match expected {
                "?" => assert_eq!(answer, Err(InvalidPhoneNumber::Ambiguous), "{row}"),
                "-" => assert!(answer.is_err(), "{row}: {answer:?}"),
                // The digits after an international prefix are random, so the calling code may not exist.
                _ if answer == Err(InvalidPhoneNumber::UnknownCallingCode) => {}
                number if is_writable(number) => {
                    assert_eq!(answer.as_deref(), Ok(number), "{row}");
                    read += 1;
                }
                _ => assert!(answer.is_err(), "{row}: {answer:?}"),
            }
        }
    }
    assert!(read > 5_000, "{read}");
}

/// Google's own forms of numbers of every region: `tests/fixtures/generate_written_forms.py`.
#[test]
fn a_number_in_any_written_form_is_the_same_number() {
    let mut refused = Vec::new();
    let mut read = 0;
    for row in rows(include_str!("../../../tests/fixtures/written-forms.tsv")) {
        let [region, number, text, _google] = row.split('\t').collect::<Vec<_>>()[..] else {
            panic!("{row:?}")
        };
        match added(text, region) {
            Ok(answer) => {
                assert_eq!(answer, number, "{row}");
                assert_eq!(looked_up(text, region).as_deref(), Ok(number), "{row}");
                read += 1;
            }
            Err(why) => refused.push((row, number, why)),
        }
    }
    assert!(read > 5_000, "{read}");
    // A form without a plus may look like a number in international form, and is then ambiguous.
    refused.retain(|(_, number, why)| is_writable(number) && *why != InvalidPhoneNumber::Ambiguous);
    assert!(refused.is_empty(), "{refused:?}");
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*|[+0-9() .-]{0,70}") {
        let _ = PhoneNumber::parse(&text, PhoneRegion::CANADA);
    }

    #[test]
    fn the_normal_form_of_a_normal_form_is_itself(digits in "[1-9][0-9]{6,14}") {
        let number = format!("+{digits}");
        let normal = parse(&number, "RU");
        prop_assert_eq!(normal.as_deref(), Some(number.as_str()));
    }
}
