//! Endpoints 1 and 2: one conditional `UpdateItem` for every outcome.
//!
//! The condition is the one rule, so no read is needed. If the answer is lost, a read shows whether the update was applied. If
//! it was not, or if the contact does not remember its last writes, the store makes the change from a read, like every other
//! change ([`change`](super::change)).

use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::change::{Change, Found};
use super::conditions::{
    EXISTS, HAS_METHOD, IS_NOT_APPLIED, IS_NOT_FENCED, MOVES_FENCE_FORWARD, REMEMBERS_WRITES,
    is_verified, records_earliest,
};
use super::edit::Edit;
use super::erase::is_erased;
use super::expression::Expression;
use super::items::{
    CLEARED_AT, EMAILS, FENCE, Item, PHONES, RECENT_REQUESTS, UPDATED_AT, VERIFICATION_SOURCE,
    VERIFIED_AT, VERIFIED_BY, VERSION, contact, text,
};
use super::keys::{Key, PARTITION_KEY};
use super::recent_requests::{REMEMBERED_WRITES, RecentRequests, SHIFT};
use super::{ChangeError, ChangeMetadata, DatabaseError, Store, WriteId};
use crate::domain::{
    Contact, ContactId, ExpectedVersion, MethodKind, MethodValue, Outcome, Tenant, Timestamp,
    Verification, VerificationSource,
};

/// A request to verify one phone number or e-mail address of a contact, or to clear its verification.
#[derive(Debug, Clone)]
pub struct VerifyMethod {
    /// The phone number or e-mail address.
    pub method: MethodValue,
    /// The time and the source of the verification; `None` clears it.
    pub verification: Option<(Timestamp, Option<VerificationSource>)>,
    /// The versions of the contact that the caller accepts.
    pub expected_version: ExpectedVersion,
    /// The actor, time, route and request of the change.
    pub metadata: ChangeMetadata,
}

impl Store {
    /// Records or clears the verification of one contact method by the one rule. Returns the outcome, and the contact after the
    /// change.
    ///
    /// # Errors
    /// The reason. Nothing was written, unless it is [`ChangeError::FateUnknown`] or [`DatabaseError::InDoubt`].
    pub async fn verify_method(
        &self,
        tenant: &Tenant,
        id: &ContactId,
        request: &VerifyMethod,
    ) -> Result<(Outcome, Contact), ChangeError> {
        let key = Key::contact(tenant.organization(), id);
        let mut attempts = self.attempts();
        let mut is_in_doubt = false;
        let answer = loop {
            let answer = if is_in_doubt {
                Box::pin(self.resolve(key.clone(), request)).await
            } else {
                self.verify_by_single_update(key.clone(), request).await
            };
            match answer {
                Ok(answer) => break answer,
                Err(error) => {
                    is_in_doubt |=
                        matches!(&error, ChangeError::Database(DatabaseError::InDoubt(_)));
                    attempts.wait_after(error).await?;
                }
            }
        };
        if let Some(answer) = answer {
            return Ok(answer);
        }
        let change = VerifyingMethod {
            tenant,
            id,
            request,
        };
        Box::pin(self.change(&change, &request.metadata)).await
    }

    /// Sends the single update, and returns its answer; `None` if the store can make the change only from a read.
    async fn verify_by_single_update(
        &self,
        key: Key,
        request: &VerifyMethod,
    ) -> Result<Option<(Outcome, Contact)>, ChangeError> {
        let update = update(&self.table, key, request);
        let error = match Box::pin(update.send_with(&self.writes)).await {
            Ok(output) => {
                let why = "an update returned no item";
                let item = output
                    .attributes
                    .ok_or(DatabaseError::UnexpectedAnswer(why))?;
                return Ok(Some((request.outcome(true), contact(item)?)));
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                explain(refused.item.clone(), request)
            }
            // DynamoDB cannot apply the update to this item. A read shows which attribute is at fault.
            _ if error.code() == Some("ValidationException") => Ok(None),
            _ => Err(DatabaseError::from_write(error).into()),
        }
    }

    /// Finds out whether the single update was applied, after its answer was lost. If it was not, this function gives the update
    /// up: DynamoDB no longer applies it, even if it arrives late. Then the store can make the change from a read (`None`).
    ///
    /// # Errors
    /// [`ChangeError::FateUnknown`] if the contact does not show whether the update was applied.
    async fn resolve(
        &self,
        key: Key,
        request: &VerifyMethod,
    ) -> Result<Option<(Outcome, Contact)>, ChangeError> {
        let item = self.read_item(key.clone()).await?;
        if let Some(answer) = request.answer_if_applied(item)? {
            return Ok(Some(answer));
        }
        let fence = fence(&self.table, key, &request.metadata.write_id);
        let item = match Box::pin(fence.send_with(&self.writes)).await {
            Ok(output) => output.attributes,
            Err(error) => match error.as_service_error() {
                // DynamoDB has applied the update since the read, or the store has already given up a later one.
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    refused.item.clone()
                }
                _ => return Err(DatabaseError::from_write(error).into()),
            },
        };
        request.answer_if_applied(item)
    }
}

/// The change made from a read.
struct VerifyingMethod<'a> {
    tenant: &'a Tenant,
    id: &'a ContactId,
    request: &'a VerifyMethod,
}

impl Change for VerifyingMethod<'_> {
    type Answer = (Outcome, Contact);

    async fn read(&self, store: &Store, _: Option<&ContactId>) -> Result<Found, ChangeError> {
        let contact = store.read_contact(self.tenant, self.id, &[]).await?;
        Ok(contact.into())
    }

    fn plan(&self, found: Found) -> Result<Edit, ChangeError> {
        let request = self.request;
        let before = found.snapshot.ok_or(ChangeError::ContactNotFound)?;
        let mut after = before.state.clone();
        if request.has_work(&after.contact)?
            && let Some(method) = after.contact.method_mut(&request.method)
        {
            match request.verification.clone() {
                Some((at, source)) => method.verification.record(Verification {
                    at,
                    by: Some(request.metadata.actor.clone()),
                    source,
                }),
                None => method.verification.clear(request.metadata.now),
            }
        }
        Edit::new(Some(before), after, Vec::new(), request.metadata.now)
    }

    fn answer(&self, edit: &Edit) -> Result<Self::Answer, ChangeError> {
        let outcome = self.request.outcome(!edit.is_empty());
        Ok((outcome, edit.after().contact.clone()))
    }
}

impl VerifyMethod {
    /// The outcome if the request wrote something, or had nothing to write.
    fn outcome(&self, is_written: bool) -> Outcome {
        Outcome::of_verification(self.verification.is_some(), is_written)
    }

    /// The answer if the contact shows that the single update was applied; `None` if the contact shows that it was not.
    ///
    /// # Errors
    /// [`ChangeError::FateUnknown`] if the contact shows neither.
    fn answer_if_applied(
        &self,
        item: Option<Item>,
    ) -> Result<Option<(Outcome, Contact)>, ChangeError> {
        let item = item.filter(|item| !is_erased(item));
        let item = item.ok_or(ChangeError::ContactNotFound)?;
        let recent_requests = RecentRequests::of(&item);
        let write_id = &self.metadata.write_id;
        if recent_requests.contain(write_id) {
            Ok(Some((self.outcome(true), contact(item)?)))
        } else if recent_requests.cover(write_id) {
            Ok(None)
        } else {
            Err(ChangeError::FateUnknown)
        }
    }

    /// Whether the request has something to write to this contact.
    ///
    /// # Errors
    /// The reason why the request must not change the contact.
    fn has_work(&self, contact: &Contact) -> Result<bool, ChangeError> {
        let method = contact
            .method(&self.method)
            .ok_or(ChangeError::MethodNotFound(self.method.kind()))?;
        if !self.expected_version.allows(contact.version) {
            return Err(ChangeError::VersionMismatch(Some(contact.version)));
        }
        let stored = method.verification.current.as_ref();
        Ok(match &self.verification {
            Some((at, _)) => Verification::replaces(*at, stored),
            None => stored.is_some(),
        })
    }
}

/// The path of the method's verification.
const VERIFICATION: &str = "#methods.#method";

/// The single update, as a pure function.
fn update(table: &str, key: Key, request: &VerifyMethod) -> UpdateItemInputBuilder {
    let mut expression = Expression::default();
    expression.names([
        ("#methods", methods_attribute(request.method.kind())),
        ("#method", request.method.normal_form()),
        ("#verifiedAt", VERIFIED_AT),
        ("#verifiedBy", VERIFIED_BY),
        ("#verificationSource", VERIFICATION_SOURCE),
    ]);
    match &request.verification {
        Some((at, source)) => {
            expression
                .require(HAS_METHOD)
                .require(records_earliest(VERIFICATION))
                .set("#methods.#method.#verifiedAt = :verifiedAt")
                .set("#methods.#method.#verifiedBy = :changedBy")
                .text(":verifiedAt", *at);
            match source {
                Some(source) => expression
                    .set("#methods.#method.#verificationSource = :source")
                    .text(":source", source.as_str()),
                // The new verification must not keep the label of the replaced one.
                None => expression.remove("#methods.#method.#verificationSource"),
            };
        }
        None => {
            expression
                .require(is_verified(VERIFICATION))
                .set("#methods.#method.#clearedAt = :updatedAt")
                .names([("#clearedAt", CLEARED_AT)])
                .remove("#methods.#method.#verifiedAt")
                .remove("#methods.#method.#verifiedBy")
                .remove("#methods.#method.#verificationSource");
        }
    }
    require_expected_version(&mut expression, &request.expected_version);
    remember(&mut expression, &request.metadata);
    expression
        .into_update_item(table, key)
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

/// Raises the version, and adds the write to the contact's last writes. The conditions refuse a second application of the
/// write, and any application after the store gave the write up.
fn remember(expression: &mut Expression, metadata: &ChangeMetadata) {
    expression
        .require(REMEMBERS_WRITES)
        .require(IS_NOT_APPLIED)
        .require(IS_NOT_FENCED)
        .set("#version = #version + :one")
        .set_attribute(UPDATED_AT, text(metadata.now))
        .set(SHIFT)
        .names([
            ("#version", VERSION),
            ("#recentRequests", RECENT_REQUESTS),
            ("#fence", FENCE),
        ])
        .number(":one", 1)
        .number(":remembered", REMEMBERED_WRITES as u64)
        .number(":drawnAt", metadata.write_id.drawn_at_ms())
        .text(":writeId", metadata.write_id.as_str());
    for (name, value) in metadata.attributes_of_change() {
        expression.set_attribute(&name, value);
    }
}

fn require_expected_version(expression: &mut Expression, expected: &ExpectedVersion) {
    let ExpectedVersion::OneOf(versions) = expected else {
        return;
    };
    // No contact has version 0: if no entity tag can be a version, the condition cannot hold.
    let numbers = if versions.is_empty() {
        vec![0]
    } else {
        versions.iter().map(|version| version.number()).collect()
    };
    let placeholders: Vec<_> = (0..numbers.len())
        .map(|position| format!(":version{position}"))
        .collect();
    for (placeholder, number) in placeholders.iter().zip(numbers) {
        expression.number(placeholder, number);
    }
    expression.require(format!("#version IN ({})", placeholders.join(", ")));
}

/// The update that gives a write up, as a pure function. It changes nothing that a caller sees.
fn fence(table: &str, key: Key, write_id: &WriteId) -> UpdateItemInputBuilder {
    let mut expression = Expression::default();
    expression
        .require(EXISTS)
        .require(IS_NOT_APPLIED)
        .require(MOVES_FENCE_FORWARD)
        .set("#fence = :drawnAt")
        .names([
            ("#pk", PARTITION_KEY),
            ("#recentRequests", RECENT_REQUESTS),
            ("#fence", FENCE),
        ])
        .number(":drawnAt", write_id.drawn_at_ms())
        .text(":writeId", write_id.as_str());
    expression
        .into_update_item(table, key)
        .return_values(ReturnValue::AllNew)
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
}

fn methods_attribute(kind: MethodKind) -> &'static str {
    match kind {
        MethodKind::Phone => PHONES,
        MethodKind::Email => EMAILS,
    }
}

/// The answer if the condition did not hold; `None` if the store can make the change only from a read. The old item tells all
/// outcomes apart, without a second call.
fn explain(
    item: Option<Item>,
    request: &VerifyMethod,
) -> Result<Option<(Outcome, Contact)>, ChangeError> {
    let item = item.filter(|item| !is_erased(item));
    let contact = contact(item.ok_or(ChangeError::ContactNotFound)?)?;
    let has_work = request.has_work(&contact)?;
    Ok((!has_work).then(|| (request.outcome(false), contact)))
}

#[cfg(test)]
mod tests;
