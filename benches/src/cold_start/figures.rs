//! Tables of what was measured.

use std::time::Duration;

use super::process::Run;
use super::{Scenario, print};

/// Lambda gives one processor at this size, and less in proportion (AWS, "Configure Lambda function memory").
const ONE_PROCESSOR_MB: f64 = 1769.0;
/// List prices, arm64, eastern US, November 2026: a GB-second, a million requests.
const GB_SECOND: f64 = 0.000_013_333_4;
const MILLION_REQUESTS: f64 = 0.20;
/// What a request waits for DynamoDB, which says "single-digit milliseconds".
const WAIT_MS: f64 = 5.0;

/// A start with its first answer, beside the floor's, which is the first scenario.
pub(super) fn print_starts(measured: &[(Scenario, Vec<Run>)]) {
    print(
        "median (p99)                         ready, ms          first answer, ms   x floor   of which database, ms   \
         x floor without   processor, ms: start   first   x floor   page faults\n",
    );
    let first_wall = |run: &Run| ms(run.ready.wall + run.first.wall);
    let database = |run: &Run| ms(run.ready.database + run.first.database);
    let both = |run: &Run| ms(run.ready.processor + run.first.processor);
    let floor = measured
        .first()
        .map(|(_, runs)| (median(runs, first_wall), median(runs, both)));
    let (floor_wall, floor_processor) = floor.unwrap_or((1.0, 1.0));
    for (scenario, runs) in measured {
        let ready = |run: &Run| ms(run.ready.wall);
        let start = median(runs, |run| ms(run.ready.processor));
        let first = median(runs, |run| ms(run.first.processor));
        print(&format!(
            "{:36} {:6.1} ({:6.1})    {:6.1} ({:6.1})    {:6.2}   {:21.1}   {:15.2}   {:20.2} {:7.2}    {:6.2}        {:6.0}\n",
            scenario.name,
            median(runs, ready),
            p99(runs, ready),
            median(runs, first_wall),
            p99(runs, first_wall),
            median(runs, first_wall) / floor_wall,
            median(runs, database),
            median(runs, |run| first_wall(run) - database(run)) / floor_wall,
            start,
            first,
            median(runs, both) / floor_processor,
            median(runs, page_faults),
        ));
    }
}

/// What comes after the first answer, and what a process needs.
pub(super) fn print_needs(measured: &[(Scenario, Vec<Run>)]) {
    print(
        "\nmedian                               warm, ms   processor, ms   peak MB   connections: start, first, later\n",
    );
    for (scenario, runs) in measured {
        let [start, first, later] =
            [0, 1, 2].map(|phase| runs.iter().map(|run| run.connections[phase]).max());
        print(&format!(
            "{:36} {:8.2}   {:13.2}   {:7.1}   {:20} {:5} {:6}\n",
            scenario.name,
            median(runs, |run| ms(run.warm.wall)),
            median(runs, |run| ms(run.warm.processor)),
            median(runs, |run| run.peak_mb),
            start.unwrap_or_default(),
            first.unwrap_or_default(),
            later.unwrap_or_default(),
        ));
    }
}

/// What the processor time of the slowest means for a function's size on Lambda. The start itself has a whole processor,
/// whatever the size.
pub(super) fn print_sizes(measured: &[(Scenario, Vec<Run>)]) {
    let slowest = |measure: fn(&Run) -> Duration| {
        measured
            .iter()
            .map(|(_, runs)| median(runs, |run| ms(measure(run))))
            .fold(0.0, f64::max)
    };
    let first = slowest(|run| run.first.processor);
    let warm = slowest(|run| run.warm.processor);
    print(&format!(
        "\nThe slowest of them on Lambda, {WAIT_MS} ms of waiting for DynamoDB a request, 1 processor at \
         {ONE_PROCESSOR_MB} MB:\n  memory   first request, ms   warm request, ms   $ for a million warm requests\n"
    ));
    for size in [128.0, 256.0, 512.0, 1024.0] {
        let share = size / ONE_PROCESSOR_MB;
        let warm_ms = WAIT_MS + warm / share;
        // Billed by the millisecond, begun ones whole.
        let price = MILLION_REQUESTS + 1e6 * warm_ms.ceil() / 1000.0 * size / 1024.0 * GB_SECOND;
        print(&format!(
            "{size:5} MB   {:17.0}   {warm_ms:16.1}   {price:29.2}\n",
            WAIT_MS + first / share
        ));
    }
}

fn page_faults(run: &Run) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "some thousands")]
    {
        run.page_faults as f64
    }
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn median(runs: &[Run], measure: impl Fn(&Run) -> f64) -> f64 {
    nearest_rank(runs, measure, 50)
}

fn p99(runs: &[Run], measure: impl Fn(&Run) -> f64) -> f64 {
    nearest_rank(runs, measure, 99)
}

/// The smallest figure that this share of the runs does not exceed.
fn nearest_rank(runs: &[Run], measure: impl Fn(&Run) -> f64, percent: usize) -> f64 {
    let mut figures: Vec<f64> = runs.iter().map(measure).collect();
    figures.sort_by(f64::total_cmp);
    let rank = (figures.len() * percent).div_ceil(100).max(1);
    figures.get(rank - 1).copied().unwrap_or(f64::NAN)
}
