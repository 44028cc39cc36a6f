//! Whether a single register could have given all answers. It does the operations one after another, each at a time between its
//! request and its answer (Wing and Gong, "Testing and verifying concurrent objects", 1993).

use std::collections::HashSet;
use std::hash::Hash;
use std::time::Duration;

/// The object that operations work on.
pub trait Register: Clone + Eq + Hash {
    /// An operation, with its answer as the caller saw it.
    type Asked;

    /// Does an operation. Returns whether its answer fits what the caller saw.
    fn apply(&mut self, asked: &Self::Asked) -> bool;
}

/// An operation in a history.
#[derive(Debug, Clone)]
pub struct Operation<A> {
    /// When the caller sent it.
    pub began: Duration,
    /// When its answer arrived. Without an answer it may take effect at any time after it began, or never.
    pub ended: Option<Duration>,
    /// The place of the operation of the same caller that this one follows.
    pub after: Option<usize>,
    /// The operation, and its answer as the caller saw it.
    pub asked: A,
}

/// Whether an order of the operations explains all answers. Takes at most 64 operations.
#[must_use]
pub fn is_linearizable<R: Register>(register: &R, operations: &[Operation<R::Asked>]) -> bool {
    assert!(
        operations.len() <= 64,
        "the set of operations fits into 64 bits"
    );
    search(register, operations, 0, &mut HashSet::new())
}

fn search<R: Register>(
    register: &R,
    operations: &[Operation<R::Asked>],
    done: u64,
    tried: &mut HashSet<(u64, R)>,
) -> bool {
    let left = || {
        operations
            .iter()
            .enumerate()
            .filter(|(place, _)| done & 1 << place == 0)
    };
    // An operation comes after all operations that ended before it began.
    let Some(first_end) = left().filter_map(|(_, operation)| operation.ended).min() else {
        return true;
    };
    if !tried.insert((done, register.clone())) {
        return false;
    }
    left().any(|(place, operation)| {
        let mut register = register.clone();
        operation.began <= first_end
            && operation.after.is_none_or(|after| done & 1 << after != 0)
            && register.apply(&operation.asked)
            && search(&register, operations, done | 1 << place, tried)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A register that keeps the smallest number.
    #[derive(Clone, PartialEq, Eq, Hash)]
    struct Minimum(Option<u64>);

    enum Asked {
        Record(u64),
        Clear,
        Read(Option<u64>),
    }

    impl Register for Minimum {
        type Asked = Asked;

        fn apply(&mut self, asked: &Asked) -> bool {
            match asked {
                Asked::Record(number) => {
                    self.0 = Some(self.0.map_or(*number, |stored| stored.min(*number)));
                }
                Asked::Clear => self.0 = None,
                Asked::Read(seen) => return self.0 == *seen,
            }
            true
        }
    }

    fn operation(began: u64, ended: Option<u64>, asked: Asked) -> Operation<Asked> {
        Operation {
            began: Duration::from_millis(began),
            ended: ended.map(Duration::from_millis),
            after: None,
            asked,
        }
    }

    #[test]
    fn answers_in_the_order_of_the_operations_are_explained() {
        let history = [
            operation(0, Some(1), Asked::Record(5)),
            operation(2, Some(3), Asked::Record(7)),
            operation(4, Some(5), Asked::Read(Some(5))),
            operation(6, Some(7), Asked::Clear),
            operation(8, Some(9), Asked::Read(None)),
        ];
        assert!(is_linearizable(&Minimum(None), &history));
    }

    #[test]
    fn an_answer_from_the_past_is_found() {
        let history = [
            operation(0, Some(1), Asked::Record(5)),
            operation(2, Some(3), Asked::Read(None)),
        ];
        assert!(!is_linearizable(&Minimum(None), &history));
    }

    #[test]
    fn operations_at_the_same_time_have_any_order() {
        let history = [
            operation(0, Some(9), Asked::Record(5)),
            operation(1, Some(2), Asked::Read(Some(5))),
            operation(3, Some(4), Asked::Clear),
            operation(5, Some(6), Asked::Read(None)),
        ];
        assert!(is_linearizable(&Minimum(None), &history));
    }

    #[test]
    fn a_second_effect_of_one_operation_is_found() {
        // The clear has no answer. It may take effect once, late, but not twice.
        let history = |seen| {
            [
                operation(0, None, Asked::Clear),
                operation(0, Some(1), Asked::Record(5)),
                operation(2, Some(3), Asked::Read(Some(5))),
                operation(4, Some(5), Asked::Read(None)),
                operation(6, Some(7), Asked::Record(6)),
                operation(8, Some(9), Asked::Read(seen)),
            ]
        };
        assert!(is_linearizable(&Minimum(None), &history(Some(6))));
        assert!(!is_linearizable(&Minimum(None), &history(None)));
    }

    #[test]
    fn an_operation_comes_after_the_one_that_it_follows() {
        let history = |after| {
            let read = operation(0, Some(3), Asked::Read(None));
            [
                operation(0, Some(3), Asked::Record(5)),
                Operation { after, ..read },
            ]
        };
        assert!(is_linearizable(&Minimum(None), &history(None)));
        assert!(!is_linearizable(&Minimum(None), &history(Some(0))));
    }

    #[test]
    fn an_operation_without_an_answer_may_never_happen() {
        let history = [
            operation(0, None, Asked::Record(1)),
            operation(5, Some(6), Asked::Read(None)),
        ];
        assert!(is_linearizable(&Minimum(None), &history));
    }
}
