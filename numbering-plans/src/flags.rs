// The flags of a state describe the digits that lead to it. The build script writes these bits and the library reads
// them, so both include this file as a module.

/// The digits are a number of the plan, of any kind: the general pattern matches them.
pub(crate) const NATIONAL: u16 = 1 << 10;

/// The digits are a valid number: a kind of number has this length, and its pattern matches them.
pub(crate) const VALID: u16 = 1 << 11;

/// The digits are leading digits of the region: all numbers that begin with them belong to it.
pub(crate) const CLAIMED: u16 = 1 << 12;

/// The bits that mark the beginnings of a state's runs: bit `d` is set if a run of digits with the same next state
/// begins at digit `d`.
pub(crate) const RUNS: u16 = (1 << 10) - 1;
