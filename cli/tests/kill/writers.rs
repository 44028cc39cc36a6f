//! Clients that send random writes through all endpoints to few contacts, until the server is killed.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use fastrand::Rng;
use reqwest::{Client as Http, RequestBuilder};
use serde_json::Value;
use shared::http::Route;
use tokio::task::JoinHandle;

use crate::common::{http, token};
use crate::model::{Answer, Client, Verification, Write};
use crate::requests::{Sender, of_client, primary_address, request};

/// The number of clients that write at the same time.
const WRITERS: usize = 8;

/// The number of contacts that all clients write to. They are in the seed.
pub(crate) const CONTACTS: usize = 3;

/// The number of contacts for erasures.
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

/// The state that the clients share.
pub(crate) struct Writers {
    user: String,
    administrator: String,
    applications: [String; 2],
    /// The writes to contacts of the seed.
    pub(crate) sent: Mutex<Vec<Sent>>,
    /// The owners of new addresses, as answers named them.
    pub(crate) owners: Mutex<Vec<(String, String)>>,
    /// A counter that makes names, reasons and addresses unique.
    serial: AtomicU32,
    /// The number of the next contact to erase.
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

    /// Starts all clients. Each client ends when the server no longer answers.
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

    fn token(&self, sender: &Sender) -> &str {
        match sender {
            Sender::User => &self.user,
            Sender::Administrator => &self.administrator,
            Sender::Application(client) => {
                let place = CLIENTS.iter().position(|known| known == client);
                &self.applications[place.unwrap()]
            }
        }
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
                let email = primary_address(&format!("c_{contact}"));
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

    /// A method that writers add and remove. The other methods stay with their contact.
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

    /// A verification at a random time, which several verifications often share; or a clear.
    fn verification(&mut self, by: &str, has_source: bool) -> Option<Verification> {
        let century = if self.random.u8(..6) == 0 { 21 } else { 20 };
        let second = self.random.u8(..60);
        let at = format!("{century}24-01-01T00:00:{second:02}.000Z");
        let source = has_source.then(|| self.unique("source"));
        (self.random.u8(..3) > 0).then(|| (at, by.to_owned(), source))
    }

    fn request(&self, contact: &str, write: &Write) -> RequestBuilder {
        let (route, sender, body) = request(contact, write);
        self.send(route, contact, &sender, &body)
    }

    fn send(&self, route: Route, contact: &str, sender: &Sender, body: &Value) -> RequestBuilder {
        let url = format!("{}{}", self.url, route.path_of(contact));
        let request = self.http.request(route.method().parse().unwrap(), url);
        let request = request.bearer_auth(self.writers.token(sender));
        if body.is_null() {
            return request;
        }
        request.json(body)
    }

    /// Creates a contact for a new address, at the same time as other clients with the same address.
    async fn new_contact(&self) -> bool {
        let serial = self.writers.serial.fetch_add(1, Ordering::Relaxed);
        let email = format!("new{}@example.com", serial / 16);
        let client = CLIENTS[serial as usize % 2];
        let route = [Route::UpsertContact, Route::Subscribe][serial as usize / 2 % 2];
        let sender = Sender::Application(client);
        let request = self.send(route, "", &sender, &of_client(&email, client));
        let (answer, request, body) = answer(request).await;
        if let Answer::Done(..) = answer {
            let owner = body["contact_id"].as_str().unwrap().to_owned();
            self.writers.owners.lock().unwrap().push((email, owner));
        }
        request.is_some()
    }
}

/// Sends a request, and returns its result, its id, and the body of the answer.
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
