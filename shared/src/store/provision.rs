//! What fills a table before the first request: audiences, clients, contacts and their subscriptions.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::put_item::PutItemError;

use super::items::{Item, contact_item, subscription_item};
use super::keys::{Key, PARTITION_KEY};
use super::{ChangeStamp, DatabaseError, Store};
use crate::domain::{AudienceSlug, ClientSlug, Contact, ContactId, OrganizationId, Subscription};

impl Store {
    /// Registers an audience in an organization. Registering it again changes nothing.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn register_audience(
        &self,
        organization: &OrganizationId,
        audience: &AudienceSlug,
    ) -> Result<(), DatabaseError> {
        self.put_if_absent(Key::audience(organization, audience).attributes())
            .await
    }

    /// Registers a client in an organization. Registering it again changes nothing.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn register_client(
        &self,
        organization: &OrganizationId,
        client: &ClientSlug,
    ) -> Result<(), DatabaseError> {
        self.put_if_absent(Key::client(organization, client).attributes())
            .await
    }

    /// Adds a contact. One that is already there stays as it is, with all that has been recorded on it.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn add_contact(
        &self,
        contact: Contact,
        stamp: ChangeStamp,
    ) -> Result<(), DatabaseError> {
        self.put_if_absent(contact_item(contact, stamp)?).await
    }

    /// Adds a contact's subscription, of `client` or at audience level. One that is already there stays as it is.
    ///
    /// # Errors
    /// When the database refuses or does not answer.
    pub async fn add_subscription(
        &self,
        organization: &OrganizationId,
        contact: &ContactId,
        audience: &AudienceSlug,
        client: Option<&ClientSlug>,
        subscription: Subscription,
    ) -> Result<(), DatabaseError> {
        let key = match client {
            Some(client) => Key::client_subscription(organization, contact, audience, client),
            None => Key::audience_subscription(organization, contact, audience),
        };
        self.put_if_absent(subscription_item(key, subscription)?)
            .await
    }

    async fn put_if_absent(&self, item: Item) -> Result<(), DatabaseError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(#pk)")
            .expression_attribute_names("#pk", PARTITION_KEY)
            .send()
            .await;
        match put {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(context))
                if matches!(
                    context.err(),
                    PutItemError::ConditionalCheckFailedException(_)
                ) =>
            {
                Ok(())
            }
            Err(error) => Err(DatabaseError::from_sdk(error)),
        }
    }
}
