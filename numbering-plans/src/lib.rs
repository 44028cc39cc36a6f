//! The telephone numbering plans of all regions, from Google's libphonenumber, as static tables.
//!
//! The metadata come from the `phonenumber` crate, which needs tens of milliseconds to load them in each process. This
//! crate converts them when it is built (`build/`), so a process only looks things up in static tables. The callers of
//! this crate decide how to parse a number with a plan.

mod flags;

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::OnceLock;

use regex_lite::Regex;

use self::flags::{CLAIMED, NATIONAL, RUNS, VALID};

include!(concat!(env!("OUT_DIR"), "/tables.rs"));

/// A region that has a numbering plan, by its ISO 3166 alpha-2 code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Region([u8; 2]);

/// A text that is not the code of a region with a numbering plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be the ISO 3166 alpha-2 code of a region with telephone numbers, in capitals, such as CA"
)]
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

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .try_for_each(|&letter| f.write_char(letter.into()))
    }
}

impl FromStr for Region {
    type Err = UnknownRegion;

    fn from_str(code: &str) -> Result<Self, UnknownRegion> {
        let region = Self(code.as_bytes().try_into().map_err(|_| UnknownRegion)?);
        region.plan().map(|_| region).ok_or(UnknownRegion)
    }
}

/// The numbering plan of one region, or of a calling code without a region (`+800`).
///
/// In this crate, a *number* is the digits (ASCII) that follow the calling code in the international form.
#[derive(Debug)]
pub struct Plan {
    calling_code: u16,
    /// The index of the start state in `STATES`.
    start: u16,
    /// Whether the region has leading digits.
    is_claiming: bool,
    /// The possible lengths of a number: bit `n` for `n` digits.
    lengths: u32,
    /// An index of `PREFIXES`.
    international_prefix: Option<u8>,
    /// An index of `PREFIXES`.
    trunk_prefix: Option<u8>,
    has_trunk_zero: bool,
}

impl Plan {
    /// The plans under a calling code, with the main region's plan first. The slice is empty if the code is not
    /// assigned.
    #[must_use]
    pub fn under_calling_code(code: u16) -> &'static [Self] {
        let begin = PLANS.partition_point(|plan| plan.calling_code < code);
        let end = PLANS.partition_point(|plan| plan.calling_code <= code);
        &PLANS[begin..end]
    }

    /// The calling code, which precedes a number in the international form.
    #[must_use]
    pub fn calling_code(&self) -> u16 {
        self.calling_code
    }

    /// Removes the prefix of an international number (`011`, `00`, …). Returns `None` if `digits` do not begin with it.
    #[must_use]
    pub fn strip_international_prefix<'a>(&self, digits: &'a str) -> Option<&'a str> {
        Prefix::at(self.international_prefix)?.strip(digits)
    }

    /// Removes the trunk prefix and the carrier code, or rewrites `digits` as the plan demands (Argentina's mobile
    /// numbers, numbers of the Caribbean without area code). Returns `None` if `digits` do not begin with the prefix.
    #[must_use]
    pub fn strip_trunk_prefix<'a>(&self, digits: &'a str) -> Option<Cow<'a, str>> {
        Prefix::at(self.trunk_prefix)?.rewrite(digits)
    }

    /// Whether callers inside the region dial a 0 before a number.
    #[must_use]
    pub fn has_trunk_zero(&self) -> bool {
        self.has_trunk_zero
    }

    /// Whether `number` is a number of the plan, of any kind. It may still be invalid: see [`Self::is_valid`].
    #[must_use]
    pub fn is_national(&self, number: &str) -> bool {
        self.flags(number).of_whole & NATIONAL != 0
    }

    /// Whether `number` is valid: it belongs to a kind that the plan describes.
    #[must_use]
    pub fn is_valid(&self, number: &str) -> bool {
        self.flags(number).of_whole & VALID != 0
    }

    /// Whether `number` begins with leading digits of the region, so that it belongs to the region. Returns `None` if
    /// the region has no leading digits.
    #[must_use]
    pub fn claims(&self, number: &str) -> Option<bool> {
        self.is_claiming
            .then(|| self.flags(number).of_beginnings & CLAIMED != 0)
    }

    /// Whether a kind of number has the length of `number`.
    #[must_use]
    pub fn has_length_of(&self, number: &str) -> bool {
        self.lengths_from(number) & 1 != 0
    }

    /// Whether all numbers of the plan are shorter than `number`.
    #[must_use]
    pub fn is_too_long(&self, number: &str) -> bool {
        self.lengths_from(number) == 0
    }

    /// The possible lengths from the length of `number` upwards: bit `n` for `n` digits more than `number`.
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

/// The automaton's flags for some digits.
struct Flags {
    /// The flags of all the digits.
    of_whole: u16,
    /// The flags of all beginnings of the digits, combined.
    of_beginnings: u16,
}

/// A state, by the index of its first word in `STATES`. That word contains the flags and the runs. The next words are
/// the next states, one for each run of digits.
#[derive(Clone, Copy)]
struct State(u16);

impl State {
    /// The state after digits that begin no number.
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

/// A pattern for the digits that callers dial before a number. The first use compiles it. Most processes use the
/// patterns of one region.
#[derive(Debug)]
struct Prefix {
    pattern: &'static str,
    /// The replacement for the matched digits if the pattern's last group takes part in the match. It is empty if the
    /// match is only removed.
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

    /// Removes the prefix from `digits`.
    fn strip<'a>(&self, digits: &'a str) -> Option<&'a str> {
        // Most prefixes are fixed digits, which need no regular expression.
        if self.pattern.bytes().all(|byte| byte.is_ascii_digit()) {
            return digits.strip_prefix(self.pattern);
        }
        digits.get(self.regex()?.find(digits)?.end()..)
    }

    /// Removes the prefix from `digits`, or rewrites them.
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
