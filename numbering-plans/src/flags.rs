// What a state says of the digits that lead to it. The build script writes these bits and the library reads them: both
// have this file as a module.

/// They are a number of the plan, of whatever kind: the general pattern matches them.
pub(crate) const NATIONAL: u16 = 1 << 10;

/// They are a valid number: some kind of number has this length, and its pattern matches them.
pub(crate) const VALID: u16 = 1 << 11;

/// They are the leading digits by which the region claims all numbers that begin so.
pub(crate) const CLAIMED: u16 = 1 << 12;

/// The bits of a state's first word that say where a run of digits with the same next state begins: bit `d` for digit
/// `d`.
pub(crate) const RUNS: u16 = (1 << 10) - 1;
