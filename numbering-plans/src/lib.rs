//! The telephone numbering plans of all regions, as Google's libphonenumber has them, ready to be looked at.
//!
//! The metadata are those of the `phonenumber` crate. Reading them takes it tens of milliseconds in each process; here
//! that is done when the program is built (`build/`), and what is left is looking things up in static tables. How a
//! number is read by a plan is not decided here.

mod flags;

use std::borrow::Cow;
use std::str::FromStr;
use std::sync::OnceLock;

use regex_lite::Regex;

use self::flags::{CLAIMED, NATIONAL, RUNS, VALID};

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// A region that has a numbering plan, by its ISO 3166 alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region([u8; 2]);

/// A text that is not the code of a region with a numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownRegion;

impl Region {
    /// Canada.
    pub const CANADA: Self = Self(*b"CA");

    /// All regions, in the order of their codes.
    pub fn all() -> impl Iterator<Item = Self> {
        REGIONS.iter().map(|&(region, _)| region)
    }

    /// The region's numbering plan.
    #[must_use]
    pub fn plan(self) -> Option<&'static Plan> {
        let index = REGIONS
            .binary_search_by_key(&self, |&(region, _)| region)
            .ok()?;
        PLANS.get(usize::from(REGIONS.get(index)?.1))
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        let region = Self(code.as_bytes().try_into().map_err(|_| UnknownRegion)?);
        region.plan().map(|_| region).ok_or(UnknownRegion)
    }
}

/// How numbers are dialled in one region, or under a calling code of none (`+800`).
///
/// A *number* is what follows the calling code in the international form, in ASCII digits.
#[derive(Debug)]
pub struct Plan {
    calling_code: u16,
    /// Where the states of its numbers begin in `STATES`.
    start: u16,
    is_claiming: bool,
    /// How many digits a number can have: bit `n` for `n` of them.
    lengths: u32,
    /// Places in `PREFIXES`.
    international_prefix: Option<u8>,
    trunk_prefix: Option<u8>,
}

impl Plan {
    /// The plans under a calling code, the main region's first; none where the code is not assigned.
    #[must_use]
    pub fn under_calling_code(code: u16) -> &'static [Self] {
        let begin = PLANS.partition_point(|plan| plan.calling_code < code);
        let end = PLANS.partition_point(|plan| plan.calling_code <= code);
        &PLANS[begin..end]
    }

    /// What stands before a number in the international form.
    #[must_use]
    pub fn calling_code(&self) -> u16 {
        self.calling_code
    }

    /// What is left of `digits` after the prefix of an international number (`011`, `00`, …), if they begin with it.
    #[must_use]
    pub fn strip_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        Prefix::at(self.international_prefix)?.strip(digits)
    }

    /// What is left of `digits` after the trunk prefix and carrier code, if they begin with it; or what the plan makes
    /// of them (Argentina's mobile numbers, numbers of the Caribbean without area code).
    #[must_use]
    pub fn strip_trunk_prefix<'a>(&self, digits: &'a str) -> Option<Cow<'a, str>> {
        Prefix::at(self.trunk_prefix)?.rewrite(digits)
    }

    /// Whether the plan has numbers of this form, of whatever kind.
    #[must_use]
    pub fn is_national(&self, number: &str) -> bool {
        self.flags(number).of_whole & NATIONAL != 0
    }

    /// Whether `number` is of some kind that the plan describes.
    #[must_use]
    pub fn is_valid(&self, number: &str) -> bool {
        self.flags(number).of_whole & VALID != 0
    }

    /// Whether the region claims all numbers that begin like this one; None where it claims none by how they begin.
    #[must_use]
    pub fn claims(&self, number: &str) -> Option<bool> {
        self.is_claiming
            .then(|| self.flags(number).of_beginnings & CLAIMED != 0)
    }

    /// Whether some kind of number is as long as this one.
    #[must_use]
    pub fn has_length_of(&self, number: &str) -> bool {
        self.lengths_from(number) & 1 != 0
    }

    /// Whether every number is shorter than this one.
    #[must_use]
    pub fn is_too_long(&self, number: &str) -> bool {
        self.lengths_from(number) == 0
    }

    /// The lengths that are not below that of `number`, with its own as bit 0.
    fn lengths_from(&self, number: &str) -> u32 {
        u32::try_from(number.len())
            .ok()
            .and_then(|length| self.lengths.checked_shr(length))
            .unwrap_or(0)
    }

    fn flags(&self, number: &str) -> Flags {
        let mut state = State(self.start);
        let mut of_beginnings = state.word();
        for byte in number.bytes() {
            state = state.next(byte);
            of_beginnings |= state.word();
        }
        Flags {
            of_whole: state.word(),
            of_beginnings,
        }
    }
}

/// What the automaton says of some digits.
struct Flags {
    of_whole: u16,
    /// Of at least one of their beginnings.
    of_beginnings: u16,
}

/// Where a state begins in `STATES`: at a word of its flags and runs, followed by the next state for each run of
/// digits.
#[derive(Clone, Copy)]
struct State(u16);

impl State {
    /// The state of digits with which no number begins.
    const DEAD: Self = Self(0);

    fn word(self) -> u16 {
        STATES[usize::from(self.0)]
    }

    fn next(self, byte: u8) -> Self {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Self::DEAD;
        }
        let runs_to_digit = self.word() & RUNS & ((2 << digit) - 1);
        Self(STATES[usize::from(self.0) + runs_to_digit.count_ones() as usize])
    }
}

/// A pattern of what is dialled before a number, compiled when it is first looked for, and kept: a process reads the
/// numbers of one region.
#[derive(Debug)]
struct Prefix {
    pattern: &'static str,
    /// What becomes of the digits that take part in the pattern's last group; empty where they are only taken off.
    rewrite: &'static str,
    compiled: OnceLock<Option<Regex>>,
}

impl Prefix {
    const fn new(pattern: &'static str, rewrite: &'static str) -> Self {
        Self {
            pattern,
            rewrite,
            compiled: OnceLock::new(),
        }
    }

    fn at(place: Option<u8>) -> Option<&'static Self> {
        PREFIXES.get(usize::from(place?))
    }

    fn regex(&self) -> Option<&Regex> {
        self.compiled
            .get_or_init(|| Regex::new(&format!("^(?:{})", self.pattern)).ok())
            .as_ref()
    }

    /// What is left of `digits` after the prefix.
    fn strip<'a>(&self, digits: &'a str) -> Option<&'a str> {
        // Most prefixes are the same digits for all numbers, and need no regular expression.
        if self.pattern.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits.strip_prefix(self.pattern);
        }
        digits.get(self.regex()?.find(digits)?.end()..)
    }

    /// What is left of `digits` after the prefix, or what they are rewritten to.
    fn rewrite<'a>(&self, digits: &'a str) -> Option<Cow<'a, str>> {
        if self.rewrite.is_empty() {
            return self.strip(digits).map(Cow::Borrowed);
        }
        let captures = self.regex()?.captures(digits)?;
        let rest = digits.get(captures.get(0)?.end()..)?;
        if captures.get(captures.len() - 1).is_none() {
            return Some(Cow::Borrowed(rest));
        }
        let mut rewritten = String::new();
        captures.expand(self.rewrite, &mut rewritten);
        rewritten.push_str(rest);
        Some(Cow::Owned(rewritten))
    }
}
