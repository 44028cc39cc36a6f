//! Every alarm can be raised, and is heard; and there is one for all that can go wrong.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::{Value, json};

use super::assert_no_faults;
use super::metrics::Known;
use super::routes::API;
use super::scenes::played;
use super::stack::{ALARM_TOPIC, Stack};
use super::table::TABLE;
use super::watches::{ALARM, Watch, watches};

/// CloudWatch takes no more metrics than these into the expression of an alarm.
const MAX_METRICS: usize = 10;

/// All alarms, by name.
fn alarms() -> BTreeMap<String, Value> {
    let alarms = Stack::new().of_type(ALARM);
    assert!(!alarms.is_empty(), "no alarms");
    alarms
}

/// That some alarm watches this statistic of this metric, whose dimensions have these values.
#[track_caller]
fn assert_watched(metric: &str, statistic: &str, values: &[&str]) {
    let values: BTreeSet<_> = values.iter().copied().collect();
    let is_it = |watch: &Watch| {
        let found: BTreeSet<_> = watch
            .metric
            .dimensions
            .values()
            .map(String::as_str)
            .collect();
        watch.metric.name == metric && watch.statistic == statistic && found == values
    };
    let is_watched = alarms()
        .values()
        .flat_map(watches)
        .any(|watch| is_it(&watch));
    assert!(
        is_watched,
        "no alarm on {metric} ({statistic}) of {values:?}"
    );
}

#[tokio::test]
async fn every_alarm_is_on_metrics_that_exist() {
    let (known, stack) = (Known::new().await, Stack::new());
    assert_no_faults(alarms().iter().flat_map(|(name, alarm)| {
        let watches = watches(alarm);
        assert!(!watches.is_empty(), "{name} watches nothing");
        let faults = watches
            .iter()
            .filter_map(|watch| known.fault(&watch.metric, &stack));
        faults
            .map(|fault| format!("{name}: {fault}"))
            .collect::<Vec<_>>()
    }));
}

#[test]
fn every_alarm_has_one_statistic_for_each_metric() {
    let statistic =
        Regex::new(r"^(Average|Maximum|Minimum|SampleCount|Sum|p\d{2}(\.\d+)?)$").unwrap();
    for (name, alarm) in alarms() {
        let both = alarm.get("Statistic").is_some() && alarm.get("ExtendedStatistic").is_some();
        assert!(!both, "{name}");
        for watch in watches(&alarm) {
            assert!(statistic.is_match(&watch.statistic), "{name} {watch:?}");
        }
    }
}

#[test]
fn every_alarm_looks_at_periods_for_which_there_are_data() {
    for (name, alarm) in alarms() {
        for watch in watches(&alarm) {
            // The services and the functions write by the minute.
            assert!(
                watch.period > 0 && watch.period % 60 == 0,
                "{name} {watch:?}"
            );
        }
    }
}

#[test]
fn every_alarm_says_what_it_means_when_there_are_no_data() {
    for (name, alarm) in alarms() {
        // No requests are no failures.
        assert_eq!(alarm["TreatMissingData"], "notBreaching", "{name}");
    }
}

#[test]
fn no_alarm_waits_for_more_data_than_it_looks_at() {
    for (name, alarm) in alarms() {
        let periods = alarm["EvaluationPeriods"].as_u64();
        let needed = alarm
            .get("DatapointsToAlarm")
            .map_or(periods, Value::as_u64);
        assert!(
            periods.is_some() && needed.is_some_and(|needed| needed > 0),
            "{name}"
        );
        assert!(needed <= periods, "{name} {needed:?} of {periods:?}");
    }
}

#[test]
fn every_alarm_compares_with_a_threshold() {
    for (name, alarm) in alarms() {
        assert!(alarm.get("Threshold").is_some(), "{name} Threshold");
        let comparison = alarm["ComparisonOperator"].as_str().unwrap_or_default();
        assert!(
            comparison.starts_with("GreaterThan"),
            "{name} {comparison:?}"
        );
    }
}

#[test]
fn every_alarm_is_sent_to_the_topic_where_there_is_one() {
    let stack = Stack::with(&[("AlarmTopicArn", ALARM_TOPIC)]);
    for (name, alarm) in stack.of_type(ALARM) {
        for actions in ["AlarmActions", "OKActions"] {
            assert_eq!(alarm[actions], json!([ALARM_TOPIC]), "{name} {actions}");
        }
        assert_ne!(alarm["ActionsEnabled"], false, "{name}");
    }
}

#[test]
fn without_a_topic_alarms_are_sent_nowhere() {
    for (name, alarm) in alarms() {
        for actions in ["AlarmActions", "OKActions"] {
            assert!(alarm.get(actions).is_none(), "{name} {actions}");
        }
    }
}

#[test]
fn every_expression_is_of_the_metrics_beside_it_and_of_all_of_them() {
    // Functions are in upper case.
    let id = Regex::new(r"\b[a-z]\w*\b").unwrap();
    for (name, alarm) in alarms() {
        let Some(metrics) = alarm["Metrics"].as_array() else {
            continue;
        };
        assert!(
            metrics.len() <= MAX_METRICS,
            "{name} has more than {MAX_METRICS} metrics"
        );
        let (results, parts): (Vec<_>, Vec<_>) = metrics
            .iter()
            .partition(|metric| metric["ReturnData"] != false);
        let [result] = &results[..] else {
            panic!("{name} returns not one result")
        };
        let expression = result["Expression"].as_str().unwrap();
        let used: BTreeSet<_> = id
            .find_iter(expression)
            .map(|found| found.as_str())
            .collect();
        let given: Vec<_> = parts
            .iter()
            .map(|part| part["Id"].as_str().unwrap())
            .collect();
        assert_eq!(used, given.iter().copied().collect(), "{name}");
        assert_eq!(used.len(), given.len(), "{name} has an Id twice");
    }
}

#[test]
fn there_is_an_alarm_for_every_function_that_crashes() {
    for name in Stack::new().functions().keys() {
        assert_watched("Errors", "Sum", &[&format!("${{{name}}}")]);
    }
}

#[test]
fn there_is_an_alarm_for_every_function_that_is_refused_concurrency() {
    for name in Stack::new().functions().keys() {
        assert_watched("Throttles", "Sum", &[&format!("${{{name}}}")]);
    }
}

#[test]
fn there_is_an_alarm_for_every_function_that_answers_with_server_errors() {
    for name in Stack::new().functions().keys() {
        // It is 0 or 1 for each request, so that its average is a share.
        assert_watched("server_errors", "Average", &[&format!("${{{name}}}")]);
    }
}

#[test]
fn there_is_an_alarm_for_an_api_that_fails_or_is_slow() {
    let (api, _) = Stack::new().only(API);
    let api = format!("${{{api}}}");
    assert_watched("5xx", "Sum", &[&api]);
    assert_watched("Latency", "p99", &[&api]);
}

#[test]
fn there_is_an_alarm_for_a_table_or_an_index_that_refuses_reads_or_writes() {
    let (name, table) = Stack::new().only(TABLE);
    let name = format!("${{{name}}}");
    for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] {
        assert_watched(metric, "Sum", &[&name]);
        for index in table["GlobalSecondaryIndexes"].as_array().unwrap() {
            assert_watched(
                metric,
                "Sum",
                &[&name, index["IndexName"].as_str().unwrap()],
            );
        }
    }
}

#[tokio::test]
async fn there_is_an_alarm_for_each_operation_of_the_table_that_fails_and_for_no_other() {
    let called: BTreeSet<_> = played()
        .await
        .values()
        .flat_map(|played| &played.operations)
        .collect();
    let watched = alarms();
    let watched = watched.values().flat_map(watches);
    let watched: BTreeSet<_> = watched
        .filter(|watch| watch.metric.name == "SystemErrors")
        .filter_map(|watch| watch.metric.dimensions.get("Operation").cloned())
        .collect();
    assert_eq!(watched.iter().collect::<BTreeSet<_>>(), called);
}
