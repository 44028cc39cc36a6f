//! The start-up that every function shares.

use std::error::Error;
use std::future::ready;
use std::io;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use lambda_http::http::Response;
use lambda_http::{Body, IntoResponse, Request, service_fn};

use crate::endpoint::{configured_endpoint, is_loopback};
use crate::environment::environment_variable;
use crate::log::{LambdaFunction, init_logging, report_panics_by_place};
use crate::sdk;
use crate::service::Service;
use crate::settings::{InvalidSetting, Settings};
use crate::store::{ClientTimeouts, Store, configure};

/// Starts a function: reads the settings, creates the client, and runs the Lambda runtime with `handler` for every event.
///
/// If a setting is missing or invalid, the start fails with one line that names the setting.
pub async fn start<F>(handler: impl Fn(Arc<Service>, Request) -> F) -> ExitCode
where
    F: Future<Output = Response<Body>> + Send,
{
    let Err(error) = run(handler).await else {
        return ExitCode::SUCCESS;
    };
    // The log may not have started yet. Lambda logs standard error too.
    eprintln!("cannot start: {error}");
    ExitCode::FAILURE
}

async fn run<F>(
    handler: impl Fn(Arc<Service>, Request) -> F,
) -> Result<(), Box<dyn Error + Send + Sync>>
where
    F: Future<Output = Response<Body>> + Send,
{
    let settings = Settings::from_environment()?;
    let measured = lambda_function()?.filter(|_| settings.has_metrics);
    init_logging(settings.log_level, measured, io::stdout);
    report_panics_by_place();
    let config = sdk::configuration().await;
    let config = configure(Builder::from(&config), ClientTimeouts::default()).build();
    let database = configured_endpoint().and_then(|endpoint| endpoint.parse().ok());
    let is_local = database.is_some_and(|url| is_loopback(&url));
    if settings.authenticator.accepts_development_tokens() && !is_local {
        return Err("JWT_KEYS holds the published development key, which is accepted only with a database on \
                    loopback (AWS_ENDPOINT_URL_DYNAMODB): it must be a key that only you can sign with"
            .into());
    }
    let store = Store::new(Client::from_conf(config), settings.table_name.clone());
    let service = Arc::new(Service::new(settings, store));
    // The init phase runs at full speed. The connection and the keys are ready before the first request, which need not wait
    // for them.
    tokio::join!(service.store.connect(), service.authenticator.prepare());
    lambda_http::run(service_fn(|request| {
        let answer = handler(Arc::clone(&service), request);
        async { Ok::<_, lambda_http::Error>(Answer(answer.await)) }
    }))
    .await
}

/// A response that `lambda_http` sends unchanged. `lambda_http` would convert a bare `Response` from the charset of its
/// content type to UTF-8, which links the tables of all charsets. Our responses never name a charset.
struct Answer(Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}

/// The name and version of this function, from Lambda's environment variables; `None` outside Lambda.
fn lambda_function() -> Result<Option<LambdaFunction>, InvalidSetting> {
    let variable = |name| environment_variable(name).map_err(|_| InvalidSetting::not_text(name));
    let Some(name) = variable("AWS_LAMBDA_FUNCTION_NAME")? else {
        return Ok(None);
    };
    let version = variable("AWS_LAMBDA_FUNCTION_VERSION")?.unwrap_or_else(|| "$LATEST".to_owned());
    Ok(Some(LambdaFunction { name, version }))
}
