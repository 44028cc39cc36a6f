//! The phases of the checks: which checks must pass before others may run.

/// The phase of a check. The checks on a sample contact run in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// The API refuses the request, whatever data it has.
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
                Some("it is not shown to be the sample, so nothing is written to it")
            }
            // A refused clear answers with a newer version, which is not proved to be the sample. So the next clear must not
            // use it.
            (Self::Clear, Self::Clear | Self::Step) => Some(
                "it could not be cleared as it was shown to be the sample, so nothing more is written to it",
            ),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_phase_is_made_only_if_those_before_it_hold() {
        use Phase::{Clear, Proof, Refusal, Step};

        for (failed, blocked) in [
            (Refusal, &[][..]),
            (Proof, &[Clear, Step]),
            // A clear goes by the version that the one before it answered.
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
