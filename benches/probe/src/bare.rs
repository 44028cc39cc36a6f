//! The bare SDK: the very requests that the store sends, sent again without it.

use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Context, bail};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::interceptors::BeforeSerializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::transact_get_items::TransactGetItemsInput;
use aws_sdk_dynamodb::operation::transact_get_items::builders::TransactGetItemsInputBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsInput;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsInputBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemInput;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemInputBuilder;

/// A request of the store's.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::large_enum_variant,
    reason = "there are two or three, and a box would be work that the bare SDK does not do"
)]
pub(crate) enum Call {
    UpdateItem(UpdateItemInput),
    TransactGetItems(TransactGetItemsInput),
    TransactWriteItems(TransactWriteItemsInput),
}

impl Call {
    /// Sends it.
    pub(crate) async fn send(self, client: &Client) -> anyhow::Result<()> {
        match self {
            Self::UpdateItem(input) => drop(update_item(input).send_with(client).await?),
            Self::TransactGetItems(input) => {
                drop(transact_get_items(input).send_with(client).await?);
            }
            Self::TransactWriteItems(input) => {
                drop(transact_write_items(input).send_with(client).await?);
            }
        }
        Ok(())
    }

    /// Whether what [`Call::send`] sends is this, whole.
    pub(crate) fn is_sent_whole(&self) -> anyhow::Result<bool> {
        Ok(match self.clone() {
            Self::UpdateItem(input) => update_item(input.clone()).build()? == input,
            Self::TransactGetItems(input) => transact_get_items(input.clone()).build()? == input,
            Self::TransactWriteItems(input) => {
                transact_write_items(input.clone()).build()? == input
            }
        })
    }
}

fn update_item(input: UpdateItemInput) -> UpdateItemInputBuilder {
    UpdateItemInputBuilder::default()
        .set_table_name(input.table_name)
        .set_key(input.key)
        .set_condition_expression(input.condition_expression)
        .set_update_expression(input.update_expression)
        .set_expression_attribute_names(input.expression_attribute_names)
        .set_expression_attribute_values(input.expression_attribute_values)
        .set_return_values(input.return_values)
        .set_return_values_on_condition_check_failure(
            input.return_values_on_condition_check_failure,
        )
        .set_return_consumed_capacity(input.return_consumed_capacity)
}

fn transact_get_items(input: TransactGetItemsInput) -> TransactGetItemsInputBuilder {
    TransactGetItemsInputBuilder::default()
        .set_transact_items(input.transact_items)
        .set_return_consumed_capacity(input.return_consumed_capacity)
}

/// Without the client's token, which the SDK makes for each.
fn transact_write_items(input: TransactWriteItemsInput) -> TransactWriteItemsInputBuilder {
    TransactWriteItemsInputBuilder::default()
        .set_transact_items(input.transact_items)
        .set_return_consumed_capacity(input.return_consumed_capacity)
}

/// Keeps the requests that a client sends, as they are before the SDK adds anything.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Vec<Call>>>);

impl Recorder {
    /// What was sent since the last time, in its order.
    pub(crate) fn take(&self) -> anyhow::Result<Vec<Call>> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let calls = mem::take(&mut *sent);
        for call in &calls {
            if !call.is_sent_whole().context("a request is not complete")? {
                bail!("{call:?} has a member that would not be sent");
            }
        }
        Ok(calls)
    }
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = context.input();
        let call = if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
            Call::UpdateItem(input.clone())
        } else if let Some(input) = input.downcast_ref::<TransactGetItemsInput>() {
            Call::TransactGetItems(input.clone())
        } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
            Call::TransactWriteItems(input.clone())
        } else {
            return Err("a request that cannot be recorded".into());
        };
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(call);
        Ok(())
    }
}
