//! A function's start without Lambda: what `shared::start` does up to the runtime.

use std::future::ready;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::bail;
use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use lambda_http::http::Response;
use lambda_http::{Body, IntoResponse, Request};
use serde_json::Value;
use shared::settings::{Settings, environment_variable};
use shared::store::{ClientTimeouts, Store, configure};
use shared::{LambdaFunction, Service, init_logging};

/// A deployed handler.
pub(crate) type Handler =
    fn(Arc<Service>, Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Which function an event is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::enum_variant_names, reason = "the functions' own names")]
pub(crate) enum Function {
    VerifyPhoneNumber,
    VerifyContactMethod,
    VerifyContact,
}

impl Function {
    /// The function that an event's route leads to.
    pub(crate) fn of_event(event: &Value) -> anyhow::Result<Self> {
        let route = event["routeKey"].as_str().unwrap_or_default();
        match route.rsplit_once("{id}/").map(|(_, last)| last) {
            Some("phone-number/verify") => Ok(Self::VerifyPhoneNumber),
            Some("verify-contact-methods") => Ok(Self::VerifyContactMethod),
            Some("verification") => Ok(Self::VerifyContact),
            _ => bail!("no function has the route {route}"),
        }
    }

    pub(crate) fn handler(self) -> Handler {
        match self {
            Self::VerifyPhoneNumber => {
                |service, request| Box::pin(verify_phone_number::handle(service, request))
            }
            Self::VerifyContactMethod => {
                |service, request| Box::pin(verify_contact_method::handle(service, request))
            }
            Self::VerifyContact => {
                |service, request| Box::pin(verify_contact::handle(service, request))
            }
        }
    }
}

/// Starts the log as a function does, with metrics where the environment names the function.
pub(crate) fn start_log(settings: &Settings) -> anyhow::Result<()> {
    let name = environment_variable("AWS_LAMBDA_FUNCTION_NAME")?;
    let function = name.map(|name| LambdaFunction {
        name,
        version: "1".to_owned(),
    });
    init_logging(settings.log_level, function, io::stdout);
    Ok(())
}

/// The configuration of a function's own client of the database.
pub(crate) fn client_configuration(config: &SdkConfig) -> Builder {
    configure(Builder::from(config), ClientTimeouts::default())
}

/// What a handler works with, over a client of this configuration.
pub(crate) fn service(configuration: Builder) -> anyhow::Result<Arc<Service>> {
    let settings = Settings::from_environment()?;
    let client = Client::from_conf(configuration.build());
    let store = Store::new(client, settings.table_name.clone());
    Ok(Arc::new(Service::new(settings, store)))
}

/// A response as it is, as `shared::start` gives it to `lambda_http`.
pub(crate) struct Answer(pub(crate) Response<Body>);

impl IntoResponse for Answer {
    fn into_response(self) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>> {
        Box::pin(ready(self.0))
    }
}
