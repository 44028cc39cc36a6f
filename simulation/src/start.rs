//! The start of each history: two organizations whose contacts have the same ids, numbers and addresses.

use std::sync::OnceLock;
use std::time::Duration;

use shared::domain::{
    Actor, AddressPatch, AudienceSlug, ClientSlug, ContactId, ContactPatch, ContactRecord,
    EmailAddress, MethodValue, NewMethod, OrganizationId, PhoneNumber, PhoneRegion, SubscriptionId,
    SubscriptionPatch, SubscriptionStatus, SuppressionPatch, Timestamp,
};
use shared::store::{
    Existing, Import, ImportOutcome, ImportRecord, Registered, RetryBudget, Store,
};

use crate::database::{Database, TABLE};
use crate::ledger::Item;
use crate::network::Network;
use crate::random::Random;
use crate::scene::{
    ADDRESSES, AUDIENCES, CLIENTS, LONE_CONTACT, ORGANIZATIONS, PHONES, STABLE_ADDRESS,
    STABLE_PHONE,
};
use crate::trace::Trace;
use crate::weather::Weather;

/// The items at the start of each history.
pub fn items() -> &'static [Item] {
    static ITEMS: OnceLock<Vec<Item>> = OnceLock::new();
    ITEMS.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build();
        runtime.unwrap().block_on(load())
    })
}

async fn load() -> Vec<Item> {
    let (random, trace) = (Random::of(0), Trace::new(false));
    let database = Database::new(&[], &random, &trace, Weather::CALM);
    let network = Network {
        database: database.clone(),
        random,
        trace,
        fault: None,
    };
    let store = Store::new(network.client(), TABLE.to_owned());
    for organization in ORGANIZATIONS {
        let mut contacts = contacts();
        if organization == ORGANIZATIONS[1] {
            contacts.push(contact(LONE_CONTACT, &[phone(PHONES[1])], &[]));
        }
        load_organization(&store, organization, contacts).await;
    }
    database.items()
}

async fn load_organization(store: &Store, organization: &str, contacts: Vec<ContactRecord>) {
    let organization = OrganizationId::parse(organization).unwrap();
    let registered = Registered {
        audiences: AUDIENCES
            .map(|slug| AudienceSlug::parse(slug).unwrap())
            .into(),
        clients: CLIENTS.map(|slug| ClientSlug::parse(slug).unwrap()).into(),
    };
    store.register(&organization, &registered).await.unwrap();
    let import = Import {
        organization: &organization,
        actor: Actor::subject("seed"),
        route: "seed",
        existing: Existing::Keep,
        clock: &*shared::system_clock(),
        dry_run: false,
        retry_budget: &RetryBudget::new(Duration::from_secs(5)),
    };
    let records = contacts.into_iter().map(|record| ImportRecord {
        record,
        request_id: "seed".to_owned(),
    });
    let (outcomes, done) = store.import(&import, records.collect()).await;
    done.unwrap();
    assert!(
        outcomes
            .iter()
            .all(|outcome| *outcome == Some(ImportOutcome::Created))
    );
}

fn contacts() -> Vec<ContactRecord> {
    let bounced = AddressPatch {
        hard_bounced: Some(SuppressionPatch::Since(Timestamp::EPOCH)),
        ..AddressPatch::default()
    };
    let bounced = NewMethod {
        address: bounced,
        ..address(ADDRESSES[1])
    };
    let (subscribed, ended) = (
        SubscriptionStatus::Subscribed,
        SubscriptionStatus::Unsubscribed,
    );
    vec![
        contact(
            "c_1",
            &[phone(STABLE_PHONE), address(STABLE_ADDRESS)],
            &[
                ("newsletter", Some("website"), subscribed),
                ("newsletter", Some("app"), subscribed),
                ("newsletter", None, subscribed),
            ],
        ),
        contact(
            "c_2",
            &[address(ADDRESSES[0]), bounced],
            &[
                ("newsletter", Some("website"), subscribed),
                ("other", Some("app"), ended),
            ],
        ),
        contact(
            "c_3",
            &[phone(PHONES[1]), address(ADDRESSES[2])],
            &[("newsletter", Some("website"), subscribed)],
        ),
    ]
}

fn phone(number: &str) -> NewMethod {
    NewMethod::of(MethodValue::Phone(
        PhoneNumber::parse_new(number, PhoneRegion::CANADA).unwrap(),
    ))
}

fn address(address: &str) -> NewMethod {
    NewMethod::of(MethodValue::Email(EmailAddress::parse(address).unwrap()))
}

fn contact(
    id: &str,
    methods: &[NewMethod],
    subscriptions: &[(&str, Option<&str>, SubscriptionStatus)],
) -> ContactRecord {
    let subscriptions = subscriptions.iter().map(|(audience, client, status)| {
        let id = SubscriptionId {
            audience: AudienceSlug::parse(audience).unwrap(),
            client: client.map(|client| ClientSlug::parse(client).unwrap()),
        };
        let status = Some(*status);
        (
            id,
            SubscriptionPatch {
                status,
                ..SubscriptionPatch::default()
            },
        )
    });
    ContactRecord {
        id: Some(ContactId::parse(id).unwrap()),
        patch: ContactPatch {
            methods: methods.to_vec(),
            ..ContactPatch::default()
        },
        subscriptions: subscriptions.collect(),
        ..ContactRecord::default()
    }
}
