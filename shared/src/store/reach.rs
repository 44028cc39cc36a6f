//! A contact by its id alone, for super administrators (contract section 3).

use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::items::CONTACT_ID;
use super::keys::{PARTITION_KEY, organization_of};
use super::table::INDEX_CONTACTS_BY_ID;
use super::{DatabaseError, Store};
use crate::domain::{ContactId, SuperAdmin, Tenant};

/// Whose contact an id names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nobody's.
    Nowhere,
    /// This organization's.
    In(Tenant),
    /// Those of several organizations, so that the id alone does not say which is meant.
    Ambiguous,
}

impl Store {
    /// Finds the organization of a contact by its id alone. One query of an index, whatever the number of contacts.
    ///
    /// An id is unique only in its organization. Where several have it, the organization that the super
    /// administrator's token names is meant, if it names one. It is also tried where the index knows none, since an
    /// index follows its table with a delay.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_tenant(
        &self,
        super_admin: &SuperAdmin,
        id: &ContactId,
    ) -> Result<Found, DatabaseError> {
        let output = Box::pin(request(&self.table, id).send_with(&self.client))
            .await
            .map_err(DatabaseError::from_sdk)?;
        let own = super_admin.own_tenant().cloned().map(Found::In);
        match output.items() {
            [] => Ok(own.unwrap_or(Found::Nowhere)),
            [item] => item
                .get(PARTITION_KEY)
                .and_then(|key| organization_of(key.as_s().ok()?))
                .map(|organization| Found::In(super_admin.tenant_of(organization)))
                .ok_or(DatabaseError::UnexpectedAnswer(
                    "an index entry names no organization",
                )),
            _ => Ok(own.unwrap_or(Found::Ambiguous)),
        }
    }
}

/// The request, as a pure function. Two entries tell one from several.
fn request(table: &str, id: &ContactId) -> QueryInputBuilder {
    QueryInputBuilder::default()
        .table_name(table)
        .index_name(INDEX_CONTACTS_BY_ID)
        .key_condition_expression("#contactId = :contactId")
        .expression_attribute_names("#contactId", CONTACT_ID)
        .expression_attribute_values(":contactId", AttributeValue::S(id.as_str().to_owned()))
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
            AttributeValue::S("c_1".to_owned())
        );
        assert_eq!(request.limit(), Some(2));
    }
}
