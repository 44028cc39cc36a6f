//! Endpoints 1 and 2: one conditional `UpdateItem`, whatever comes of it.

use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure,
};

use super::items::{
    CHANGE_REQUEST_ID, CHANGED_BY, EMAILS, Item, PHONES, UPDATED_AT, VERIFICATION_SOURCE,
    VERIFIED_AT, VERIFIED_BY, VERSION, contact, is_as_left_by,
};
use super::keys::Key;
use super::{ChangeError, ChangeStamp, DatabaseError, Store, retried};
use crate::domain::{
    Contact, ContactId, ExpectedVersion, MethodKind, MethodValue, Outcome, Tenant, Timestamp,
    Verification, VerificationSource,
};

/// What is to be done to one phone number or e-mail address of a contact.
#[derive(Debug, Clone)]
pub struct MethodChange {
    /// Which method.
    pub method: MethodValue,
    /// Since when it is verified, and where that comes from; `None` clears.
    pub verification: Option<(Timestamp, Option<VerificationSource>)>,
    /// At which version the contact must be.
    pub expected_version: ExpectedVersion,
    /// Who does it, when, on which request.
    pub stamp: ChangeStamp,
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
        change: &MethodChange,
    ) -> Result<(Outcome, Contact), ChangeError> {
        retried(|| self.try_verify_method(tenant, id, change)).await
    }

    async fn try_verify_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        change: &MethodChange,
    ) -> Result<(Outcome, Contact), ChangeError> {
        let key = Key::contact(tenant.organization(), id);
        match Box::pin(request(&self.table, key, change).send_with(&self.client)).await {
            Ok(output) => {
                let item = output
                    .attributes
                    .ok_or(DatabaseError::Nonsense("an update returned no item"))?;
                Ok((change.success(), contact(item)?))
            }
            Err(SdkError::ServiceError(context))
                if matches!(
                    context.err(),
                    UpdateItemError::ConditionalCheckFailedException(_)
                ) =>
            {
                match context.into_err() {
                    UpdateItemError::ConditionalCheckFailedException(refused) => {
                        explain(refused.item, change)
                    }
                    other => Err(DatabaseError::Refused(Box::new(other)).into()),
                }
            }
            Err(error) => Err(DatabaseError::from_sdk(error).into()),
        }
    }
}

impl MethodChange {
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

/// Every change raises the version and says when, by whom and on which request it was made.
const STAMP: &str = "#version = #version + :one, #updatedAt = :now, #changedBy = :actor, #changeRequestId = :requestId";

/// The request, as a pure function.
fn request(table: &str, key: Key, change: &MethodChange) -> UpdateItemInputBuilder {
    let request = UpdateItemInputBuilder::default()
        .table_name(table)
        .set_key(Some(key.attributes()))
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .return_consumed_capacity(ReturnConsumedCapacity::Total)
        .expression_attribute_names("#methods", methods_attribute(change.method.kind()))
        .expression_attribute_names("#method", change.method.normal_form())
        .expression_attribute_names("#verifiedAt", VERIFIED_AT)
        .expression_attribute_names("#verifiedBy", VERIFIED_BY)
        .expression_attribute_names("#verificationSource", VERIFICATION_SOURCE)
        .expression_attribute_names("#version", VERSION)
        .expression_attribute_names("#updatedAt", UPDATED_AT)
        .expression_attribute_names("#changedBy", CHANGED_BY)
        .expression_attribute_names("#changeRequestId", CHANGE_REQUEST_ID)
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .expression_attribute_values(":now", AttributeValue::S(change.stamp.now.to_string()))
        .expression_attribute_values(
            ":actor",
            AttributeValue::S(change.stamp.actor.as_str().to_owned()),
        )
        .expression_attribute_values(
            ":requestId",
            AttributeValue::S(change.stamp.request_id.clone()),
        );

    let (request, update, condition) = match &change.verification {
        None => (
            request,
            format!(
                "SET {STAMP} REMOVE #methods.#method.#verifiedAt, #methods.#method.#verifiedBy, \
                 #methods.#method.#verificationSource"
            ),
            IS_VERIFIED.to_owned(),
        ),
        Some((at, source)) => {
            let request = request
                .expression_attribute_values(":verifiedAt", AttributeValue::S(at.to_string()));
            let set = format!(
                "SET #methods.#method.#verifiedAt = :verifiedAt, #methods.#method.#verifiedBy = :actor, {STAMP}"
            );
            let condition = format!("{HAS_METHOD} AND {RECORDS_EARLIEST}");
            match source {
                Some(source) => (
                    request.expression_attribute_values(
                        ":source",
                        AttributeValue::S(source.as_str().to_owned()),
                    ),
                    format!("{set}, #methods.#method.#verificationSource = :source"),
                    condition,
                ),
                // A label of the verification that is replaced must not pass for one of the new.
                None => (
                    request,
                    format!("{set} REMOVE #methods.#method.#verificationSource"),
                    condition,
                ),
            }
        }
    };
    let (request, condition) = match &change.expected_version {
        ExpectedVersion::Any => (request, condition),
        ExpectedVersion::OneOf(versions) => {
            // No contact has version 0: where no entity tag can be a version, the condition cannot hold.
            let numbers = if versions.is_empty() {
                vec![0]
            } else {
                versions.iter().map(|version| version.number()).collect()
            };
            let placeholders: Vec<_> = (0..numbers.len())
                .map(|position| format!(":version{position}"))
                .collect();
            let request =
                placeholders
                    .iter()
                    .zip(numbers)
                    .fold(request, |request, (placeholder, number)| {
                        request.expression_attribute_values(
                            placeholder,
                            AttributeValue::N(number.to_string()),
                        )
                    });
            (
                request,
                format!("{condition} AND #version IN ({})", placeholders.join(", ")),
            )
        }
    };
    request
        .update_expression(update)
        .condition_expression(condition)
}

fn methods_attribute(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Phone => PHONES,
        MethodKind::Email => EMAILS,
    }
}

/// Why the condition did not hold, told from the item as it was: one answer for every outcome, without a second call.
fn explain(item: Option<Item>, change: &MethodChange) -> Result<(Outcome, Contact), ChangeError> {
    let item = item.ok_or(ChangeError::ContactNotFound)?;
    let is_our_own = is_as_left_by(&item, &change.stamp);
    let contact = contact(item)?;
    if is_our_own {
        return Ok((change.success(), contact));
    }
    let method = contact
        .method(&change.method)
        .ok_or(ChangeError::MethodNotFound)?;
    if !change.expected_version.allows(contact.version) {
        return Err(ChangeError::VersionMismatch(contact.version));
    }
    let stored = method.verification.as_ref();
    match &change.verification {
        Some((at, _)) if !Verification::replaces(*at, stored) => Ok((Outcome::Kept, contact)),
        None if stored.is_none() => Ok((Outcome::Unchanged, contact)),
        _ => Err(DatabaseError::Nonsense("a condition that holds was refused").into()),
    }
}
