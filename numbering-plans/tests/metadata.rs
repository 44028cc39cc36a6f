//! Compares the tables with the metadata of the `phonenumber` crate, for every region.

use std::collections::HashMap;

use numbering_plans::{Plan, Region};
use phonenumber::metadata::{DATABASE, Descriptor};
use phonenumber::{Metadata, Type};
use proptest::prelude::*;
use regex::{Regex, RegexBuilder};

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

/// All plans with their metadata.
fn plans() -> impl Iterator<Item = (&'static Plan, &'static Metadata)> {
    (0..=1_000).flat_map(|code: u16| {
        let plans = Plan::under_calling_code(code);
        let metadata = DATABASE.by_code(&code).unwrap_or_default();
        assert_eq!(plans.len(), metadata.len(), "+{code}");
        plans.iter().zip(metadata)
    })
}

fn kinds(metadata: &Metadata) -> impl Iterator<Item = &Descriptor> {
    KINDS
        .into_iter()
        .filter_map(|kind| metadata.descriptors().get(kind))
}

fn compiled(pattern: &str) -> Regex {
    RegexBuilder::new(pattern)
        .ignore_whitespace(true)
        .unicode(false)
        .build()
        .unwrap_or_else(|error| panic!("{pattern}: {error}"))
}

/// The patterns of a plan, each compiled once.
struct Patterns<'a> {
    metadata: &'a Metadata,
    whole: HashMap<&'a str, Regex>,
}

impl<'a> Patterns<'a> {
    fn new(metadata: &'a Metadata) -> Self {
        let descriptors = kinds(metadata).chain([metadata.descriptors().general()]);
        let whole = descriptors
            .map(|descriptor| descriptor.national_number().as_str())
            .map(|pattern| (pattern, compiled(&format!("^(?:{pattern})$"))))
            .collect();
        Self { metadata, whole }
    }

    fn matches(&self, descriptor: &Descriptor, number: &str) -> bool {
        self.whole[descriptor.national_number().as_str()].is_match(number)
    }

    fn is_national(&self, number: &str) -> bool {
        self.matches(self.metadata.descriptors().general(), number)
    }

    fn is_valid(&self, number: &str) -> bool {
        let has_length_of = |kind: &Descriptor| {
            kind.possible_length()
                .iter()
                .any(|&length| usize::from(length) == number.len())
        };
        self.is_national(number)
            && kinds(self.metadata).any(|kind| has_length_of(kind) && self.matches(kind, number))
    }
}

/// The number, its beginnings, and numbers with one more digit or one different digit.
fn neighbours(number: &str) -> Vec<String> {
    let mut all = vec![number.to_owned()];
    for (place, digit) in number.bytes().enumerate() {
        all.push(number[..place].to_owned());
        for step in [1, 4, 7] {
            let other = (digit - b'0' + step) % 10;
            all.push(format!(
                "{}{other}{}",
                &number[..place],
                &number[place + 1..]
            ));
        }
    }
    all.extend([format!("{number}0"), format!("{number}7")]);
    all
}

#[test]
fn a_plan_knows_whether_its_trunk_prefix_is_a_zero() {
    let mut zeros = 0;
    for (plan, metadata) in plans() {
        let is_zero = metadata.national_prefix() == Some("0");
        assert_eq!(plan.has_trunk_zero(), is_zero, "{}", metadata.id());
        zeros += usize::from(is_zero);
    }
    assert!(zeros > 90, "{zeros}");
}

#[test]
fn every_region_of_the_metadata_has_its_plan() {
    let regions: Vec<_> = DATABASE
        .iter()
        .filter(|metadata| metadata.id() != "001")
        .collect();
    assert_eq!(regions.len(), Region::all().count());
    for metadata in regions {
        let region: Region = metadata.id().parse().unwrap();
        assert_eq!(
            region.plan().unwrap().calling_code(),
            metadata.country_code()
        );
        assert_eq!(region.to_string(), metadata.id());
    }
    for other in ["001", "", "C", "ca", "CAN", "ZZ", "Ñ"] {
        assert!(other.parse::<Region>().is_err(), "{other:?}");
    }
    assert_eq!("CA".parse(), Ok(Region::CANADA));
}

#[test]
fn every_plan_answers_as_its_patterns_do() {
    let mut valid = 0;
    for (plan, metadata) in plans() {
        let patterns = Patterns::new(metadata);
        let leading = metadata
            .leading_digits()
            .map(|leading| compiled(&format!("^(?:{})", leading.as_str())));
        for number in kinds(metadata)
            .filter_map(Descriptor::example)
            .flat_map(neighbours)
        {
            assert_eq!(
                plan.is_national(&number),
                patterns.is_national(&number),
                "{} {number}",
                metadata.id()
            );
            assert_eq!(
                plan.is_valid(&number),
                patterns.is_valid(&number),
                "{} {number}",
                metadata.id()
            );
            assert_eq!(
                plan.claims(&number),
                leading.as_ref().map(|leading| leading.is_match(&number)),
                "{} {number}",
                metadata.id()
            );
            valid += u32::from(plan.is_valid(&number));
        }
    }
    assert!(valid > 20_000, "{valid}");
}

#[test]
fn every_plan_knows_how_long_its_numbers_are() {
    for (plan, metadata) in plans() {
        let lengths: Vec<_> = kinds(metadata)
            .flat_map(Descriptor::possible_length)
            .copied()
            .collect();
        for length in 0..=64 {
            let number = "1".repeat(usize::from(length));
            assert_eq!(
                plan.has_length_of(&number),
                lengths.contains(&length),
                "{} {length}",
                metadata.id()
            );
            assert_eq!(
                plan.is_too_long(&number),
                lengths.iter().all(|&other| other < length),
                "{} {length}",
                metadata.id()
            );
        }
    }
}

#[test]
fn every_plan_removes_prefixes_as_its_patterns_do() {
    let mut rewritten = 0;
    for (plan, metadata) in plans() {
        let international = metadata
            .international_prefix()
            .map(|prefix| compiled(&format!("^(?:{})", prefix.as_str())));
        let (trunk, rule) = match metadata.national_prefix_for_parsing() {
            Some(prefix) => (
                Some(prefix.as_str()),
                metadata.national_prefix_transform_rule(),
            ),
            None => (metadata.national_prefix(), None),
        };
        let trunk = trunk.map(|prefix| compiled(&format!("^(?:{prefix})")));
        let examples: Vec<_> = kinds(metadata).filter_map(Descriptor::example).collect();
        let prefixes = [
            "", "0", "00", "011", "1", "15", "8", "9", "0015", "001100", "810", "031", "14",
        ];
        let dialled = examples
            .iter()
            .flat_map(|example| prefixes.map(|prefix| format!("{prefix}{example}")));
        let local = examples
            .iter()
            .filter_map(|example| example.get(3..))
            .map(str::to_owned);
        for digits in dialled
            .chain(local)
            .flat_map(|digits| [digits.clone(), digits[..digits.len() - 1].to_owned()])
        {
            let expected = international
                .as_ref()
                .and_then(|prefix| prefix.find(&digits))
                .map(|found| &digits[found.end()..]);
            assert_eq!(
                plan.strip_international_prefix(&digits),
                expected,
                "{} {digits}",
                metadata.id()
            );

            let expected = trunk
                .as_ref()
                .and_then(|prefix| prefix.captures(&digits))
                .map(|captures| {
                    let rest = &digits[captures.get(0).unwrap().end()..];
                    match rule {
                        Some(rule) if captures.get(captures.len() - 1).is_some() => {
                            rewritten += 1;
                            let mut number = String::new();
                            captures.expand(rule, &mut number);
                            number + rest
                        }
                        _ => rest.to_owned(),
                    }
                });
            assert_eq!(
                plan.strip_trunk_prefix(&digits).as_deref(),
                expected.as_deref(),
                "{} {digits}",
                metadata.id()
            );
        }
    }
    assert!(rewritten > 100, "{rewritten}");
}

proptest! {
    #[test]
    fn any_digits_match_as_the_patterns_do(digits in "[0-9]{0,20}", place in any::<prop::sample::Index>()) {
        let plans: Vec<_> = plans().collect();
        let (plan, metadata) = place.get(&plans);
        let patterns = Patterns::new(metadata);
        prop_assert_eq!(plan.is_national(&digits), patterns.is_national(&digits), "{}", metadata.id());
        prop_assert_eq!(plan.is_valid(&digits), patterns.is_valid(&digits), "{}", metadata.id());
    }

    #[test]
    fn a_text_with_other_characters_is_not_valid(text in "\\PC*") {
        prop_assume!(!text.bytes().all(|byte| byte.is_ascii_digit()));
        prop_assert!(!Region::CANADA.plan().unwrap().is_valid(&text));
    }
}
