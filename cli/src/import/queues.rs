//! Decides which worker imports a record. Records with a common id or address are imported one after the other, in the order
//! of the file; all others at the same time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::domain::ContactRecord;
use tokio::sync::Notify;

/// The hash of a contact's id or of one of its addresses. Two records that share a name may be about one contact.
pub(super) type Name = u64;

/// The names of a record.
pub(super) fn names(record: &ContactRecord) -> Vec<Name> {
    let hash = |name: (&str, &str)| {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        hasher.finish()
    };
    let id = record.id.iter().map(|id| hash(("id", id.as_str())));
    let addresses = record.own_addresses();
    let addresses = addresses.map(|address| hash(("email", address.normal_form())));
    id.chain(addresses).collect()
}

/// The names of the records in progress, and the worker of each.
#[derive(Default)]
pub(super) struct Queues {
    /// The worker of each name, and how many records of the name are in progress.
    in_progress: Mutex<HashMap<Name, (usize, usize)>>,
    done: Notify,
}

impl Queues {
    /// The worker for a record with these names: the worker that already has a record with one of them, or else
    /// `otherwise`. If several workers have such records, the function waits until only one has.
    pub(super) async fn worker_for(&self, names: &[Name], otherwise: usize) -> usize {
        loop {
            // The subscription comes before the check, so that the loop misses no record that ends in between.
            let done = self.done.notified();
            {
                let mut in_progress = self.in_progress();
                let mut workers = names
                    .iter()
                    .filter_map(|name| in_progress.get(name).map(|(worker, _)| *worker));
                let worker = workers.next().unwrap_or(otherwise);
                if workers.all(|other| other == worker) {
                    for name in names {
                        in_progress.entry(*name).or_insert((worker, 0)).1 += 1;
                    }
                    return worker;
                }
            }
            done.await;
        }
    }

    /// Removes the names of a record that is done.
    pub(super) fn done(&self, names: &[Name]) {
        let mut in_progress = self.in_progress();
        for name in names {
            if let Some((_, count)) = in_progress.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    in_progress.remove(name);
                }
            }
        }
        drop(in_progress);
        self.done.notify_waiters();
    }

    fn in_progress(&self) -> MutexGuard<'_, HashMap<Name, (usize, usize)>> {
        // No panic can leave the counts half changed, so a poisoned lock is still usable.
        self.in_progress
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Splits a worker's records into rounds. The records of one round share no name. If two records share a name, the first one
/// is in an earlier round.
pub(super) fn rounds<T>(rows: Vec<T>, names: impl Fn(&T) -> &[Name]) -> Vec<Vec<T>> {
    let mut next_round: HashMap<Name, usize> = HashMap::new();
    let mut rounds: Vec<Vec<T>> = Vec::new();
    for row in rows {
        let names = names(&row);
        let of_name = |name| next_round.get(name).copied().unwrap_or(0);
        let round = names.iter().map(of_name).max().unwrap_or(0);
        for name in names {
            next_round.insert(*name, round + 1);
        }
        if round == rounds.len() {
            rounds.push(Vec::new());
        }
        rounds[round].push(row);
    }
    rounds
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn records_with_a_common_name_are_in_successive_rounds() {
        let rows: Vec<(&str, Vec<Name>)> = vec![
            ("a", vec![1, 2]),
            ("b", vec![3]),
            ("c", vec![2, 4]),
            ("d", vec![4]),
            ("e", vec![3]),
            ("f", vec![5]),
        ];
        let rounds = rounds(rows, |(_, names)| names);
        let rounds: Vec<Vec<_>> = rounds
            .into_iter()
            .map(|round| round.into_iter().map(|(row, _)| row).collect())
            .collect();
        assert_eq!(rounds, [vec!["a", "b", "f"], vec!["c", "e"], vec!["d"]]);
    }

    #[test]
    fn a_record_goes_to_the_worker_that_has_its_contact() {
        let queues = Queues::default();
        let worker = |names: &[Name], otherwise| queues.worker_for(names, otherwise).now_or_never();
        assert_eq!(worker(&[1], 0), Some(0));
        assert_eq!(worker(&[2], 1), Some(1));
        assert_eq!(worker(&[2, 3], 2), Some(1));
        assert_eq!(worker(&[3], 2), Some(1));
        assert_eq!(worker(&[1, 3], 2), None);
        queues.done(&[1]);
        assert_eq!(worker(&[1, 3], 2), Some(1));
        for names in [&[2][..], &[2, 3], &[3], &[1, 3]] {
            queues.done(names);
        }
        assert_eq!(worker(&[1, 2, 3], 2), Some(2));
    }
}
