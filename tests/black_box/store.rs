//! The store's contract on an engine. The tests call each method, and call it again as another tenant.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use black_box_tests::proxy::{Fault, PATIENT, Proxy};
use black_box_tests::{Database, development_settings, fresh_organization, load};
use contacts::development::{self, Identity};
use serde_json::json;
use shared::auth::Caller;
use shared::domain::{
    Actor, AudienceSlug, ClientSlug, ContactId, ContactPatch, ContactRecord, EmailAddress,
    ExpectedVersion, Level, MethodKind, MethodValue, OrganizationId, Outcome, PhoneNumber,
    PhoneRegion, Reach, SubscriptionId, SubscriptionPatch, SubscriptionStatus, Tenant, Timestamp,
    Version,
};
use shared::store::{
    ChangeError, ChangeMetadata, DatabaseError, Existing, Import, ImportOutcome, ImportRecord,
    ImportRefusal, Registered, RetryBudget, Store, VerifyContact, VerifyMethod,
};
use shared::system_clock;

/// The store, an organization with the contact `c_1`, and another organization without contacts. The database must live as
/// long as the store.
struct Fixture {
    database: Database,
    store: Store,
    organization: OrganizationId,
    tenant: Tenant,
    other: Tenant,
}

impl Fixture {
    async fn start() -> Self {
        let database = Database::start().await;
        let organization = fresh_organization();
        let contact = json!([{
            "id": "c_1",
            "phoneNumber": [{ "value": "+14165550100" }],
            "emails": [{ "value": "Jane@Example.com" }],
            "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "subscribed" }],
        }]);
        load(&database, &organization, contact).await;
        let store = database.store().await;
        let tenant = tenant_of(&organization).await;
        let other = tenant_of(&fresh_organization()).await;
        Self {
            database,
            store,
            organization,
            tenant,
            other,
        }
    }
}

/// An authenticated caller, which is the only way to a tenant.
async fn caller(identity: Identity) -> Arc<Caller> {
    let settings = development_settings();
    let identity = Identity {
        subject: "user_1".to_owned(),
        ..identity
    };
    let token = development::token(&settings, &identity, Duration::from_mins(1)).unwrap();
    let header = format!("Bearer {token}").parse().unwrap();
    settings
        .authenticator
        .authenticate(Some(&header), system_clock()())
        .await
        .unwrap()
}

async fn tenant_of(organization: &OrganizationId) -> Tenant {
    match caller(Identity {
        organization: Some(organization.clone()),
        ..Identity::default()
    })
    .await
    .reach()
    {
        Reach::Own(tenant) => tenant,
        Reach::Any(_) => panic!("not a super administrator's token"),
    }
}

async fn super_admin(organization: Option<OrganizationId>) -> Reach {
    let identity = Identity {
        organization,
        role: Some("SUPERADMIN".to_owned()),
        ..Identity::default()
    };
    let reach = caller(identity).await.reach();
    assert!(
        matches!(reach, Reach::Any(_)),
        "a super administrator's token"
    );
    reach
}

/// The organization of the contact with this id that a caller reaches.
async fn reached(
    store: &Store,
    reach: &Reach,
    contact: &str,
) -> Result<OrganizationId, ChangeError> {
    let contact = &id(contact);
    let found = store.in_reach(reach, contact, |tenant| async move {
        store.get_contact(&tenant, contact).await
    });
    Ok(found.await?.organization_id)
}

fn id(text: &str) -> ContactId {
    ContactId::parse(text).unwrap()
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse_rfc3339(text).unwrap()
}

/// The metadata of a request with this id.
fn metadata(request_id: &str) -> ChangeMetadata {
    ChangeMetadata::new(
        Actor::subject("user_1"),
        at("2026-05-20T15:04:02Z"),
        "PATCH /test",
        request_id.to_owned(),
    )
}

fn phone(text: &str) -> MethodValue {
    MethodValue::Phone(PhoneNumber::parse(text, PhoneRegion::CANADA).unwrap())
}

fn method_change(method: MethodValue, verified_at: Option<&str>, request_id: &str) -> VerifyMethod {
    VerifyMethod {
        method,
        verification: verified_at.map(|text| (at(text), None)),
        expected_version: ExpectedVersion::Any,
        metadata: metadata(request_id),
    }
}

fn contact_change(verified_at: Option<&str>, request_id: &str) -> VerifyContact {
    VerifyContact {
        address: None,
        audience: AudienceSlug::parse("newsletter").unwrap(),
        client: ClientSlug::parse("website").unwrap(),
        verified_at: verified_at.map(at),
        expected_version: ExpectedVersion::Any,
        metadata: metadata(request_id),
    }
}

const T1: &str = "2024-01-01T00:00:00Z";
const T2: &str = "2024-01-02T00:00:00Z";

/// A function opens its connection before it has a request. If the database does not answer, the first request reports that.
#[tokio::test]
async fn a_connection_is_opened_by_one_read_whether_or_not_it_is_answered() {
    let fixture = Fixture::start().await;
    let proxy = Proxy::start(&fixture.database.url).await;
    let store = fixture.database.store_through(&proxy.url, PATIENT).await;
    store.connect().await;
    assert_eq!(proxy.operations(), ["GetItem"]);
    proxy.fail("GetItem", [Fault::THROTTLED]);
    store.connect().await;
    assert_eq!(proxy.operations(), ["GetItem", "GetItem"]);
}

#[tokio::test]
async fn a_method_is_recorded_kept_cleared_and_left() {
    let Fixture {
        store,
        tenant,
        database: _database,
        ..
    } = Fixture::start().await;
    let id = id("c_1");
    for (position, (verified_at, outcome, version)) in [
        (Some(T2), Outcome::Recorded, 2),
        (Some(T2), Outcome::Kept, 2),
        (Some(T1), Outcome::Recorded, 3),
        (Some(T2), Outcome::Kept, 3),
        (None, Outcome::Cleared, 4),
        (None, Outcome::Unchanged, 4),
    ]
    .into_iter()
    .enumerate()
    {
        let change = method_change(
            phone("+14165550100"),
            verified_at,
            &format!("request_{position}"),
        );
        let (did, contact) = store.verify_method(&tenant, &id, &change).await.unwrap();
        assert_eq!(
            (did, contact.version),
            (outcome, Version::new(version)),
            "step {position}"
        );
    }
}

#[tokio::test]
async fn an_address_is_found_by_its_normal_form_and_shown_as_given() {
    let Fixture {
        store,
        tenant,
        database: _database,
        ..
    } = Fixture::start().await;
    let address = MethodValue::Email(EmailAddress::parse("JANE@example.COM").unwrap());
    let (outcome, contact) = store
        .verify_method(
            &tenant,
            &id("c_1"),
            &method_change(address, Some(T1), "request_1"),
        )
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Recorded);
    assert_eq!(contact.emails[0].value, "Jane@Example.com");
    assert_eq!(
        contact.emails[0].verification.current.as_ref().unwrap().at,
        at(T1)
    );
}

#[tokio::test]
async fn a_method_of_another_tenants_contact_is_not_found_and_not_touched() {
    let Fixture {
        store,
        tenant,
        other,
        database: _database,
        ..
    } = Fixture::start().await;
    for verified_at in [Some(T1), None] {
        let change = method_change(phone("+14165550100"), verified_at, "request_1");
        let refused = store.verify_method(&other, &id("c_1"), &change).await;
        assert!(matches!(refused, Err(ChangeError::ContactNotFound)));
    }
    let change = method_change(phone("+14165550100"), None, "request_2");
    let (outcome, contact) = store
        .verify_method(&tenant, &id("c_1"), &change)
        .await
        .unwrap();
    assert_eq!(
        (outcome, contact.version),
        (Outcome::Unchanged, Version::new(1))
    );
}

#[tokio::test]
async fn a_refused_change_of_a_method_makes_no_contact() {
    let Fixture {
        store,
        other,
        database: _database,
        ..
    } = Fixture::start().await;
    let change = method_change(phone("+14165550100"), Some(T1), "request_1");
    for _ in 0..2 {
        let refused = store.verify_method(&other, &id("c_2"), &change).await;
        assert!(matches!(refused, Err(ChangeError::ContactNotFound)));
    }
}

#[tokio::test]
async fn a_missing_method_another_version_and_a_missing_contact_are_told_apart() {
    let Fixture {
        store,
        tenant,
        database: _database,
        ..
    } = Fixture::start().await;
    let never = ExpectedVersion::OneOf(vec![Version::new(9)]);
    let change = |method, contact| {
        let change = VerifyMethod {
            expected_version: never.clone(),
            ..method_change(phone(method), Some(T1), "request_1")
        };
        let (store, tenant, id) = (&store, &tenant, id(contact));
        async move { store.verify_method(tenant, &id, &change).await.unwrap_err() }
    };
    assert!(matches!(
        change("+14165550100", "c_2").await,
        ChangeError::ContactNotFound
    ));
    assert!(matches!(
        change("+14165550199", "c_1").await,
        ChangeError::MethodNotFound(MethodKind::Phone)
    ));
    assert!(matches!(
        change("+14165550100", "c_1").await,
        ChangeError::VersionMismatch(Some(version)) if version == Version::new(1)
    ));
}

#[tokio::test]
async fn a_contact_is_recorded_kept_cleared_and_left_at_both_levels() {
    let Fixture {
        store,
        tenant,
        database: _database,
        ..
    } = Fixture::start().await;
    for (position, (verified_at, outcome, stored, version)) in [
        (Some(T2), Outcome::Recorded, Some(T2), 2),
        (Some(T2), Outcome::Kept, Some(T2), 2),
        (Some(T1), Outcome::Recorded, Some(T1), 3),
        (Some(T2), Outcome::Kept, Some(T1), 3),
        (None, Outcome::Cleared, None, 4),
        (None, Outcome::Unchanged, None, 4),
    ]
    .into_iter()
    .enumerate()
    {
        let change = contact_change(verified_at, &format!("request_{position}"));
        let (did, seen) = store
            .verify_contact(&tenant, &id("c_1"), &change)
            .await
            .unwrap();
        assert_eq!(
            (did, seen.contact.version),
            (outcome, Version::new(version)),
            "step {position}"
        );
        assert_eq!(
            seen.verification(Level::Contact)
                .current
                .map(|found| found.at),
            stored.map(at),
            "step {position}"
        );
        assert_eq!(
            seen.verification(Level::Client)
                .current
                .map(|found| found.at),
            stored.map(at),
            "step {position}"
        );
    }
}

#[tokio::test]
async fn the_answer_to_a_change_shows_the_stored_contact() {
    let Fixture {
        store,
        tenant,
        database: _database,
        ..
    } = Fixture::start().await;
    let (_, answered) = store
        .verify_contact(&tenant, &id("c_1"), &contact_change(Some(T1), "request_1"))
        .await
        .unwrap();
    let (outcome, read) = store
        .verify_contact(&tenant, &id("c_1"), &contact_change(Some(T2), "request_2"))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Kept);
    assert_eq!(answered, read);
}

#[tokio::test]
async fn another_tenants_contact_is_not_found_and_not_touched() {
    let Fixture {
        store,
        database,
        tenant,
        other,
        ..
    } = Fixture::start().await;
    // The other tenant has an audience of the same name, and no contact.
    load(&database, other.organization(), json!([])).await;
    for verified_at in [Some(T1), None] {
        let refused = store
            .verify_contact(
                &other,
                &id("c_1"),
                &contact_change(verified_at, "request_1"),
            )
            .await;
        assert!(matches!(refused, Err(ChangeError::ContactNotFound)));
    }
    let (outcome, seen) = store
        .verify_contact(&tenant, &id("c_1"), &contact_change(None, "request_2"))
        .await
        .unwrap();
    assert_eq!(
        (outcome, seen.contact.version),
        (Outcome::Unchanged, Version::new(1))
    );
}

#[tokio::test]
async fn an_audience_is_known_to_its_own_organization_only() {
    let Fixture {
        store,
        tenant,
        other,
        database: _database,
        ..
    } = Fixture::start().await;
    let newsletter = AudienceSlug::parse("newsletter").unwrap();
    assert!(matches!(
        store
            .audience_or_contact_missing(&tenant, &newsletter)
            .await,
        ChangeError::ContactNotFound
    ));
    assert!(matches!(
        store.audience_or_contact_missing(&other, &newsletter).await,
        ChangeError::AudienceNotFound
    ));
}

#[tokio::test]
async fn a_super_administrator_finds_a_contact_by_its_id_alone() {
    let database = Database::start().await;
    let (organization, store) = (fresh_organization(), database.store().await);
    // No other test has this id, since the lookup does not know the organization.
    let contact = organization.as_str().replace("org_", "c_");
    load(&database, &organization, json!([{ "id": contact }])).await;
    let nobody = super_admin(None).await;
    let found = reached(&store, &nobody, &contact).await.unwrap();
    assert_eq!(found, organization);
    let nowhere = reached(&store, &nobody, &format!("{contact}x")).await;
    assert!(matches!(nowhere, Err(ChangeError::ContactNotFound)));
    // The organization of the token has no such contact.
    let elsewhere = super_admin(Some(fresh_organization())).await;
    let found = reached(&store, &elsewhere, &contact).await.unwrap();
    assert_eq!(found, organization);
}

#[tokio::test]
async fn an_id_that_several_organizations_use_means_the_contact_of_the_organization_in_the_token() {
    let database = Database::start().await;
    let (first, second, store) = (
        fresh_organization(),
        fresh_organization(),
        database.store().await,
    );
    let contact = first.as_str().replace("org_", "c_");
    for organization in [&first, &second] {
        load(&database, organization, json!([{ "id": contact }])).await;
    }
    let ambiguous = reached(&store, &super_admin(None).await, &contact).await;
    assert!(matches!(ambiguous, Err(ChangeError::AmbiguousId)));
    let own = super_admin(Some(second.clone())).await;
    assert_eq!(reached(&store, &own, &contact).await.unwrap(), second);
}

#[tokio::test]
async fn a_second_load_of_a_contact_keeps_its_recorded_verification() {
    let Fixture {
        store,
        database,
        organization,
        tenant,
        ..
    } = Fixture::start().await;
    store
        .verify_contact(&tenant, &id("c_1"), &contact_change(Some(T1), "request_1"))
        .await
        .unwrap();
    let again = json!([{
        "id": "c_1", "firstName": "Other",
        "subscriptions": [{ "audience": "newsletter", "client": "website", "status": "unsubscribed" }],
    }]);
    load(&database, &organization, again).await;
    let (outcome, seen) = store
        .verify_contact(&tenant, &id("c_1"), &contact_change(Some(T2), "request_2"))
        .await
        .unwrap();
    assert_eq!(outcome, Outcome::Kept);
    assert_eq!(seen.contact.first_name, None);
    assert_eq!(
        seen.client_subscription.status,
        SubscriptionStatus::Subscribed
    );
}

#[tokio::test]
async fn data_that_are_added_to_one_organization_are_not_in_another() {
    let Fixture {
        store,
        organization,
        other,
        database: _database,
        ..
    } = Fixture::start().await;
    let (audience, client) = (
        AudienceSlug::parse("news").unwrap(),
        ClientSlug::parse("app").unwrap(),
    );
    let subscription_id = SubscriptionId {
        audience: audience.clone(),
        client: Some(client.clone()),
    };
    let registered = Registered {
        audiences: BTreeSet::from([audience.clone()]),
        clients: BTreeSet::from([client.clone()]),
    };
    // The organization has the client already.
    let added = Registered {
        audiences: registered.audiences.clone(),
        ..Registered::default()
    };
    let fresh = fresh_organization();
    for (organization, new) in [
        (&organization, added),
        (&organization, Registered::default()),
        (&fresh, registered.clone()),
        (&fresh, Registered::default()),
    ] {
        let registered = store.register(organization, &registered).await;
        assert_eq!(registered.unwrap(), new);
    }
    let import = Import {
        organization: &organization,
        actor: Actor::subject("user_1"),
        route: "seed",
        existing: Existing::Keep,
        clock: &*system_clock(),
        dry_run: false,
        retry_budget: &RetryBudget::new(Duration::from_secs(5)),
    };
    let record = ImportRecord {
        record: ContactRecord {
            id: Some(id("c_1")),
            patch: ContactPatch {
                first_name: Some("Jane".to_owned()),
                ..ContactPatch::default()
            },
            subscriptions: BTreeMap::from([(subscription_id, SubscriptionPatch::default())]),
            ..ContactRecord::default()
        },
        request_id: "request_0".to_owned(),
    };
    for outcome in [ImportOutcome::Updated, ImportOutcome::Unchanged] {
        let (outcomes, ended) = store.import(&import, vec![record.clone()]).await;
        ended.unwrap();
        assert_eq!(outcomes, [Some(outcome)]);
    }
    let tenant = tenant_of(&organization).await;
    let kept = store.get_contact(&tenant, &id("c_1")).await.unwrap();
    assert_eq!(kept.first_name, None);
    let change = VerifyContact {
        audience,
        client,
        ..contact_change(Some(T1), "request_1")
    };
    let refused = store.verify_contact(&other, &id("c_1"), &change).await;
    assert!(matches!(refused, Err(ChangeError::AudienceNotFound)));
}

/// Imports new contacts in one call, whose writes meet these faults. Returns the outcomes, the end of the import, and the number
/// of writes.
async fn import_meets(
    scene: impl FnOnce(&Proxy),
) -> (Vec<Option<ImportOutcome>>, Result<(), DatabaseError>, usize) {
    let fixture = Fixture::start().await;
    let proxy = Proxy::start(&fixture.database.url).await;
    let store = fixture.database.store_through(&proxy.url, PATIENT).await;
    scene(&proxy);
    let import = Import {
        organization: &fixture.organization,
        actor: Actor::subject("user_1"),
        route: "import",
        existing: Existing::Update,
        clock: &*system_clock(),
        dry_run: false,
        retry_budget: &RetryBudget::new(Duration::from_secs(2)),
    };
    let records = ["c_2", "c_3", "c_4"].map(|name| ImportRecord {
        record: ContactRecord {
            id: Some(id(name)),
            ..ContactRecord::default()
        },
        request_id: "request_0".to_owned(),
    });
    let (outcomes, ended) = store.import(&import, records.into()).await;
    (outcomes, ended, proxy.count("TransactWriteItems"))
}

/// The import creates contacts together. The database names the contact that it refuses only if each is written by itself.
#[tokio::test]
async fn a_record_that_the_database_refuses_is_rejected_and_the_others_are_written() {
    let refusals = [
        Fault::Cancelled(&["None", "ValidationError", "None"]),
        Fault::Error(400, "ValidationException"),
    ];
    let (outcomes, ended, writes) =
        import_meets(|proxy| proxy.fail("TransactWriteItems", refusals)).await;
    ended.unwrap();
    let count = |outcome| {
        let outcomes = outcomes.iter().flatten();
        outcomes.filter(|found| **found == outcome).count()
    };
    let refused = ImportOutcome::Rejected(ImportRefusal::Refused);
    assert_eq!((count(ImportOutcome::Created), count(refused)), (2, 1));
    assert_eq!(writes, 4);
}

#[tokio::test]
async fn an_import_ends_if_the_database_accepts_no_write_for_too_long() {
    let (outcomes, ended, writes) =
        import_meets(|proxy| proxy.always("TransactWriteItems", Fault::THROTTLED)).await;
    assert!(ended.is_err_and(|error| error.may_pass()));
    assert_eq!(outcomes, [None, None, None]);
    assert!(writes > 2, "{writes}");
}
