//! Compiles the patterns of all numbering plans to the states of one automaton.

use std::collections::HashMap;
use std::error::Error;

use regex_automata::dfa::{Automaton as _, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::StateID;
use regex_automata::util::{start, syntax};
use regex_automata::{Anchored, MatchKind};

use crate::flags::RUNS;

/// An upper limit for the digits of a number. Google's own limit is 17 digits.
const MOST_DIGITS: usize = 20;

/// The index of a state's first word in the table.
pub(crate) type Address = u16;

/// The state from which no number can match.
const DEAD: Address = 0;

/// The states of all plans. Equal states share one entry.
///
/// A state consists of a word with flags and runs, and of the address of the next state for each run of digits. A run
/// is a sequence of consecutive digits with the same next state.
pub(crate) struct Automaton {
    words: Vec<u16>,
    addresses: HashMap<State, Address>,
}

#[derive(PartialEq, Eq, Hash)]
struct State {
    flags: u16,
    next: [Address; 10],
}

/// Computes a state's flags from the patterns that match exactly the digits that lead to the state, and from the number
/// of these digits.
pub(crate) type FlagsOf<'a> = dyn Fn(&[usize], usize) -> u16 + 'a;

impl Default for Automaton {
    fn default() -> Self {
        // The dead state has one run of all digits, which leads to itself.
        Self {
            words: vec![1, DEAD],
            addresses: HashMap::from([(
                State {
                    flags: 0,
                    next: [DEAD; 10],
                },
                DEAD,
            )]),
        }
    }
}

impl Automaton {
    pub(crate) fn words(&self) -> &[u16] {
        &self.words
    }

    /// Adds the states of `patterns`, and returns the address of their start state.
    pub(crate) fn add(
        &mut self,
        patterns: &[String],
        flags_of: &FlagsOf,
    ) -> Result<Address, Box<dyn Error>> {
        let dfa = dense::Builder::new()
            .configure(
                dense::Config::new()
                    .match_kind(MatchKind::All)
                    .start_kind(StartKind::Anchored),
            )
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .thompson(thompson::Config::new().utf8(false))
            .build_many(patterns)?;
        let start = dfa.start_state(&start::Config::new().anchored(Anchored::Yes))?;
        Walk {
            automaton: self,
            dfa,
            flags_of,
            known: HashMap::new(),
        }
        .add(start, 0)
    }

    /// The address of a state. Adds the state if it is new.
    fn address(&mut self, state: State) -> Result<Address, Box<dyn Error>> {
        if let Some(&address) = self.addresses.get(&state) {
            return Ok(address);
        }
        let address = Address::try_from(self.words.len())?;
        let mut runs = 0;
        let mut next = Vec::new();
        for (digit, &target) in state.next.iter().enumerate() {
            if next.last() != Some(&target) {
                runs |= 1 << digit;
                next.push(target);
            }
        }
        assert_eq!(state.flags & RUNS, 0, "a flag uses the bit of a run");
        self.words.push(state.flags | runs);
        self.words.append(&mut next);
        self.addresses.insert(state, address);
        Ok(address)
    }
}

/// A walk through all numbers that any pattern of a plan matches.
struct Walk<'a> {
    automaton: &'a mut Automaton,
    dfa: dense::DFA<Vec<u32>>,
    flags_of: &'a FlagsOf<'a>,
    known: HashMap<(StateID, usize), Address>,
}

impl Walk<'_> {
    /// Adds the state `id`, which the walk reached after `digits` digits, and all states that follow.
    fn add(&mut self, id: StateID, digits: usize) -> Result<Address, Box<dyn Error>> {
        if let Some(&address) = self.known.get(&(id, digits)) {
            return Ok(address);
        }
        let end = self.dfa.next_eoi_state(id);
        let matches = if self.dfa.is_match_state(end) {
            self.dfa.match_len(end)
        } else {
            0
        };
        let patterns: Vec<usize> = (0..matches)
            .map(|index| self.dfa.match_pattern(end, index).as_usize())
            .collect();
        if digits > MOST_DIGITS {
            return if patterns.is_empty() {
                Ok(DEAD)
            } else {
                Err("a pattern has no end".into())
            };
        }
        let flags = (self.flags_of)(&patterns, digits);
        let mut next = [DEAD; 10];
        for (digit, address) in (b'0'..).zip(&mut next) {
            *address = self.add(self.dfa.next_state(id, digit), digits + 1)?;
        }
        let address = self.automaton.address(State { flags, next })?;
        self.known.insert((id, digits), address);
        Ok(address)
    }
}
