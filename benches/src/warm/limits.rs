//! What a warm invocation may cost at most, from the event's bytes to the answer's.
//!
//! To renew them, take what `cargo measure warm --check` prints on Linux on x86-64, and add a fifth to the instructions,
//! which differ with the processor and with the versions of valgrind, libc and the compiler, and a twentieth to the
//! allocations, which differ with the crates only.

/// The most that one invocation may cost.
pub(super) struct Limit {
    pub(super) instructions: i64,
    pub(super) allocations: i64,
}

/// By endpoint.
pub(super) const LIMITS: [Limit; 3] = [
    Limit {
        instructions: 1_600_000,
        allocations: 747,
    },
    Limit {
        instructions: 1_570_000,
        allocations: 742,
    },
    Limit {
        instructions: 3_260_000,
        allocations: 1_712,
    },
];
