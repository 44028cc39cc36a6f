//! The phases of the checks: which checks must pass before others may run.

/// The phase of a check. The checks on a sample contact run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The API refuses the request with any data.
    Refusal,
    /// The check proves that a contact is the sample, and writes nothing.
    Proof,
    /// The check clears the contact, at the version at which it was proved to be the sample.
    Clear,
    /// The check is part of an example: it writes, and checks the result.
    Step,
}

impl Phase {
    /// The reason why a check of this phase cannot run after a check of the phase `failed` has failed, if there is one.
    pub(super) fn obstacle_after(self, failed: Self) -> Option<&'static str> {
        match (failed, self) {
            (Self::Proof, Self::Clear | Self::Step) => {
                Some("the contact is not proved to be the sample, so nothing is written to it")
            }
            // The answer to a refused clear has a newer version, which is not proved to be the sample. So the next clear must
            // not use that version.
            (Self::Clear, Self::Clear | Self::Step) => Some(
                "the contact could not be cleared at the proved version, so nothing more is written to it",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_phase_blocks_the_phases_that_need_it() {
        use Phase::{Clear, Proof, Refusal, Step};

        for (failed, blocked) in [
            (Refusal, &[][..]),
            (Proof, &[Clear, Step]),
            // A clear uses the version in the answer to the clear before it.
            (Clear, &[Clear, Step]),
            // The last steps clear what the first ones wrote.
            (Step, &[]),
        ] {
            for phase in [Refusal, Proof, Clear, Step] {
                assert_eq!(
                    phase.obstacle_after(failed).is_some(),
                    blocked.contains(&phase),
                    "{phase:?} after {failed:?}"
                );
            }
        }
    }
}
