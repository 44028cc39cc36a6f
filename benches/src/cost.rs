//! `cargo measure cost`: the calls of DynamoDB, the capacity that they consume and the price of a million requests, by
//! endpoint and outcome.
//!
//! Each request goes through the API in this process. Calls are counted inside the SDK, so that its own retries would
//! count; capacity is what the engine reports as `ConsumedCapacity`. A refused write reports none on any engine though
//! AWS charges for it (its rule stands in [`prices`]); that part is computed, and marked.

mod cases;
mod prices;

use std::collections::BTreeMap;

use anyhow::{Context, ensure};
use clap::Args;

use self::cases::{Case, cases};
use self::prices::{Effort, Units};
use crate::recorded_api::{Answer, RecordedApi};
use crate::recorder::{Call, Input, one_after_another};

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only check the calls and the capacity of each request, as CI does.
    #[arg(long)]
    check: bool,
    /// Processor time of a warm request, in milliseconds: the largest that `cargo measure cold-start` prints.
    #[arg(long, default_value_t = 0.8)]
    warm_processor_ms: f64,
    /// How long a call of DynamoDB takes, in milliseconds. AWS promises "single-digit milliseconds".
    #[arg(long, default_value_t = 5.0)]
    call_ms: f64,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let api = RecordedApi::start().await?;
    let mut costs = Vec::new();
    for case in cases() {
        let cost = Cost::of(&case.answer(&api).await?, &case)?;
        costs.push((case, cost));
    }
    let unexpected = unexpected(&costs);
    if options.check {
        ensure!(unexpected.is_empty(), "{}", unexpected.join("\n"));
        return Ok(());
    }
    let processor = Effort {
        processor_ms: options.warm_processor_ms,
        call_ms: options.call_ms,
    };
    print_requests(&costs, processor);
    print_sizes(&costs, processor);
    for line in unexpected {
        say(&format!("\nNot as expected: {line}"));
    }
    Ok(())
}

#[expect(clippy::print_stdout, reason = "it is for whoever runs the command")]
fn say(line: &str) {
    println!("{line}");
}

/// What a request cost.
struct Cost {
    /// Its calls, in groups at the same time.
    calls: Vec<Vec<Call>>,
    /// What the engine says that it consumed.
    measured: Units,
    /// What AWS charges for writes that were refused.
    by_rule: Units,
}

impl Cost {
    fn of(answer: &Answer, case: &Case) -> anyhow::Result<Self> {
        let (mut measured, mut by_rule) = (Units::default(), Units::default());
        for call in &answer.calls {
            match call.capacity_units {
                Some(units) if call.input.writes() => measured.write += units,
                Some(units) => measured.read += units,
                None => by_rule.write += units_of_refused(call, case)?,
            }
        }
        Ok(Self {
            calls: one_after_another(answer.calls.clone()),
            measured,
            by_rule,
        })
    }

    fn units(&self) -> Units {
        self.measured + self.by_rule
    }

    /// The names of the calls, those at the same time joined by `‖`, and those after one another by `→`.
    fn names(&self) -> String {
        let groups: Vec<_> = self
            .calls
            .iter()
            .map(|group| {
                let names: Vec<_> = group.iter().map(|call| call.input.to_string()).collect();
                names.join(" ‖ ")
            })
            .collect();
        if groups.is_empty() {
            "none".to_owned()
        } else {
            groups.join(" → ")
        }
    }
}

/// What AWS charges for a write that a condition refused: as much as for writing the item as it is (AWS, "Condition
/// expressions": a failed conditional write consumes write units by the size of the item that is there, or 1), and twice
/// that for each item of a transaction. The contacts here are below 1 KB.
fn units_of_refused(call: &Call, case: &Case) -> anyhow::Result<f64> {
    match &call.input {
        Input::UpdateItem(_) => Ok(prices::WRITE_UNITS_OF_A_KILOBYTE),
        Input::TransactWriteItems(input) => {
            let items = u32::try_from(input.transact_items().len())?;
            Ok(f64::from(items)
                * prices::TIMES_IN_A_TRANSACTION
                * prices::WRITE_UNITS_OF_A_KILOBYTE)
        }
        other => None.with_context(|| format!("{case}: {other} does not say what it consumed")),
    }
}

fn print_requests(costs: &[(Case, Cost)], effort: Effort) {
    say(&format!(
        "List prices of {}, {}. Lambda: arm64, {} MB, {} ms of processor time, {} ms a call of DynamoDB.\n",
        prices::REGION,
        prices::DATE,
        prices::USUAL_MEGABYTES,
        effort.processor_ms,
        effort.call_ms,
    ));
    say(
        "| endpoint | request, outcome | status | calls of DynamoDB (→ after, ‖ with) | one after another | read units | \
         write units | $ DynamoDB | $ Lambda | $ API Gateway | **$ a million** |",
    );
    say("|---|---|---|---|---|---|---|---|---|---|---|");
    for (case, cost) in costs {
        let dynamodb = prices::dynamodb(cost.units());
        let lambda = prices::lambda(effort, cost.calls.len(), prices::USUAL_MEGABYTES);
        let write = if cost.by_rule.write > 0.0 {
            format!("{} (rule)", cost.units().write)
        } else {
            cost.measured.write.to_string()
        };
        say(&format!(
            "| {} | {} | {} | {} | {} | {} | {write} | {dynamodb:.3} | {lambda:.3} | {:.2} | **{:.2}** |",
            case.endpoint,
            case.name,
            case.status,
            cost.names(),
            cost.calls.len(),
            cost.units().read,
            prices::API_GATEWAY,
            dynamodb + lambda + prices::API_GATEWAY,
        ));
    }
    say(
        "\n(rule): the engine reports nothing for a refused write; AWS charges it as a write of the item as it is, and in a \
         transaction twice.",
    );
}

/// What Lambda's memory size means for a request, with as many calls one after another as the request needs.
fn print_sizes(costs: &[(Case, Cost)], effort: Effort) {
    let mut of_rounds: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (case, cost) in costs {
        let names = of_rounds.entry(cost.calls.len()).or_default();
        let endpoint = case.endpoint.to_string();
        if !names.contains(&endpoint) {
            names.push(endpoint);
        }
    }
    say(
        "\n| memory | calls one after another | billed ms | $ Lambda a million |\n|---|---|---|---|",
    );
    for megabytes in prices::MEGABYTES {
        for rounds in of_rounds.keys() {
            say(&format!(
                "| {megabytes} MB | {rounds} | {:.0} | {:.3} |",
                effort.billed_ms(*rounds, megabytes),
                prices::lambda(effort, *rounds, megabytes),
            ));
        }
    }
}

/// What differs from what each case states.
fn unexpected(costs: &[(Case, Cost)]) -> Vec<String> {
    costs
        .iter()
        .filter_map(|(case, cost)| {
            let units = cost.units();
            let over = cost.calls.len() > case.most.rounds
                || units.read > case.most.read
                || units.write > case.most.write;
            over.then(|| {
                format!(
                    "{case}: {}, {} read and {} write units",
                    cost.names(),
                    units.read,
                    units.write
                )
            })
        })
        .collect()
}
