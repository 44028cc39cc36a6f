//! What the store asks of the database, recorded inside the SDK: the calls with their inputs, which of them overlapped,
//! and what they consumed. Attempts that the SDK repeats count.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_sdk_dynamodb::config::interceptors::{
    BeforeSerializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
    FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::operation::get_item::{GetItemInput, GetItemOutput};
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::operation::transact_get_items::{
    TransactGetItemsInput, TransactGetItemsOutput,
};
use aws_sdk_dynamodb::operation::transact_write_items::{
    TransactWriteItemsInput, TransactWriteItemsOutput,
};
use aws_sdk_dynamodb::operation::update_item::{UpdateItemInput, UpdateItemOutput};
use aws_sdk_dynamodb::types::ConsumedCapacity;
use aws_smithy_types::config_bag::{Storable, StoreReplace};

/// What a call asks for.
#[derive(Debug, Clone)]
pub(crate) enum Input {
    UpdateItem(Box<UpdateItemInput>),
    TransactGetItems(Box<TransactGetItemsInput>),
    TransactWriteItems(Box<TransactWriteItemsInput>),
    GetItem,
    Query,
    Other,
}

impl Input {
    fn of(context: &BeforeSerializationInterceptorContextRef<'_>) -> Self {
        let input = context.input();
        if let Some(input) = input.downcast_ref::<UpdateItemInput>() {
            Self::UpdateItem(Box::new(input.clone()))
        } else if let Some(input) = input.downcast_ref::<TransactGetItemsInput>() {
            Self::TransactGetItems(Box::new(input.clone()))
        } else if let Some(input) = input.downcast_ref::<TransactWriteItemsInput>() {
            Self::TransactWriteItems(Box::new(input.clone()))
        } else if input.downcast_ref::<GetItemInput>().is_some() {
            Self::GetItem
        } else if input.downcast_ref::<QueryInput>().is_some() {
            Self::Query
        } else {
            Self::Other
        }
    }

    /// Whether it asks for something to be written, and so is charged in write units.
    pub(crate) fn writes(&self) -> bool {
        matches!(self, Self::UpdateItem(_) | Self::TransactWriteItems(_))
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UpdateItem(_) => "UpdateItem",
            Self::TransactGetItems(_) => "TransactGetItems",
            Self::TransactWriteItems(_) => "TransactWriteItems",
            Self::GetItem => "GetItem",
            Self::Query => "Query",
            Self::Other => "another call",
        })
    }
}

/// A call of the database: one attempt of the SDK.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What it asks for.
    pub(crate) input: Input,
    /// Whether it was done. A refused condition is not.
    pub(crate) done: bool,
    /// What it consumed, in capacity units of its kind, as the answer says; nothing where the answer says nothing.
    pub(crate) capacity_units: Option<f64>,
    /// When it began and ended, counted in beginnings and ends.
    began: u64,
    ended: u64,
}

/// Records the calls of the clients that have it among their interceptors.
#[derive(Debug, Clone, Default)]
pub(crate) struct Recorder(Arc<Mutex<Recording>>);

#[derive(Debug, Default)]
struct Recording {
    ticks: u64,
    calls: Vec<Call>,
}

impl Recording {
    fn tick(&mut self) -> u64 {
        self.ticks += 1;
        self.ticks
    }
}

impl Recorder {
    fn recording(&self) -> MutexGuard<'_, Recording> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The calls since the last time, in the order in which they began.
    pub(crate) fn take(&self) -> Vec<Call> {
        std::mem::take(&mut self.recording().calls)
    }
}

/// The calls in the groups that overlapped, which came one after another.
pub(crate) fn one_after_another(calls: Vec<Call>) -> Vec<Vec<Call>> {
    let mut groups: Vec<Vec<Call>> = Vec::new();
    for call in calls {
        match groups.last_mut() {
            Some(group) if group.iter().any(|earlier| call.began < earlier.ended) => {
                group.push(call);
            }
            _ => groups.push(vec![call]),
        }
    }
    groups
}

/// What an operation asks for, kept with it for its attempts.
#[derive(Debug)]
struct Asked(Input);

impl Storable for Asked {
    type Storer = StoreReplace<Self>;
}

/// Which call an attempt is, kept with it until it ends.
#[derive(Debug)]
struct Began(u64);

impl Storable for Began {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Recorder {
    fn name(&self) -> &'static str {
        "Recorder"
    }

    fn read_before_execution(
        &self,
        context: &BeforeSerializationInterceptorContextRef<'_>,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config
            .interceptor_state()
            .store_put(Asked(Input::of(context)));
        Ok(())
    }

    fn read_before_attempt(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let input = config
            .load::<Asked>()
            .map_or(Input::Other, |Asked(input)| input.clone());
        let began = {
            let mut recording = self.recording();
            let began = recording.tick();
            recording.calls.push(Call {
                input,
                done: false,
                capacity_units: None,
                began,
                ended: u64::MAX,
            });
            began
        };
        config.interceptor_state().store_put(Began(began));
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let Some(Began(began)) = config.load::<Began>() else {
            return Ok(());
        };
        let mut recording = self.recording();
        let ended = recording.tick();
        // Those of earlier requests may be taken by now.
        let Some(call) = recording.calls.iter_mut().find(|call| call.began == *began) else {
            return Ok(());
        };
        call.ended = ended;
        call.done = matches!(context.output_or_error(), Some(Ok(_)));
        call.capacity_units = capacity_units(context);
        Ok(())
    }
}

fn capacity_units(context: &FinalizerInterceptorContextRef<'_>) -> Option<f64> {
    let output = context.output_or_error()?.ok()?;
    let of_one = |consumed: Option<&ConsumedCapacity>| consumed?.capacity_units;
    let of_all = |consumed: &[ConsumedCapacity]| {
        let (first, rest) = consumed.split_first()?;
        rest.iter().try_fold(first.capacity_units?, |sum, table| {
            Some(sum + table.capacity_units?)
        })
    };
    if let Some(output) = output.downcast_ref::<UpdateItemOutput>() {
        of_one(output.consumed_capacity())
    } else if let Some(output) = output.downcast_ref::<GetItemOutput>() {
        of_one(output.consumed_capacity())
    } else if let Some(output) = output.downcast_ref::<QueryOutput>() {
        of_one(output.consumed_capacity())
    } else if let Some(output) = output.downcast_ref::<TransactGetItemsOutput>() {
        of_all(output.consumed_capacity())
    } else if let Some(output) = output.downcast_ref::<TransactWriteItemsOutput>() {
        of_all(output.consumed_capacity())
    } else {
        None
    }
}
