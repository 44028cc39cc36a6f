//! The requests whose cost is stated: every outcome of every endpoint.

use std::fmt;

use anyhow::ensure;
use contacts::development::Identity;
use serde_json::{Value, json};
use shared::domain::{ClientSlug, OrganizationId};

use crate::recorded_api::{Answer, RecordedApi, token};

const ORGANIZATION: &str = "org_a";
const AT: &str = "2026-05-20T15:04:01.135Z";
const EARLIER: &str = "2026-01-01T00:00:00.000Z";

/// The most that a request may cost.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// Calls one after another.
    pub(super) rounds: usize,
    pub(super) read: f64,
    pub(super) write: f64,
}

const NOTHING: Most = Most {
    rounds: 0,
    read: 0.0,
    write: 0.0,
};
const ONE_UPDATE: Most = Most {
    rounds: 1,
    read: 0.0,
    write: 1.0,
};
const QUERY_AND_UPDATE: Most = Most {
    rounds: 2,
    read: 0.5,
    write: 1.0,
};
const QUERY: Most = Most {
    rounds: 1,
    read: 0.5,
    write: 0.0,
};
const READ: Most = Most {
    rounds: 1,
    read: 6.0,
    write: 0.0,
};
const READ_AND_TRANSACTION: Most = Most {
    rounds: 2,
    read: 6.0,
    write: 4.0,
};
const READ_AND_AUDIENCE: Most = Most {
    rounds: 2,
    read: 7.0,
    write: 0.0,
};

/// Who asks.
#[derive(Debug, Clone, Copy)]
enum Caller {
    Nobody,
    Person,
    Application,
    SuperAdmin,
}

/// A request whose cost is stated.
#[derive(Debug)]
pub(super) struct Case {
    pub(super) endpoint: u8,
    pub(super) name: &'static str,
    pub(super) status: u16,
    pub(super) most: Most,
    outcome: Option<&'static str>,
    caller: Caller,
    /// Bodies of the requests before it, and its own.
    bodies: Vec<Value>,
    /// Whether the contact is there.
    known: bool,
    if_match: Option<&'static str>,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint {}, {}", self.endpoint, self.name)
    }
}

impl Case {
    fn new(endpoint: u8, name: &'static str, most: Most, bodies: impl Into<Vec<Value>>) -> Self {
        Self {
            endpoint,
            name,
            status: 200,
            most,
            outcome: None,
            caller: if endpoint == 3 {
                Caller::Application
            } else {
                Caller::Person
            },
            bodies: bodies.into(),
            known: true,
            if_match: None,
        }
    }

    fn comes_to(mut self, outcome: &'static str) -> Self {
        self.outcome = Some(outcome);
        self
    }

    fn refused(mut self, status: u16) -> Self {
        self.status = status;
        self
    }

    fn by(mut self, caller: Caller) -> Self {
        self.caller = caller;
        self
    }

    fn about_nobody(mut self) -> Self {
        self.known = false;
        self
    }

    fn if_match(mut self, versions: &'static str) -> Self {
        self.if_match = Some(versions);
        self
    }

    /// Sends what comes before it, and then the request itself, about a contact of its own.
    pub(super) async fn answer(&self, api: &RecordedApi) -> anyhow::Result<Answer> {
        let id = format!(
            "c_{}_{}",
            self.endpoint,
            self.name.replace(|c: char| !c.is_ascii_alphanumeric(), "_")
        );
        if self.known {
            api.seed(&seed(&id)).await?;
        }
        let mut last = None;
        for body in &self.bodies {
            let mut request = api.request(&path(self.endpoint, &id))?.json(body);
            if let Some(token) = self.caller.token()? {
                request = request.bearer_auth(token);
            }
            if let Some(versions) = self.if_match {
                request = request.header("if-match", versions);
            }
            last = Some(api.send(request).await?);
        }
        let answer = last.ok_or_else(|| anyhow::anyhow!("{self} sends nothing"))?;
        ensure!(
            answer.status == self.status
                && (self.outcome.is_none() || answer.outcome() == self.outcome),
            "{self}: {} {}",
            answer.status,
            answer.body
        );
        Ok(answer)
    }
}

impl Caller {
    fn token(self) -> anyhow::Result<Option<String>> {
        let identity = Identity {
            subject: "bench".to_owned(),
            ..Identity::default()
        };
        let organization = Some(OrganizationId::parse(ORGANIZATION)?);
        let identity = match self {
            Self::Nobody => return Ok(None),
            Self::Person => Identity {
                organization,
                ..identity
            },
            Self::Application => Identity {
                organization,
                client: Some(ClientSlug::parse("website")?),
                ..identity
            },
            Self::SuperAdmin => Identity {
                role: Some("SUPERADMIN".to_owned()),
                ..identity
            },
        };
        token(&identity).map(Some)
    }
}

fn path(endpoint: u8, id: &str) -> String {
    let rest = match endpoint {
        1 => "phone-number/verify",
        2 => "verify-contact-methods",
        _ => "verification",
    };
    format!("/api/contacts/{id}/{rest}")
}

fn seed(id: &str) -> String {
    json!({ "organizations": [{
        "id": ORGANIZATION, "audiences": ["newsletter"], "clients": ["website"],
        "contacts": [{
            "id": id, "firstName": "Jane", "lastName": "Doe",
            "phoneNumber": [{ "value": "+14165550100" }], "emails": [{ "value": "jane@example.com" }],
            "subscriptions": [
                { "audience": "newsletter", "client": "website", "status": "subscribed" },
                { "audience": "newsletter", "status": "subscribed" },
            ],
        }],
    }] })
    .to_string()
}

/// A body of endpoints 1 and 2.
fn method(endpoint: u8, at: Option<&str>) -> Value {
    if endpoint == 1 {
        json!({ "phoneNumber": "+14165550100", "verifiedAt": at })
    } else {
        json!({ "type": "email", "value": "jane@example.com", "verifiedAt": at })
    }
}

/// A body of endpoint 3.
fn contact(at: Option<&str>) -> Value {
    json!({ "verified": at.is_some(), "verified_at": at, "audience": "newsletter", "client": "website" })
}

pub(super) fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [1, 2].into_iter().flat_map(of_methods).collect();
    cases.extend(of_contacts());
    cases
}

/// Endpoints 1 and 2: one update, whatever comes of it.
fn of_methods(endpoint: u8) -> Vec<Case> {
    let at = || method(endpoint, Some(AT));
    let earlier = || method(endpoint, Some(EARLIER));
    let clear = || method(endpoint, None);
    let case = |name, most, bodies: Vec<Value>| Case::new(endpoint, name, most, bodies);
    let missing = if endpoint == 1 {
        json!({ "phoneNumber": "+14165550199", "verifiedAt": AT })
    } else {
        json!({ "type": "email", "value": "john@example.com", "verifiedAt": AT })
    };
    vec![
        case("recorded", ONE_UPDATE, vec![at()]).comes_to("recorded"),
        case("recorded over later", ONE_UPDATE, vec![at(), earlier()]).comes_to("recorded"),
        case("kept", ONE_UPDATE, vec![at(), at()]).comes_to("kept"),
        case("cleared", ONE_UPDATE, vec![at(), clear()]).comes_to("cleared"),
        case("unchanged", ONE_UPDATE, vec![clear()]).comes_to("unchanged"),
        case("no such contact", ONE_UPDATE, vec![at()])
            .refused(404)
            .about_nobody(),
        case("no such entry", ONE_UPDATE, vec![missing]).refused(404),
        case("another version", ONE_UPDATE, vec![at()])
            .refused(412)
            .if_match("\"7\""),
        case("SUPERADMIN, recorded", QUERY_AND_UPDATE, vec![at()])
            .comes_to("recorded")
            .by(Caller::SuperAdmin),
        case("SUPERADMIN, kept", QUERY_AND_UPDATE, vec![at(), at()])
            .comes_to("kept")
            .by(Caller::SuperAdmin),
        case("SUPERADMIN, no such contact", QUERY, vec![at()])
            .refused(404)
            .about_nobody()
            .by(Caller::SuperAdmin),
        case("bad body", NOTHING, vec![json!({})]).refused(400),
        case("no token", NOTHING, vec![at()])
            .refused(401)
            .by(Caller::Nobody),
    ]
}

/// Endpoint 3: a read, and a transaction where something is to be written.
fn of_contacts() -> Vec<Case> {
    let at = || contact(Some(AT));
    let earlier = || contact(Some(EARLIER));
    let clear = || contact(None);
    let case = |name, most, bodies: Vec<Value>| Case::new(3, name, most, bodies);
    let elsewhere =
        json!({ "verified": true, "verified_at": AT, "audience": "nowhere", "client": "website" });
    let other =
        json!({ "verified": true, "verified_at": AT, "audience": "newsletter", "client": "other" });
    vec![
        case("recorded", READ_AND_TRANSACTION, vec![at()]).comes_to("recorded"),
        case(
            "recorded over later",
            READ_AND_TRANSACTION,
            vec![at(), earlier()],
        )
        .comes_to("recorded"),
        case("kept", READ, vec![at(), at()]).comes_to("kept"),
        case("cleared", READ_AND_TRANSACTION, vec![at(), clear()]).comes_to("cleared"),
        case("unchanged", READ, vec![clear()]).comes_to("unchanged"),
        case("no such contact", READ_AND_AUDIENCE, vec![at()])
            .refused(404)
            .about_nobody(),
        case("no such audience", READ_AND_AUDIENCE, vec![elsewhere]).refused(400),
        case("another version", READ, vec![at()])
            .refused(412)
            .if_match("\"7\""),
        case("another's client", NOTHING, vec![other]).refused(403),
        case("bad body", NOTHING, vec![json!({})]).refused(400),
        case("no token", NOTHING, vec![at()])
            .refused(401)
            .by(Caller::Nobody),
    ]
}
