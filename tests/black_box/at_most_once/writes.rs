//! The requests that write, each with the requests that undo and redo it.

use black_box_tests::{Answer, Api};
use reqwest::RequestBuilder;
use serde_json::{Value, json};

use super::{
    EMAIL, NEW_EMAIL, PHONE, SECOND_EMAIL, SECOND_PHONE, VERIFIED_AT, VERIFIED_BY_OTHERS_AT,
};

/// A tested request that writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Write {
    RecordPhoneNumber,
    ClearPhoneNumber,
    RecordEmail,
    ClearEmail,
    RecordContact,
    ClearContact,
    UpsertNew,
    UpsertName,
    UpsertStatus,
    UpsertVerified,
    SubscribeNew,
    Subscribe,
    Unsubscribe,
    UnsubscribeGlobally,
    AddPhone,
    AddEmail,
    RemovePhone,
    RemoveEmail,
}

/// One request for each way to write.
pub(super) const DIFFERENT_WRITES: [Write; 9] = [
    Write::RecordPhoneNumber,
    Write::ClearEmail,
    Write::RecordContact,
    Write::UpsertNew,
    Write::UpsertName,
    Write::UpsertStatus,
    Write::Unsubscribe,
    Write::AddPhone,
    Write::RemoveEmail,
];

impl Write {
    /// The number of the writing call that is the second attempt. Endpoints 1 and 2 first give up the first attempt by another write.
    pub(super) fn second_attempt(self) -> usize {
        if self.is_single_update() { 3 } else { 2 }
    }

    /// Whether the endpoint writes by one update, without a read.
    pub(super) fn is_single_update(self) -> bool {
        matches!(
            self,
            Self::RecordPhoneNumber | Self::ClearPhoneNumber | Self::RecordEmail | Self::ClearEmail
        )
    }

    /// The contact before the request.
    pub(super) fn contact(self) -> Value {
        let time = |write: &[Self]| write.contains(&self).then_some(VERIFIED_AT);
        let mut contact = json!({
            "id": "c_1", "firstName": "Jane",
            "phoneNumber": [
                { "value": PHONE, "isPrimary": true, "verifiedAt": time(&[Self::ClearPhoneNumber]) },
            ],
            "emails": [{ "value": EMAIL, "isPrimary": true, "verifiedAt": time(&[Self::ClearEmail]) }],
            "verifiedAt": time(&[Self::ClearContact]),
            "subscriptions": [{
                "audience": "newsletter", "client": "website",
                "status": match self {
                    Self::UpsertStatus => "pending",
                    Self::Subscribe => "unsubscribed",
                    _ => "subscribed",
                },
                "verifiedAt": time(&[Self::ClearContact]),
            }],
        });
        let mut also = |kind: &str, value: &str| {
            let methods = contact[kind].as_array_mut().unwrap();
            methods.push(json!({ "value": value, "isPrimary": false }));
        };
        match self {
            Self::RemovePhone => also("phoneNumber", SECOND_PHONE),
            Self::RemoveEmail => also("emails", SECOND_EMAIL),
            _ => {}
        }
        contact
    }

    pub(super) fn request(self, api: &Api) -> RequestBuilder {
        let recorded = Some(VERIFIED_AT);
        match self {
            Self::RecordPhoneNumber => verify_phone_number(api, recorded),
            Self::ClearPhoneNumber => verify_phone_number(api, None),
            Self::RecordEmail => verify_email(api, recorded),
            Self::ClearEmail => verify_email(api, None),
            Self::RecordContact => verify_contact(api, recorded),
            Self::ClearContact => verify_contact(api, None),
            Self::UpsertNew => upsert(
                api,
                &json!({ "email": NEW_EMAIL, "firstName": "Ann", "status": "subscribed" }),
            ),
            Self::UpsertName => upsert(api, &json!({ "firstName": "Ann" })),
            Self::UpsertStatus => upsert(api, &json!({ "status": "subscribed" })),
            Self::UpsertVerified => upsert(
                api,
                &json!({ "verified": true, "verified_at": VERIFIED_AT }),
            ),
            Self::SubscribeNew => subscription(api, "subscribe", &json!({ "email": NEW_EMAIL })),
            Self::Subscribe => subscription(api, "subscribe", &json!({})),
            Self::Unsubscribe => subscription(api, "unsubscribe", &json!({ "scope": "client" })),
            Self::UnsubscribeGlobally => {
                subscription(api, "unsubscribe", &json!({ "scope": "global" }))
            }
            Self::AddPhone => add(api, "c_1", "phone", SECOND_PHONE),
            Self::AddEmail => add(api, "c_1", "email", SECOND_EMAIL),
            Self::RemovePhone => remove(api, "c_1", "phone", SECOND_PHONE),
            Self::RemoveEmail => remove(api, "c_1", "email", SECOND_EMAIL),
        }
    }

    /// The request of others that undoes the effect of this one on the contact with this id.
    pub(super) fn undo(self, api: &Api, id: &str) -> RequestBuilder {
        match self {
            Self::RecordPhoneNumber => verify_phone_number(api, None),
            Self::ClearPhoneNumber => verify_phone_number(api, Some(VERIFIED_BY_OTHERS_AT)),
            Self::RecordEmail => verify_email(api, None),
            Self::ClearEmail => verify_email(api, Some(VERIFIED_BY_OTHERS_AT)),
            Self::RecordContact | Self::UpsertVerified => verify_contact(api, None),
            Self::ClearContact => verify_contact(api, Some(VERIFIED_BY_OTHERS_AT)),
            Self::UpsertNew | Self::SubscribeNew => remove(api, id, "email", NEW_EMAIL),
            Self::UpsertName => upsert(api, &json!({ "firstName": "Jane" })),
            Self::UpsertStatus | Self::Subscribe => {
                subscription(api, "unsubscribe", &json!({ "scope": "client" }))
            }
            Self::Unsubscribe => subscription(api, "subscribe", &json!({})),
            Self::UnsubscribeGlobally => {
                subscription(api, "subscribe", &json!({ "scope": "global" }))
            }
            Self::AddPhone => remove(api, id, "phone", SECOND_PHONE),
            Self::AddEmail => remove(api, id, "email", SECOND_EMAIL),
            Self::RemovePhone => add(api, id, "phone", SECOND_PHONE),
            Self::RemoveEmail => add(api, id, "email", SECOND_EMAIL),
        }
    }

    /// The request of others that has the effect of this one, for when it was not done or was undone.
    pub(super) fn redo(self, api: &Api, id: &str) -> RequestBuilder {
        let recorded = Some(VERIFIED_BY_OTHERS_AT);
        match self {
            Self::RecordPhoneNumber => verify_phone_number(api, recorded),
            Self::ClearPhoneNumber => verify_phone_number(api, None),
            Self::RecordEmail => verify_email(api, recorded),
            Self::ClearEmail => verify_email(api, None),
            Self::RecordContact | Self::UpsertVerified => verify_contact(api, recorded),
            Self::ClearContact => verify_contact(api, None),
            Self::UpsertNew | Self::SubscribeNew => add(api, id, "email", NEW_EMAIL),
            Self::UpsertName => upsert(api, &json!({ "firstName": "Ann" })),
            Self::UpsertStatus | Self::Subscribe => subscription(api, "subscribe", &json!({})),
            Self::Unsubscribe => subscription(api, "unsubscribe", &json!({ "scope": "client" })),
            Self::UnsubscribeGlobally => {
                subscription(api, "unsubscribe", &json!({ "scope": "global" }))
            }
            Self::AddPhone => add(api, id, "phone", SECOND_PHONE),
            Self::AddEmail => add(api, id, "email", SECOND_EMAIL),
            Self::RemovePhone => remove(api, id, "phone", SECOND_PHONE),
            Self::RemoveEmail => remove(api, id, "email", SECOND_EMAIL),
        }
    }

    /// The address by which the request's contact is known.
    pub(super) fn address(self) -> &'static str {
        if self.creates() { NEW_EMAIL } else { EMAIL }
    }

    /// The contact that the request is about, if it exists.
    pub(super) async fn id(self, api: &Api) -> Option<String> {
        if !self.creates() {
            return Some("c_1".to_owned());
        }
        let path =
            format!("/api/contacts/status?email={NEW_EMAIL}&audience=newsletter&client=website");
        let answer = api.get(&path, &api.application_token("website")).await;
        answer.body["contact_id"].as_str().map(str::to_owned)
    }

    /// Whether the request creates its contact.
    pub(super) fn creates(self) -> bool {
        matches!(self, Self::UpsertNew | Self::SubscribeNew)
    }

    /// Whether the endpoint answers in the CRM's dialect.
    pub(super) fn is_of_crm(self) -> bool {
        matches!(
            self,
            Self::RecordPhoneNumber
                | Self::ClearPhoneNumber
                | Self::RecordEmail
                | Self::ClearEmail
                | Self::AddPhone
                | Self::AddEmail
                | Self::RemovePhone
                | Self::RemoveEmail
        )
    }

    /// Asserts that the answer is 503 in the dialect of the endpoint, with `Retry-After` and nothing more.
    pub(super) fn assert_unavailable(self, answer: &Answer, context: &str) {
        let context = format!("{context}: {:?}", answer.body);
        assert_eq!(answer.status, 503, "{context}");
        assert!(answer.header("retry-after").is_some(), "{context}");
        let (text, id) = ("Service temporarily unavailable", &answer.body["requestId"]);
        let expected = if self.is_of_crm() {
            json!({ "error": text, "message": text, "requestId": id })
        } else {
            json!({ "error": { "code": "unavailable", "message": text }, "requestId": id })
        };
        assert!(id.is_string(), "{context}");
        assert_eq!(answer.body, expected, "{context}");
    }
}

pub(super) fn verify_phone_number(api: &Api, verified_at: Option<&str>) -> RequestBuilder {
    let request = api.request("/api/contacts/c_1/phone-number/verify");
    let body = json!({ "phoneNumber": PHONE, "verifiedAt": verified_at });
    request.bearer_auth(api.user_token()).json(&body)
}

pub(super) fn verify_email(api: &Api, verified_at: Option<&str>) -> RequestBuilder {
    let request = api.request("/api/contacts/c_1/verify-contact-methods");
    let body = json!({ "type": "email", "value": EMAIL, "verifiedAt": verified_at });
    request.bearer_auth(api.user_token()).json(&body)
}

pub(super) fn verify_contact(api: &Api, verified_at: Option<&str>) -> RequestBuilder {
    let request = api.request("/api/contacts/c_1/verification");
    let body = json!({
        "audience": "newsletter", "client": "website", "verified": verified_at.is_some(), "verified_at": verified_at,
    });
    let token = api.application_token("website");
    request.bearer_auth(token).json(&body)
}

pub(super) fn upsert(api: &Api, members: &Value) -> RequestBuilder {
    post_for_application(api, "/api/contacts", members)
}

pub(super) fn subscription(api: &Api, action: &str, members: &Value) -> RequestBuilder {
    post_for_application(api, &format!("/api/subscriptions/{action}"), members)
}

pub(super) fn post_for_application(api: &Api, path: &str, members: &Value) -> RequestBuilder {
    let mut body = json!({ "email": EMAIL, "audience": "newsletter", "client": "website" });
    for (name, value) in members.as_object().unwrap() {
        body[name] = value.clone();
    }
    let request = api.request_by("POST", path);
    let token = api.application_token("website");
    request.bearer_auth(token).json(&body)
}

pub(super) fn add(api: &Api, id: &str, kind: &str, value: &str) -> RequestBuilder {
    post_method(
        api,
        &format!("/api/contacts/{id}/contact-methods"),
        kind,
        value,
    )
}

pub(super) fn remove(api: &Api, id: &str, kind: &str, value: &str) -> RequestBuilder {
    let path = format!("/api/contacts/{id}/contact-methods/remove");
    post_method(api, &path, kind, value)
}

pub(super) fn post_method(api: &Api, path: &str, kind: &str, value: &str) -> RequestBuilder {
    let request = api.request_by("POST", path);
    let body = json!({ "type": kind, "value": value });
    request.bearer_auth(api.user_token()).json(&body)
}

/// The outcome that an answer reports.
pub(super) fn outcome(answer: &Answer) -> &str {
    let body = &answer.body;
    [
        &body["data"]["outcome"],
        &body["verification_outcome"],
        &body["outcome"],
    ]
    .into_iter()
    .find_map(Value::as_str)
    .unwrap_or_default()
}
