//! Sends the planned writes. New contacts, and addresses that nobody owns, share transactions. Each existing contact has a write
//! of its own.

use aws_sdk_dynamodb::types::TransactWriteItem;
use futures_util::{StreamExt, stream};

use super::plan::{Write, WriteEdit};
use super::work::Work;
use super::{Import, ImportRefusal};
use crate::domain::Timestamp;
use crate::store::items::bytes_of_item;
use crate::store::operator::bulk::{MAX_BYTES, MAX_ITEMS};
use crate::store::{ChangeMetadata, DatabaseError, Store};

/// How many transactions are under way at the same time.
const CONCURRENT_WRITES: usize = 4;

/// The writes of one transaction.
#[derive(Default)]
struct Group {
    members: Vec<Member>,
    /// The items of new contacts.
    items: Vec<TransactWriteItem>,
    bytes: usize,
}

/// The write of one record.
struct Member {
    /// The position of the record.
    index: usize,
    write: Box<Write>,
    metadata: ChangeMetadata,
}

impl Store {
    /// Sends all writes, and notes their results.
    ///
    /// # Errors
    /// When a write failed permanently, or when the remaining records have to wait.
    pub(super) async fn write_all(
        &self,
        import: &Import<'_>,
        works: &mut [&mut Work],
        writes: Vec<(usize, Box<Write>)>,
        now: Timestamp,
    ) -> Result<(), DatabaseError> {
        let groups = self.groups(import, works, writes, now)?;
        let written: Vec<_> = stream::iter(groups)
            .map(|group| async move {
                let written = self.write_group(import, &group).await;
                (group.members, written)
            })
            .buffer_unordered(CONCURRENT_WRITES)
            .collect()
            .await;

        let mut has_to_wait = false;
        let mut failure = None;
        for (members, written) in written {
            let is_one = members.len() == 1;
            match written {
                Ok(()) => {
                    for Member { index, write, .. } in members {
                        works[index].written(write.outcome.clone(), write.is_last, now);
                    }
                }
                Err(error) if error.is_about_content() && is_one => {
                    works[members[0].index].reject(ImportRefusal::Refused);
                }
                Err(error) if error.may_pass() || error.is_about_content() => {
                    // Only single writes show which record is at fault.
                    let by_itself = error.is_lost_race() || error.is_about_content();
                    let is_in_doubt = matches!(error, DatabaseError::InDoubt(_));
                    for Member { index, write, .. } in members {
                        works[index].failed(&write, is_in_doubt);
                        works[index].is_alone |= by_itself;
                    }
                    has_to_wait |= is_one || !by_itself;
                }
                Err(error) => failure = Some(error),
            }
        }
        if has_to_wait && failure.is_none() {
            let why = "no write succeeded for too long";
            failure = Some(DatabaseError::Unavailable(why.into()));
        }
        failure.map_or(Ok(()), Err)
    }

    /// Groups the writes into transactions. A transaction has as many new contacts as it can take.
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
            let member = Member {
                metadata: works[index].metadata(import, now),
                index,
                write,
            };
            let is_existing = match &member.write.edit {
                WriteEdit::Contact(edit) => edit.version_before().is_some(),
                WriteEdit::Address(_) => false,
            };
            if works[index].is_alone || is_existing {
                groups.push(Group {
                    members: vec![member],
                    ..Group::default()
                });
                continue;
            }
            let items = member.write.edit.transact_items(
                &self.table,
                import.organization,
                &member.metadata,
            )?;
            let puts = items.iter().filter_map(|item| item.put());
            let bytes: usize = puts.map(|put| bytes_of_item(put.item())).sum();
            if open.items.len() + items.len() > MAX_ITEMS || open.bytes + bytes > MAX_BYTES {
                groups.push(std::mem::take(&mut open));
            }
            open.members.push(member);
            open.items.extend(items);
            open.bytes += bytes;
        }
        groups.push(open);
        groups.retain(|group| !group.members.is_empty());
        Ok(groups)
    }

    async fn write_group(&self, import: &Import<'_>, group: &Group) -> Result<(), DatabaseError> {
        let [member] = &group.members[..] else {
            return self.transact(group.items.clone()).await;
        };
        match &member.write.edit {
            WriteEdit::Contact(edit) => self.write_edit(edit, &member.metadata).await,
            edit @ WriteEdit::Address(_) => {
                let items =
                    edit.transact_items(&self.table, import.organization, &member.metadata)?;
                self.transact(items).await
            }
        }
    }
}
