//! `contacts smoke`: whether an API keeps the contract, shown by the contract's own examples.

mod api;
mod api_url;
mod callers;
mod check;
mod flow;
mod hints;
mod pattern;
mod refusals;
mod report;
mod samples;
mod verdict;
mod versions;

use anyhow::Context;

pub use self::api_url::ApiUrl;

use self::api::Api;
use self::callers::Callers;
use self::check::{Check, Who};
use self::hints::hint;
use self::pattern::ANYTHING;
use self::report::Report;
use self::samples::{Sample, samples};
use self::verdict::{REQUEST_ID, judge};
use self::versions::Versions;
use crate::arguments::SmokeArguments;

/// Makes the checks and prints a line for each. Answers whether none failed.
///
/// # Errors
/// When a token is missing, or nobody answers at the URL.
pub async fn run(arguments: SmokeArguments) -> anyhow::Result<bool> {
    let callers = Callers::from_environment(arguments.url.is_local())?;
    let samples = samples(
        callers
            .get(Who::Person)
            .subject
            .as_deref()
            .unwrap_or(ANYTHING),
    );
    let mut run = Run {
        report: Report::new(callers.secrets()),
        api: Api::new(arguments.url, callers, arguments.timeout)?,
        reach: Reach::Unknown,
    };
    run.checks(
        &refusals::checks(),
        "that need no contact",
        &mut Versions::default(),
    )
    .await?;
    for sample in samples {
        if arguments.without_contacts {
            run.skip(&sample, "--without-contacts")?;
        } else if run.reach == Reach::Lost {
            run.skip(&sample, LOST)?;
        } else {
            run.sample(&sample).await?;
        }
    }
    run.report.end()
}

/// Why nothing more is sent to an API that has been lost.
const LOST: &str = "the API does not answer any more";

/// Whether the API can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// Nothing has been sent yet.
    Unknown,
    /// It has answered.
    Answers,
    /// It has answered, and does not any more.
    Lost,
}

/// The checks under way.
struct Run {
    api: Api,
    report: Report,
    reach: Reach,
}

impl Run {
    /// Makes the checks on a sample contact, once it is proved to be the sample.
    async fn sample(&mut self, sample: &Sample) -> anyhow::Result<()> {
        let mut versions = Versions::default();
        let on = format!("on contact {}", sample.contact);
        if self.checks(&sample.proofs, &on, &mut versions).await? {
            self.checks(&sample.steps, &on, &mut versions).await?;
        } else {
            let why = if self.reach == Reach::Lost {
                LOST
            } else {
                "it is not shown to be the sample, so nothing is written to it"
            };
            self.report.skipped(sample.steps.len(), &on, why)?;
        }
        Ok(())
    }

    fn skip(&mut self, sample: &Sample, why: &str) -> anyhow::Result<()> {
        let count = sample.proofs.len() + sample.steps.len();
        self.report
            .skipped(count, &format!("on contact {}", sample.contact), why)
    }

    /// Makes checks one after the other. Answers whether all of them hold.
    async fn checks(
        &mut self,
        checks: &[Check],
        on: &str,
        versions: &mut Versions,
    ) -> anyhow::Result<bool> {
        let mut all_hold = true;
        for (done, check) in checks.iter().enumerate() {
            if self.reach == Reach::Lost {
                self.report.skipped(checks.len() - done, on, LOST)?;
                return Ok(false);
            }
            all_hold &= self.check(check, versions).await?;
        }
        Ok(all_hold)
    }

    async fn check(&mut self, check: &Check, versions: &mut Versions) -> anyhow::Result<bool> {
        let sentence = &check.sentence;
        let answer = match self.api.send(check, versions).await {
            Ok(answer) => answer,
            Err(error) if self.reach == Reach::Unknown => {
                return Err(error)
                    .with_context(|| format!("{} does not answer", self.api.url.as_str()));
            }
            Err(error) => {
                self.reach = Reach::Lost;
                self.report.unanswered(sentence, &error)?;
                return Ok(false);
            }
        };
        self.reach = Reach::Answers;
        match judge(&check.expected, &answer, versions) {
            Ok(note) => {
                self.report.ok(sentence, note)?;
                Ok(true)
            }
            Err(difference) => {
                let hint = hint(check, &answer, &self.api);
                let request_id = answer.header(&REQUEST_ID);
                self.report
                    .failed(sentence, &difference, request_id, hint)?;
                Ok(false)
            }
        }
    }
}
