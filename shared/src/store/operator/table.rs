//! Creates the table and its indexes for development and tests. In production, `template.yaml` creates them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
};

use crate::store::DatabaseError;
use crate::store::items::{CONTACT_ID, ORGANIZATION_SHARD};
use crate::store::keys::{PARTITION_KEY, SORT_KEY};

/// The index over contacts of all organizations, by their id alone. It contains only keys.
pub(in crate::store) const INDEX_CONTACTS_BY_ID: &str = "contactsById";

/// The index over an organization's contacts. It contains only keys. It has several parts, so that no partition becomes
/// hot. Each contact is written to it once, because the contact's part and id never change.
pub(super) const INDEX_CONTACTS_BY_ORGANIZATION: &str = "contactsByOrganization";

/// Whether the table has a stream of its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStream {
    /// A stream of new and old images, as in production.
    NewAndOldImages,
    /// No stream. Most tests use this: nothing reads a stream there, and the embedded engine searches all stream records on each
    /// write.
    Off,
}

/// Creates the table if no table has this name. Returns whether it did.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn create_table(
    client: &Client,
    table: &str,
    stream: ChangeStream,
) -> Result<bool, DatabaseError> {
    let by_id = index(INDEX_CONTACTS_BY_ID, &[CONTACT_ID])?;
    let by_organization = index(
        INDEX_CONTACTS_BY_ORGANIZATION,
        &[ORGANIZATION_SHARD, CONTACT_ID],
    )?;
    let stream = match stream {
        ChangeStream::NewAndOldImages => Some(new_and_old_images()?),
        ChangeStream::Off => None,
    };
    let attributes = [PARTITION_KEY, SORT_KEY, CONTACT_ID, ORGANIZATION_SHARD].map(|name| {
        AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S)
            .build()
    });
    let created = client
        .create_table()
        .table_name(table)
        .set_attribute_definitions(Some(attributes.into_iter().collect::<Result<_, _>>()?))
        .set_key_schema(Some(key_schema(&[PARTITION_KEY, SORT_KEY])?))
        .billing_mode(BillingMode::PayPerRequest)
        .global_secondary_indexes(by_id)
        .global_secondary_indexes(by_organization)
        .set_stream_specification(stream)
        .send()
        .await;
    match created {
        Ok(_) => Ok(true),
        Err(error) => match error.as_service_error() {
            Some(CreateTableError::ResourceInUseException(_)) => Ok(false),
            _ => Err(DatabaseError::from_sdk(error)),
        },
    }
}

/// Adds the stream of changes to a table, if it has none: older versions of the tool created tables without a stream.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn add_stream(client: &Client, table: &str) -> Result<(), DatabaseError> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(DatabaseError::from_sdk)?.table;
    let has_stream = described
        .and_then(|table| table.stream_specification)
        .is_some_and(|stream| stream.stream_enabled);
    if has_stream {
        return Ok(());
    }
    let request = client.update_table().table_name(table);
    let request = request.stream_specification(new_and_old_images()?);
    let changed = request.send().await;
    changed.map(drop).map_err(DatabaseError::from_sdk)
}

fn new_and_old_images() -> Result<StreamSpecification, DatabaseError> {
    let images = StreamSpecification::builder().stream_enabled(true);
    let images = images.stream_view_type(StreamViewType::NewAndOldImages);
    Ok(images.build()?)
}

/// An index with a key of these attributes. It contains only keys.
fn index(name: &str, key: &[&str]) -> Result<GlobalSecondaryIndex, DatabaseError> {
    let keys_only = Projection::builder()
        .projection_type(ProjectionType::KeysOnly)
        .build();
    Ok(GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key_schema(key)?))
        .projection(keys_only)
        .build()?)
}

/// A key of these attributes: the partition key, and the sort key if there is one.
fn key_schema(attributes: &[&str]) -> Result<Vec<KeySchemaElement>, DatabaseError> {
    let kinds = [KeyType::Hash, KeyType::Range];
    let elements = attributes.iter().zip(kinds).map(|(name, kind)| {
        let element = KeySchemaElement::builder().attribute_name(*name);
        Ok(element.key_type(kind).build()?)
    });
    elements.collect()
}
