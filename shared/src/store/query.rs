//! Queries: the items of one partition whose sort keys have the same prefix.

use aws_sdk_dynamodb::operation::query::QueryOutput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::items::{Item, text};
use super::keys::{Key, PARTITION_KEY, SORT_KEY};
use super::{DatabaseError, Store};

impl Store {
    /// Sends a query.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn query(
        &self,
        request: QueryInputBuilder,
    ) -> Result<QueryOutput, DatabaseError> {
        Box::pin(request.send_with(&self.client))
            .await
            .map_err(DatabaseError::from_sdk)
    }

    /// All items of a partition whose sort keys have this prefix, with consistent reads, in the order of their keys.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn items_with_prefix(
        &self,
        partition: &str,
        prefix: &str,
    ) -> Result<Vec<Item>, DatabaseError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let request = prefix_request(&self.table, partition, prefix);
            let mut output = self.query(request.set_exclusive_start_key(start)).await?;
            items.extend(output.items.take().unwrap_or_default());
            start = output.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// The sort keys with this prefix in a partition, with consistent reads.
    ///
    /// # Errors
    /// When the database does not answer.
    pub(super) async fn sort_keys(
        &self,
        partition: &str,
        prefix: &str,
    ) -> Result<Vec<String>, DatabaseError> {
        let items = self.items_with_prefix(partition, prefix).await?;
        let keys = items
            .iter()
            .filter_map(|item| Some(Key::of_item(item)?.sort));
        Ok(keys.collect())
    }
}

/// The request for the items of a partition whose sort keys have this prefix, as a pure function.
pub(super) fn prefix_request(table: &str, partition: &str, prefix: &str) -> QueryInputBuilder {
    QueryInputBuilder::default()
        .table_name(table)
        .consistent_read(true)
        .key_condition_expression("#pk = :pk AND begins_with(#sk, :prefix)")
        .expression_attribute_names("#pk", PARTITION_KEY)
        .expression_attribute_names("#sk", SORT_KEY)
        .expression_attribute_values(":pk", text(partition))
        .expression_attribute_values(":prefix", text(prefix))
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_reads_the_items_of_one_partition_whose_sort_keys_have_the_prefix() {
        let request = prefix_request("contacts", "ORG#org_a", "AUDIENCE#");
        let request = request.build().unwrap();
        assert_eq!(request.consistent_read(), Some(true));
        assert_eq!(
            request.key_condition_expression(),
            Some("#pk = :pk AND begins_with(#sk, :prefix)")
        );
        let values = request.expression_attribute_values().unwrap();
        assert_eq!(
            (&values[":pk"], &values[":prefix"]),
            (&text("ORG#org_a"), &text("AUDIENCE#"))
        );
    }
}
