//! Items and the domain's values: one struct per kind of item, whose field names are the attribute names.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::attributes::from_item;
use super::keys::{Key, organization_of, organization_shard};
use super::{ChangeMetadata, DatabaseError};
use crate::domain::{
    Actor, AudienceSlug, Contact, ContactId, ContactMethod, EmailValidation, InvalidIdentifier,
    OrganizationId, Subscription, SubscriptionStatus, Suppression, Timestamp, ValidationStatus,
    Verification, VerificationSource, Version,
};

pub(super) type Item = HashMap<String, AttributeValue>;

/// The attribute that holds the phone numbers, by normal form.
pub(super) const PHONES: &str = "phones";
/// The attribute that holds the e-mail addresses, by normal form.
pub(super) const EMAILS: &str = "emails";
/// The partition key of the index over contacts of all organizations, and the sort key of the one over an organization's.
/// Contacts only have it.
pub(super) const CONTACT_ID: &str = "contactId";
/// The partition key of the index over an organization's contacts. Contacts only have it.
pub(super) const ORGANIZATION_SHARD: &str = "organizationShard";
/// On the owner of an e-mail address: the contact's id. Not under the name that contacts have it under, which would make it
/// an entry of the indexes.
pub(super) const OWNER_ID: &str = "ownerId";
/// The attributes of one method.
pub(super) const IS_PRIMARY: &str = "isPrimary";
/// The attributes of a verification, on whatever holds one.
pub(super) const VERIFIED_AT: &str = "verifiedAt";
pub(super) const VERIFIED_BY: &str = "verifiedBy";
pub(super) const VERIFICATION_SOURCE: &str = "verificationSource";
/// The number of the contact's state.
pub(super) const VERSION: &str = "version";
/// When the contact was last changed, by whom, and on which request.
pub(super) const UPDATED_AT: &str = "updatedAt";
pub(super) const CHANGED_BY: &str = "changedBy";
pub(super) const CHANGE_REQUEST_ID: &str = "changeRequestId";

/// On a contact: the sort keys of the subscriptions that were changed last together with it, on which request, and when. The
/// subscriptions have the same request and time as their own [`CHANGE_REQUEST_ID`] and [`UPDATED_AT`].
pub(super) const CHANGED_SUBSCRIPTION: &str = "changedSubscription";
pub(super) const SUBSCRIPTION_CHANGE_REQUEST_ID: &str = "subscriptionChangeRequestId";
pub(super) const SUBSCRIPTION_CHANGED_AT: &str = "subscriptionChangedAt";
/// What stands between these sort keys, which have no blanks.
pub(super) const MARK_SEPARATOR: &str = " ";
/// On a subscription: the version of the contact since its last change, where who made it knew. Otherwise the contact was
/// settled before.
pub(super) const CONTACT_VERSION: &str = "contactVersion";

/// How long after its request arrived a change may still be on its way: longer than any request takes, and than the
/// clocks of those who make them differ.
const SETTLING: Duration = Duration::from_secs(30);

/// The time before which a change was made that is not on its way any more.
pub(super) fn settled_before(now: Timestamp) -> Timestamp {
    now.minus(SETTLING)
}

/// Whether a contact is as it was created, or as a change left it that was made before this time.
pub(super) fn is_settled(version: Version, updated_at: Timestamp, before: Timestamp) -> bool {
    version == Version::FIRST || updated_at < before
}

/// A contact.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContactItem {
    pk: String,
    sk: String,
    contact_id: ContactId,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<String>,
    phones: BTreeMap<String, MethodItem>,
    emails: BTreeMap<String, MethodItem>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    secondary_phone_number: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pipeline_stage: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    assignees: Vec<String>,
    #[serde(flatten)]
    verification: VerificationAttributes,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    email_validation: Option<EmailValidationItem>,
    #[serde(skip_serializing_if = "Option::is_none")]
    globally_unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    global_unsubscribe_reason: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    hard_bounced_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    complained_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    tags: BTreeMap<String, Vec<String>>,
    created_at: Timestamp,
    updated_at: Timestamp,
    version: Version,
}

/// What a validation service found out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct EmailValidationItem {
    status: ValidationStatus,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    validated_at: Option<Timestamp>,
}

/// A phone number or e-mail address in the map of its kind, under its normal form.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MethodItem {
    /// Where it stands among the contact's methods of its kind, in the order in which they were added.
    position: u32,
    is_primary: bool,
    value: String,
    #[serde(flatten)]
    verification: VerificationAttributes,
}

/// A subscription, of a client or at audience level.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SubscriptionItem {
    pk: String,
    sk: String,
    status: SubscriptionStatus,
    #[serde(flatten)]
    verification: VerificationAttributes,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsubscribed_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    unsubscribe_reason: String,
}

/// The three attributes of a verification. Without `verifiedAt` there is none.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct VerificationAttributes {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified_at: Option<Timestamp>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verified_by: Option<Actor>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification_source: Option<VerificationSource>,
}

impl From<VerificationAttributes> for Option<Verification> {
    fn from(attributes: VerificationAttributes) -> Self {
        let VerificationAttributes {
            verified_at,
            verified_by,
            verification_source,
        } = attributes;
        verified_at.map(|at| Verification {
            at,
            by: verified_by,
            source: verification_source,
        })
    }
}

impl From<Option<Verification>> for VerificationAttributes {
    fn from(verification: Option<Verification>) -> Self {
        verification.map_or_else(Self::default, |Verification { at, by, source }| Self {
            verified_at: Some(at),
            verified_by: by,
            verification_source: source,
        })
    }
}

/// Reads a contact.
pub(super) fn contact(item: Item) -> Result<Contact, DatabaseError> {
    let item: ContactItem = from_item(item).map_err(|_| DatabaseError::Unreadable("contact"))?;
    let organization_id = organization_of(&item.pk).ok_or(DatabaseError::UnexpectedAnswer(
        "a contact's key names no organization",
    ))?;
    let tags = item
        .tags
        .into_iter()
        .map(|(audience, tags)| Ok((AudienceSlug::parse(&audience)?, tags)))
        .collect::<Result<_, InvalidIdentifier>>()
        .map_err(|_| DatabaseError::Unreadable("contact"))?;
    Ok(Contact {
        organization_id,
        id: item.contact_id,
        first_name: item.first_name,
        last_name: item.last_name,
        phones: methods(item.phones),
        emails: methods(item.emails),
        secondary_phone_numbers: item.secondary_phone_number,
        status: item.status,
        pipeline_id: item.pipeline_id,
        pipeline_stage: item.pipeline_stage,
        user_id: item.user_id,
        created_by: item.created_by,
        assignees: item.assignees,
        verification: item.verification.into(),
        email_validation: item
            .email_validation
            .map_or_else(EmailValidation::default, |found| EmailValidation {
                status: found.status,
                reason: found.reason,
                validated_at: found.validated_at,
            }),
        suppression: Suppression {
            globally_unsubscribed_at: item.globally_unsubscribed_at,
            global_unsubscribe_reason: item.global_unsubscribe_reason,
            hard_bounced_at: item.hard_bounced_at,
            complained_at: item.complained_at,
        },
        tags,
        created_at: item.created_at,
        updated_at: item.updated_at,
        version: item.version,
    })
}

fn methods(items: BTreeMap<String, MethodItem>) -> Vec<ContactMethod> {
    let mut items: Vec<_> = items.into_iter().collect();
    items.sort_by_key(|(_, item)| item.position);
    items
        .into_iter()
        .map(|(normal_form, item)| ContactMethod {
            position: item.position,
            normal_form,
            value: item.value,
            is_primary: item.is_primary,
            verification: item.verification.into(),
        })
        .collect()
}

/// Writes a contact, as it is after the change with this metadata.
pub(super) fn contact_item(
    contact: Contact,
    metadata: ChangeMetadata,
) -> Result<Item, DatabaseError> {
    let Key { partition, sort } = Key::contact(&contact.organization_id, &contact.id);
    let shard = organization_shard(&contact.organization_id, &contact.id);
    let mut item: Item = serde_dynamo::to_item(ContactItem {
        pk: partition,
        sk: sort,
        contact_id: contact.id,
        first_name: contact.first_name,
        last_name: contact.last_name,
        phones: method_items(contact.phones),
        emails: method_items(contact.emails),
        secondary_phone_number: contact.secondary_phone_numbers,
        status: contact.status,
        pipeline_id: contact.pipeline_id,
        pipeline_stage: contact.pipeline_stage,
        user_id: contact.user_id,
        created_by: contact.created_by,
        assignees: contact.assignees,
        verification: contact.verification.into(),
        email_validation: email_validation_item(contact.email_validation),
        globally_unsubscribed_at: contact.suppression.globally_unsubscribed_at,
        global_unsubscribe_reason: contact.suppression.global_unsubscribe_reason,
        hard_bounced_at: contact.suppression.hard_bounced_at,
        complained_at: contact.suppression.complained_at,
        tags: contact
            .tags
            .into_iter()
            .map(|(audience, tags)| (audience.into(), tags))
            .collect(),
        created_at: contact.created_at,
        updated_at: contact.updated_at,
        version: contact.version,
    })
    .map_err(|_| DatabaseError::Unreadable("contact"))?;
    item.insert(ORGANIZATION_SHARD.to_owned(), AttributeValue::S(shard));
    item.insert(
        CHANGED_BY.to_owned(),
        AttributeValue::S(metadata.actor.as_str().to_owned()),
    );
    item.insert(
        CHANGE_REQUEST_ID.to_owned(),
        AttributeValue::S(metadata.request_id),
    );
    Ok(item)
}

/// What is kept of a finding; nothing where there is none.
fn email_validation_item(validation: EmailValidation) -> Option<EmailValidationItem> {
    (validation != EmailValidation::default()).then_some(EmailValidationItem {
        status: validation.status,
        reason: validation.reason,
        validated_at: validation.validated_at,
    })
}

/// A finding as the value of its attribute.
pub(super) fn email_validation_value(
    validation: EmailValidation,
) -> Result<Option<AttributeValue>, DatabaseError> {
    email_validation_item(validation).map(value_of).transpose()
}

/// A method as the value of its entry in the map of its kind.
pub(super) fn method_value(method: ContactMethod) -> Result<AttributeValue, DatabaseError> {
    value_of(method_item(method))
}

/// All methods of a kind as the value of their attribute.
pub(super) fn methods_value(methods: Vec<ContactMethod>) -> Result<AttributeValue, DatabaseError> {
    value_of(method_items(methods))
}

/// Tags as the value of their attribute.
pub(super) fn tags_value(
    tags: BTreeMap<AudienceSlug, Vec<String>>,
) -> Result<AttributeValue, DatabaseError> {
    let tags: BTreeMap<String, _> = tags
        .into_iter()
        .map(|(audience, tags)| (audience.into(), tags))
        .collect();
    value_of(tags)
}

fn value_of(value: impl Serialize) -> Result<AttributeValue, DatabaseError> {
    serde_dynamo::to_attribute_value(value).map_err(|_| DatabaseError::Unreadable("contact"))
}

fn method_items(methods: Vec<ContactMethod>) -> BTreeMap<String, MethodItem> {
    methods
        .into_iter()
        .map(|method| (method.normal_form.clone(), method_item(method)))
        .collect()
}

fn method_item(method: ContactMethod) -> MethodItem {
    MethodItem {
        position: method.position,
        is_primary: method.is_primary,
        value: method.value,
        verification: method.verification.into(),
    }
}

/// The item that says who owns the e-mail address with this normal form.
pub(super) fn owner_item(
    organization: &OrganizationId,
    normal_form: &str,
    owner: &ContactId,
) -> Item {
    let mut item = Key::email_owner_of(organization, normal_form).attributes();
    let owner = AttributeValue::S(owner.as_str().to_owned());
    item.insert(OWNER_ID.to_owned(), owner);
    item
}

/// The contact that an owner's item names.
pub(super) fn owner_id(item: &Item) -> Result<ContactId, DatabaseError> {
    item.get(OWNER_ID)
        .and_then(|id| ContactId::parse(id.as_s().ok()?).ok())
        .ok_or(DatabaseError::Unreadable("owner"))
}

/// Largest item that DynamoDB holds, in bytes.
const MAX_ITEM_BYTES: usize = 400 * 1024;

/// Whether a contact is too large for an item, with room for a verification on each of its methods and for what holds
/// mail back.
#[must_use]
pub fn is_too_large(contact: &Contact) -> bool {
    bytes_with_reserves(contact) > MAX_ITEM_BYTES
}

/// Whether a contact is too large, and larger than it was: one that was too large already may get smaller.
pub(super) fn grows_too_large(before: Option<&Contact>, after: &Contact) -> bool {
    let is_larger = |before| bytes_with_reserves(after) > bytes_with_reserves(before);
    is_too_large(after) && before.is_none_or(is_larger)
}

/// The size of a contact, if each of its methods, and itself, had the largest verification, and mail were held back for
/// the longest reason. So none is too large for what may come to be known of it.
fn bytes_with_reserves(contact: &Contact) -> usize {
    /// The attribute names and longest values of a verification: a time, a subject of 255 and a label of 100
    /// characters, of up to 4 bytes each.
    const VERIFICATION_BYTES: usize = 1536;
    /// The attribute names and values of what holds mail back: three times, and a reason as long as a request's body
    /// (contract section 6).
    const SUPPRESSION_BYTES: usize = 17 * 1024;

    let metadata = ChangeMetadata {
        actor: Actor::subject(""),
        now: contact.updated_at,
        route: "",
        request_id: String::new(),
    };
    let suppression = contact.suppression.global_unsubscribe_reason.len() + 1024;
    let mut contact = contact.clone();
    contact.verification = None;
    contact.suppression = Suppression::default();
    for method in contact.phones.iter_mut().chain(&mut contact.emails) {
        method.verification = None;
    }
    let methods = contact.phones.len() + contact.emails.len();
    // One that cannot be written is not too large; writing it says what is wrong.
    contact_item(contact, metadata).map_or(0, |item| {
        bytes_of_item(&item)
            + (methods + 1) * VERIFICATION_BYTES
            + suppression.max(SUPPRESSION_BYTES)
    })
}

/// The size of an item.
pub(super) fn bytes_of_item(item: &Item) -> usize {
    item.iter()
        .map(|(name, value)| name.len() + bytes_of(value))
        .sum()
}

/// The size of a value by the rules of DynamoDB ("item sizes and formats" in its developer guide), numbers rounded up.
fn bytes_of(value: &AttributeValue) -> usize {
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::L(values) => {
            3 + values
                .iter()
                .map(|value| 1 + bytes_of(value))
                .sum::<usize>()
        }
        AttributeValue::M(members) => {
            3 + members
                .iter()
                .map(|(name, value)| 1 + name.len() + bytes_of(value))
                .sum::<usize>()
        }
        AttributeValue::N(_) => 21,
        _ => 1,
    }
}

/// Reads a subscription.
pub(super) fn subscription(item: Item) -> Result<Subscription, DatabaseError> {
    let item: SubscriptionItem =
        from_item(item).map_err(|_| DatabaseError::Unreadable("subscription"))?;
    Ok(Subscription {
        status: item.status,
        verification: item.verification.into(),
        unsubscribed_at: item.unsubscribed_at,
        unsubscribe_reason: item.unsubscribe_reason,
    })
}

/// Writes a subscription under its key.
pub(super) fn subscription_item(
    key: Key,
    subscription: Subscription,
) -> Result<Item, DatabaseError> {
    serde_dynamo::to_item(SubscriptionItem {
        pk: key.partition,
        sk: key.sort,
        status: subscription.status,
        verification: subscription.verification.into(),
        unsubscribed_at: subscription.unsubscribed_at,
        unsubscribe_reason: subscription.unsubscribe_reason,
    })
    .map_err(|_| DatabaseError::Unreadable("subscription"))
}

/// Whether `item` is as the change with this metadata left it. A caller's own change is found so when its answer got lost
/// and the SDK has sent the request again.
pub(super) fn is_as_left_by(item: &Item, metadata: &ChangeMetadata) -> bool {
    let holds = |name: &str, value: &str| {
        item.get(name)
            .is_some_and(|found| found.as_s().is_ok_and(|found| found == value))
    };
    // Without an id, another request of the same millisecond would pass for this one.
    !metadata.request_id.is_empty()
        && holds(CHANGE_REQUEST_ID, &metadata.request_id)
        && holds(UPDATED_AT, &metadata.now.to_string())
}

/// Whether a contact and a subscription of it under this key, if there is one, read side by side, are of one state.
///
/// A batch reads each item by itself: a transaction that changes both can come in between, and what was read then shows
/// one level before and the other after it. That is found out unless two transactions on different subscriptions come
/// in between the two reads, since the contact remembers the last one only, with the subscriptions that it changed.
pub(super) fn are_of_one_state(contact: &Item, key: &Key, subscription: Option<&Item>) -> bool {
    let is_last_changed = contact
        .get(CHANGED_SUBSCRIPTION)
        .and_then(|changed| changed.as_s().ok())
        .is_some_and(|changed| changed.split(MARK_SEPARATOR).any(|sort| sort == key.sort));
    match subscription {
        None => !is_last_changed,
        Some(subscription) if is_last_changed => {
            contact.get(SUBSCRIPTION_CHANGE_REQUEST_ID) == subscription.get(CHANGE_REQUEST_ID)
                && contact.get(SUBSCRIPTION_CHANGED_AT) == subscription.get(UPDATED_AT)
        }
        Some(subscription) => shows_last_change(contact, subscription),
    }
}

/// Whether a contact is as it was after the last change of a subscription of it, or later.
fn shows_last_change(contact: &Item, subscription: &Item) -> bool {
    let version = |item: &Item, name| {
        let number = item.get(name)?.as_n().ok()?;
        number.parse().ok().map(Version::new)
    };
    let time = |item: &Item| Timestamp::parse_rfc3339(item.get(UPDATED_AT)?.as_s().ok()?).ok();
    let contact_version = version(contact, VERSION);
    match (version(subscription, CONTACT_VERSION), time(subscription)) {
        (Some(since), _) => contact_version >= Some(since),
        (None, Some(changed_at)) => !is_settled(
            contact_version.unwrap_or(Version::FIRST),
            time(contact).unwrap_or(Timestamp::EPOCH),
            settled_before(changed_at),
        ),
        (None, None) => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEBSITE: &str = "SUBSCRIPTION#newsletter#website";
    const APP: &str = "SUBSCRIPTION#newsletter#app";
    /// 30 seconds before [`NOW`], and a millisecond more.
    const SETTLED: &str = "2026-05-20T15:03:31.999Z";
    const LATELY: &str = "2026-05-20T15:03:32.000Z";
    const NOW: &str = "2026-05-20T15:04:02.000Z";

    fn texts<const N: usize>(attributes: [(&str, &str); N]) -> Item {
        attributes
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
            .into()
    }

    fn number(name: &str, number: u64) -> (String, AttributeValue) {
        (name.to_owned(), AttributeValue::N(number.to_string()))
    }

    /// A contact at a version, last changed at a time, on whose request `last_change` a subscription was changed at
    /// [`NOW`].
    fn contact(version: u64, updated_at: &str, last_change: Option<(&str, &str)>) -> Item {
        let mut item = texts([(UPDATED_AT, updated_at)]);
        item.extend([number(VERSION, version)]);
        if let Some((subscription, request_id)) = last_change {
            item.extend(texts([
                (CHANGED_SUBSCRIPTION, subscription),
                (SUBSCRIPTION_CHANGE_REQUEST_ID, request_id),
                (SUBSCRIPTION_CHANGED_AT, NOW),
            ]));
        }
        item
    }

    /// A subscription that was changed at [`NOW`] on a request, which knew the contact's version or not.
    fn website(change: Option<(&str, Option<u64>)>) -> Item {
        let mut item = Item::new();
        if let Some((request_id, version)) = change {
            item.extend(texts([(CHANGE_REQUEST_ID, request_id), (UPDATED_AT, NOW)]));
            item.extend(version.map(|version| number(CONTACT_VERSION, version)));
        }
        item
    }

    #[test]
    fn items_of_one_state_are_told_from_items_of_two() {
        let key = Key {
            partition: String::new(),
            sort: WEBSITE.to_owned(),
        };
        let by_website = |request_id| Some((WEBSITE, request_id));
        let by_app = Some((APP, "r_app"));
        for (contact, website, one_state) in [
            (contact(1, NOW, None), website(None), true),
            (contact(5, NOW, by_app), website(None), true),
            (
                contact(5, NOW, by_website("r_1")),
                website(Some(("r_1", Some(5)))),
                true,
            ),
            (
                contact(6, NOW, by_website("r_1")),
                website(Some(("r_1", None))),
                true,
            ),
            (
                contact(5, NOW, by_app),
                website(Some(("r_1", Some(4)))),
                true,
            ),
            (
                contact(5, LATELY, by_app),
                website(Some(("r_1", None))),
                true,
            ),
            // The contact was read before a transaction and the subscription after it.
            (
                contact(1, NOW, None),
                website(Some(("r_1", Some(2)))),
                false,
            ),
            (contact(1, NOW, None), website(Some(("r_1", None))), false),
            (
                contact(5, NOW, by_website("r_1")),
                website(Some(("r_2", Some(6)))),
                false,
            ),
            (
                contact(5, SETTLED, by_website("r_1")),
                website(Some(("r_2", None))),
                false,
            ),
            (
                contact(5, NOW, by_app),
                website(Some(("r_2", Some(6)))),
                false,
            ),
            (
                contact(5, SETTLED, by_app),
                website(Some(("r_2", None))),
                false,
            ),
            // The other way round.
            (
                contact(5, NOW, by_website("r_2")),
                website(Some(("r_1", Some(4)))),
                false,
            ),
            (
                contact(5, NOW, by_website("r_2")),
                website(Some(("r_1", None))),
                false,
            ),
            (contact(5, NOW, by_website("r_1")), website(None), false),
        ] {
            assert_eq!(
                are_of_one_state(&contact, &key, Some(&website)),
                one_state,
                "{contact:?} {website:?}"
            );
        }
    }

    #[test]
    fn a_subscription_that_was_just_made_is_missed() {
        let key = Key {
            partition: String::new(),
            sort: WEBSITE.to_owned(),
        };
        let made = contact(2, NOW, Some((WEBSITE, "r_1")));
        assert!(!are_of_one_state(&made, &key, None));
        let both = format!("SUBSCRIPTION#newsletter{MARK_SEPARATOR}{WEBSITE}");
        let made = contact(2, NOW, Some((&both, "r_1")));
        assert!(!are_of_one_state(&made, &key, None));
        let before = website(Some(("r_0", Some(1))));
        assert!(!are_of_one_state(&made, &key, Some(&before)));
        let after = website(Some(("r_1", Some(2))));
        assert!(are_of_one_state(&made, &key, Some(&after)));
        assert!(are_of_one_state(&contact(1, NOW, None), &key, None));
    }
}
