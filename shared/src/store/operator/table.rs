//! The table and its index, for engines on which nobody has made them yet. In production `template.yaml` makes them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
};

use crate::store::DatabaseError;
use crate::store::items::{CONTACT_ID, ORGANIZATION_SHARD};
use crate::store::keys::{PARTITION_KEY, SORT_KEY};

/// The index over contacts of all organizations, by their id alone: keys only.
pub(in crate::store) const INDEX_CONTACTS_BY_ID: &str = "contactsById";

/// The index over an organization's contacts, in parts, so that none of its partitions gets hot: keys only. Each contact is
/// written to it once, since its part and its id never change.
pub(super) const INDEX_CONTACTS_BY_ORGANIZATION: &str = "contactsByOrganization";

/// Whether a table tells of its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChangeStream {
    /// A stream of new and old images, as in production.
    NewAndOldImages,
    /// None. For the embedded engine, where nothing reads it: each of its writes searches all stream records for the
    /// next number, so that writes would slow down with every write before.
    Off,
}

/// Creates the table if there is none of this name. Answers whether it did.
///
/// # Errors
/// When the database refuses or does not answer.
pub async fn create_table(
    client: &Client,
    table: &str,
    stream: ChangeStream,
) -> Result<bool, DatabaseError> {
    let by_id = index(
        INDEX_CONTACTS_BY_ID,
        vec![key_element(CONTACT_ID, KeyType::Hash)?],
    )?;
    let by_organization = index(
        INDEX_CONTACTS_BY_ORGANIZATION,
        vec![
            key_element(ORGANIZATION_SHARD, KeyType::Hash)?,
            key_element(CONTACT_ID, KeyType::Range)?,
        ],
    )?;
    let stream = match stream {
        ChangeStream::NewAndOldImages => Some(
            StreamSpecification::builder()
                .stream_enabled(true)
                .stream_view_type(StreamViewType::NewAndOldImages)
                .build()?,
        ),
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
        .key_schema(key_element(PARTITION_KEY, KeyType::Hash)?)
        .key_schema(key_element(SORT_KEY, KeyType::Range)?)
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

/// An index of this key that holds keys only.
fn index(name: &str, key: Vec<KeySchemaElement>) -> Result<GlobalSecondaryIndex, DatabaseError> {
    let keys_only = Projection::builder()
        .projection_type(ProjectionType::KeysOnly)
        .build();
    Ok(GlobalSecondaryIndex::builder()
        .index_name(name)
        .set_key_schema(Some(key))
        .projection(keys_only)
        .build()?)
}

fn key_element(name: &str, kind: KeyType) -> Result<KeySchemaElement, DatabaseError> {
    KeySchemaElement::builder()
        .attribute_name(name)
        .key_type(kind)
        .build()
        .map_err(DatabaseError::from)
}
