//! Endpoints 1 and 2: one conditional `UpdateItem`, whatever comes of it.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};

use super::expression::Expression;
use super::items::{
    EMAILS, Item, PHONES, VERIFICATION_SOURCE, VERIFIED_AT, VERIFIED_BY, contact, is_as_left_by,
};
use super::keys::Key;
use super::{ChangeError, ChangeMetadata, DatabaseError, Store};
use crate::domain::{
    Contact, ContactId, ExpectedVersion, MethodKind, MethodValue, Outcome, Tenant, Timestamp,
    Verification, VerificationSource,
};

/// What is to be done to one phone number or e-mail address of a contact.
#[derive(Debug, Clone)]
pub struct VerifyMethod {
    /// Which method.
    pub method: MethodValue,
    /// Since when it is verified, and where that comes from; `None` clears.
    pub verification: Option<(Timestamp, Option<VerificationSource>)>,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub metadata: ChangeMetadata,
}

impl Store {
    /// Records or clears the verification of one contact method by the one rule, and answers what that did and the
    /// contact as it then stands. One database call, retried only while a transaction holds the contact.
    ///
    /// # Errors
    /// Why nothing was written.
    pub async fn verify_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        change: &VerifyMethod,
    ) -> Result<(Outcome, Contact), ChangeError> {
        self.retried(|| self.try_verify_method(tenant, id, change))
            .await
    }

    async fn try_verify_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        change: &VerifyMethod,
    ) -> Result<(Outcome, Contact), ChangeError> {
        let key = Key::contact(tenant.organization(), id);
        match Box::pin(request(&self.table, key, change).send_with(&self.client)).await {
            Ok(output) => {
                let item = output.attributes.ok_or(DatabaseError::UnexpectedAnswer(
                    "an update returned no item",
                ))?;
                Ok((change.success(), contact(item)?))
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    explain(refused.item.clone(), change)
                }
                _ => Err(DatabaseError::from_sdk(error).into()),
            },
        }
    }
}

impl VerifyMethod {
    /// The outcome when the database accepts it.
    fn success(&self) -> Outcome {
        if self.verification.is_some() {
            Outcome::Recorded
        } else {
            Outcome::Cleared
        }
    }
}

/// The contact has the method. Without a contact there is none either.
const HAS_METHOD: &str = "attribute_exists(#methods.#method)";

/// The one rule (contract section 2): nothing is stored, or what is stored is later.
const RECORDS_EARLIEST: &str = "(attribute_not_exists(#methods.#method.#verifiedAt) OR #methods.#method.#verifiedAt > :verifiedAt)";

/// There is something to clear.
const IS_VERIFIED: &str = "attribute_exists(#methods.#method.#verifiedAt)";

/// The request, as a pure function.
fn request(table: &str, key: Key, change: &VerifyMethod) -> UpdateItemInputBuilder {
    let expression = expression(change);
    let (condition, update) = (expression.condition(), expression.update());
    let (names, values) = expression.into_names_and_values();
    UpdateItemInputBuilder::default()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .condition_expression(condition)
        .set_update_expression(update)
        .set_expression_attribute_names(Some(names))
        .set_expression_attribute_values(values)
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
}

fn expression(change: &VerifyMethod) -> Expression {
    let mut expression = Expression::default();
    expression.names([
        ("#methods", methods_attribute(change.method.kind())),
        ("#method", change.method.normal_form()),
        ("#verifiedAt", VERIFIED_AT),
        ("#verifiedBy", VERIFIED_BY),
        ("#verificationSource", VERIFICATION_SOURCE),
    ]);
    match &change.verification {
        Some((at, source)) => {
            expression
                .require(HAS_METHOD)
                .require(RECORDS_EARLIEST)
                .set(&[
                    "#methods.#method.#verifiedAt = :verifiedAt",
                    "#methods.#method.#verifiedBy = :actor",
                ])
                .text(":verifiedAt", *at);
            match source {
                Some(source) => expression
                    .set(&["#methods.#method.#verificationSource = :source"])
                    .text(":source", source.as_str()),
                // A label of the verification that is replaced must not pass for one of the new.
                None => expression.remove(&["#methods.#method.#verificationSource"]),
            };
        }
        None => {
            expression.require(IS_VERIFIED).remove(&[
                "#methods.#method.#verifiedAt",
                "#methods.#method.#verifiedBy",
                "#methods.#method.#verificationSource",
            ]);
        }
    }
    expression.metadata(&change.metadata);
    if let ExpectedVersion::OneOf(versions) = &change.expected_version {
        // No contact has version 0: where no entity tag can be a version, the condition cannot hold.
        let numbers = if versions.is_empty() {
            vec![0]
        } else {
            versions.iter().map(|v| v.number()).collect()
        };
        let placeholders: Vec<_> = (0..numbers.len())
            .map(|position| format!(":version{position}"))
            .collect();
        for (placeholder, number) in placeholders.iter().zip(numbers) {
            expression.number(placeholder, number);
        }
        expression.require(format!("#version IN ({})", placeholders.join(", ")));
    }
    expression
}

fn methods_attribute(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Phone => PHONES,
        MethodKind::Email => EMAILS,
    }
}

/// Why the condition did not hold, told from the item as it was: one answer for every outcome, without a second call.
fn explain(item: Option<Item>, change: &VerifyMethod) -> Result<(Outcome, Contact), ChangeError> {
    let item = item.ok_or(ChangeError::ContactNotFound)?;
    let is_our_own = is_as_left_by(&item, &change.metadata);
    let contact = contact(item)?;
    if is_our_own {
        return Ok((change.success(), contact));
    }
    let method = contact
        .method(&change.method)
        .ok_or(ChangeError::MethodNotFound)?;
    if !change.expected_version.allows(contact.version) {
        return Err(ChangeError::VersionMismatch(Some(contact.version)));
    }
    let stored = method.verification.as_ref();
    match &change.verification {
        Some((at, _)) if !Verification::replaces(*at, stored) => Ok((Outcome::Kept, contact)),
        None if stored.is_none() => Ok((Outcome::Unchanged, contact)),
        _ => Err(DatabaseError::UnexpectedAnswer("a condition that holds was refused").into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::domain::{Actor, OrganizationId, PhoneNumber, PhoneRegion, Version};

    fn change(verification: Option<(Timestamp, Option<VerificationSource>)>) -> VerifyMethod {
        VerifyMethod {
            method: MethodValue::Phone(
                PhoneNumber::parse("+14165550100", PhoneRegion::CANADA).unwrap(),
            ),
            verification,
            expected_version: ExpectedVersion::Any,
            metadata: ChangeMetadata {
                actor: Actor::subject("user_1"),
                now: Timestamp::parse_rfc3339("2026-05-20T15:04:02Z").unwrap(),
                route: "PATCH /api/contacts/{id}/phone-number/verify",
                request_id: "request_1".to_owned(),
            },
        }
    }

    fn build(change: &VerifyMethod) -> aws_sdk_dynamodb::operation::update_item::UpdateItemInput {
        let key = Key::contact(
            &OrganizationId::parse("org_a").unwrap(),
            &ContactId::parse("c_1").unwrap(),
        );
        request("contacts", key, change).build().unwrap()
    }

    fn s(text: &str) -> AttributeValue {
        AttributeValue::S(text.to_owned())
    }

    fn n(number: &str) -> AttributeValue {
        AttributeValue::N(number.to_owned())
    }

    fn values<const N: usize>(
        values: [(&str, AttributeValue); N],
    ) -> HashMap<String, AttributeValue> {
        values
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }

    #[test]
    fn a_recording_request_is_one_conditional_update() {
        let at = Timestamp::parse_rfc3339("2026-05-20T15:04:01.135Z").unwrap();
        let source = VerificationSource::parse("admin-manual").unwrap();
        let request = build(&change(Some((at, source))));
        assert_eq!(request.table_name(), Some("contacts"));
        assert_eq!(
            request.key(),
            Some(&values([
                ("pk", s("ORG#org_a#CONTACT#c_1")),
                ("sk", s("CONTACT"))
            ]))
        );
        assert_eq!(
            request.condition_expression(),
            Some(
                "attribute_exists(#methods.#method) AND (attribute_not_exists(#methods.#method.#verifiedAt) OR \
                 #methods.#method.#verifiedAt > :verifiedAt)"
            )
        );
        assert_eq!(
            request.update_expression(),
            Some(
                "SET #methods.#method.#verifiedAt = :verifiedAt, #methods.#method.#verifiedBy = :actor, \
                 #methods.#method.#verificationSource = :source, #version = #version + :one, #updatedAt = :now, \
                 #changedBy = :actor, #changeRequestId = :requestId"
            )
        );
        assert_eq!(
            request.expression_attribute_names().unwrap(),
            &HashMap::from(
                [
                    ("#methods", "phones"),
                    ("#method", "+14165550100"),
                    ("#verifiedAt", "verifiedAt"),
                    ("#verifiedBy", "verifiedBy"),
                    ("#verificationSource", "verificationSource"),
                    ("#version", "version"),
                    ("#updatedAt", "updatedAt"),
                    ("#changedBy", "changedBy"),
                    ("#changeRequestId", "changeRequestId"),
                ]
                .map(|(placeholder, name)| (placeholder.to_owned(), name.to_owned()))
            )
        );
        assert_eq!(
            request.expression_attribute_values().unwrap(),
            &values([
                (":verifiedAt", s("2026-05-20T15:04:01.135Z")),
                (":source", s("admin-manual")),
                (":one", n("1")),
                (":now", s("2026-05-20T15:04:02.000Z")),
                (":actor", s("user_1")),
                (":requestId", s("request_1")),
            ])
        );
        assert_eq!(request.return_values(), Some(&ReturnValue::AllNew));
        assert_eq!(
            request.return_values_on_condition_check_failure(),
            Some(&ReturnValuesOnConditionCheckFailure::AllOld)
        );
    }

    #[test]
    fn recording_without_a_label_removes_an_older_one() {
        let request = build(&change(Some((Timestamp::EPOCH, None))));
        assert!(request.update_expression().unwrap().ends_with(
            "#changeRequestId = :requestId REMOVE #methods.#method.#verificationSource"
        ));
        assert!(
            !request
                .expression_attribute_values()
                .unwrap()
                .contains_key(":source")
        );
    }

    #[test]
    fn a_clearing_request_removes_all_three_attributes() {
        let request = build(&change(None));
        assert_eq!(
            request.condition_expression(),
            Some("attribute_exists(#methods.#method.#verifiedAt)")
        );
        assert_eq!(
            request.update_expression(),
            Some(
                "SET #version = #version + :one, #updatedAt = :now, #changedBy = :actor, \
                 #changeRequestId = :requestId REMOVE #methods.#method.#verifiedAt, #methods.#method.#verifiedBy, \
                 #methods.#method.#verificationSource"
            )
        );
    }

    #[test]
    fn expected_versions_are_part_of_the_condition() {
        let versions = vec![Version::new(3), Version::new(7)];
        let request = build(&VerifyMethod {
            expected_version: ExpectedVersion::OneOf(versions),
            ..change(None)
        });
        assert_eq!(
            request.condition_expression(),
            Some(
                "attribute_exists(#methods.#method.#verifiedAt) AND #version IN (:version0, :version1)"
            )
        );
        let values = request.expression_attribute_values().unwrap();
        assert_eq!(
            (&values[":version0"], &values[":version1"]),
            (&n("3"), &n("7"))
        );
    }

    #[test]
    fn where_no_tag_can_be_a_version_the_condition_cannot_hold() {
        let request = build(&VerifyMethod {
            expected_version: ExpectedVersion::OneOf(Vec::new()),
            ..change(None)
        });
        assert!(
            request
                .condition_expression()
                .unwrap()
                .ends_with(" AND #version IN (:version0)")
        );
        assert_eq!(
            request.expression_attribute_values().unwrap()[":version0"],
            n("0")
        );
    }

    #[test]
    fn a_refusal_without_an_item_means_that_there_is_no_contact() {
        assert!(matches!(
            explain(None, &change(None)),
            Err(ChangeError::ContactNotFound)
        ));
    }
}
