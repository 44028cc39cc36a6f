//! The callers, and the random requests that they send.

use serde_json::{Value, json};
use shared::http::Route;

use crate::random::Random;
use crate::requests::{Asked, Caller, Request};
use crate::scene::{
    ADDRESSES, AUDIENCES, CLIENTS, CONTACTS, LONE_CONTACT, ORGANIZATIONS, PHONES, STABLE_ADDRESS,
    STABLE_CONTACT, STABLE_PHONE,
};

/// A caller in an organization: as a person, as two applications, and as a super administrator.
#[derive(Debug, Clone)]
pub struct Callers {
    organization: &'static str,
    person: Caller,
    applications: [Caller; 2],
    super_admin: Caller,
    tokens: [String; 4],
    /// The address that all callers of this history use most often, so that their requests meet.
    favourite: &'static str,
}

impl Callers {
    /// The caller of this number in an organization. Of the addresses that come and go, it uses `favourite` most often.
    #[must_use]
    pub fn new(organization: &'static str, number: u64, favourite: &'static str) -> Self {
        let caller = |subject: String, role, client| Caller {
            organization: Some(organization),
            subject,
            role,
            client,
        };
        let person = caller(format!("{organization}_{number}"), Some("ADMIN"), None);
        let applications =
            CLIENTS.map(|client| caller(format!("{organization}_{client}"), None, Some(client)));
        let super_admin = Caller {
            organization: None,
            subject: "super".to_owned(),
            role: Some("SUPERADMIN"),
            client: None,
        };
        let tokens = [&person, &applications[0], &applications[1], &super_admin].map(Caller::token);
        Self {
            organization,
            person,
            applications,
            super_admin,
            tokens,
            favourite,
        }
    }

    /// A read of a contact.
    #[must_use]
    pub fn read(&self, contact: &str) -> Request {
        self.by_person(Route::GetContact, contact, Asked::Read, json!({}))
    }

    /// A page of a contact's history.
    #[must_use]
    pub fn history_page(&self, contact: &str, limit: u64, cursor: Option<String>) -> Request {
        let mut content = json!({ "limit": limit });
        let cursor_of = cursor
            .is_some()
            .then(|| (self.organization.to_owned(), contact.to_owned()));
        if let Some(cursor) = cursor {
            content["cursor"] = json!(cursor);
        }
        self.by_person(
            Route::GetHistory,
            contact,
            Asked::History { cursor_of },
            content,
        )
    }

    /// A random request. `cursors` has the organization, the contact and the cursor of each page that any caller has read.
    #[must_use]
    pub fn draw(
        &self,
        random: &Random,
        version: Option<u64>,
        cursors: &[(String, String, String)],
    ) -> Request {
        let mut request = match random.number(0..100) {
            0..=21 => self.verify_method(random),
            22..=41 => self.verify_contact(random),
            42..=51 => self.upsert(random),
            52..=54 => self.import(random),
            55..=59 => self.change_method(random, true),
            60..=65 => self.change_method(random, false),
            66..=69 => self.subscribe(random),
            70..=74 => self.unsubscribe(random),
            75..=83 => self.by_person(
                Route::GetContact,
                random.of_these(&CONTACTS),
                Asked::Read,
                json!({}),
            ),
            84..=91 => self.status(random),
            92..=95 => self.history(random, cursors),
            96..=97 => self.as_super_admin(random),
            _ => self.erase(random),
        };
        if request.route.method() != "GET"
            && !matches!(request.asked, Asked::Import { .. })
            && random.chance(0.1)
        {
            request.if_match = version;
        }
        request
    }

    fn by_person(&self, route: Route, contact: &str, asked: Asked, content: Value) -> Request {
        Request {
            organization: self.organization,
            actor: self.person.subject.clone(),
            route,
            contact: contact.to_owned(),
            asked,
            content,
            if_match: None,
            token: self.tokens[0].clone(),
        }
    }

    fn by_application(
        &self,
        route: Route,
        client: usize,
        contact: &str,
        asked: Asked,
        content: Value,
    ) -> Request {
        Request {
            actor: format!(
                "client:{}",
                self.applications[client].client.unwrap_or_default()
            ),
            token: self.tokens[1 + client].clone(),
            ..self.by_person(route, contact, asked, content)
        }
    }

    /// One of a few times, so that equal times occur. Each organization has its own year.
    fn time(&self, random: &Random) -> String {
        let year = if self.organization == ORGANIZATIONS[0] {
            2021
        } else {
            2011
        };
        format!("{year}-0{}-01T00:00:00.000Z", random.number(1..8))
    }

    fn verify_method(&self, random: &Random) -> Request {
        let (contact, kind, value) = match random.number(0..10) {
            0..=3 => (STABLE_CONTACT, "phone", STABLE_PHONE),
            4..=7 => (STABLE_CONTACT, "email", STABLE_ADDRESS),
            8 => (random.of_these(&CONTACTS), "phone", PHONES[1]),
            _ => (
                random.of_these(&CONTACTS),
                "email",
                self.loose_address(random),
            ),
        };
        let at = random.chance(0.7).then(|| self.time(random));
        if kind == "phone" && random.chance(0.4) {
            let content = json!({ "phoneNumber": value, "verifiedAt": at });
            let asked = Asked::VerifyMethod {
                kind,
                value: value.to_owned(),
                at,
                label: None,
            };
            return self.by_person(Route::VerifyPhoneNumber, contact, asked, content);
        }
        let label = (at.is_some() && random.chance(0.5)).then(|| "by call".to_owned());
        let mut content = json!({ "type": kind, "value": value, "verifiedAt": at });
        if let Some(label) = &label {
            content["verificationSource"] = json!(label);
        }
        let asked = Asked::VerifyMethod {
            kind,
            value: value.to_owned(),
            at,
            label,
        };
        self.by_person(Route::VerifyContactMethod, contact, asked, content)
    }

    fn verify_contact(&self, random: &Random) -> Request {
        let client = usize::from(random.chance(0.4));
        let (contact, address) = if random.chance(0.75) {
            (STABLE_CONTACT, Some(STABLE_ADDRESS))
        } else {
            (
                random.of_these(&CONTACTS[1..]),
                random.chance(0.5).then(|| self.loose_address(random)),
            )
        };
        let verified = random.chance(0.7);
        let at = random.chance(0.9).then(|| self.time(random));
        let audience = if contact == STABLE_CONTACT {
            AUDIENCES[0]
        } else {
            random.of_these(&AUDIENCES)
        };
        let mut content = json!({ "verified": verified, "audience": audience, "client": CLIENTS[client], "verified_at": at });
        if let Some(address) = address {
            content["email"] = json!(address);
        }
        let asked = Asked::VerifyContact {
            audience: audience.to_owned(),
            client: CLIENTS[client].to_owned(),
            address: address.map(str::to_owned),
            verified,
            at,
        };
        self.by_application(Route::VerifyContact, client, contact, asked, content)
    }

    /// One of the addresses that come and go.
    fn loose_address(&self, random: &Random) -> &'static str {
        if random.chance(0.5) {
            self.favourite
        } else {
            random.of_these(&ADDRESSES)
        }
    }

    fn address(&self, random: &Random) -> &'static str {
        if random.chance(0.4) {
            STABLE_ADDRESS
        } else {
            self.loose_address(random)
        }
    }

    fn upsert(&self, random: &Random) -> Request {
        let client = usize::from(random.chance(0.4));
        let address = self.address(random);
        let audience = audience_of(address, random);
        let mut content =
            json!({ "email": address, "audience": audience, "client": CLIENTS[client] });
        if random.chance(0.5) {
            content["status"] = json!(random.of_these(&["pending", "subscribed", "unsubscribed"]));
        }
        let verified_at = random.chance(0.6).then(|| self.time(random));
        if let Some(at) = &verified_at {
            content["verified"] = json!(true);
            content["verified_at"] = json!(at);
        }
        let mut lifts_bounce = false;
        if random.chance(0.3) {
            let kind = random.of_these(&["hard_bounced", "complained", "global_unsubscribed"]);
            let is_on = random.chance(0.75);
            lifts_bounce = kind == "hard_bounced" && !is_on;
            content["suppression"] = json!({ kind: is_on });
        }
        let has_finding = random.chance(0.2);
        if has_finding {
            let status = random.of_these(&["valid", "no_mx"]);
            content["email_validation"] =
                json!({ "status": status, "validated_at": self.time(random) });
        }
        let asked = Asked::Upsert {
            audience: audience.to_owned(),
            client: CLIENTS[client].to_owned(),
            address: address.to_owned(),
            verified_at,
            lifts_bounce,
            has_finding,
        };
        self.by_application(Route::UpsertContact, client, "", asked, content)
    }

    fn change_method(&self, random: &Random, adds: bool) -> Request {
        let contact = random.of_these(&CONTACTS);
        let (kind, value) = if random.chance(0.35) {
            ("phone", random.of_these(&PHONES))
        } else {
            ("email", self.loose_address(random))
        };
        let (content, value) = (json!({ "type": kind, "value": value }), value.to_owned());
        if adds {
            self.by_person(
                Route::AddContactMethod,
                contact,
                Asked::Add { kind, value },
                content,
            )
        } else {
            self.by_person(
                Route::RemoveContactMethod,
                contact,
                Asked::Remove { kind, value },
                content,
            )
        }
    }

    fn subscribe(&self, random: &Random) -> Request {
        let (client, address) = (usize::from(random.chance(0.4)), self.address(random));
        let audience = audience_of(address, random);
        let scope = random.of_these(&["client", "audience", "global"]);
        let content = json!({ "email": address, "audience": audience, "client": CLIENTS[client], "scope": scope });
        let asked = Asked::Subscribe {
            scope,
            address: address.to_owned(),
        };
        self.by_application(Route::Subscribe, client, "", asked, content)
    }

    fn unsubscribe(&self, random: &Random) -> Request {
        let (client, address) = (usize::from(random.chance(0.4)), self.address(random));
        let audience = audience_of(address, random);
        let scope = random.of_these(&["client", "audience", "global"]);
        let content = json!({
            "email": address, "audience": audience, "client": CLIENTS[client], "scope": scope, "reason": "enough",
        });
        let asked = Asked::Unsubscribe {
            address: address.to_owned(),
        };
        self.by_application(Route::Unsubscribe, client, "", asked, content)
    }

    fn status(&self, random: &Random) -> Request {
        let (client, address) = (usize::from(random.chance(0.4)), self.address(random));
        let content =
            json!({ "email": address, "audience": AUDIENCES[0], "client": CLIENTS[client] });
        let asked = Asked::Status {
            audience: AUDIENCES[0].to_owned(),
            client: CLIENTS[client].to_owned(),
            address: address.to_owned(),
        };
        self.by_application(Route::ContactStatus, client, "", asked, content)
    }

    /// A page of a history, often with the cursor of a random page.
    fn history(&self, random: &Random, cursors: &[(String, String, String)]) -> Request {
        let contact = random.of_these(&CONTACTS);
        let mut content = json!({ "limit": random.number(1..4) });
        let mut cursor_of = None;
        if !cursors.is_empty() && random.chance(0.7) {
            let (organization, contact, cursor) = random.of_these(cursors);
            content["cursor"] = json!(cursor);
            cursor_of = Some((organization.clone(), contact.clone()));
        }
        self.by_person(
            Route::GetHistory,
            contact,
            Asked::History { cursor_of },
            content,
        )
    }

    /// A read of a contact by a super administrator, who names only its id.
    fn as_super_admin(&self, random: &Random) -> Request {
        let contact = random.of_these(&[STABLE_CONTACT, LONE_CONTACT]);
        Request {
            actor: self.super_admin.subject.clone(),
            token: self.tokens[3].clone(),
            ..self.by_person(Route::GetContact, contact, Asked::Read, json!({}))
        }
    }

    fn import(&self, random: &Random) -> Request {
        let (contact, address) = if random.chance(0.5) {
            (STABLE_CONTACT, STABLE_ADDRESS)
        } else {
            (random.of_these(&CONTACTS), self.loose_address(random))
        };
        let asked = Asked::Import {
            address: address.to_owned(),
            at: self.time(random),
        };
        Request {
            actor: format!("{}_import", self.organization),
            ..self.by_person(Route::UpsertContact, contact, asked, json!({}))
        }
    }

    fn erase(&self, random: &Random) -> Request {
        if random.chance(0.5) {
            return self.verify_method(random);
        }
        self.by_person(Route::EraseContact, "c_3", Asked::Erase, json!({}))
    }
}

/// The audience for an address. The stable address has only one, so that all requests about it meet.
fn audience_of(address: &str, random: &Random) -> &'static str {
    if address == STABLE_ADDRESS {
        AUDIENCES[0]
    } else {
        random.of_these(&AUDIENCES)
    }
}
