//! Reads the table's stream and gives the records to `record-history`, as Lambda does on AWS.

mod client;

use std::time::Duration;

use record_history::Recorder;
use serde_json::{Value, json};
use shared::store::is_history_key;

pub use self::client::{Records, Shard, Streams};
use super::engine::StreamRecords;

/// The time between two reads: few large batches cost the engine less than many small ones.
const POLL: Duration = Duration::from_millis(300);

/// The wait after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// The number of reads before the reader looks for new shards and deletes the recorded records from the engine.
const READS: u32 = 30;

/// A reader of the stream of a table.
pub(super) struct StreamReader {
    streams: Streams,
    table: String,
    recorder: Recorder,
    /// The stream records of the embedded engine, from which the reader deletes the recorded ones. `None` for other engines.
    records: Option<StreamRecords>,
    shards: Vec<Progress>,
}

/// The position of the reader in a shard.
struct Progress {
    shard: Shard,
    /// The sequence number of the last recorded record.
    last: Option<String>,
    /// The iterator for the next records, if it is known.
    iterator: Option<String>,
    is_finished: bool,
}

impl StreamReader {
    /// A reader of the stream of this table.
    pub(super) fn new(
        streams: Streams,
        table: String,
        recorder: Recorder,
        records: Option<StreamRecords>,
    ) -> Self {
        Self {
            streams,
            table,
            recorder,
            records,
            shards: Vec::new(),
        }
    }

    /// Reads for ever. On a failure, the reader logs it once and tries again until it succeeds.
    pub(super) async fn run(mut self) {
        let mut is_failing = false;
        loop {
            match self.read().await {
                Ok(()) => is_failing = false,
                Err(error) => {
                    if !is_failing {
                        tracing::error!(
                            error = format!("{error:#}"),
                            "the history waits: the stream of the table cannot be recorded"
                        );
                    }
                    is_failing = true;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Looks for new shards, and then reads [`READS`] times.
    async fn read(&mut self) -> anyhow::Result<()> {
        self.find_shards().await?;
        for _ in 0..READS {
            for index in 0..self.shards.len() {
                if self.is_next(&self.shards[index]) {
                    self.read_shard(index).await?;
                }
            }
            tokio::time::sleep(POLL).await;
        }
        self.forget()
    }

    /// Deletes the recorded records from the engine.
    fn forget(&self) -> anyhow::Result<()> {
        let Some(records) = &self.records else {
            return Ok(());
        };
        let mut last = self.shards.iter().filter_map(|shard| shard.last.as_deref());
        last.try_for_each(|last| records.delete(&self.table, last))
    }

    /// Whether the shard is not finished, and its parent is.
    fn is_next(&self, progress: &Progress) -> bool {
        let parent = progress.shard.parent.as_ref();
        let mut before = self.shards.iter().filter(|it| parent == Some(&it.shard.id));
        !progress.is_finished && before.all(|before| before.is_finished)
    }

    async fn find_shards(&mut self) -> anyhow::Result<()> {
        let stream = self.streams.stream_of(&self.table).await?;
        for shard in self.streams.shards(&stream).await? {
            if self.shards.iter().all(|known| known.shard.id != shard.id) {
                self.shards.push(Progress {
                    shard,
                    last: None,
                    iterator: None,
                    is_finished: false,
                });
            }
        }
        for progress in &mut self.shards {
            if !progress.is_finished && progress.iterator.is_none() {
                let (shard, last) = (&progress.shard.id, progress.last.as_deref());
                progress.iterator = self.streams.iterator(&stream, shard, last).await?;
            }
        }
        Ok(())
    }

    /// Reads and records the next records of a shard.
    async fn read_shard(&mut self, index: usize) -> anyhow::Result<()> {
        // After a failure there is no iterator, so `find_shards` gets one for the records after the last recorded one.
        let Some(iterator) = self.shards[index].iterator.take() else {
            anyhow::bail!("the position in the stream is lost");
        };
        let Records { records, next } = self.streams.records(&iterator).await?;
        let numbers: Vec<_> = records.iter().map(sequence_number).collect();
        let batch: Vec<_> = records.into_iter().filter(is_for_function).collect();
        if !batch.is_empty() {
            let response = self.recorder.record(json!({ "Records": batch })).await;
            let failed = response.batch_item_failures.first();
            if let Some(failed) = failed.map(|failed| &failed.item_identifier) {
                let done = numbers.iter().take_while(|number| *number != failed);
                let progress = &mut self.shards[index];
                progress.last = done.last().cloned().or(progress.last.take());
                anyhow::bail!("the record {failed} could not be recorded");
            }
        }
        let progress = &mut self.shards[index];
        progress.last = numbers.into_iter().next_back().or(progress.last.take());
        progress.is_finished = next.is_none();
        progress.iterator = next;
        Ok(())
    }
}

fn sequence_number(record: &Value) -> String {
    let number = record["dynamodb"]["SequenceNumber"].as_str();
    number.unwrap_or_default().to_owned()
}

/// Whether the function gets the record. On AWS, the filter of the function's event source drops the entries of histories.
#[must_use]
pub fn is_for_function(record: &Value) -> bool {
    let key = record["dynamodb"]["Keys"]["sk"]["S"].as_str();
    !key.is_some_and(is_history_key)
}
