//! A JSON client of the streams of an engine on this machine. Its records have the form in which Lambda gives them to a function.
//!
//! The SDK has its own types for records, which this module would have to convert. It also cannot read an empty map as DynamoDB
//! Local writes it. Local engines check no signature.

use anyhow::{Context, bail};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE};
use serde_json::{Map, Value, json};
use url::Url;

use crate::client::local_identity;

/// The streams of an engine.
#[derive(Debug, Clone)]
pub struct Streams {
    url: Url,
    http: reqwest::Client,
    authorization: String,
}

/// A shard of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// The id of the shard.
    pub id: String,
    /// The shard whose records come before those of this shard.
    pub parent: Option<String>,
}

/// Some records of a shard.
#[derive(Debug)]
pub struct Records {
    /// The records.
    pub records: Vec<Value>,
    /// The iterator for the next records. `None` at the end of the shard.
    pub next: Option<String>,
}

impl Streams {
    /// The streams of the engine at `url`.
    ///
    /// # Errors
    /// When no HTTP client can be made.
    pub fn new(url: &Url) -> anyhow::Result<Self> {
        let (region, key_id) = local_identity();
        let http = reqwest::Client::builder().tls_certs_only([]).no_proxy();
        Ok(Self {
            url: url.clone(),
            http: http.build()?,
            authorization: format!(
                "AWS4-HMAC-SHA256 Credential={key_id}/20200101/{region}/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
            ),
        })
    }

    /// The newest stream of a table. A table whose stream was switched off and on has several.
    ///
    /// # Errors
    /// When the table has no stream, or the engine does not answer.
    pub async fn stream_of(&self, table: &str) -> anyhow::Result<String> {
        let answer = self
            .call("ListStreams", json!({ "TableName": table }))
            .await?;
        let streams = answer["Streams"].as_array().into_iter().flatten();
        let stream = streams
            .last()
            .and_then(|stream| stream["StreamArn"].as_str());
        let stream = stream.with_context(|| format!("the table {table} has no stream"))?;
        Ok(stream.to_owned())
    }

    /// The shards of a stream.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn shards(&self, stream: &str) -> anyhow::Result<Vec<Shard>> {
        let mut shards = Vec::new();
        let mut request = json!({ "StreamArn": stream });
        loop {
            let answer = self.call("DescribeStream", request.clone()).await?;
            let described = &answer["StreamDescription"];
            for shard in described["Shards"].as_array().into_iter().flatten() {
                let text = |name: &str| shard[name].as_str().map(str::to_owned);
                shards.push(Shard {
                    id: text("ShardId").context("a shard has no id")?,
                    parent: text("ParentShardId"),
                });
            }
            match &described["LastEvaluatedShardId"] {
                Value::Null => return Ok(shards),
                last => request["ExclusiveStartShardId"] = last.clone(),
            }
        }
    }

    /// The iterator for the records of a shard after this sequence number, or for all of its records.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn iterator(
        &self,
        stream: &str,
        shard: &str,
        after: Option<&str>,
    ) -> anyhow::Result<Option<String>> {
        let mut request =
            json!({ "StreamArn": stream, "ShardId": shard, "ShardIteratorType": "TRIM_HORIZON" });
        if let Some(after) = after {
            request["ShardIteratorType"] = json!("AFTER_SEQUENCE_NUMBER");
            request["SequenceNumber"] = json!(after);
        }
        let answer = self.call("GetShardIterator", request).await?;
        Ok(answer["ShardIterator"].as_str().map(str::to_owned))
    }

    /// Records of a shard, at most a thousand.
    ///
    /// # Errors
    /// When the engine does not answer.
    pub async fn records(&self, iterator: &str) -> anyhow::Result<Records> {
        let request = json!({ "ShardIterator": iterator });
        let mut answer = self.call("GetRecords", request).await?;
        let Value::Array(mut records) = answer["Records"].take() else {
            bail!("the stream answered no records");
        };
        for record in &mut records {
            for image in ["NewImage", "OldImage"] {
                if let Some(Value::Object(image)) = record["dynamodb"].get_mut(image) {
                    mend_empty_maps(image);
                }
            }
        }
        Ok(Records {
            records,
            next: answer["NextShardIterator"].as_str().map(str::to_owned),
        })
    }

    async fn call(&self, operation: &str, request: Value) -> anyhow::Result<Value> {
        let sent = self.http.post(self.url.clone());
        let sent = sent
            .header(CONTENT_TYPE, "application/x-amz-json-1.0")
            .header(
                "x-amz-target",
                format!("DynamoDBStreams_20120810.{operation}"),
            )
            .header("x-amz-date", "20200101T000000Z")
            .header(AUTHORIZATION, &self.authorization)
            .body(request.to_string());
        let answer = sent.send().await?;
        let status = answer.status();
        let body = answer.text().await?;
        if !status.is_success() {
            let error: Value = serde_json::from_str(&body).unwrap_or_default();
            bail!("{operation}: {status} {}", error["__type"]);
        }
        Ok(serde_json::from_str(&body)?)
    }
}

/// DynamoDB Local writes an empty map as `{}`, and not as `{"M":{}}`.
fn mend_empty_maps(attributes: &mut Map<String, Value>) {
    for value in attributes.values_mut() {
        mend_empty_map(value);
    }
}

fn mend_empty_map(value: &mut Value) {
    let Value::Object(typed) = value else { return };
    if typed.is_empty() {
        *value = json!({ "M": {} });
    } else if let Some(Value::Object(members)) = typed.get_mut("M") {
        mend_empty_maps(members);
    } else if let Some(Value::Array(elements)) = typed.get_mut("L") {
        elements.iter_mut().for_each(mend_empty_map);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_map_is_one_in_both_ways_of_writing_it() {
        let mut image = json!({
            "emails": {}, "phones": { "M": {} }, "name": { "S": "" },
            "list": { "L": [{}, { "M": { "inner": {} } }] },
        });
        mend_empty_maps(image.as_object_mut().unwrap());
        assert_eq!(
            image,
            json!({
                "emails": { "M": {} }, "phones": { "M": {} }, "name": { "S": "" },
                "list": { "L": [{ "M": {} }, { "M": { "inner": { "M": {} } } }] },
            })
        );
    }
}
