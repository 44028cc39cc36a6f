//! What an alarm looks at.

use std::collections::BTreeMap;

use serde_json::Value;

use super::metrics::Metric;

pub(super) const ALARM: &str = "AWS::CloudWatch::Alarm";

/// A metric that an alarm looks at.
#[derive(Debug)]
pub(super) struct Watch {
    pub(super) metric: Metric,
    /// `Sum`, `Average`, `p99` and the like.
    pub(super) statistic: String,
    /// The seconds that are looked at together.
    pub(super) period: u64,
}

/// The metrics that an alarm looks at: one, or those that an expression is of.
pub(super) fn watches(alarm: &Value) -> Vec<Watch> {
    let Some(metrics) = alarm["Metrics"].as_array() else {
        let statistic = alarm.get("Statistic").or(alarm.get("ExtendedStatistic"));
        return vec![watch(alarm, statistic, &alarm["Period"])];
    };
    let stats = metrics.iter().filter_map(|metric| metric.get("MetricStat"));
    stats
        .map(|stat| watch(&stat["Metric"], stat.get("Stat"), &stat["Period"]))
        .collect()
}

fn watch(metric: &Value, statistic: Option<&Value>, period: &Value) -> Watch {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let dimensions = metric["Dimensions"].as_array().into_iter().flatten();
    Watch {
        metric: Metric {
            namespace: text(&metric["Namespace"]),
            name: text(&metric["MetricName"]),
            dimensions: dimensions
                .map(|dimension| (text(&dimension["Name"]), text(&dimension["Value"])))
                .collect::<BTreeMap<_, _>>(),
        },
        statistic: statistic.map(text).unwrap_or_default(),
        period: period.as_u64().unwrap_or_default(),
    }
}
