//! What checks are for, and so which of them must hold before which others are made.

/// What a check is for. Those on a sample contact are made in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// It is refused whatever the data are.
    Refusal,
    /// It shows that a contact is the sample, and writes nothing.
    Proof,
    /// It clears the contact that was proved to be the sample, at the version at which it was.
    Clear,
    /// It is part of an example: what is written, and what comes of it.
    Step,
}

impl Phase {
    /// Why a check of this phase is not made after one of `failed` did not hold, unless it can be made.
    pub(super) fn obstacle_after(self, failed: Self) -> Option<&'static str> {
        match (failed, self) {
            (Self::Proof, Self::Clear | Self::Step) => {
                Some("it is not shown to be the sample, so nothing is written to it")
            }
            // The answer to a clear that was refused names a version that nobody has proved anything of, so the next
            // clear is not made either.
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
