//! What the works work with.
//!
//! Each time a work is done it has a contact of its own, a copy of the one of the event, as one request after another has
//! another contact. Nothing is put back in between, which would keep the SDK in the processor's caches and nothing else.

use std::cell::Cell;
use std::collections::HashMap;
use std::convert::Infallible;
use std::hint::black_box;
use std::sync::Arc;

use anyhow::{Context as _, ensure};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Builder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::FutureExt;
use lambda_http::http::HeaderValue;
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, Context, LambdaEvent, Request, RequestExt, Service as _};
use serde_json::Value;
use shared::Service;
use shared::auth::Caller;
use shared::domain::{
    AudienceSlug, ContactId, EmailAddress, MethodValue, PhoneNumber, Tenant, Timestamp,
};
use shared::http::{Call as Invocation, Route, crm, mailer, parse};
use shared::sdk::configuration;
use shared::settings::Settings;
use shared::store::{VerifyContact, VerifyMethod};
use tokio::runtime::{Builder as RuntimeBuilder, Runtime};
use tokio::task::yield_now;

use crate::bare::{Call, Recorder};
use crate::function::{Answer, Function, client_configuration, service, start_log};
use crate::work::Work;

/// Everything that is the same each time.
pub(crate) struct Scene {
    runtime: Runtime,
    function: Function,
    service: Arc<Service>,
    /// The same, but what it sends is kept.
    observed: Arc<Service>,
    recorder: Recorder,
    /// The SDK as it is, without our timeouts, retries and tally.
    bare: Client,
    event: Value,
    /// The tokens that requests are sent with, in turn, and how many have been sent.
    tokens: Vec<String>,
    sent: Cell<usize>,
    contact: ContactId,
    items: Vec<Item>,
    table: String,
    caller: Arc<Caller>,
}

type Item = HashMap<String, AttributeValue>;

/// What a work is done on once.
pub(crate) struct Input {
    event: String,
    request: Option<Request>,
    authorization: HeaderValue,
    change: Change,
    /// What the handler sends for this event.
    calls: Vec<Call>,
}

/// What the store is asked to do.
struct Change {
    tenant: Tenant,
    contact: ContactId,
    kind: ChangeKind,
}

enum ChangeKind {
    Method(VerifyMethod),
    Contact(VerifyContact),
}

impl Scene {
    /// The event of a request, and the tokens that are sent with it, one after another and then again.
    pub(crate) fn new(event: Value, tokens: Vec<String>) -> anyhow::Result<Self> {
        let runtime = RuntimeBuilder::new_current_thread().enable_all().build()?;
        let function = Function::of_event(&event)?;
        let first = tokens.first().context("there is no token")?;
        let request = read_event(&with_token(&event, first).to_string())?;
        let settings = Settings::from_environment()?;
        start_log(&settings)?;
        let table = settings.table_name;
        let config = runtime.block_on(configuration());
        let bare = Client::from_conf(Builder::from(&config).build());
        let recorder = Recorder::default();
        let observed = service(client_configuration(&config).interceptor(recorder.clone()))?;
        let service = service(client_configuration(&config))?;
        let contact = contact_id(&request)?;
        let authorization = request.headers()["authorization"].clone();
        let caller = authenticate(&service, &authorization)?;
        let tenant = caller.tenant().context("no tenant")?;
        let items = runtime.block_on(items_of(&bare, &table, tenant, &contact))?;
        Ok(Self {
            runtime,
            function,
            service,
            observed,
            recorder,
            bare,
            event,
            tokens,
            sent: Cell::new(0),
            contact,
            items,
            table,
            caller,
        })
    }

    /// What a work is done on in a round, with a contact that no other work or round has.
    pub(crate) fn input(&self, work: Work, round: u32) -> anyhow::Result<Input> {
        let id = format!("{}-{}-{round}", self.contact.as_str(), work.name());
        let sent = self.sent.replace(self.sent.get() + 1);
        // Before it has its token, in which the id could stand by chance.
        let event = self.event.to_string().replace(self.contact.as_str(), &id);
        let token = &self.tokens[sent % self.tokens.len()];
        let event = with_token(&serde_json::from_str(&event)?, token).to_string();
        let request = read_event(&event)?;
        if work.needs_contact() {
            self.put_contact(&id)?;
        }
        let calls = if work == Work::Bare {
            let calls = self.calls(request.clone())?;
            self.put_contact(&id)?;
            calls
        } else {
            Vec::new()
        };
        Ok(Input {
            event,
            change: Change {
                tenant: self.caller.tenant().context("no tenant")?.clone(),
                contact: contact_id(&request)?,
                kind: change(self.function, &self.service, request.clone(), &self.caller)?,
            },
            authorization: request.headers()["authorization"].clone(),
            request: Some(request),
            calls,
        })
    }

    /// What the handler sends for a request.
    fn calls(&self, request: Request) -> anyhow::Result<Vec<Call>> {
        let service = Arc::clone(&self.observed);
        let response = self
            .runtime
            .block_on(self.function.handler()(service, request));
        ensure!(response.status().is_success(), "{response:?}");
        self.recorder.take()
    }

    /// Puts a copy of the event's contact in the table, with its subscriptions, under another id.
    fn put_contact(&self, id: &str) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            for item in &self.items {
                let copy = item.iter().map(|(name, value)| {
                    let value = match value {
                        AttributeValue::S(text) => {
                            AttributeValue::S(text.replace(self.contact.as_str(), id))
                        }
                        other => other.clone(),
                    };
                    (name.clone(), value)
                });
                let put = self.bare.put_item().table_name(&self.table);
                put.set_item(Some(copy.collect())).send().await?;
            }
            settle().await;
            Ok(())
        })
    }

    /// Does a work once.
    pub(crate) fn run(&self, work: Work, input: &mut Input) -> anyhow::Result<()> {
        let region = self.service.default_phone_region;
        match work {
            Work::Nothing => {}
            Work::NothingAwaited => self.wait_for(async { Ok(()) })?,
            Work::Event => drop(black_box(read_event(&input.event)?)),
            Work::Token => drop(black_box(authenticate(
                &self.service,
                &input.authorization,
            )?)),
            Work::Body => {
                drop(black_box(change(
                    self.function,
                    &self.service,
                    input.request()?,
                    &self.caller,
                )?));
            }
            Work::PhoneInternational => {
                drop(black_box(PhoneNumber::parse("+1 (416) 555-0100", region)?));
            }
            Work::PhoneNational => {
                drop(black_box(PhoneNumber::parse("(416) 555-0100", region)?));
            }
            Work::Email => drop(black_box(EmailAddress::parse("Alex@Example.COM")?)),
            Work::Time => {
                black_box(Timestamp::parse_rfc3339("2026-05-20T11:04:01.135-04:00")?);
            }
            Work::LocalTime => {
                let zone = self.service.time_zone;
                black_box(Timestamp::parse_iso8601("2024-09-01T10:00:00", zone)?);
            }
            Work::Store => self.wait_for(self.store(&input.change))?,
            Work::Bare => self.wait_for(self.send(&input.calls))?,
            Work::Handle => {
                let request = input.request()?;
                self.wait_for(self.handle(request))?;
            }
            Work::Invoke => self.wait_for(self.invoke(&input.event))?,
        }
        Ok(())
    }

    /// Runs to the end, and with it what is left to other tasks: that the connection goes back to its pool, say.
    fn wait_for(&self, work: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
        self.runtime.block_on(async {
            work.await?;
            settle().await;
            Ok(())
        })
    }

    async fn store(&self, change: &Change) -> anyhow::Result<()> {
        let Change {
            tenant,
            contact,
            kind,
        } = change;
        let store = &self.service.store;
        match kind {
            ChangeKind::Method(change) => {
                drop(black_box(
                    store.verify_method(tenant, contact, change).await?,
                ));
            }
            ChangeKind::Contact(change) => {
                drop(black_box(
                    store.verify_contact(tenant, contact, change).await?,
                ));
            }
        }
        Ok(())
    }

    async fn send(&self, calls: &[Call]) -> anyhow::Result<()> {
        // One after the other, as the store does.
        for call in calls {
            call.clone().send(&self.bare).await?;
        }
        Ok(())
    }

    async fn handle(&self, request: Request) -> anyhow::Result<()> {
        let service = Arc::clone(&self.service);
        let response = self.function.handler()(service, request).await;
        ensure!(response.status().is_success(), "{response:?}");
        Ok(())
    }

    async fn invoke(&self, event: &str) -> anyhow::Result<()> {
        let handler = self.function.handler();
        let service = Arc::clone(&self.service);
        let mut function = Adapter::from(lambda_http::service_fn(move |request| {
            let answer = handler(Arc::clone(&service), request);
            async { Ok::<_, Infallible>(Answer(answer.await)) }
        }));
        let event = LambdaEvent {
            payload: serde_json::from_slice::<LambdaRequest>(event.as_bytes())?,
            context: Context::default(),
        };
        let answer = function.call(event).await?;
        black_box(serde_json::to_vec(&answer)?);
        Ok(())
    }
}

impl Input {
    fn request(&mut self) -> anyhow::Result<Request> {
        self.request.take().context("there is one request")
    }
}

/// Lets the runtime's other tasks do what is left for them.
async fn settle() {
    for _ in 0..4 {
        yield_now().await;
    }
}

/// The event with another token.
fn with_token(event: &Value, token: &str) -> Value {
    let mut event = event.clone();
    event["headers"]["authorization"] = format!("Bearer {token}").into();
    event
}

/// What the Lambda runtime does with an event before the handler.
fn read_event(event: &str) -> anyhow::Result<Request> {
    let event: LambdaRequest = serde_json::from_slice(event.as_bytes())?;
    Ok(Request::from(event).with_lambda_context(Context::default()))
}

fn authenticate(service: &Service, authorization: &HeaderValue) -> anyhow::Result<Arc<Caller>> {
    let authenticated = service
        .authenticator
        .authenticate(Some(authorization), (service.clock)());
    // With configured keys there is nothing to wait for.
    let caller = authenticated
        .now_or_never()
        .context("the keys are not configured")?;
    Ok(caller?)
}

fn contact_id(request: &Request) -> anyhow::Result<ContactId> {
    let parameters = request.path_parameters();
    let id = parameters.first("id").context("no contact is named")?;
    Ok(ContactId::parse(id)?)
}

/// What the handlers make of a request for the store.
fn change(
    function: Function,
    service: &Service,
    request: Request,
    caller: &Caller,
) -> anyhow::Result<ChangeKind> {
    let call = Invocation::new(service, request, Route::VerifyContact);
    let mut members = call.members()?;
    let region = service.default_phone_region;
    let expected_version = call.expected_version(&mut members);
    let metadata = call.change_metadata(caller.actor());
    black_box(call.contact_id()?);
    let change = match function {
        Function::VerifyContact => {
            let (_, client) = caller.application().context("not an application")?;
            let client = mailer::client(&mut members, client)?;
            let audience = members.read("audience", parse::required_text);
            let verified = members.required("verified", parse::boolean);
            let verified_at = mailer::verified_at(&mut members, verified, &call);
            ChangeKind::Contact(VerifyContact {
                address: None,
                audience: AudienceSlug::parse(&audience.context("audience")?)?,
                client: client.context("client")?,
                verified_at: verified_at.context("verified_at")?,
                expected_version: expected_version.context("If-Match")?,
                metadata,
            })
        }
        Function::VerifyPhoneNumber | Function::VerifyContactMethod => {
            let (method, label) = match function {
                Function::VerifyPhoneNumber => {
                    let number = members.read("phoneNumber", parse::phone_number(region));
                    (number.map(MethodValue::Phone), None)
                }
                _ => (
                    crm::method(&mut members, parse::phone_number(region)),
                    members
                        .optional("verificationSource", parse::label)
                        .flatten(),
                ),
            };
            let verified_at = members.optional("verifiedAt", parse::date_time);
            ChangeKind::Method(VerifyMethod {
                method: method.context("the method")?,
                verification: verified_at.context("verifiedAt")?.map(|at| (at, label)),
                expected_version: expected_version.context("If-Match")?,
                metadata,
            })
        }
    };
    Ok(change)
}

/// The items of the contact of this id: it and its subscriptions.
async fn items_of(
    client: &Client,
    table: &str,
    tenant: &Tenant,
    id: &ContactId,
) -> anyhow::Result<Vec<Item>> {
    let partition = format!("ORG#{}#CONTACT#{id}", tenant.organization());
    let found = client
        .query()
        .table_name(table)
        .key_condition_expression("pk = :partition")
        .expression_attribute_values(":partition", AttributeValue::S(partition))
        .send()
        .await?;
    let items = found.items.unwrap_or_default();
    ensure!(!items.is_empty(), "there is no contact {id}");
    Ok(items)
}
