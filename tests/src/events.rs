//! The sample events of `events/`: what API Gateway (HTTP API, payload 2.0) passes to each function.
//!
//! They refer to the demo data of `contacts serve`, and have development tokens that do not expire before 2099. So they work
//! on one machine: with `cargo lambda invoke FUNCTION --data-file FILE` beside a `cargo lambda watch`.

mod cases;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE;
use contacts::demo::{CLIENT, CRM_ORGANIZATION, MAILER_ORGANIZATION, PERSON};
use contacts::development::{self, signed};
use contacts::openapi::examples;
use contacts::serve::event::{Arrival, Event};
use lambda_http::http::{HeaderMap, HeaderName, HeaderValue, Request};
use serde_json::{Map, Value, json};
use shared::auth::DEVELOPMENT_SECRET;
use shared::domain::Timestamp;
use shared::http::{Dialect, Route};
use url::form_urlencoded;

pub use self::cases::cases;

/// The time at which the tests handle all events.
pub const NOW: &str = "2026-06-02T08:00:00.000Z";

/// The API of the events.
const API: &str = "a1b2c3d4e5";
/// The address of their caller.
const CALLER: Ipv4Addr = Ipv4Addr::new(203, 0, 113, 7);

/// An event and its answer.
pub struct Case {
    /// The route that it arrives on.
    pub route: Route,
    /// The subject of the event, which is also the name of its file.
    pub name: &'static str,
    /// The event that the tests handle before this one, over the demo data. It is of the same function unless it names another.
    pub after: Option<&'static str>,
    /// The status of the answer.
    pub status: u16,
    /// The outcome or the error of the answer.
    pub says: &'static str,
    /// The version in its `ETag`, if it has one.
    pub version: Option<u32>,
    contact: &'static str,
    query: String,
    body: Vec<u8>,
    headers: HeaderMap,
}

impl Case {
    /// The example of a route with other members. A member that is `"-"` is omitted.
    fn of(route: Route, name: &'static str, members: Value) -> Self {
        let mut body = examples::request(route);
        let (Some(all), Value::Object(members)) = (body.as_object_mut(), members) else {
            unreachable!("an example is an object")
        };
        all.extend(members);
        all.retain(|_, value| value != "-");
        let case = Self {
            route,
            name,
            after: None,
            status: 0,
            says: "",
            version: None,
            contact: examples::contact(route),
            query: String::new(),
            body: Vec::new(),
            headers: HeaderMap::new(),
        };
        let case = if route.has_body() {
            let case = case.body(body.to_string().as_bytes());
            case.header("content-type", "application/json")
        } else {
            case.query(&as_query(&body))
        };
        match route.dialect() {
            Dialect::Crm => case.person(json!({})),
            Dialect::Mailer => case.application(json!({})),
        }
    }

    /// The case with this answer.
    fn is(self, status: u16, says: &'static str) -> Self {
        Self {
            status,
            says,
            ..self
        }
    }

    /// The case with this version in `ETag`.
    fn at(self, version: u32) -> Self {
        let version = Some(version);
        Self { version, ..self }
    }

    fn after(self, name: &'static str) -> Self {
        let after = Some(name);
        Self { after, ..self }
    }

    fn contact(self, contact: &'static str) -> Self {
        Self { contact, ..self }
    }

    fn query(self, query: &str) -> Self {
        let query = query.to_owned();
        Self { query, ..self }
    }

    fn body(self, body: &[u8]) -> Self {
        let body = body.to_owned();
        Self { body, ..self }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        let value = HeaderValue::from_str(value).unwrap();
        self.headers.insert(name, value);
        self
    }

    /// The case with the value of a header twice, as API Gateway joins two headers.
    fn twice(self, header: &'static str) -> Self {
        let value = self.headers[header].to_str().unwrap();
        let joined = format!("{value},{value}");
        self.header(header, &joined)
    }

    fn without(mut self, header: &'static str) -> Self {
        self.headers.remove(header);
        self
    }

    /// The case of a person with other claims. A claim that is null is omitted.
    fn person(self, claims: Value) -> Self {
        self.by(CRM_ORGANIZATION, PERSON, claims, DEVELOPMENT_SECRET)
    }

    /// The case of the application with other claims.
    fn application(self, mut claims: Value) -> Self {
        if claims.get("client").is_none() {
            claims["client"] = json!(CLIENT);
        }
        self.by(MAILER_ORGANIZATION, CLIENT, claims, DEVELOPMENT_SECRET)
    }

    /// The case of somebody who cannot sign tokens.
    fn forger(self) -> Self {
        let secret = b"a secret that is not the one of the key set";
        self.by(CRM_ORGANIZATION, PERSON, json!({}), secret)
    }

    fn by(self, organization: &str, subject: &str, claims: Value, secret: &[u8]) -> Self {
        let mut all = Map::from_iter([
            ("iss".to_owned(), json!(development::ISSUER)),
            ("aud".to_owned(), json!(development::AUDIENCE)),
            ("sub".to_owned(), json!(subject)),
            // From 2026-01-01 to 2099-01-01.
            ("iat".to_owned(), json!(1_767_225_600)),
            ("exp".to_owned(), json!(4_070_908_800_u64)),
            ("organizationId".to_owned(), json!(organization)),
        ]);
        if let Value::Object(claims) = claims {
            all.extend(claims);
        }
        all.retain(|_, claim| !claim.is_null());
        let token = signed(&all, secret).unwrap();
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// The file of the event, relative to the folder of all events.
    #[must_use]
    pub fn file(&self) -> PathBuf {
        Path::new(self.route.function()).join(format!("{}.json", self.name))
    }

    /// The event. It depends only on the case: its ids and times come from the name of the case.
    #[must_use]
    pub fn event(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap()
    }

    /// The text of the file.
    #[must_use]
    pub fn text(&self) -> String {
        let key = format!("{}/{}", self.route.function(), self.name);
        let random = digest(&SHA256, key.as_bytes());
        let random = random.as_ref();
        let offset = i64::from(random[0]) * 1000 + i64::from(random[1]);
        let first = Timestamp::parse_rfc3339("2026-05-20T15:04:02Z").unwrap();
        let time = first.unix_milliseconds() + offset;

        let mut url = self.route.path_of(self.contact);
        if !self.query.is_empty() {
            url = format!("{url}?{}", self.query);
        }
        let request = Request::builder().method(self.route.method()).uri(url);
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        parts.headers = self.headers.clone();
        let mut trace = [0; 16];
        trace[4..].copy_from_slice(&random[2..14]);
        let trace = u128::from_be_bytes(trace);
        let trace = format!("Root=1-{:08x}-{trace:024x}", time / 1000);
        let length = self.body.len().to_string();
        for (name, value) in [
            ("accept", "*/*"),
            ("accept-encoding", "gzip, deflate"),
            (
                "host",
                &format!("{API}.execute-api.ca-central-1.amazonaws.com"),
            ),
            ("user-agent", "python-requests/2.32.3"),
            ("x-amzn-trace-id", &trace),
            ("x-forwarded-for", &CALLER.to_string()),
            ("x-forwarded-port", "443"),
            ("x-forwarded-proto", "https"),
            ("content-length", &length),
        ] {
            if name != "content-length" || self.route.has_body() {
                let name = HeaderName::from_static(name);
                parts
                    .headers
                    .insert(name, HeaderValue::from_str(value).unwrap());
            }
        }
        let parameters = match self.contact {
            "" => Vec::new(),
            contact => vec![("id".to_owned(), contact.to_owned())],
        };
        let arrival = Arrival {
            account_id: "123456789012",
            api_id: API,
            source_ip: CALLER.into(),
            request_id: BASE64_URL_SAFE.encode(&random[14..25]),
            time,
        };
        let event = Event::new(&parts, self.route, &parameters, &self.body, arrival);
        serde_json::to_string_pretty(&event).unwrap() + "\n"
    }
}

/// The members of an object of texts as a query.
fn as_query(members: &Value) -> String {
    let members = members.as_object().into_iter().flatten();
    let pairs = members.filter_map(|(name, value)| Some((name, value.as_str()?)));
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

/// The case with this name, `<function>/<case>`.
#[must_use]
pub fn case(name: &str) -> Case {
    let file = Path::new(name).with_extension("json");
    let mut cases = cases().into_iter();
    let found = cases.find(|case| case.file() == file);
    found.unwrap_or_else(|| panic!("no event is called {name}"))
}

/// The names of all events, `<function>/<case>`.
#[must_use]
pub fn names() -> BTreeSet<String> {
    let names = cases().into_iter();
    let names = names.map(|case| format!("{}/{}", case.route.function(), case.name));
    names.collect()
}

/// The event with this name.
#[must_use]
pub fn event(name: &str) -> Value {
    case(name).event()
}

/// The existing files, each with its text.
#[must_use]
pub fn files() -> BTreeMap<PathBuf, String> {
    let folder = folder();
    let functions = entries(&folder).filter(|function| function.is_dir());
    let files = functions.flat_map(|function| entries(&function).collect::<Vec<_>>());
    let read = files.map(|file| {
        let text = fs::read_to_string(&file).unwrap();
        (file.strip_prefix(&folder).unwrap().to_owned(), text)
    });
    read.collect()
}

/// Replaces the existing files with these.
pub fn write(files: &BTreeMap<PathBuf, String>) {
    let folder = folder();
    for old in self::files().into_keys() {
        if !files.contains_key(&old) {
            fs::remove_file(folder.join(old)).unwrap();
        }
    }
    for (file, text) in files {
        let file = folder.join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    entries.map(|entry| entry.unwrap().path())
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../events")
}
