//! Writes what records make of contacts: several new ones in one transaction, the others one by one.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::{StreamExt, stream};

use super::{Import, ImportRefusal, Pass, Work, Write};
use crate::store::bulk::{MAX_BYTES, MAX_ITEMS};
use crate::store::edit::{Edit, OwnerEdit, transact_items};
use crate::store::items::bytes_of_item;
use crate::store::{Addition, DatabaseError, Store};

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

impl Write {
    fn edit(&self) -> Edit<'_> {
        Edit {
            before: self.before.as_ref(),
            after: &self.after,
            owners: self.claimed.iter().cloned().map(OwnerEdit::Claim).collect(),
        }
    }
}

impl Store {
    /// Writes all that can be written, and notes it.
    pub(super) async fn write_all(
        &self,
        import: &Import<'_>,
        works: &mut [&mut Work],
        writes: Vec<(usize, Box<Write>)>,
    ) -> Result<Pass, DatabaseError> {
        let groups = self.groups(import, works, writes)?;
        let all: &[&mut Work] = works;
        let written: Vec<_> = stream::iter(groups)
            .map(|group| async move {
                let written = self.write_group(import, &group, all).await;
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
                        works[index].made(write.outcome(), write.is_last);
                    }
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
    ) -> Result<Vec<Group>, DatabaseError> {
        let mut groups = Vec::new();
        let mut open = Group::default();
        for (index, write) in writes {
            if works[index].is_alone || write.before.is_some() {
                groups.push(Group {
                    members: vec![(index, write)],
                    ..Group::default()
                });
                continue;
            }
            let items = transact_items(&self.table, &write.edit(), &works[index].metadata(import))?;
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
    ) -> Result<(), DatabaseError> {
        for (_, write) in &group.members {
            let surplus = write.surplus.iter().map(|(id, subscription)| {
                let contact = write.after.contact.id.clone();
                let organization = import.organization.clone();
                Addition::Subscription(organization, contact, id.clone(), subscription.clone())
            });
            self.add(surplus.collect()).await?;
        }
        if let [(index, write)] = &group.members[..] {
            let metadata = works[*index].metadata(import);
            return self.write_edit(&write.edit(), &metadata).await;
        }
        self.transact(group.items.clone()).await
    }
}
