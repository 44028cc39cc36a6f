//! The dashboard shows every alarm, and metrics that there are.

use std::collections::{BTreeMap, BTreeSet};

use regex::Regex;
use serde_json::Value;

use super::assert_no_faults;
use super::metrics::{Known, Metric};
use super::stack::Stack;
use super::watches::ALARM;

/// The properties of the widgets of a type.
fn widgets(kind: &str) -> Vec<Value> {
    let (_, dashboard) = Stack::new().only("AWS::CloudWatch::Dashboard");
    // What only the deployment knows is a name in a text, here as there.
    let body: Value = serde_json::from_str(dashboard["DashboardBody"].as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter();
    widgets
        .filter(|widget| widget["type"] == kind)
        .map(|widget| widget["properties"].clone())
        .collect()
}

/// The rows of all graphs.
fn rows() -> Vec<Value> {
    let widgets = widgets("metric").into_iter();
    let rows: Vec<_> = widgets
        .flat_map(|widget| widget["metrics"].as_array().unwrap().clone())
        .collect();
    assert!(!rows.is_empty(), "no metrics");
    rows
}

/// The expression of a row that has one.
fn expression(row: &Value) -> Option<&str> {
    row[0]["expression"].as_str()
}

/// The metric of a row: its namespace, its name, and its dimensions, each with its value.
fn metric(row: &Value) -> Metric {
    let texts: Vec<_> = row
        .as_array()
        .unwrap()
        .iter()
        .map_while(Value::as_str)
        .collect();
    let [namespace, name, dimensions @ ..] = &texts[..] else {
        panic!("{row} is no metric")
    };
    Metric {
        namespace: (*namespace).to_owned(),
        name: (*name).to_owned(),
        dimensions: dimensions
            .chunks(2)
            .map(|dimension| (dimension[0].to_owned(), dimension[1].to_owned()))
            .collect(),
    }
}

/// The metrics that an expression finds, one for each function that it names:
/// `SEARCH('{namespace,FunctionName,outcome} MetricName="name" FunctionName=("a" OR "b")', 'Sum')`.
fn found(search: &str) -> Vec<Metric> {
    let whole = Regex::new(
        r#"^SEARCH\('\{(\w+),([\w,]+)\} MetricName="(\w+)" FunctionName=\((.+)\)', '\w+'\)$"#,
    );
    let Some(parts) = whole.unwrap().captures(search) else {
        panic!("{search} is not understood by these tests")
    };
    let functions = parts[4].split(" OR ");
    functions
        .map(|function| {
            let dimensions = parts[2].split(',').map(|dimension| match dimension {
                "FunctionName" => (dimension, function.trim_matches('"')),
                other => (other, "*"),
            });
            let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
            Metric {
                namespace: parts[1].to_owned(),
                name: parts[3].to_owned(),
                dimensions: dimensions.map(owned).collect::<BTreeMap<_, _>>(),
            }
        })
        .collect()
}

#[test]
fn every_alarm_is_on_the_dashboard() {
    let shown: BTreeSet<_> = widgets("alarm")
        .iter()
        .flat_map(|widget| widget["alarms"].as_array().unwrap().clone())
        .map(|alarm| alarm.as_str().unwrap().to_owned())
        .collect();
    let alarms = Stack::new().of_type(ALARM).into_keys();
    let alarms: BTreeSet<_> = alarms.map(|name| format!("${{{name}.Arn}}")).collect();
    assert_eq!(shown, alarms);
}

#[tokio::test]
async fn every_graph_is_of_metrics_that_exist() {
    let (known, stack) = (Known::new().await, Stack::new());
    assert_no_faults(rows().iter().flat_map(|row| {
        let metrics = expression(row).map_or_else(|| vec![metric(row)], found);
        let faults = metrics
            .iter()
            .filter_map(|metric| known.fault(metric, &stack));
        faults.collect::<Vec<_>>()
    }));
}

#[test]
fn every_graph_of_functions_shows_all_of_them() {
    let functions: BTreeSet<_> = Stack::new().functions().into_keys().collect();
    let mut shown: BTreeMap<_, BTreeSet<_>> = BTreeMap::new();
    for row in rows() {
        for metric in expression(&row).map_or_else(|| vec![metric(&row)], found) {
            if let Some(function) = metric.dimensions.get("FunctionName") {
                let function = function.trim_matches(['$', '{', '}']).to_owned();
                shown
                    .entry((metric.namespace, metric.name))
                    .or_default()
                    .insert(function);
            }
        }
    }
    for (metric, of) in shown {
        assert_eq!(of, functions, "{metric:?}");
    }
}
