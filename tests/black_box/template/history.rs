//! The deployment of `record-history`: the changes that it gets, the destinations of failed ones, and the targets of its
//! events.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use black_box_tests::{Database, Item, fresh_organization, load};
use serde_json::{Value, json};
use shared::settings::HistorySettings;
use shared::store::StreamRecord;

use super::settings::variables;
use super::stack::{
    EVENTS_QUEUE, FORWARDING, KMS_KEY, SECRET_KEYS, Stack, TEMPLATE, WEBHOOK_SECRET, WEBHOOK_URL,
};
use super::table::TABLE;

pub(super) const MAPPING: &str = "AWS::Lambda::EventSourceMapping";
pub(super) const QUEUE: &str = "AWS::SQS::Queue";
const RULE: &str = "AWS::Events::Rule";
const BUCKET: &str = "AWS::S3::Bucket";

/// The time after which the stream drops a record.
const STREAM_KEEPS: Duration = Duration::from_hours(24);

/// The properties of the function.
fn function(stack: &Stack) -> Value {
    stack.functions().remove("RecordHistory").unwrap()
}

/// Whether the mapping passes on changes of an item with this sort key
/// (<https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>).
fn passes(pattern: &Value, sort_key: &str) -> bool {
    let allowed = pattern["dynamodb"]["Keys"]["sk"]["S"].as_array().unwrap();
    allowed.iter().any(|one| match one {
        Value::String(whole) => whole == sort_key,
        prefix => sort_key.starts_with(prefix["prefix"].as_str().unwrap()),
    })
}

/// Items of every kind, including entries of the history.
async fn items() -> Vec<Item> {
    let (database, organization) = (Database::start().await, fresh_organization());
    let contact = json!([{ "id": "c_1", "emails": [{ "value": "jane@example.com" }],
        "subscriptions": [
            { "audience": "newsletter", "status": "subscribed" },
            { "audience": "newsletter", "client": "website", "status": "subscribed",
              "verifiedAt": "2026-01-01T00:00:00.000Z" },
        ] }]);
    load(&database, &organization, contact).await;
    for (number, item) in (1..).zip(database.items(&organization).await) {
        let record = StreamRecord {
            sequence_number: number.to_string(),
            after: Some(item),
            ..StreamRecord::default()
        };
        // The function never gets audiences and clients, so an error for them does not matter.
        let _ = database.store().await.record_history(record).await;
    }
    database.items(&organization).await
}

#[tokio::test]
async fn the_function_gets_changes_of_contacts_subscriptions_and_addresses_and_never_its_own() {
    let mapping = Stack::new().only(MAPPING);
    let filters = mapping["FilterCriteria"]["Filters"].as_array().unwrap();
    let [filter] = &filters[..] else {
        panic!("{filters:?} is not one filter");
    };
    let pattern: Value = serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap();
    let (mut passing, mut others) = (BTreeSet::new(), BTreeSet::new());
    for item in items().await {
        let sort_key = item["sk"].as_s().unwrap();
        let kind = sort_key.split('#').next().unwrap().to_owned();
        let kinds = if passes(&pattern, sort_key) {
            &mut passing
        } else {
            &mut others
        };
        kinds.insert(kind);
    }
    let kinds = |kinds: [&str; 3]| BTreeSet::from(kinds.map(str::to_owned));
    assert_eq!(passing, kinds(["ADDRESS", "CONTACT", "SUBSCRIPTION"]));
    assert_eq!(others, kinds(["AUDIENCE", "CLIENT", "HISTORY"]));
}

#[test]
fn the_alias_gets_each_change_until_it_is_recorded_or_moved_to_the_bucket() {
    let stack = Stack::new();
    let mut mapping = stack.only(MAPPING);
    let bucket = TEMPLATE["Resources"]["DiscardedRecords"]["Type"].clone();
    assert_eq!(bucket, BUCKET);
    let longest = mapping["MaximumRecordAgeInSeconds"].take().as_u64();
    let longest = Duration::from_secs(longest.unwrap());
    // The records behind a failing one must still be in the stream when the mapping discards it.
    assert!(longest <= STREAM_KEEPS / 2, "{longest:?}");
    let members = [
        ("FunctionName", json!("${RecordHistory}:live")),
        ("EventSourceArn", json!("${Table.StreamArn}")),
        ("StartingPosition", json!("TRIM_HORIZON")),
        ("MaximumRetryAttempts", json!(-1)),
        ("BisectBatchOnFunctionError", json!(true)),
        ("FunctionResponseTypes", json!(["ReportBatchItemFailures"])),
        (
            "DestinationConfig",
            json!({ "OnFailure": { "Destination": "${DiscardedRecords.Arn}" } }),
        ),
    ];
    for (name, value) in members {
        assert_eq!(mapping[name], value, "{name}");
    }
    assert_eq!(
        stack.only(TABLE)["StreamSpecification"]["StreamViewType"],
        "NEW_AND_OLD_IMAGES"
    );
    // The alias must exist before the mapping.
    let depends_on = &TEMPLATE["Resources"]["Changes"]["DependsOn"];
    assert_eq!(depends_on, "RecordHistoryAliaslive");
    assert_eq!(function(&stack)["AutoPublishAlias"], "live");
    // A batch takes longer than a request.
    let seconds = |function: &Value| function["Timeout"].as_u64().unwrap();
    let endpoints = stack.endpoints().into_values();
    let longest = endpoints.map(|it| seconds(&it)).max().unwrap();
    assert!(seconds(&function(&stack)) > longest);
}

#[test]
fn the_function_may_use_nothing_beside_the_table_but_events_failures_and_the_stream() {
    let allow = |stack: &Stack| -> Vec<Value> {
        let policies = function(stack)["Policies"].clone();
        let policies = policies.as_array().unwrap().iter();
        let statements = policies.flat_map(|it| it["Statement"].as_array().into_iter().flatten());
        statements
            .filter(|it| it["Resource"] != "${Table.Arn}")
            .map(|it| {
                let mut it = it.clone();
                it.as_object_mut().unwrap().remove("Sid");
                it
            })
            .collect()
    };
    let stream = ["DescribeStream", "GetRecords", "GetShardIterator"];
    let stream = stream.map(|action| format!("dynamodb:{action}"));
    let source = json!({ "StringEquals": { "events:source": "contact-verification" } });
    let mut wanted = vec![
        json!({ "Effect": "Allow", "Action": "events:PutEvents", "Resource": "${EventBus.Arn}", "Condition": source }),
        json!({ "Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "${UnreadableRecords.Arn}" }),
        json!({ "Effect": "Allow", "Action": stream, "Resource": "${Table.StreamArn}" }),
        json!({ "Effect": "Allow", "Action": "dynamodb:ListStreams", "Resource": "*" }),
        json!({ "Effect": "Allow", "Action": "s3:PutObject", "Resource": "${DiscardedRecords.Arn}/*" }),
        json!({ "Effect": "Allow", "Action": "s3:ListBucket", "Resource": "${DiscardedRecords.Arn}" }),
    ];
    assert_eq!(allow(&Stack::new()), wanted);
    let service = "s3.${AWS::Region}.${AWS::URLSuffix}";
    wanted.push(
        json!({ "Effect": "Allow", "Action": "kms:GenerateDataKey", "Resource": KMS_KEY,
        "Condition": { "StringEquals": { "kms:ViaService": service } } }),
    );
    assert_eq!(allow(&Stack::with(&[("KmsKeyArn", KMS_KEY)])), wanted);
}

#[test]
fn the_function_gets_every_setting_that_it_reads_and_no_key_of_tokens() {
    for keys in [&[][..], &SECRET_KEYS] {
        for with_addresses in ["true", "false"] {
            let parameters = [keys, &[("EventsWithAddresses", with_addresses)]].concat();
            let stack = Stack::with(&parameters);
            let given = function(&stack)["Environment"]["Variables"].clone();
            let asked = RefCell::new(BTreeSet::new());
            let settings = HistorySettings::read(|name| {
                asked.borrow_mut().insert(name);
                let value = given[name].as_str();
                Ok(value.map(|value| value.replace("${Table}", "contacts")))
            })
            .unwrap();
            assert_eq!(settings.event_bus_name, "${EventBus}");
            assert_eq!(
                settings.unreadable_records_queue_url,
                "${UnreadableRecords}"
            );
            assert_eq!(settings.events_with_addresses.to_string(), with_addresses);
            let asked = asked.into_inner();
            let ungiven = asked.iter().filter(|name| given.get(name).is_none());
            assert_eq!(ungiven.count(), 0, "{asked:?}");
            assert!(given.get("JWT_KEYS").is_none(), "{given}");
            // The other variables are those of all functions.
            let of_all = variables(&stack);
            for (name, value) in given.as_object().unwrap() {
                assert!(of_all[name] == *value || asked.contains(&**name), "{name}");
            }
        }
    }
}

#[test]
fn failed_records_and_events_are_kept_encrypted_private_and_for_14_days() {
    let stack = Stack::with(&FORWARDING);
    for (name, queue) in stack.of_type(QUEUE) {
        let kept = (
            &queue["SqsManagedSseEnabled"],
            &queue["MessageRetentionPeriod"],
        );
        assert_eq!(kept, (&json!(true), &json!(14 * 24 * 60 * 60)), "{name}");
    }
    let bucket = stack.only(BUCKET);
    let rules = bucket["LifecycleConfiguration"]["Rules"]
        .as_array()
        .unwrap();
    let expires = (&rules[0]["Status"], &rules[0]["ExpirationInDays"]);
    assert_eq!(expires, (&json!("Enabled"), &json!(14)));
    // An old version of an object would outlive the expiry.
    assert!(bucket.get("VersioningConfiguration").is_none());
    let closed = bucket["PublicAccessBlockConfiguration"]
        .as_object()
        .unwrap();
    assert!(closed.len() == 4 && closed.values().all(|it| it == true));
    let encryption = |stack: &Stack| {
        let rules =
            stack.only(BUCKET)["BucketEncryption"]["ServerSideEncryptionConfiguration"].clone();
        rules[0]["ServerSideEncryptionByDefault"].clone()
    };
    assert_eq!(encryption(&stack), json!({ "SSEAlgorithm": "AES256" }));
    let own = json!({ "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": KMS_KEY });
    assert_eq!(encryption(&Stack::with(&[("KmsKeyArn", KMS_KEY)])), own);
}

#[test]
fn each_event_goes_whole_to_the_webhook_and_to_the_queue_or_is_kept() {
    let stack = Stack::with(&FORWARDING);
    let rules = stack.of_type(RULE);
    let mut targets = BTreeSet::new();
    for (name, rule) in &rules {
        assert_eq!(rule["EventBusName"], "${EventBus}", "{name}");
        let of_the_function = json!({ "source": ["contact-verification"] });
        assert_eq!(rule["EventPattern"], of_the_function, "{name}");
        let [target] = &rule["Targets"].as_array().unwrap()[..] else {
            panic!("{rule}");
        };
        // The detail is the CloudEvent.
        assert_eq!(target["InputPath"], "$.detail", "{name}");
        let kept = json!({ "Arn": "${UndeliveredEvents.Arn}" });
        assert_eq!(target["DeadLetterConfig"], kept, "{name}");
        let retries = json!({ "MaximumRetryAttempts": 185, "MaximumEventAgeInSeconds": 86_400 });
        assert_eq!(target["RetryPolicy"], retries, "{name}");
        targets.insert(target["Arn"].as_str().unwrap().to_owned());
        let headers = &target["HttpParameters"]["HeaderParameters"];
        let is_webhook = target["Arn"] == "${Webhook.Arn}";
        let content_type = json!({ "content-type": "application/cloudevents+json" });
        assert_eq!(
            *headers,
            if is_webhook {
                content_type
            } else {
                Value::Null
            }
        );
    }
    let wanted = ["${Webhook.Arn}", EVENTS_QUEUE].map(str::to_owned);
    assert_eq!(targets, BTreeSet::from(wanted));
    let policy = stack.only("AWS::SQS::QueuePolicy");
    assert_eq!(policy["Queues"], json!(["${UndeliveredEvents}"]));
    let statement = &policy["PolicyDocument"]["Statement"][0];
    assert_eq!(statement["Principal"]["Service"], "events.amazonaws.com");
    let source = statement["Condition"]["ArnLike"]["aws:SourceArn"].as_str();
    assert!(source.unwrap().ends_with(":rule/${EventBus}/*"));
}

#[test]
fn the_webhook_recognizes_the_stack_by_the_secret_in_its_header() {
    let version = [
        ("EventsWebhookSecretVersionId", "v1"),
        ("EventsWebhookHeader", "X-Api-Key"),
    ];
    let stack = Stack::with(&[&FORWARDING[..], &version].concat());
    let destination = stack.only("AWS::Events::ApiDestination");
    assert_eq!(destination["InvocationEndpoint"], WEBHOOK_URL);
    assert_eq!(destination["HttpMethod"], "POST");
    assert_eq!(destination["ConnectionArn"], "${WebhookConnection.Arn}");
    let connection = stack.only("AWS::Events::Connection");
    let secret = format!("{{{{resolve:secretsmanager:{WEBHOOK_SECRET}:SecretString:::v1}}}}");
    assert_eq!(connection["AuthorizationType"], "API_KEY");
    assert_eq!(
        connection["AuthParameters"]["ApiKeyAuthParameters"],
        json!({ "ApiKeyName": "X-Api-Key", "ApiKeyValue": secret })
    );
    let role = stack.only("AWS::IAM::Role");
    let statements = &role["Policies"][0]["PolicyDocument"]["Statement"];
    let invoke = json!([{ "Effect": "Allow", "Action": "events:InvokeApiDestination", "Resource": "${Webhook.Arn}" }]);
    assert_eq!(*statements, invoke);
}

#[test]
fn events_are_forwarded_only_if_a_parameter_is_set() {
    let made = |parameters: &[(&str, &str)]| -> BTreeSet<String> {
        let resources = Stack::with(parameters).resources().into_iter();
        let forwarding = resources.filter(|(name, it)| {
            let kind = it["Type"].as_str().unwrap();
            kind.starts_with("AWS::Events::")
                || kind.starts_with("AWS::SQS::")
                || name == "WebhookRole"
        });
        forwarding.map(|(name, _)| name).collect()
    };
    let names = |names: &[&str]| -> BTreeSet<String> {
        let always = ["EventBus", "UnreadableRecords"];
        always
            .iter()
            .chain(names)
            .map(ToString::to_string)
            .collect()
    };
    let kept = ["UndeliveredEvents", "UndeliveredEventsPolicy"];
    let webhook = [
        "EventsToWebhook",
        "Webhook",
        "WebhookConnection",
        "WebhookRole",
    ];
    assert_eq!(made(&[]), names(&[]));
    assert_eq!(
        made(&FORWARDING[..2]),
        names(&[&kept[..], &webhook].concat())
    );
    assert_eq!(
        made(&FORWARDING[2..]),
        names(&[&kept[..], &["EventsToQueue"]].concat())
    );
}
