//! The Lambda function: settings, clients, then the runtime.

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use lambda_runtime::{LambdaEvent, service_fn};
use record_history::{AwsOutlets, Recorder};
use serde_json::Value;
use shared::settings::HistorySettings;
use shared::store::{ClientTimeouts, Store, configure};
use shared::{init_logging, report_panics_by_place, sdk};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let Err(error) = run().await else {
        return ExitCode::SUCCESS;
    };
    // The log may not have started yet. Lambda logs standard error too.
    eprintln!("cannot start: {error}");
    ExitCode::FAILURE
}

async fn run() -> Result<(), Box<dyn Error + Send + Sync>> {
    let settings = HistorySettings::from_environment()?;
    init_logging(settings.log_level, None, io::stdout);
    report_panics_by_place();
    let config = sdk::configuration().await;
    let database = configure(Builder::from(&config), ClientTimeouts::default()).build();
    let recorder = Recorder {
        store: Store::new(Client::from_conf(database), settings.table_name),
        outlets: Arc::new(AwsOutlets {
            eventbridge: aws_sdk_eventbridge::Client::new(&config),
            event_bus_name: settings.event_bus_name,
            sqs: aws_sdk_sqs::Client::new(&config),
            queue_url: settings.unreadable_records_queue_url,
        }),
        events_with_addresses: settings.events_with_addresses,
    };
    recorder.store.connect().await;
    let recorder = &recorder;
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Ok::<_, lambda_runtime::Error>(recorder.record(event.payload).await)
    }))
    .await
}
