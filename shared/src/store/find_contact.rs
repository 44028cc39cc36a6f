//! Finds a contact by its id alone, for super administrators (contract section 3).

use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::ReturnConsumedCapacity;

use super::items::{CONTACT_ID, text};
use super::keys::{PARTITION_KEY, organization_of};
use super::operator::INDEX_CONTACTS_BY_ID;
use super::{ChangeError, DatabaseError, Store};
use crate::domain::{ContactId, Reach, SuperAdmin, Tenant};

impl Store {
    /// Does `work` in the organization of the contact. That is the caller's own organization. If it has no such contact, a super
    /// administrator also reaches the contacts of other organizations: one query of an index finds the organization, whatever the
    /// number of contacts.
    ///
    /// # Errors
    /// As `work`; [`ChangeError::AmbiguousId`] if contacts of several other organizations have the id.
    pub async fn in_reach<T, F>(
        &self,
        reach: &Reach,
        id: &ContactId,
        work: impl Fn(Tenant) -> F,
    ) -> Result<T, ChangeError>
    where
        F: Future<Output = Result<T, ChangeError>>,
    {
        let super_admin = match reach {
            Reach::Own(tenant) => return work(tenant.clone()).await,
            Reach::Any(super_admin) => super_admin,
        };
        // The index follows the table with a delay and may lack the newest contacts, so the caller's own organization comes first.
        if let Some(own) = super_admin.own_tenant() {
            match work(own.clone()).await {
                Err(ChangeError::ContactNotFound) => {}
                done => return done,
            }
        }
        let tenant = Box::pin(self.find_tenant(super_admin, id)).await?;
        work(tenant).await
    }

    /// Finds the organization of a contact by the contact's id alone.
    async fn find_tenant(
        &self,
        super_admin: &SuperAdmin,
        id: &ContactId,
    ) -> Result<Tenant, ChangeError> {
        let output = request(&self.table, id)
            .send_with(&self.client)
            .await
            .map_err(DatabaseError::from_sdk)?;
        match output.items() {
            [] => Err(ChangeError::ContactNotFound),
            [item] => item
                .get(PARTITION_KEY)
                .and_then(|key| organization_of(key.as_s().ok()?))
                .map(|organization| super_admin.tenant_of(organization))
                .ok_or_else(|| {
                    let why = "an index entry names no organization";
                    DatabaseError::UnexpectedAnswer(why).into()
                }),
            _ => Err(ChangeError::AmbiguousId),
        }
    }
}

/// The request, as a pure function. Two entries are enough to tell one contact from several.
fn request(table: &str, id: &ContactId) -> QueryInputBuilder {
    QueryInputBuilder::default()
        .table_name(table)
        .index_name(INDEX_CONTACTS_BY_ID)
        .key_condition_expression("#contactId = :contactId")
        .expression_attribute_names("#contactId", CONTACT_ID)
        .expression_attribute_values(":contactId", text(id.as_str()))
        .limit(2)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contact_is_looked_up_by_its_id_in_the_index() {
        let request = request("contacts", &ContactId::parse("c_1").unwrap())
            .build()
            .unwrap();
        assert_eq!(
            (request.table_name(), request.index_name()),
            (Some("contacts"), Some("contactsById"))
        );
        assert_eq!(
            request.key_condition_expression(),
            Some("#contactId = :contactId")
        );
        assert_eq!(
            request.expression_attribute_names().unwrap()["#contactId"],
            "contactId"
        );
        assert_eq!(
            request.expression_attribute_values().unwrap()[":contactId"],
            text("c_1")
        );
        assert_eq!(request.limit(), Some(2));
    }
}
