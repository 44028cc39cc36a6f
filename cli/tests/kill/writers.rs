//! Clients that write at random through all endpoints, to few contacts, until the server is gone.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use reqwest::{Client as Http, RequestBuilder};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

use crate::common::{http, token};
use crate::model::{Answer, Client, Verification, Write};

/// How many clients write at the same time.
const WRITERS: usize = 8;

/// How many contacts all of them write to. The seed has them.
pub(crate) const CONTACTS: usize = 3;

/// How many contacts there are to be erased.
pub(crate) const VICTIMS: u32 = 40;

const CLIENTS: [Client; 2] = ["website", "app"];
const USER: &str = "user_1";

/// A write that was sent.
pub(crate) struct Sent {
    pub(crate) contact: String,
    pub(crate) write: Write,
    pub(crate) answer: Answer,
    /// The request's id, if there was an answer.
    pub(crate) request: Option<String>,
}

/// What the clients share.
pub(crate) struct Writers {
    user: String,
    administrator: String,
    applications: [String; 2],
    /// What was sent to contacts of the seed.
    pub(crate) sent: Mutex<Vec<Sent>>,
    /// The owners of new addresses, as answers named them.
    pub(crate) owners: Mutex<Vec<(String, String)>>,
    /// Makes names, reasons and addresses that nothing else has.
    serial: AtomicU32,
    /// The contact that is erased next.
    victim: AtomicU32,
}

impl Writers {
    pub(crate) fn new() -> Arc<Self> {
        let token = |arguments: &[&str]| {
            let organization = ["--organization", "org_x", "--expires-in", "10h"];
            token(&[&organization[..], arguments].concat())
        };
        Arc::new(Self {
            user: token(&["--subject", USER]),
            administrator: token(&["--subject", "admin_1", "--role", "ADMIN"]),
            applications: CLIENTS.map(|client| token(&["--client", client])),
            sent: Mutex::default(),
            owners: Mutex::default(),
            serial: AtomicU32::new(0),
            victim: AtomicU32::new(0),
        })
    }

    /// Starts all clients. Each ends when the server does.
    pub(crate) fn start(self: &Arc<Self>, url: &str, random: &mut Rng) -> Vec<JoinHandle<()>> {
        let start = |_| {
            let (writers, random) = (Arc::clone(self), random.fork());
            let writer = Writer {
                http: http(),
                url: url.to_owned(),
                writers,
                random,
            };
            tokio::spawn(writer.run())
        };
        (0..WRITERS).map(start).collect()
    }

    /// Erases a contact, and returns the status.
    pub(crate) async fn erase(&self, url: &str, contact: &str) -> u16 {
        let request = http().delete(format!("{url}/api/contacts/{contact}"));
        let request = request.bearer_auth(&self.administrator);
        request.send().await.unwrap().status().as_u16()
    }
}

struct Writer {
    http: Http,
    url: String,
    writers: Arc<Writers>,
    random: Rng,
}

impl Writer {
    async fn run(mut self) {
        while self.step().await {}
    }

    /// Sends a write. Returns whether there was an answer.
    async fn step(&mut self) -> bool {
        if self.random.u8(..20) == 0 {
            return self.new_contact().await;
        }
        let (contact, write) = if self.random.u8(..8) == 0 {
            let victim = self.writers.victim.load(Ordering::Relaxed) % VICTIMS;
            (format!("v_{victim}"), self.write_to_victim(victim))
        } else {
            let contact = self.random.usize(..CONTACTS);
            (format!("c_{contact}"), self.write(contact))
        };
        let request = self.request(&contact, &write);
        let (answer, request, _) = answer(request).await;
        let is_answered = request.is_some();
        self.writers.sent.lock().unwrap().push(Sent {
            contact,
            write,
            answer,
            request,
        });
        is_answered
    }

    fn write(&mut self, contact: usize) -> Write {
        let emails = [
            format!("a{contact}@example.com"),
            format!("b{contact}@example.com"),
        ];
        let phones = [
            format!("+1416555010{contact}"),
            format!("+1416555020{contact}"),
        ];
        let [email, phone] = [emails, phones].map(|two| two[self.random.usize(..2)].clone());
        let any = if self.random.bool() {
            email.clone()
        } else {
            phone.clone()
        };
        let client = CLIENTS[self.random.usize(..2)];
        let application = format!("client:{client}");
        match self.random.u8(..18) {
            0..=1 => Write::VerifyMethod(phone, self.verification(USER, false)),
            2..=4 => Write::VerifyMethod(any, self.verification(USER, true)),
            5..=9 => Write::VerifyContact(client, email, self.verification(&application, false)),
            10..=12 => {
                let email = format!("a{contact}@example.com");
                let name = self.unique("name");
                Write::Upsert(client, email, name, self.verification(&application, false))
            }
            13 => Write::Subscribe(client),
            14 => Write::Unsubscribe(client, self.unique("reason")),
            15..=16 => Write::Add(self.second_method(contact)),
            _ => Write::Remove(self.second_method(contact)),
        }
    }

    fn write_to_victim(&mut self, victim: u32) -> Write {
        match self.random.u8(..8) {
            0 => {
                self.writers.victim.fetch_add(1, Ordering::Relaxed);
                Write::Erase
            }
            1..=3 => {
                let phone = format!("+1604555{victim:04}");
                Write::VerifyMethod(phone, self.verification(USER, true))
            }
            _ => {
                let email = format!("victim{victim}@example.com");
                Write::VerifyContact("website", email, self.verification("client:website", false))
            }
        }
    }

    /// The methods that come and go. The others stay with their contact.
    fn second_method(&mut self, contact: usize) -> String {
        if self.random.bool() {
            format!("b{contact}@example.com")
        } else {
            format!("+1416555020{contact}")
        }
    }

    fn unique(&self, what: &str) -> String {
        let serial = self.writers.serial.fetch_add(1, Ordering::Relaxed);
        format!("{what} {serial}")
    }

    /// A verification at a time that rises or falls, and is often that of another; or a clear.
    fn verification(&mut self, by: &str, has_source: bool) -> Option<Verification> {
        let century = if self.random.u8(..6) == 0 { 21 } else { 20 };
        let second = self.random.u8(..60);
        let at = format!("{century}24-01-01T00:00:{second:02}.000Z");
        let source = has_source.then(|| self.unique("source"));
        (self.random.u8(..3) > 0).then(|| (at, by.to_owned(), source))
    }

    fn request(&self, contact: &str, write: &Write) -> RequestBuilder {
        let of_contact = |path: &str| format!("/api/contacts/{contact}{path}");
        let method = |value: &str| {
            let kind = if value.starts_with('+') {
                "phone"
            } else {
                "email"
            };
            json!({ "type": kind, "value": value })
        };
        let primary = contact.replace("c_", "a") + "@example.com";
        let address =
            |client: &str| json!({ "email": primary, "audience": "newsletter", "client": client });
        match write {
            Write::VerifyMethod(value, verification) => {
                let (at, source) = match verification {
                    Some((at, _, source)) => (json!(at), json!(source)),
                    None => (Value::Null, Value::Null),
                };
                if value.starts_with('+') && source.is_null() {
                    let body = json!({ "phoneNumber": value, "verifiedAt": at });
                    return self.send(
                        "PATCH",
                        &of_contact("/phone-number/verify"),
                        &self.writers.user,
                        &body,
                    );
                }
                let mut body = method(value);
                body["verifiedAt"] = at;
                body["verificationSource"] = source;
                self.send(
                    "PATCH",
                    &of_contact("/verify-contact-methods"),
                    &self.writers.user,
                    &body,
                )
            }
            Write::VerifyContact(client, email, verification) => {
                let mut body = json!({ "verified": verification.is_some(), "email": email,
                                       "audience": "newsletter", "client": client });
                body["verified_at"] = json!(verification.as_ref().map(|(at, ..)| at));
                self.send(
                    "PATCH",
                    &of_contact("/verification"),
                    self.application(client),
                    &body,
                )
            }
            Write::Upsert(client, _, name, verification) => {
                let mut body = address(client);
                body["firstName"] = json!(name);
                if let Some((at, ..)) = verification {
                    body["verified"] = json!(true);
                    body["verified_at"] = json!(at);
                }
                self.send("POST", "/api/contacts", self.application(client), &body)
            }
            Write::Subscribe(client) => self.send(
                "POST",
                "/api/subscriptions/subscribe",
                self.application(client),
                &address(client),
            ),
            Write::Unsubscribe(client, reason) => {
                let mut body = address(client);
                body["scope"] = json!("client");
                body["reason"] = json!(reason);
                self.send(
                    "POST",
                    "/api/subscriptions/unsubscribe",
                    self.application(client),
                    &body,
                )
            }
            Write::Add(value) => self.send(
                "POST",
                &of_contact("/contact-methods"),
                &self.writers.user,
                &method(value),
            ),
            Write::Remove(value) => self.send(
                "POST",
                &of_contact("/contact-methods/remove"),
                &self.writers.user,
                &method(value),
            ),
            Write::Erase => {
                let url = format!("{}{}", self.url, of_contact(""));
                self.http
                    .delete(url)
                    .bearer_auth(&self.writers.administrator)
            }
        }
    }

    fn application(&self, client: &str) -> &str {
        let place = CLIENTS.iter().position(|known| *known == client);
        &self.writers.applications[place.unwrap()]
    }

    fn send(&self, method: &str, path: &str, token: &str, body: &Value) -> RequestBuilder {
        let url = format!("{}{path}", self.url);
        let request = self.http.request(method.parse().unwrap(), url);
        request.bearer_auth(token).json(body)
    }

    /// Several clients make one contact of the same new address.
    async fn new_contact(&self) -> bool {
        let serial = self.writers.serial.fetch_add(1, Ordering::Relaxed);
        let email = format!("new{}@example.com", serial / 16);
        let client = CLIENTS[serial as usize % 2];
        let path = ["/api/contacts", "/api/subscriptions/subscribe"][serial as usize / 2 % 2];
        let body = json!({ "email": email, "audience": "newsletter", "client": client });
        let request = self.send("POST", path, self.application(client), &body);
        let (answer, request, body) = answer(request).await;
        if let Answer::Done(..) = answer {
            let owner = body["contact_id"].as_str().unwrap().to_owned();
            self.writers.owners.lock().unwrap().push((email, owner));
        }
        request.is_some()
    }
}

/// Sends a request, and returns what became of it, its id, and the body of the answer.
async fn answer(request: RequestBuilder) -> (Answer, Option<String>, Value) {
    let Ok(response) = request.send().await else {
        return (Answer::Unknown, None, Value::Null);
    };
    let header = |name: &str| {
        let value = response.headers().get(name);
        value.map(|value| value.to_str().unwrap().to_owned())
    };
    let (status, request) = (response.status().as_u16(), header("x-request-id"));
    let version = header("etag").map(|tag| tag.trim_matches('"').parse().unwrap());
    let Ok(body) = response.json::<Value>().await else {
        return (Answer::Unknown, None, Value::Null);
    };
    let answer = match status {
        200 | 201 => {
            let outcome = [&body["outcome"], &body["data"]["outcome"]];
            let outcome = outcome.into_iter().find_map(Value::as_str);
            Answer::Done(outcome.unwrap_or("erased").to_owned(), version)
        }
        400 | 404 => Answer::Refused(status),
        503 => Answer::Unknown,
        _ => panic!("{status} {body}"),
    };
    (answer, request, body)
}
