//! The events for other systems: CloudEvents 1.0 in JSON
//! (<https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/formats/json-format.md>). `docs/events.schema.json` describes them.

use serde::Serialize;
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, HistoryEntry, HistoryState, Level, MethodKind,
    OrganizationId, Timestamp,
};
use shared::store::HistoryItem;

/// An entry of a history as an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Event {
    specversion: &'static str,
    /// The entry's id. Consumers recognize a repeated event by it.
    pub id: String,
    source: String,
    /// The kind of the event, such as `contact.verification.recorded`.
    #[serde(rename = "type")]
    pub kind: &'static str,
    subject: ContactId,
    /// The time of the change.
    pub time: Timestamp,
    datacontenttype: &'static str,
    data: Data,
}

/// The data of an event: the entry, with the contact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct Data {
    organization_id: OrganizationId,
    contact_id: ContactId,
    level: Option<Level>,
    audience: Option<AudienceSlug>,
    client: Option<ClientSlug>,
    #[serde(rename = "type")]
    kind: Option<MethodKind>,
    value: Option<String>,
    before: Option<HistoryState>,
    after: Option<HistoryState>,
    actor: Option<Actor>,
    route: Option<String>,
    request_id: Option<String>,
}

impl Event {
    /// The event of an entry. Without addresses, `value` is null.
    pub(crate) fn new(item: HistoryItem, with_addresses: bool) -> Self {
        let HistoryItem {
            organization,
            contact,
            entry,
            ..
        } = item;
        let HistoryEntry {
            id,
            at,
            event,
            level,
            audience,
            client,
            kind,
            value,
            before,
            after,
            actor,
            route,
            request_id,
        } = entry;
        Self {
            specversion: "1.0",
            id,
            source: format!("/organizations/{organization}/contacts/{contact}"),
            kind: event.event_type(),
            subject: contact.clone(),
            time: at,
            datacontenttype: "application/json",
            data: Data {
                organization_id: organization,
                contact_id: contact,
                level,
                audience,
                client,
                kind,
                value: value.filter(|_| with_addresses),
                before,
                after,
                actor,
                route,
                request_id,
            },
        }
    }
}

#[cfg(test)]
impl Event {
    /// An event with this id, for tests of outlets.
    pub(crate) fn with_id(id: &str) -> Self {
        let contact = ContactId::parse("c_1").unwrap();
        Self {
            specversion: "1.0",
            id: id.to_owned(),
            source: "/organizations/org_a/contacts/c_1".to_owned(),
            kind: "contact.erased",
            subject: contact.clone(),
            time: Timestamp::parse_rfc3339("2026-05-20T15:04:02.135Z").unwrap(),
            datacontenttype: "application/json",
            data: Data {
                organization_id: OrganizationId::parse("org_a").unwrap(),
                contact_id: contact,
                level: None,
                audience: None,
                client: None,
                kind: None,
                value: None,
                before: None,
                after: None,
                actor: None,
                route: None,
                request_id: None,
            },
        }
    }
}
