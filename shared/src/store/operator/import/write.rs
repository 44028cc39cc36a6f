//! Writes what records make of contacts: several new ones in one transaction, the others one by one.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::{StreamExt, stream};

use crate::domain::{Timestamp, Version};

use super::{Import, ImportRefusal, Pass, Work, Write};
use crate::store::items::bytes_of_item;
use crate::store::operator::bulk::{MAX_BYTES, MAX_ITEMS};
use crate::store::{DatabaseError, Store};

/// How many transactions are under way at the same time.
const CONCURRENT_WRITES: usize = 4;

/// What is written in one transaction.
#[derive(Default)]
struct Group {
    /// The records, by their places.
    members: Vec<(usize, Box<Write>)>,
    /// What makes the contacts, where they are new.
    items: Vec<TransactWriteItem>,
    bytes: usize,
}

impl Store {
    /// Writes all that can be written, and notes it.
    pub(super) async fn write_all(
        &self,
        import: &Import<'_>,
        works: &mut [&mut Work],
        writes: Vec<(usize, Box<Write>)>,
        now: Timestamp,
    ) -> Result<Pass, DatabaseError> {
        let groups = self.groups(import, works, writes, now)?;
        let all: &[&mut Work] = works;
        let written: Vec<_> = stream::iter(groups)
            .map(|group| async move {
                let written = self.write_group(import, &group, all, now).await;
                (group.members, written)
            })
            .buffer_unordered(CONCURRENT_WRITES)
            .collect()
            .await;

        let mut pass = Pass::Smooth;
        let mut failure = None;
        for (members, written) in written {
            let is_one = members.len() == 1;
            match written {
                Ok(()) => {
                    for (index, write) in members {
                        works[index].written(write.outcome(), write.is_last, now);
                    }
                }
                Err(DatabaseError::InDoubt(_)) => {
                    for (index, write) in members {
                        let before = write.edit.version_before();
                        works[index].in_doubt = Some(before.map_or(0, Version::number));
                    }
                    pass = Pass::Hampered;
                }
                Err(error) if error.is_about_content() && is_one => {
                    works[members[0].0].reject(ImportRefusal::Refused);
                }
                Err(error) if error.may_pass() || error.is_about_content() => {
                    // Which of them it was is found out one by one.
                    let by_itself = error.is_lost_race() || error.is_about_content();
                    for (index, _) in members {
                        works[index].is_alone |= by_itself;
                    }
                    if is_one || !by_itself {
                        pass = Pass::Hampered;
                    }
                }
                Err(error) => failure = Some(error),
            }
        }
        match failure {
            Some(error) => Err(error),
            None => Ok(pass),
        }
    }

    /// The writes as they are sent: new contacts together, as many as a transaction takes.
    fn groups(
        &self,
        import: &Import<'_>,
        works: &[&mut Work],
        writes: Vec<(usize, Box<Write>)>,
        now: Timestamp,
    ) -> Result<Vec<Group>, DatabaseError> {
        let mut groups = Vec::new();
        let mut open = Group::default();
        for (index, write) in writes {
            if works[index].is_alone || write.edit.version_before().is_some() {
                groups.push(Group {
                    members: vec![(index, write)],
                    ..Group::default()
                });
                continue;
            }
            let metadata = works[index].metadata(import, now);
            let items = write.edit.transact_items(&self.table, &metadata)?;
            let bytes: usize = items
                .iter()
                .filter_map(|item| item.put())
                .map(|put| bytes_of_item(put.item()))
                .sum();
            if open.items.len() + items.len() > MAX_ITEMS || open.bytes + bytes > MAX_BYTES {
                groups.push(std::mem::take(&mut open));
            }
            open.members.push((index, write));
            open.items.extend(items);
            open.bytes += bytes;
        }
        groups.push(open);
        groups.retain(|group| !group.members.is_empty());
        Ok(groups)
    }

    async fn write_group(
        &self,
        import: &Import<'_>,
        group: &Group,
        works: &[&mut Work],
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        for (index, write) in &group.members {
            let metadata = works[*index].metadata(import, now);
            let surplus = write.surplus.iter().filter_map(|(id, subscription)| {
                let edit = &write.edit;
                edit.subscription_write(&self.table, id, subscription, &metadata)
                    .transpose()
            });
            // If another process has written one of them, the next read finds it.
            for items in surplus.collect::<Result<Vec<_>, _>>()?.chunks(MAX_ITEMS) {
                self.transact(items.to_vec()).await?;
            }
        }
        if let [(index, write)] = &group.members[..] {
            let metadata = works[*index].metadata(import, now);
            return self.write_edit(&write.edit, &metadata).await;
        }
        self.transact(group.items.clone()).await
    }
}
