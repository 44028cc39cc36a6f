//! Workers, and which of them gets a record: records of one contact are done one after the other, in the order of the
//! file, and all others at the same time.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

use shared::domain::ContactRecord;
use tokio::sync::Notify;

/// What a record has in common with others about its contact: its id, or an address, as a hash.
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

/// Which names are on their way, and with which worker.
#[derive(Default)]
pub(super) struct Queues {
    under_way: Mutex<HashMap<Name, (usize, usize)>>,
    done: Notify,
}

impl Queues {
    /// The worker for a record with these names: the one that has others with one of them, or else this one. Where
    /// several have, it waits until one of them is left.
    pub(super) async fn worker_for(&self, names: &[Name], otherwise: usize) -> usize {
        loop {
            // Before it is looked, so that nothing that is done then is missed.
            let done = self.done.notified();
            {
                let mut under_way = self.under_way();
                let mut workers = names
                    .iter()
                    .filter_map(|name| under_way.get(name).map(|(worker, _)| *worker));
                let worker = workers.next().unwrap_or(otherwise);
                if workers.all(|other| other == worker) {
                    for name in names {
                        under_way.entry(*name).or_insert((worker, 0)).1 += 1;
                    }
                    return worker;
                }
            }
            done.await;
        }
    }

    /// Notes that a record with these names is done.
    pub(super) fn done(&self, names: &[Name]) {
        let mut under_way = self.under_way();
        for name in names {
            if let Some((_, count)) = under_way.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    under_way.remove(name);
                }
            }
        }
        drop(under_way);
        self.done.notify_waiters();
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<Name, (usize, usize)>> {
        // Counts are whole whatever happened to who held them.
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// Records of a worker as it does them: those of a round have no names in common, and of two that have, the first is in an
/// earlier round.
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
    fn records_with_a_name_in_common_are_in_rounds_one_after_the_other() {
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
    fn a_record_goes_where_another_about_its_contact_is() {
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
