//! Collects the tables and writes them as Rust source.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt::Write as _;

use phonenumber::metadata::Descriptor;
use phonenumber::{Metadata, Type};

use crate::automaton::{Address, Automaton};
use crate::flags::{CLAIMED, NATIONAL, VALID};

/// The kinds of number that a numbering plan describes. The order has no meaning.
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

/// The id of all plans without a region, such as the plan of +800.
const NO_REGION: &str = "001";

#[derive(Default)]
pub(crate) struct Tables {
    automaton: Automaton,
    plans: Vec<Plan>,
    /// The index of each region's plan in `plans`.
    regions: BTreeMap<String, usize>,
    /// Prefix rules: a pattern, and the rule that rewrites the matched digits.
    prefixes: Vec<(String, String)>,
}

struct Plan {
    calling_code: u16,
    start: Address,
    is_claiming: bool,
    lengths: u32,
    international_prefix: Option<usize>,
    trunk_prefix: Option<usize>,
    has_trunk_zero: bool,
}

impl Tables {
    pub(crate) fn add(&mut self, plan: &Metadata) -> Result<(), Box<dyn Error>> {
        let kinds: Vec<&Descriptor> = KINDS
            .into_iter()
            .filter_map(|kind| plan.descriptors().get(kind))
            .collect();
        // The general description has no lengths in these metadata, and libphonenumber does not use lengths there.
        let mut patterns = vec![pattern(
            plan.descriptors().general().national_number().as_str(),
        )];
        patterns.extend(
            kinds
                .iter()
                .map(|kind| pattern(kind.national_number().as_str())),
        );
        patterns.extend(
            plan.leading_digits()
                .map(|leading| pattern(leading.as_str())),
        );

        let flags = |matching: &[usize], digits: usize| {
            let is_national = matching.contains(&0);
            let is_of_kind = kinds.iter().enumerate().any(|(index, kind)| {
                matching.contains(&(1 + index)) && lengths(kind) & (1 << digits) != 0
            });
            let is_claimed = matching.contains(&(1 + kinds.len()));
            (if is_national { NATIONAL } else { 0 })
                | (if is_national && is_of_kind { VALID } else { 0 })
                | (if is_claimed { CLAIMED } else { 0 })
        };
        let start = self.automaton.add(&patterns, &flags)?;

        let international_prefix = plan
            .international_prefix()
            .map(|prefix| self.prefix(pattern(prefix.as_str()), ""));
        let trunk_prefix = match (plan.national_prefix_for_parsing(), plan.national_prefix()) {
            (Some(prefix), _) => {
                let rewrite = plan.national_prefix_transform_rule().unwrap_or("");
                Some(self.prefix(pattern(prefix.as_str()), rewrite))
            }
            (None, Some(digits)) => Some(self.prefix(digits.to_owned(), "")),
            (None, None) => None,
        };

        if plan.id() != NO_REGION {
            self.regions.insert(plan.id().to_owned(), self.plans.len());
        }
        self.plans.push(Plan {
            calling_code: plan.country_code(),
            start,
            is_claiming: plan.leading_digits().is_some(),
            lengths: kinds
                .iter()
                .map(|kind| lengths(kind))
                .fold(0, |all, some| all | some),
            international_prefix,
            trunk_prefix,
            has_trunk_zero: plan.national_prefix() == Some("0"),
        });
        Ok(())
    }

    fn prefix(&mut self, pattern: String, rewrite: &str) -> usize {
        let prefix = (pattern, rewrite.to_owned());
        self.prefixes
            .iter()
            .position(|known| *known == prefix)
            .unwrap_or_else(|| {
                self.prefixes.push(prefix);
                self.prefixes.len() - 1
            })
    }

    pub(crate) fn into_source(self) -> Result<String, Box<dyn Error>> {
        let mut source = String::new();
        let words = self.automaton.words();
        writeln!(source, "static STATES: [u16; {}] = {words:?};", words.len())?;

        writeln!(source, "static PLANS: [Plan; {}] = [", self.plans.len())?;
        for Plan {
            calling_code,
            start,
            is_claiming,
            lengths,
            international_prefix,
            trunk_prefix,
            has_trunk_zero,
        } in self.plans
        {
            writeln!(
                source,
                "Plan {{ calling_code: {calling_code}, start: {start}, is_claiming: {is_claiming}, \
                 lengths: {lengths:#x}, international_prefix: {international_prefix:?}, \
                 trunk_prefix: {trunk_prefix:?}, has_trunk_zero: {has_trunk_zero} }},"
            )?;
        }
        writeln!(source, "];")?;

        writeln!(
            source,
            "static REGIONS: [(Region, u8); {}] = [",
            self.regions.len()
        )?;
        for (id, place) in &self.regions {
            writeln!(source, "(Region(*b{id:?}), {place}),")?;
        }
        writeln!(source, "];")?;

        writeln!(
            source,
            "static PREFIXES: [Prefix; {}] = [",
            self.prefixes.len()
        )?;
        for (pattern, rewrite) in &self.prefixes {
            writeln!(source, "Prefix::new({pattern:?}, {rewrite:?}),")?;
        }
        writeln!(source, "];")?;
        Ok(source)
    }
}

/// A pattern without the white space of the metadata's layout.
fn pattern(pattern: &str) -> String {
    pattern.split_whitespace().collect()
}

/// The possible lengths of numbers of this kind: bit `n` for `n` digits.
fn lengths(kind: &Descriptor) -> u32 {
    kind.possible_length()
        .iter()
        .fold(0, |lengths, length| lengths | 1 << length)
}
