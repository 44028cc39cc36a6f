//! The report: a line per check, and a last line with the totals.

use std::collections::BTreeSet;

use super::pattern::Difference;
use crate::output::print;

/// How many characters of a server's text are shown: the text may be anything.
const MAX_CHARACTERS: usize = 300;

/// The shortest text that counts as a secret: shorter ones may be part of any text.
const MIN_SECRET_BYTES: usize = 8;

/// The report so far.
pub(super) struct Report {
    secrets: Vec<String>,
    hints: BTreeSet<String>,
    ok: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    /// An empty report, which never shows any of these secrets.
    pub(super) fn new<'s>(secrets: impl Iterator<Item = &'s str>) -> Self {
        Self {
            secrets: secrets
                .filter(|secret| secret.len() >= MIN_SECRET_BYTES)
                .map(str::to_owned)
                .collect(),
            hints: BTreeSet::new(),
            ok: 0,
            failed: 0,
            skipped: 0,
        }
    }

    /// Prints a check that passed, with notes.
    ///
    /// # Errors
    /// When standard output cannot be written to.
    pub(super) fn ok(&mut self, sentence: &str, notes: &[&str]) -> anyhow::Result<()> {
        self.ok += 1;
        if notes.is_empty() {
            line(&format!("ok    {sentence}"))
        } else {
            line(&format!("ok    {sentence} ({})", notes.join("; ")))
        }
    }

    /// Prints a check that failed, with the id of its request, and with the hint if it is new.
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
        let request_id = request_id.map_or("without a request id".to_owned(), |id| {
            format!("request {}", self.shown(id))
        });
        // The place may be a member that only the answer has.
        let [place, expected, got] = [place, expected, got].map(|text| self.shown(text));
        let hint = self.new_hint(hint);
        line(&format!(
            "FAIL  {sentence}: expected {place} {expected}, got {got} ({request_id}){hint}"
        ))
    }

    /// Prints a check that got no answer, with the hint if it is new.
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
        let hint = self.new_hint(hint);
        line(&format!(
            "FAIL  {sentence}: no answer, twice: {error}{hint}"
        ))
    }

    /// Prints how many checks did not run, and why.
    ///
    /// # Errors
    /// As [`Self::ok`].
    pub(super) fn skipped(&mut self, count: usize, what: &str, why: &str) -> anyhow::Result<()> {
        if count == 0 {
            return Ok(());
        }
        self.skipped += count;
        let checks = if count == 1 { "check" } else { "checks" };
        line(&format!("skip  {count} {checks} {what}: {why}"))
    }

    /// Prints the last line. Returns whether no check failed.
    ///
    /// # Errors
    /// As [`Self::ok`].
    pub(super) fn end(self) -> anyhow::Result<bool> {
        let Self {
            ok,
            failed,
            skipped,
            ..
        } = &self;
        line(&format!("{ok} ok, {failed} failed, {skipped} skipped"))?;
        Ok(*failed == 0)
    }

    /// The hint as the end of a line; empty if it was printed before.
    fn new_hint(&mut self, hint: Option<String>) -> String {
        match hint {
            Some(hint) if self.hints.insert(hint.clone()) => format!("; hint: {hint}"),
            _ => String::new(),
        }
    }

    /// A text from a server, made safe to print: without secrets that the server sends back, without control characters, and
    /// shortened to a line.
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

/// Prints one line.
fn line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}
