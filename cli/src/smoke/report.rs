//! What is printed: a line per check, and one at the end.

use std::collections::BTreeSet;

use super::pattern::Difference;
use crate::output::print;

/// How much is shown of what a server sends, in characters: it may be anything.
const MAX_CHARACTERS: usize = 300;

/// The shortest text that is taken for a secret: shorter ones would be found in anything.
const MIN_SECRET_BYTES: usize = 8;

/// The lines so far.
pub(super) struct Report {
    secrets: Vec<String>,
    hints: BTreeSet<String>,
    ok: usize,
    failed: usize,
    skipped: usize,
}

impl Report {
    /// An empty report, which will never show one of these secrets.
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

    /// A check that holds, and what else is to be said of it.
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

    /// A check that does not hold, on a request with this id, and what may help, unless that has been said.
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

    /// A check to which no answer came, and what is to be known because of that.
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

    /// Checks that are not made, and why.
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

    /// The last line. Answers whether nothing failed.
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

    /// A hint as the end of a line, unless it has been given before.
    fn new_hint(&mut self, hint: Option<String>) -> String {
        match hint {
            Some(hint) if self.hints.insert(hint.clone()) => format!("; hint: {hint}"),
            _ => String::new(),
        }
    }

    /// A text that a server sent, as it may be shown: no secret, should the server send one back, nothing that a terminal
    /// obeys, and not more than fits a line.
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

/// Writes one line.
fn line(text: &str) -> anyhow::Result<()> {
    print(&format!("{text}\n"))
}
