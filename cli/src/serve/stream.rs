//! Reads the table's stream and gives the records to `record-history`, as Lambda does on AWS.

use std::time::Duration;

use anyhow::Context;
use aws_sdk_dynamodbstreams::Client;
use aws_sdk_dynamodbstreams::types::{Record, ShardIteratorType};
use record_history::Recorder;
use serde_dynamo::Item;
use serde_json::{Value, json};

use super::engine::StreamRecords;

/// How long the reader waits for the next records: few large batches cost the engine less than many small ones.
const POLL: Duration = Duration::from_millis(300);

/// How long it waits after a failure.
const RETRY: Duration = Duration::from_millis(500);

/// How many times it reads before it looks for new shards, and tells the engine which records are done with.
const READS: u32 = 30;

/// A reader of the stream of a table.
pub(super) struct StreamReader {
    client: Client,
    table: String,
    recorder: Recorder,
    /// The engine's own records, if it has to be told that they are done with.
    records: Option<StreamRecords>,
    shards: Vec<Shard>,
}

/// A shard, and where the reader is in it.
struct Shard {
    id: String,
    parent: Option<String>,
    /// The last record that was recorded.
    last: Option<String>,
    /// Where the next records are, if that is known.
    iterator: Option<String>,
    is_finished: bool,
}

impl StreamReader {
    /// A reader of the stream of this table.
    pub(super) fn new(
        client: Client,
        table: String,
        recorder: Recorder,
        records: Option<StreamRecords>,
    ) -> Self {
        Self {
            client,
            table,
            recorder,
            records,
            shards: Vec::new(),
        }
    }

    /// Reads for ever. A failure is logged once, and then tried again until it passes.
    pub(super) async fn run(mut self) {
        let mut is_failing = false;
        loop {
            match self.read().await {
                Ok(()) => is_failing = false,
                Err(error) => {
                    if !is_failing {
                        tracing::error!(
                            error = format!("{error:#}"),
                            "the history waits: the stream of the table cannot be read"
                        );
                    }
                    is_failing = true;
                    tokio::time::sleep(RETRY).await;
                }
            }
        }
    }

    /// Reads for a while.
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

    /// Tells the engine which records are done with.
    fn forget(&self) -> anyhow::Result<()> {
        let Some(records) = &self.records else {
            return Ok(());
        };
        let mut last = self.shards.iter().filter_map(|shard| shard.last.as_deref());
        last.try_for_each(|last| records.delete(&self.table, last))
    }

    /// Whether the shard has records to read, and those of the shard before it are read.
    fn is_next(&self, shard: &Shard) -> bool {
        let mut before = self
            .shards
            .iter()
            .filter(|it| shard.parent.as_ref() == Some(&it.id));
        !shard.is_finished && before.all(|before| before.is_finished)
    }

    async fn find_shards(&mut self) -> anyhow::Result<()> {
        let streams = self.client.list_streams().table_name(&self.table);
        let streams = streams.send().await?;
        // The newest: a table whose stream was switched off and on has several.
        let stream = streams
            .streams()
            .last()
            .and_then(|stream| stream.stream_arn());
        let stream = stream.with_context(|| format!("the table {} has no stream", self.table))?;
        let mut after = None;
        loop {
            let described = self.client.describe_stream().stream_arn(stream);
            let described = described.set_exclusive_start_shard_id(after).send().await?;
            let described = described.stream_description.context("no description")?;
            for shard in described.shards() {
                let id = shard.shard_id().unwrap_or_default();
                if self.shards.iter().all(|known| known.id != id) {
                    self.shards.push(Shard {
                        id: id.to_owned(),
                        parent: shard.parent_shard_id().map(str::to_owned),
                        last: None,
                        iterator: None,
                        is_finished: false,
                    });
                }
            }
            after = described.last_evaluated_shard_id;
            if after.is_none() {
                break;
            }
        }
        for shard in self.shards.iter_mut().filter(|shard| !shard.is_finished) {
            if shard.iterator.is_none() {
                let kind = match shard.last {
                    Some(_) => ShardIteratorType::AfterSequenceNumber,
                    None => ShardIteratorType::TrimHorizon,
                };
                let request = self.client.get_shard_iterator().stream_arn(stream);
                let request = request.shard_id(&shard.id).shard_iterator_type(kind);
                let found = request
                    .set_sequence_number(shard.last.clone())
                    .send()
                    .await?;
                shard.iterator = found.shard_iterator;
            }
        }
        Ok(())
    }

    /// Reads and records what is next in a shard.
    async fn read_shard(&mut self, index: usize) -> anyhow::Result<()> {
        // Without it, a failure begins again after the last record.
        let Some(iterator) = self.shards[index].iterator.take() else {
            anyhow::bail!("the position in the stream is lost");
        };
        let answer = self.client.get_records().shard_iterator(iterator);
        let answer = answer.send().await?;
        let records = answer.records.unwrap_or_default();
        let numbers: Vec<_> = records.iter().map(sequence_number).collect();
        let batch: Vec<_> = records.into_iter().filter_map(event_record).collect();
        if !batch.is_empty() {
            let response = self.recorder.record(json!({ "Records": batch })).await;
            let failed = response.batch_item_failures.first();
            if let Some(failed) = failed.map(|failed| &failed.item_identifier) {
                let done = numbers.iter().take_while(|number| *number != failed);
                self.shards[index].last = done.last().or(self.shards[index].last.as_ref()).cloned();
                anyhow::bail!("the record {failed} could not be recorded");
            }
        }
        let shard = &mut self.shards[index];
        shard.last = numbers.into_iter().next_back().or(shard.last.take());
        shard.iterator = answer.next_shard_iterator;
        shard.is_finished = shard.iterator.is_none();
        Ok(())
    }
}

fn sequence_number(record: &Record) -> String {
    let number = record
        .dynamodb()
        .and_then(|change| change.sequence_number());
    number.unwrap_or_default().to_owned()
}

/// A record in the form in which Lambda gets it; `None` for the entries of histories, which the function's filter holds back on
/// AWS.
#[must_use]
pub fn event_record(record: Record) -> Option<Value> {
    let change = record.dynamodb?;
    let is_history = change.keys.as_ref().is_some_and(|keys| {
        let key = keys.get("sk").and_then(|key| key.as_s().ok());
        key.is_some_and(|key| key.starts_with("HISTORY#"))
    });
    if is_history {
        return None;
    }
    let image = |image: Option<std::collections::HashMap<_, _>>| image.map(Item::from);
    let at = change.approximate_creation_date_time;
    Some(json!({
        "eventID": record.event_id,
        "eventName": record.event_name.map(|name| name.as_str().to_owned()),
        "eventSource": record.event_source,
        "awsRegion": record.aws_region,
        "dynamodb": {
            "ApproximateCreationDateTime": at.map(|at| at.secs()),
            "Keys": image(change.keys),
            "NewImage": image(change.new_image),
            "OldImage": image(change.old_image),
            "SequenceNumber": change.sequence_number,
            "StreamViewType": change.stream_view_type.map(|kind| kind.as_str().to_owned()),
        },
    }))
}
