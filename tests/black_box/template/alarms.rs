//! Every alarm can be raised and is sent to the topic. Everything that can go wrong has an alarm, and the dashboard shows
//! existing metrics.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Value, json};

use super::assert_no_faults;
use super::history::MAPPING;
use super::metrics::{Known, Metric};
use super::stack::{ALARM_TOPIC, FORWARDING, Stack};
use super::table::TABLE;

const ALARM: &str = "AWS::CloudWatch::Alarm";

/// All alarms of the whole stack, by name.
fn alarms() -> BTreeMap<String, Value> {
    Stack::whole().of_type(ALARM)
}

/// The metrics that an alarm watches, each with its statistic: one metric, or those of an expression.
fn watches(alarm: &Value) -> Vec<(Metric, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let watch = |metric: &Value, statistic: &Value| {
        let dimensions = metric["Dimensions"].as_array().unwrap().iter();
        let metric = Metric {
            namespace: text(&metric["Namespace"]),
            name: text(&metric["MetricName"]),
            dimensions: dimensions
                .map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"])))
                .collect(),
        };
        (metric, text(statistic))
    };
    let Some(metrics) = alarm["Metrics"].as_array() else {
        return vec![watch(alarm, &alarm["Statistic"])];
    };
    let stats = metrics.iter().filter_map(|metric| metric.get("MetricStat"));
    stats
        .map(|stat| watch(&stat["Metric"], &stat["Stat"]))
        .collect()
}

#[tokio::test]
async fn every_alarm_is_on_metrics_that_exist() {
    let (known, stack) = (Known::new().await, Stack::whole());
    assert_no_faults(alarms().iter().flat_map(|(name, alarm)| {
        let faults = watches(alarm)
            .into_iter()
            .filter_map(|(metric, _)| known.fault(&metric, &stack));
        faults
            .map(|fault| format!("{name}: {fault}"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn every_expression_uses_exactly_the_metrics_beside_it() {
    // Names of functions are in upper case, and do not match.
    let id = Regex::new(r"\b[a-z]\w*\b").unwrap();
    for (name, alarm) in alarms() {
        let Some(metrics) = alarm["Metrics"].as_array() else {
            continue;
        };
        let (results, parts): (Vec<_>, Vec<_>) = metrics
            .iter()
            .partition(|metric| metric["ReturnData"] != false);
        let expression = results[0]["Expression"].as_str().unwrap();
        let used: BTreeSet<_> = id.find_iter(expression).map(|it| it.as_str()).collect();
        let given: BTreeSet<_> = parts.iter().map(|it| it["Id"].as_str().unwrap()).collect();
        assert_eq!((results.len(), used), (1, given), "{name}");
    }
}

#[tokio::test]
async fn everything_that_can_go_wrong_has_an_alarm() {
    let (known, stack) = (Known::new().await, Stack::new());
    let mut wanted = vec!["5xx Sum ${Api}".to_owned(), "Latency p99 ${Api}".to_owned()];
    for name in stack.functions().keys() {
        for what in ["Errors Sum", "Throttles Sum"] {
            wanted.push(format!("{what} ${{{name}}}"));
        }
    }
    for name in stack.endpoints().keys() {
        // The metric is 0 or 1 for each request, so its average is the share of failed requests.
        wanted.push(format!("server_errors Average ${{{name}}}"));
    }
    for what in [
        "IteratorAge Maximum ${RecordHistory}",
        "OnFailureDestinationDeliveredEventCount Sum ${Changes}",
        "DroppedEventCount Sum ${Changes}",
        "DestinationDeliveryFailures Sum ${RecordHistory}",
        "ApproximateNumberOfMessagesVisible Maximum ${UnreadableRecords.QueueName}",
        "ApproximateNumberOfMessagesVisible Maximum ${UndeliveredEvents.QueueName}",
    ] {
        wanted.push(what.to_owned());
    }
    for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] {
        wanted.push(format!("{metric} Sum ${{Table}}"));
        for index in stack.only(TABLE)["GlobalSecondaryIndexes"]
            .as_array()
            .unwrap()
        {
            wanted.push(format!(
                "{metric} Sum {} ${{Table}}",
                index["IndexName"].as_str().unwrap()
            ));
        }
    }
    for operation in &known.operations {
        wanted.push(format!("SystemErrors Sum {operation} ${{Table}}"));
    }
    let alarms = alarms();
    let watched = alarms
        .values()
        .flat_map(watches)
        .map(|(metric, statistic)| {
            let values: Vec<_> = metric.dimensions.into_values().collect();
            format!("{} {statistic} {}", metric.name, values.join(" "))
        });
    let watched: BTreeSet<_> = watched.collect();
    let unwatched = wanted.iter().filter(|it| !watched.contains(*it));
    assert_no_faults(unwatched.map(|it| format!("no alarm on {it}")));
}

#[test]
fn alarms_are_sent_to_the_topic_if_one_is_set_and_canaries_do_not_send_their_end() {
    for (name, alarm) in alarms() {
        let over = if name.ends_with("Canary") {
            Value::Null
        } else {
            json!([ALARM_TOPIC])
        };
        assert_eq!(alarm["AlarmActions"], json!([ALARM_TOPIC]), "{name}");
        assert_eq!(alarm["OKActions"], over, "{name}");
    }
    for (name, alarm) in Stack::new().of_type(ALARM) {
        let actions = [&alarm["AlarmActions"], &alarm["OKActions"]];
        assert_eq!(actions, [&Value::Null; 2], "{name}");
    }
}

#[test]
fn less_monitoring_makes_fewer_alarms_and_no_dashboard() {
    for (monitoring, alarms) in [("errors", vec!["ApiServerErrors"]), ("none", vec![])] {
        let stack = Stack::with(&[&FORWARDING[..], &[("Monitoring", monitoring)]].concat());
        let resources = stack.resources();
        let made = resources.iter().filter(|(_, it)| {
            it["Type"]
                .as_str()
                .unwrap()
                .starts_with("AWS::CloudWatch::")
        });
        assert_eq!(made.map(|(name, _)| name).collect::<Vec<_>>(), alarms);
        // CloudWatch charges for the metrics of the mapping too.
        assert!(stack.only(MAPPING).get("MetricsConfig").is_none());
    }
    let events = json!({ "Metrics": ["EventCount"] });
    assert_eq!(Stack::new().only(MAPPING)["MetricsConfig"], events);
}

#[test]
fn a_new_version_is_rolled_back_for_its_own_failures() {
    let (stack, alarms) = (Stack::whole(), alarms());
    for (name, function) in stack.functions() {
        let canary = format!("{name}Canary");
        let preference = &function["DeploymentPreference"];
        assert_eq!(preference["Alarms"], json!([format!("${{{canary}}}")]));
        let version = format!("${{{name}.Version.Version}}");
        // Each version has its own alarm, so that failures of one version do not stop the next one, which fixes them.
        let alarm_name = alarms[&canary]["AlarmName"].as_str().unwrap();
        assert!(alarm_name.contains(&version), "{alarm_name}");
        for (metric, _) in watches(&alarms[&canary]) {
            let values: Vec<_> = metric.dimensions.values().collect();
            let is_its_own =
                values.contains(&&version) && values.contains(&&format!("${{{name}}}"));
            assert!(is_its_own, "{canary} looks at {metric:?}");
        }
    }
}

#[tokio::test]
async fn every_graph_of_the_dashboard_is_of_metrics_that_exist() {
    let search = Regex::new(
        r#"^SEARCH\('\{([\w/]+),([\w,]+)\} MetricName="([\w.]+)" FunctionName=\$\{AWS::StackName\}', '\w+'\)$"#,
    )
    .unwrap();
    let (known, stack) = (Known::new().await, Stack::new());
    let dashboard = stack.only("AWS::CloudWatch::Dashboard");
    // A value that only the deployment knows is a `${name}` in the text, as in the alarms.
    let body: Value = serde_json::from_str(dashboard["DashboardBody"].as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter();
    let rows = widgets.flat_map(|it| it["properties"]["metrics"].as_array().into_iter().flatten());
    let rows: Vec<_> = rows.collect();
    assert!(!rows.is_empty());
    assert_no_faults(rows.into_iter().filter_map(|row| {
        if let Some(expression) = row[0]["expression"].as_str() {
            let found = search.captures(expression);
            let exists = found.is_some_and(|found| {
                known.has(
                    &found[1],
                    &found[3],
                    &found[2].split(',').collect::<Vec<_>>(),
                )
            });
            return (!exists).then(|| format!("{expression} finds nothing"));
        }
        let row = row.as_array().unwrap();
        let texts: Vec<_> = row
            .iter()
            .map_while(Value::as_str)
            .map(str::to_owned)
            .collect();
        let dimensions = texts[2..]
            .chunks(2)
            .map(|it| (it[0].clone(), it[1].clone()));
        let metric = Metric {
            namespace: texts[0].clone(),
            name: texts[1].clone(),
            dimensions: dimensions.collect(),
        };
        known.fault(&metric, &stack)
    }));
}
