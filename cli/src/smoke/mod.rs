//! `contacts smoke`: checks with the contract's examples whether an API keeps the contract.

mod api;
mod callers;
mod check;
mod flow;
mod hints;
mod pattern;
mod phase;
mod refusals;
mod report;
mod samples;
mod verdict;
mod versions;

use std::process::ExitCode;

use anyhow::Context;
use serde_json::json;

use self::api::{Answer, Api};
use self::callers::Callers;
use self::check::{Check, Who};
use self::hints::{hint, left_behind};
use self::pattern::ANYTHING;
use self::phase::Phase;
use self::report::Report;
use self::samples::samples;
use self::verdict::{X_REQUEST_ID, judge};
use self::versions::Versions;
use crate::arguments::SmokeArguments;
use crate::exit::usage;
use crate::report::{Report as CommandReport, conclude};

/// Runs the checks and prints a line for each, or a report. Returns the exit code.
///
/// # Errors
/// When a token is missing, or when the API does not answer.
pub async fn run(arguments: SmokeArguments) -> anyhow::Result<ExitCode> {
    conclude(arguments.json, report(arguments).await)
}

async fn report(arguments: SmokeArguments) -> anyhow::Result<CommandReport> {
    let callers = Callers::from_environment(arguments.url.is_local()).map_err(usage)?;
    let samples = samples(
        callers
            .get(Who::Person)
            .subject
            .as_deref()
            .unwrap_or(ANYTHING),
    );
    let mut run = Run {
        report: Report::new(callers.secrets(), arguments.json),
        api: Api::new(arguments.url, callers, arguments.timeout)?,
        reach: Reach::Unknown,
    };
    let refusals = refusals::checks();
    let refusals: Vec<_> = refusals
        .iter()
        .map(|check| (Phase::Refusal, check))
        .collect();
    run.checks("that need no contact", &refusals).await?;
    for sample in samples {
        let on = format!("on contact {}", sample.contact);
        let checks: Vec<_> = sample.checks().collect();
        if arguments.without_contacts {
            run.report.skipped(&checks, &on, "--without-contacts")?;
        } else {
            run.checks(&on, &checks).await?;
        }
    }
    let url = json!(run.api.url.as_str());
    let mut report = run.report.end();
    report.members.insert("url".to_owned(), url);
    Ok(report)
}

/// Whether the API answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// The run has sent no request yet.
    Unknown,
    /// The API has answered.
    Answers,
    /// The API has answered before, but no longer does.
    Lost,
}

/// A run of the checks.
struct Run {
    api: Api,
    report: Report,
    reach: Reach,
}

impl Run {
    /// Runs the checks on one contact, one after the other, until one of them cannot run.
    async fn checks(&mut self, on: &str, checks: &[(Phase, &Check)]) -> anyhow::Result<()> {
        let mut versions = Versions::default();
        let mut failed = None;
        for (done, &(phase, check)) in checks.iter().enumerate() {
            if let Some(why) = self.obstacle(phase, failed) {
                return self.report.skipped(&checks[done..], on, why);
            }
            if !self.check(phase, check, &mut versions).await? {
                failed = Some(phase);
            }
        }
        Ok(())
    }

    /// The reason why a check cannot run, if there is one. `failed` is the phase of the last check that failed.
    fn obstacle(&self, phase: Phase, failed: Option<Phase>) -> Option<&'static str> {
        if self.reach == Reach::Lost {
            return Some("the API no longer answers");
        }
        phase.obstacle_after(failed?)
    }

    /// Runs a check. Returns whether it passed.
    async fn check(
        &mut self,
        phase: Phase,
        check: &Check,
        versions: &mut Versions,
    ) -> anyhow::Result<bool> {
        let sentence = &check.sentence;
        let Sent { answer, is_resent } = match self.send(check, versions).await {
            Ok(sent) => sent,
            Err(error) if self.reach == Reach::Unknown => {
                return Err(error)
                    .with_context(|| format!("{} does not answer", self.api.url.as_str()));
            }
            Err(error) => {
                self.reach = Reach::Lost;
                let hint = left_behind(phase, check.contact);
                self.report.unanswered(sentence, &error, hint)?;
                return Ok(false);
            }
        };
        self.reach = Reach::Answers;
        match judge(&check.expected, &answer, versions) {
            Ok(note) => {
                let resent = is_resent.then_some(RESENT);
                let notes: Vec<_> = resent.into_iter().chain(note).collect();
                self.report.ok(sentence, &notes)?;
                Ok(true)
            }
            Err(difference) => {
                let hint = if is_resent {
                    Some(RESENT_AND_DIFFERENT.to_owned())
                } else {
                    hint(phase, check, &answer, &self.api)
                };
                let request_id = answer.header(&X_REQUEST_ID);
                self.report
                    .failed(sentence, &difference, request_id, hint)?;
                Ok(false)
            }
        }
    }

    /// Sends a request, and sends it again if there is no answer. Retries are always safe (contract section 9).
    async fn send(&self, check: &Check, versions: &Versions) -> anyhow::Result<Sent> {
        if let Ok(answer) = self.api.send(check, versions).await {
            return Ok(Sent {
                answer,
                is_resent: false,
            });
        }
        Ok(Sent {
            answer: self.api.send(check, versions).await?,
            is_resent: true,
        })
    }
}

/// An answer, and whether the request was sent twice.
struct Sent {
    answer: Answer,
    /// Whether the first request got no answer.
    is_resent: bool,
}

/// The note on a check that passed with the second request.
const RESENT: &str = "sent twice: the first request got no answer";

/// The hint on a check that failed with the second request. The first request may have taken effect, so that the second one
/// found nothing to do, or a newer version.
const RESENT_AND_DIFFERENT: &str = "the request was sent twice: the first one got no answer, but may have taken effect; run the \
    command again";
