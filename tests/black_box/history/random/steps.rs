//! Random requests, imports and edits by hand.

use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};
use black_box_tests::Api;
use fastrand::Rng;
use serde_json::{Value, json};
use shared::http::Route;

/// The contacts, with ids that upserts do not choose.
pub(super) const CONTACTS: [&str; 3] = ["c_1", "c_2", "c_3"];

const EMAILS: [&str; 4] = [
    "a@example.com",
    "b@example.com",
    "c@example.com",
    "d@example.com",
];
const PHONES: [&str; 2] = ["+14165550100", "+14165550101"];
const AUDIENCES: [&str; 2] = ["newsletter", "other"];
const CLIENTS: [&str; 2] = ["website", "app"];

/// A step that was made.
pub(super) enum Step {
    /// A request on this route, or an import.
    Route(&'static str),
    /// An edit by hand of an item. The version is that of the contact when the product last wrote the item.
    Edit(u64),
    /// An edit by hand that found no such item or entry.
    None,
}

/// Makes random steps in an organization.
pub(super) struct Steps<'a> {
    api: &'a Api,
    user: String,
    applications: [String; 2],
}

impl<'a> Steps<'a> {
    /// Seeds the contacts: two with addresses and subscriptions, and one with neither.
    pub(super) async fn start(api: &'a Api) -> Self {
        api.seed(json!([
            {
                "id": "c_1", "phoneNumber": [{ "value": PHONES[0], "verifiedAt": "2024-03-01T00:00:00Z" }],
                "emails": [{ "value": EMAILS[0], "isPrimary": true }, { "value": EMAILS[1], "verifiedAt": "2024-02-01T00:00:00Z" }],
                "subscriptions": [
                    { "audience": "newsletter", "client": "website", "status": "subscribed" },
                    { "audience": "newsletter", "status": "subscribed", "verifiedAt": "2024-01-01T00:00:00Z" },
                ],
            },
            {
                "id": "c_2", "emails": [{ "value": EMAILS[2], "hardBouncedAt": "2024-01-01T00:00:00Z" }],
                "subscriptions": [{ "audience": "other", "client": "app", "status": "pending" }],
            },
            { "id": "c_3" },
        ]))
        .await;
        Self {
            api,
            user: api.user_token(),
            applications: CLIENTS.map(|client| api.application_token(client)),
        }
    }

    /// Makes a step. A request may be refused.
    pub(super) async fn make(&mut self, random: &mut Rng) -> Step {
        match random.u8(..12) {
            0..=1 => self.verify_method(random).await,
            2..=3 => self.verify_contact(random).await,
            4..=5 => self.change_method(random).await,
            6..=7 => self.upsert(random).await,
            8 => self.subscribe(random).await,
            9 => self.unsubscribe(random).await,
            10 => self.import(random).await,
            _ => self.edit(random).await,
        }
    }

    async fn verify_method(&self, random: &mut Rng) -> Step {
        let mut body = method(random);
        body["verifiedAt"] = at_or_null(random);
        if random.bool() {
            body["verificationSource"] = json!("by call");
        }
        let route = Route::VerifyContactMethod;
        self.api
            .patch(&route.path_of(contact(random)), &self.user, body)
            .await;
        Step::Route(route.key())
    }

    async fn verify_contact(&self, random: &mut Rng) -> Step {
        let (client, token) = self.client(random);
        let mut body = json!({ "verified": random.u8(..3) > 0, "audience": of(random, &AUDIENCES), "client": client });
        if random.bool() {
            body["verified_at"] = json!(at(random));
        }
        if random.bool() {
            body["email"] = json!(of(random, &EMAILS));
        }
        let route = Route::VerifyContact;
        self.api
            .patch(&route.path_of(contact(random)), token, body)
            .await;
        Step::Route(route.key())
    }

    async fn change_method(&self, random: &mut Rng) -> Step {
        let route = if random.bool() {
            Route::AddContactMethod
        } else {
            Route::RemoveContactMethod
        };
        let path = route.path_of(contact(random));
        self.api.post(&path, &self.user, method(random)).await;
        Step::Route(route.key())
    }

    async fn upsert(&self, random: &mut Rng) -> Step {
        let (client, token) = self.client(random);
        let mut body = json!({
            "email": of(random, &EMAILS), "audience": of(random, &AUDIENCES), "client": client,
            "status": of(random, &["pending", "subscribed", "unsubscribed"]),
        });
        if random.bool() {
            body["verified"] = json!(true);
            body["verified_at"] = json!(at(random));
        }
        if random.bool() {
            let status = of(random, &["valid", "no_mx", "risky"]);
            body["email_validation"] =
                json!({ "status": status, "reason": "found", "validated_at": at(random) });
        }
        if random.bool() {
            let fact = of(
                random,
                &["hard_bounced", "complained", "global_unsubscribed"],
            );
            body["suppression"] =
                json!({ fact: random.u8(..3) > 0, "global_unsubscribe_reason": "enough" });
        }
        self.api
            .post(Route::UpsertContact.path(), token, body)
            .await;
        Step::Route(Route::UpsertContact.key())
    }

    async fn subscribe(&self, random: &mut Rng) -> Step {
        let (client, token) = self.client(random);
        let body = json!({
            "email": of(random, &EMAILS), "audience": of(random, &AUDIENCES), "client": client,
            "scope": of(random, &["client", "audience", "global"]),
        });
        self.api.post(Route::Subscribe.path(), token, body).await;
        Step::Route(Route::Subscribe.key())
    }

    async fn unsubscribe(&self, random: &mut Rng) -> Step {
        let (client, token) = self.client(random);
        let body = json!({
            "email": of(random, &EMAILS), "audience": of(random, &AUDIENCES), "client": client,
            "scope": of(random, &["client", "audience", "global"]), "reason": of(random, &["", "too many"]),
        });
        self.api.post(Route::Unsubscribe.path(), token, body).await;
        Step::Route(Route::Unsubscribe.key())
    }

    async fn import(&self, random: &mut Rng) -> Step {
        let phone = json!({ "value": of(random, &PHONES), "verifiedAt": at_or_null(random) });
        let mut record = json!({
            "id": contact(random), "phoneNumber": [phone],
            "emails": [{ "value": of(random, &EMAILS), "verifiedAt": at_or_null(random) }],
        });
        if random.bool() {
            record["emails"][0]["hardBouncedAt"] = json!(at(random));
        }
        if random.bool() {
            record["subscriptions"] = json!([{
                "audience": of(random, &AUDIENCES), "client": of(random, &CLIENTS), "status": "subscribed",
            }]);
        }
        let store = self.api.database.store().await;
        let line = format!("{record}\n");
        crate::import::import_into(&store, &self.api.organization, &line).await;
        Step::Route("import")
    }

    /// Edits a contact's item or a subscription's status. The edit creates no missing item or entry.
    async fn edit(&self, random: &mut Rng) -> Step {
        let (sort, path): (String, Vec<&str>) = match random.u8(..4) {
            0 => (
                format!(
                    "SUBSCRIPTION#{}#{}",
                    of(random, &AUDIENCES),
                    of(random, &CLIENTS)
                ),
                vec!["status"],
            ),
            1 => ("CONTACT".to_owned(), vec!["complainedAt"]),
            2 => (
                "CONTACT".to_owned(),
                vec!["emails", of(random, &EMAILS), "hardBouncedAt"],
            ),
            _ => (
                "CONTACT".to_owned(),
                vec!["emails", of(random, &EMAILS), "verifiedAt"],
            ),
        };
        let value = if path == ["status"] {
            Some(of(random, &["pending", "subscribed", "unsubscribed"]).to_owned())
        } else {
            random.bool().then(|| at(random).replace('Z', ".000Z"))
        };
        let partition = format!("ORG#{}#CONTACT#{}", self.api.organization, contact(random));
        let names: Vec<_> = (0..path.len()).map(|n| format!("#n{n}")).collect();
        let parent = if path.len() == 3 { "#n0.#n1" } else { "#pk" };
        let mut update = self.api.database.client().await.update_item();
        update = update.table_name(&self.api.database.table);
        update = update
            .key("pk", AttributeValue::S(partition))
            .key("sk", AttributeValue::S(sort))
            .condition_expression(format!(
                "attribute_exists(#pk) AND attribute_exists({parent})"
            ))
            .expression_attribute_names("#pk", "pk");
        for (placeholder, name) in names.iter().zip(&path) {
            update = update.expression_attribute_names(placeholder, *name);
        }
        let place = names.join(".");
        let update = match value {
            Some(value) => update
                .update_expression(format!("SET {place} = :value"))
                .expression_attribute_values(":value", AttributeValue::S(value)),
            None => update.update_expression(format!("REMOVE {place}")),
        };
        match update.return_values(ReturnValue::AllNew).send().await {
            Ok(edited) => {
                let version = edited.attributes.unwrap()["version"].clone();
                Step::Edit(version.as_n().unwrap().parse().unwrap())
            }
            Err(error) => {
                let error = error.into_service_error();
                assert!(error.is_conditional_check_failed_exception(), "{error:?}");
                Step::None
            }
        }
    }

    fn client(&self, random: &mut Rng) -> (&'static str, &str) {
        let place = random.usize(..CLIENTS.len());
        (CLIENTS[place], &self.applications[place])
    }
}

fn of<'a>(random: &mut Rng, choices: &[&'a str]) -> &'a str {
    choices[random.usize(..choices.len())]
}

fn contact(random: &mut Rng) -> &'static str {
    of(random, &CONTACTS)
}

/// One of few times, so that equal ones occur.
fn at(random: &mut Rng) -> String {
    format!("2024-0{}-01T00:00:00Z", random.u8(1..8))
}

fn at_or_null(random: &mut Rng) -> Value {
    if random.u8(..3) > 0 {
        json!(at(random))
    } else {
        Value::Null
    }
}

fn method(random: &mut Rng) -> Value {
    if random.u8(..3) == 0 {
        json!({ "type": "phone", "value": of(random, &PHONES) })
    } else {
        json!({ "type": "email", "value": of(random, &EMAILS) })
    }
}
