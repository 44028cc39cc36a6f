//! The calls that the store makes for a request, made by the SDK alone.
//!
//! They are not written down here: a request is answered once by the API in this process, what it asks of its database
//! is recorded, and the very same inputs are sent again, about other contacts. Calls that overlapped are sent at the
//! same time.

use std::collections::HashMap;

use anyhow::{Context, bail, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_get_items::builders::TransactGetItemsInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, Update};
use futures_util::future::try_join_all;

use super::scene::{Endpoint, Outcome, Shape, contact_id, seed};
use crate::recorded_api::RecordedApi;
use crate::recorder::{Call, Input, one_after_another};

type Item = HashMap<String, AttributeValue>;

/// The calls of a request.
#[derive(Debug)]
pub(crate) struct Calls {
    /// Groups of calls at the same time, one group after another.
    groups: Vec<Vec<Call>>,
    /// The contact that they were recorded with.
    id: String,
}

impl Calls {
    /// The calls for a request to an endpoint that comes to this outcome.
    pub(crate) async fn record(endpoint: Endpoint, outcome: Outcome) -> anyhow::Result<Self> {
        Self::record_among(endpoint, outcome, 0, Shape::ORDINARY).await
    }

    /// The same for a contact of this shape, among so many others.
    pub(crate) async fn record_among(
        endpoint: Endpoint,
        outcome: Outcome,
        others: usize,
        shape: Shape,
    ) -> anyhow::Result<Self> {
        let id = contact_id(0);
        let api = RecordedApi::start().await?;
        api.seed(&seed(0..1, shape)).await?;
        api.seed(&seed(1..others + 1, Shape::FILLER)).await?;
        let token = endpoint.token()?;
        let mut answer = None;
        let outcomes = [Outcome::Recorded, Outcome::Kept];
        for wanted in outcomes
            .iter()
            .take_while(|earlier| outcome == Outcome::Kept || **earlier == outcome)
        {
            let request = api
                .request(&endpoint.path(&id))?
                .bearer_auth(&token)
                .header("content-type", "application/json")
                .body(endpoint.body());
            let found = api.send(request).await?;
            ensure!(
                found.outcome() == Some(&wanted.to_string()),
                "endpoint {endpoint} answers {}",
                found.body
            );
            answer = Some(found);
        }
        let calls = answer.context("no outcome")?.calls;
        for call in &calls {
            check_is_whole(&call.input)?;
        }
        Ok(Self {
            groups: one_after_another(calls),
            id,
        })
    }

    /// The most of them at the same time.
    pub(crate) fn most_at_once(&self) -> usize {
        self.groups.iter().map(Vec::len).max().unwrap_or(0)
    }

    /// What each of them consumed; nothing where a condition refused it.
    pub(crate) fn cost(&self) -> Vec<Option<f64>> {
        self.groups
            .iter()
            .flatten()
            .map(|call| call.capacity_units)
            .collect()
    }

    /// Their names.
    pub(crate) fn names(&self) -> String {
        let groups: Vec<_> = self
            .groups
            .iter()
            .map(|group| {
                let names: Vec<_> = group.iter().map(|call| call.input.to_string()).collect();
                names.join(" with ")
            })
            .collect();
        groups.join(", then ")
    }

    /// Makes the calls about another contact.
    pub(crate) async fn make(&self, client: &Client, id: &str) -> anyhow::Result<()> {
        let mut read = Vec::new();
        for group in &self.groups {
            let calls = group
                .iter()
                .map(|call| self.make_one(client, call, id, &read));
            read = try_join_all(calls).await?.concat();
        }
        Ok(())
    }

    /// Makes a call, after one that has read these items. Returns the items that it reads.
    async fn make_one(
        &self,
        client: &Client,
        call: &Call,
        id: &str,
        read: &[Item],
    ) -> anyhow::Result<Vec<Item>> {
        let mut items = Vec::new();
        let done = match &call.input {
            Input::UpdateItem(input) => {
                let mut input = UpdateItemInput::clone(input);
                if let Some(key) = &mut input.key {
                    self.turn(key, id);
                }
                was_done(update_item(&input).send_with(client).await)?.is_some()
            }
            Input::TransactGetItems(input) => {
                let mut input = TransactGetItemsInput::clone(input);
                for item in input.transact_items.iter_mut().flatten() {
                    if let Some(get) = &mut item.get {
                        self.turn(&mut get.key, id);
                    }
                }
                let done = was_done(transact_get_items(&input).send_with(client).await)?;
                let responses = done.as_ref().map_or(&[][..], |output| output.responses());
                items.extend(
                    responses
                        .iter()
                        .filter_map(|response| response.item.clone()),
                );
                done.is_some()
            }
            Input::TransactWriteItems(input) => {
                let mut input = TransactWriteItemsInput::clone(input);
                for item in input.transact_items.iter_mut().flatten() {
                    if let Some(update) = &mut item.update {
                        self.turn(&mut update.key, id);
                        require_as_read(update, read);
                    }
                }
                was_done(transact_write_items(&input).send_with(client).await)?.is_some()
            }
            other => bail!("{other} is not known here"),
        };
        ensure!(
            done == call.done,
            "{} of the bare SDK has another result than that of the store",
            call.input
        );
        Ok(items)
    }

    /// Turns a key of the recorded contact into one of another.
    fn turn(&self, key: &mut Item, id: &str) {
        for value in key.values_mut() {
            if let AttributeValue::S(text) = value {
                *text = text.replace(&self.id, id);
            }
        }
    }
}

/// The store requires that an item is as it was read. So the values of that condition are those that this program has read.
fn require_as_read(update: &mut Update, read: &[Item]) {
    let is_key_of = |item: &&Item| {
        update
            .key
            .iter()
            .all(|(name, key)| item.get(name) == Some(key))
    };
    let Some(item) = read.iter().find(is_key_of) else {
        return;
    };
    for (placeholder, value) in update.expression_attribute_values.iter_mut().flatten() {
        let name = placeholder.strip_prefix(":stored_");
        if let Some(stored) = name.and_then(|name| item.get(name)) {
            *value = stored.clone();
        }
    }
}

/// The output of a call that was done. One that a condition refused was not, which may be what is expected of it.
fn was_done<T, E: std::error::Error + Send + Sync + 'static, R>(
    sent: Result<T, SdkError<E, R>>,
) -> anyhow::Result<Option<T>>
where
    R: std::fmt::Debug + Send + Sync + 'static,
{
    match sent {
        Ok(output) => Ok(Some(output)),
        Err(SdkError::ServiceError(_)) => Ok(None),
        Err(error) => Err(error).context("the database does not answer"),
    }
}

/// That what is sent again is all of what the store sends: a member that the store comes to use must not be lost here.
fn check_is_whole(input: &Input) -> anyhow::Result<()> {
    let is_whole = match input {
        Input::UpdateItem(input) => update_item(input).build()? == **input,
        Input::TransactGetItems(input) => transact_get_items(input).build()? == **input,
        Input::TransactWriteItems(input) => transact_write_items(input).build()? == **input,
        _ => true,
    };
    ensure!(
        is_whole,
        "the store's {input} has members that the bare one lacks"
    );
    Ok(())
}

fn update_item(input: &UpdateItemInput) -> UpdateItemInputBuilder {
    UpdateItemInputBuilder::default()
        .set_table_name(input.table_name.clone())
        .set_key(input.key.clone())
        .set_condition_expression(input.condition_expression.clone())
        .set_update_expression(input.update_expression.clone())
        .set_expression_attribute_names(input.expression_attribute_names.clone())
        .set_expression_attribute_values(input.expression_attribute_values.clone())
        .set_return_values(input.return_values.clone())
        .set_return_values_on_condition_check_failure(
            input.return_values_on_condition_check_failure.clone(),
        )
        .set_return_consumed_capacity(input.return_consumed_capacity.clone())
}

fn transact_get_items(input: &TransactGetItemsInput) -> TransactGetItemsInputBuilder {
    TransactGetItemsInputBuilder::default()
        .set_transact_items(input.transact_items.clone())
        .set_return_consumed_capacity(input.return_consumed_capacity.clone())
}

fn transact_write_items(input: &TransactWriteItemsInput) -> TransactWriteItemsInputBuilder {
    TransactWriteItemsInputBuilder::default()
        .set_transact_items(input.transact_items.clone())
        .set_return_consumed_capacity(input.return_consumed_capacity.clone())
}
