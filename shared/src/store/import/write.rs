//! Writes what records make of contacts: several new ones in one transaction, the others one by one.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::{StreamExt, stream};

use super::plan::MAX_ITEMS;
use super::{Import, ImportRefusal, Pass, Work, Write};
use crate::domain::{ContactId, Subscription, SubscriptionId};
use crate::store::edit::{Edit, OwnerEdit, transact_items};
use crate::store::items::bytes_of_item;
use crate::store::{Addition, ChangeStamp, DatabaseError, Store};

/// Most bytes of the items of a transaction. It has 4 MB; the rest is for what is around the items.
const MAX_BYTES: usize = 3 * 1024 * 1024;

/// How many transactions are under way at the same time.
const CONCURRENT_WRITES: usize = 4;

/// What is written in one transaction.
#[derive(Default)]
struct Group {
    /// The records, by their places.
    members: Vec<(usize, Box<Write>)>,
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
        let stamps: Vec<_> = works.iter().map(|work| work.stamp(import)).collect();
        let stamps = &stamps;
        let written: Vec<_> = stream::iter(groups)
            .map(|group| async move {
                let written = self.write_group(import, &group, stamps).await;
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
            let is_alone = works[index].is_alone || write.before.is_some();
            let items = transact_items(&self.table, &write.edit(), &works[index].stamp(import))?;
            let bytes: usize = items
                .iter()
                .filter_map(|item| item.put())
                .map(|put| bytes_of_item(put.item()))
                .sum();
            if is_alone {
                groups.push(Group {
                    members: vec![(index, write)],
                    items,
                    bytes,
                });
                continue;
            }
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
        stamps: &[ChangeStamp],
    ) -> Result<(), DatabaseError> {
        for (_, write) in &group.members {
            self.add_surplus(import, &write.after.contact.id, &write.surplus)
                .await?;
        }
        if let [(index, write)] = &group.members[..] {
            return self.write_edit(&write.edit(), &stamps[*index]).await;
        }
        let request = self
            .client
            .transact_write_items()
            .set_transact_items(Some(group.items.clone()));
        Box::pin(request.send())
            .await
            .map(drop)
            .map_err(DatabaseError::from_transaction)
    }

    async fn add_surplus(
        &self,
        import: &Import<'_>,
        id: &ContactId,
        surplus: &[(SubscriptionId, Subscription)],
    ) -> Result<(), DatabaseError> {
        for surplus in surplus.chunks(Self::MAX_ADDITIONS) {
            let additions = surplus.iter().map(|(subscription, after)| {
                Addition::Subscription(
                    import.organization.clone(),
                    id.clone(),
                    subscription.audience.clone(),
                    subscription.client.clone(),
                    after.clone(),
                )
            });
            self.add(additions.collect()).await?;
        }
        Ok(())
    }
}
