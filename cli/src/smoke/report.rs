//! The report: a line per check, and a last line with the totals. For programs, it is one object.

use std::collections::BTreeSet;
use std::process::ExitCode;

use serde_json::{Map, Value, json};

use super::check::Check;
use super::pattern::Difference;
use super::phase::Phase;
use crate::exit::NOT_ALL;
use crate::output::print;
use crate::report::Report as CommandReport;

/// The maximum number of characters that the report shows of a server's text, which may be anything.
const MAX_CHARACTERS: usize = 300;

/// The minimum length of a secret, in bytes. Any text may contain shorter parts of a token by chance.
const MIN_SECRET_BYTES: usize = 8;

/// The report so far.
pub(super) struct Report {
    secrets: Vec<String>,
    hints: BTreeSet<String>,
    ok: usize,
    failed: usize,
    skipped: usize,
    /// Whether programs read the report. If so, it has no lines.
    is_json: bool,
    /// The checks so far, for programs.
    checks: Vec<Value>,
}

impl Report {
    /// An empty report, which never shows any of these secrets.
    pub(super) fn new<'s>(secrets: impl Iterator<Item = &'s str>, is_json: bool) -> Self {
        Self {
            secrets: secrets
                .filter(|secret| secret.len() >= MIN_SECRET_BYTES)
                .map(str::to_owned)
                .collect(),
            hints: BTreeSet::new(),
            ok: 0,
            failed: 0,
            skipped: 0,
            is_json,
            checks: Vec::new(),
        }
    }

    /// Prints a check that passed, with notes.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub(super) fn ok(&mut self, sentence: &str, notes: &[&str]) -> anyhow::Result<()> {
        self.ok += 1;
        let mut check = json!({ "check": sentence, "verdict": "ok" });
        let mut line = format!("ok    {sentence}");
        if !notes.is_empty() {
            check["notes"] = json!(notes);
            line = format!("{line} ({})", notes.join("; "));
        }
        self.checks.push(check);
        self.line(&line)
    }

    /// Prints a check that failed, with the id of its request. A hint is printed only once.
    ///
    /// # Errors
    /// As [`Self::ok`].
    pub(super) fn failed(
        &mut self,
        sentence: &str,
        difference: &Difference,
        request_id: Option<&str>,
        hint: Option<String>,
    ) -> anyhow::Result<()> {
        self.failed += 1;
        let Difference {
            place,
            expected,
            got,
        } = difference;
        let request_id = request_id.map(|id| self.shown(id));
        // The place may be a member that only the answer has, so its name is a text of the server too.
        let [place, expected, got] = [place, expected, got].map(|text| self.shown(text));
        let mut check = json!({ "check": sentence, "verdict": "failed", "place": place, "expected": expected, "got": got });
        if let Some(id) = &request_id {
            check["requestId"] = json!(id);
        }
        self.failure(check, hint.as_deref());
        let request_id = request_id.map_or("without a request id".to_owned(), |id| {
            format!("request {id}")
        });
        let hint = self.new_hint(hint);
        self.line(&format!(
            "FAIL  {sentence}: expected {place} {expected}, got {got} ({request_id}){hint}"
        ))
    }

    /// Prints a check that got no answer. A hint is printed only once.
    ///
    /// # Errors
    /// As [`Self::ok`].
    pub(super) fn unanswered(
        &mut self,
        sentence: &str,
        error: &anyhow::Error,
        hint: Option<String>,
    ) -> anyhow::Result<()> {
        self.failed += 1;
        let error = self.shown(&format!("{error:#}"));
        let check = json!({ "check": sentence, "verdict": "failed", "reason": format!("no answer, twice: {error}") });
        self.failure(check, hint.as_deref());
        let hint = self.new_hint(hint);
        self.line(&format!(
            "FAIL  {sentence}: no answer, twice: {error}{hint}"
        ))
    }

    /// Prints the number of checks that did not run, and the reason.
    ///
    /// # Errors
    /// As [`Self::ok`].
    pub(super) fn skipped(
        &mut self,
        checks: &[(Phase, &Check)],
        what: &str,
        why: &str,
    ) -> anyhow::Result<()> {
        let count = checks.len();
        if count == 0 {
            return Ok(());
        }
        self.skipped += count;
        let skipped = checks.iter().map(
            |(_, check)| json!({ "check": check.sentence, "verdict": "skipped", "reason": why }),
        );
        self.checks.extend(skipped);
        let checks = if count == 1 { "check" } else { "checks" };
        self.line(&format!("skip  {count} {checks} {what}: {why}"))
    }

    /// The report of the command, with the last line and all members. The exit code says whether a check failed.
    pub(super) fn end(self) -> CommandReport {
        let Self {
            ok,
            failed,
            skipped,
            checks,
            ..
        } = self;
        CommandReport {
            text: format!("{ok} ok, {failed} failed, {skipped} skipped\n"),
            members: Map::from_iter([
                ("ok".to_owned(), json!(ok)),
                ("failed".to_owned(), json!(failed)),
                ("skipped".to_owned(), json!(skipped)),
                ("checks".to_owned(), Value::Array(checks)),
            ]),
            end: Ok(match failed {
                0 => ExitCode::SUCCESS,
                _ => NOT_ALL.into(),
            }),
        }
    }

    /// Adds a check that failed, for programs.
    fn failure(&mut self, mut check: Value, hint: Option<&str>) {
        if let Some(hint) = hint {
            check["hint"] = json!(hint);
        }
        self.checks.push(check);
    }

    /// Prints one line, for people.
    fn line(&self, text: &str) -> anyhow::Result<()> {
        if self.is_json {
            return Ok(());
        }
        print(&format!("{text}\n"))
    }

    /// The hint as the end of a line; empty if an earlier line had it.
    fn new_hint(&mut self, hint: Option<String>) -> String {
        match hint {
            Some(hint) if self.hints.insert(hint.clone()) => format!("; hint: {hint}"),
            _ => String::new(),
        }
    }

    /// A text from a server, made safe to print: without secrets that the server returns, without control characters, and
    /// shortened.
    fn shown(&self, text: &str) -> String {
        let text = self.secrets.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret, "<token>")
        });
        let mut shown: String = text
            .chars()
            .take(MAX_CHARACTERS)
            .map(|c| if c.is_control() { '\u{fffd}' } else { c })
            .collect();
        if shown.len() < text.len() {
            shown.push('…');
        }
        shown
    }
}
