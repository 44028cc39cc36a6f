use std::collections::BTreeMap;

use super::*;
use crate::domain::{
    AddressSuppression, AudienceSlug, ClientSlug, Contact, ContactId, EmailAddress,
    EmailValidation, MethodValue, OrganizationId, SubscribedContact, Subscription, SubscriptionId,
    Suppression, Timestamp, ValidationStatus, Verification, VerificationState,
};

const PRIMARY: &str = "jane@example.com";
const OTHER: &str = "other@example.com";

/// A contact with two addresses and its subscriptions, by levels.
#[derive(Clone)]
struct Scene {
    contact: Contact,
    audience: Option<Subscription>,
    client: Subscription,
}

impl Scene {
    /// A contact that the client has subscribed. Nothing is verified.
    fn new() -> Self {
        let mut contact = Contact::new(
            OrganizationId::parse("org_a").unwrap(),
            ContactId::parse("c_1").unwrap(),
            Timestamp::EPOCH,
        );
        for address in [PRIMARY, OTHER] {
            let address = EmailAddress::parse(address).unwrap();
            contact.add_method(&MethodValue::Email(address), None);
        }
        Self {
            contact,
            audience: None,
            client: subscription(SubscriptionStatus::Subscribed),
        }
    }

    /// The scene with the primary address also verified at this level.
    fn verified(mut self, level: Level) -> Self {
        match level {
            Level::Contact => self.contact.emails[0].verification = verification(),
            Level::Audience => {
                let mut audience = self.audience.take().unwrap_or_default();
                audience.set_verification(&self.contact, &self.contact.emails[0], verification());
                self.audience = Some(audience);
            }
            Level::Client => {
                let email = &self.contact.emails[0];
                self.client
                    .set_verification(&self.contact, email, verification());
            }
        }
        self
    }

    /// The scene with these facts about the primary address.
    fn with_facts(mut self, facts: AddressSuppression) -> Self {
        self.contact.emails[0].suppression = facts;
        self
    }

    /// The eligibility of an address.
    fn of(&self, address: &str) -> Eligibility {
        let audience = AudienceSlug::parse("newsletter").unwrap();
        let client = ClientSlug::parse("website").unwrap();
        let [of_client, of_audience] = SubscriptionId::levels(&audience, &client);
        let mut subscriptions = BTreeMap::from([(of_client, self.client.clone())]);
        subscriptions.extend(
            self.audience
                .clone()
                .map(|audience| (of_audience, audience)),
        );
        let state = SubscribedContact {
            contact: self.contact.clone(),
            subscriptions,
        };
        let seen = AudienceContact::new(state, address, &audience, &client);
        assert!(seen.is_some(), "the contact has no {address}");
        Eligibility::of(seen.as_ref())
    }
}

fn verification() -> VerificationState {
    VerificationState::from(Some(Verification {
        at: Timestamp::EPOCH,
        by: None,
        source: None,
    }))
}

fn subscription(status: SubscriptionStatus) -> Subscription {
    Subscription {
        status,
        ..Subscription::default()
    }
}

const LEVELS: [Level; 3] = [Level::Contact, Level::Audience, Level::Client];

#[test]
fn one_verified_level_is_enough() {
    for level in LEVELS {
        let eligibility = Scene::new().verified(level).of(PRIMARY);
        assert_eq!(eligibility.verified_by, [level]);
        assert!(eligibility.can_send_marketing());
    }
    let scene = LEVELS.into_iter().fold(Scene::new(), Scene::verified);
    assert_eq!(scene.of(PRIMARY).verified_by, LEVELS);
    assert!(scene.of(PRIMARY).can_send_marketing());
}

#[test]
fn another_address_of_the_contact_proves_nothing_at_any_level() {
    for level in LEVELS {
        let mut scene = Scene::new().verified(level);
        for becomes_primary in [false, true] {
            for email in &mut scene.contact.emails {
                email.is_primary = (email.normal_form == OTHER) == becomes_primary;
            }
            assert_eq!(scene.of(OTHER).verified_by, [], "{level:?}");
            assert_eq!(scene.of(OTHER).blocked_by, [Block::NotVerified]);
            assert_eq!(scene.of(PRIMARY).verified_by, [level]);
        }
    }
}

#[test]
fn an_address_that_is_removed_and_added_again_is_verified_at_no_level() {
    let mut scene = LEVELS.into_iter().fold(Scene::new(), Scene::verified);
    let address = MethodValue::Email(EmailAddress::parse(PRIMARY).unwrap());
    scene.contact.version = scene.contact.version.next();
    scene.contact.remove_method(&address);
    scene.contact.add_method(&address, None);
    assert_eq!(scene.of(PRIMARY).verified_by, []);
}

#[test]
fn without_a_verification_marketing_is_blocked() {
    let eligibility = Scene::new().of(PRIMARY);
    assert_eq!(eligibility.blocked_by, [Block::NotVerified]);
    assert!(!eligibility.can_send_marketing());
    assert!(eligibility.can_send_transactional);
}

#[test]
fn an_unknown_address_gets_no_message_of_either_kind() {
    let eligibility = Eligibility::of(None);
    assert_eq!(
        eligibility.blocked_by,
        [Block::NotVerified, Block::NotSubscribed]
    );
    assert!(!eligibility.can_send_marketing());
    assert!(!eligibility.can_send_transactional);
}

#[test]
fn a_client_subscription_that_is_not_subscribed_blocks() {
    for status in [
        SubscriptionStatus::Pending,
        SubscriptionStatus::Unsubscribed,
    ] {
        let mut scene = Scene::new().verified(Level::Client);
        scene.client.status = status;
        assert_eq!(scene.of(PRIMARY).blocked_by, [Block::NotSubscribed]);
    }
}

#[test]
fn at_audience_level_only_an_end_of_the_subscription_blocks() {
    let blocks = |status| {
        let mut scene = Scene::new().verified(Level::Client);
        scene.audience = Some(subscription(status));
        scene.of(PRIMARY).blocked_by
    };
    assert_eq!(
        blocks(SubscriptionStatus::Unsubscribed),
        [Block::AudienceUnsubscribed]
    );
    assert_eq!(blocks(SubscriptionStatus::Pending), []);
}

/// Facts about an address, each with its block and whether the client may send transactional messages.
fn facts() -> [(AddressSuppression, Block, bool); 4] {
    let now = Some(Timestamp::EPOCH);
    let none = AddressSuppression::default;
    let unsubscribed = AddressSuppression {
        globally_unsubscribed_at: now,
        ..none()
    };
    let bounced = AddressSuppression {
        hard_bounced_at: now,
        ..none()
    };
    let complained = AddressSuppression {
        complained_at: now,
        ..none()
    };
    let undeliverable = AddressSuppression {
        validation: EmailValidation {
            status: ValidationStatus::NoMx,
            ..EmailValidation::default()
        },
        ..none()
    };
    [
        (unsubscribed, Block::GloballyUnsubscribed, true),
        (bounced, Block::HardBounced, false),
        (complained, Block::Complained, false),
        (undeliverable, Block::Undeliverable, true),
    ]
}

/// The facts include the complaint and the global unsubscription of a former owner of the address.
#[test]
fn a_fact_about_an_address_blocks_that_address_alone() {
    for (facts, block, can_send_transactional) in facts() {
        let scene = Scene::new().with_facts(facts);
        let eligibility = scene.of(PRIMARY);
        assert_eq!(eligibility.blocked_by, [Block::NotVerified, block]);
        assert_eq!(eligibility.can_send_transactional, can_send_transactional);
        assert_eq!(scene.of(OTHER).blocked_by, [Block::NotVerified]);
        assert!(scene.of(OTHER).can_send_transactional);
    }
}

#[test]
fn a_fact_about_the_person_blocks_all_addresses() {
    let now = Some(Timestamp::EPOCH);
    let unsubscribed = Suppression {
        globally_unsubscribed_at: now,
        ..Suppression::default()
    };
    let complained = Suppression {
        complained_at: now,
        ..Suppression::default()
    };
    for (suppression, block, can_send_transactional) in [
        (unsubscribed, Block::GloballyUnsubscribed, true),
        (complained, Block::Complained, false),
    ] {
        let mut scene = Scene::new();
        scene.contact.suppression = suppression;
        for address in [PRIMARY, OTHER] {
            let eligibility = scene.of(address);
            assert_eq!(eligibility.blocked_by, [Block::NotVerified, block]);
            assert_eq!(eligibility.can_send_transactional, can_send_transactional);
        }
    }
}

#[test]
fn an_address_that_is_known_not_to_work_blocks() {
    for (status, blocks) in [
        (ValidationStatus::Unknown, false),
        (ValidationStatus::Valid, false),
        (ValidationStatus::InvalidSyntax, true),
        (ValidationStatus::NoMx, true),
        (ValidationStatus::Disposable, true),
        (ValidationStatus::Risky, true),
        (ValidationStatus::ManuallyInvalid, true),
    ] {
        let validation = EmailValidation {
            status,
            ..EmailValidation::default()
        };
        let facts = AddressSuppression {
            validation,
            ..AddressSuppression::default()
        };
        let scene = Scene::new().verified(Level::Client).with_facts(facts);
        let eligibility = scene.of(PRIMARY);
        let expected: &[Block] = if blocks { &[Block::Undeliverable] } else { &[] };
        assert_eq!(eligibility.blocked_by, expected, "{status:?}");
        assert_eq!(eligibility.can_send_marketing(), !blocks, "{status:?}");
        assert!(eligibility.can_send_transactional);
    }
}

#[test]
fn blocks_come_in_the_order_of_the_contract() {
    let now = Some(Timestamp::EPOCH);
    let ended = subscription(SubscriptionStatus::Unsubscribed);
    let scene = Scene {
        audience: Some(ended.clone()),
        client: ended,
        ..Scene::new()
    };
    let scene = scene.with_facts(AddressSuppression {
        validation: EmailValidation {
            status: ValidationStatus::Risky,
            ..EmailValidation::default()
        },
        hard_bounced_at: now,
        globally_unsubscribed_at: now,
        complained_at: now,
    });
    assert_eq!(
        scene.of(PRIMARY).blocked_by,
        [
            Block::NotVerified,
            Block::NotSubscribed,
            Block::AudienceUnsubscribed,
            Block::GloballyUnsubscribed,
            Block::HardBounced,
            Block::Complained,
            Block::Undeliverable,
        ]
    );
}
