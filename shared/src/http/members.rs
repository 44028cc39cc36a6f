//! Reads the members of a JSON body, and collects all their faults.

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::HashMap;

use lambda_http::Body;
use serde_json::value::RawValue;
use serde_json::{Value, from_slice, from_str};

use super::parse::required_text;
use super::{Failure, Fault, Problem};

/// The members of a body and the faults found so far.
///
/// A reader that returns `None` has noted a fault, so that one answer names every fault. Members that no reader asks for
/// need only be valid JSON.
#[derive(Debug)]
pub struct Members<'a> {
    values: HashMap<String, &'a RawValue>,
    /// The path to this object, which precedes a member's name in a fault. It is empty, or for example `phoneNumber.0.`.
    path: String,
    faults: Vec<Fault>,
}

impl<'a> Members<'a> {
    /// Reads a body. An empty body is `{}`. A byte order mark before it is ignored. If a name is repeated, the last member
    /// counts.
    ///
    /// # Errors
    /// When the body is not JSON, or not an object.
    pub fn of(body: &'a Body) -> Result<Self, Failure> {
        let bytes = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body);
        let bytes = if bytes.is_empty() { b"{}" } else { bytes };
        let json: &RawValue =
            from_slice(bytes).map_err(|_| Failure::invalid("body", Problem::InvalidJson))?;
        Self::of_object(json, String::new()).map_err(|problem| Failure::invalid("body", problem))
    }

    fn of_object(json: &'a RawValue, path: String) -> Result<Self, Problem> {
        if !json.get().starts_with('{') {
            return Err(Problem::MustBeObject);
        }
        Ok(Self {
            values: from_str(json.get()).map_err(|_| Problem::InvalidJson)?,
            path,
            faults: Vec::new(),
        })
    }

    /// Reads a member with `parse`, which gets null if the member is absent.
    pub fn read<T>(
        &mut self,
        member: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        let parsed = parse(&self.value(member));
        self.note(member, parsed)
    }

    /// Whether a member counts as absent: it is missing, null, or a blank text.
    #[must_use]
    pub fn is_blank(&self, member: &str) -> bool {
        match self.value(member) {
            Value::Null => true,
            Value::String(text) => text.trim().is_empty(),
            _ => false,
        }
    }

    /// Reads a member that must be present and not null.
    pub fn required<T>(
        &mut self,
        member: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<T> {
        self.read(member, |json| match json {
            Value::Null => Err(Problem::Required),
            _ => parse(json),
        })
    }

    /// Reads a member that may be absent. Null counts as absent, and so does a value for which `parse` returns
    /// [`Problem::Required`].
    pub fn optional<T>(
        &mut self,
        member: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        self.read(member, |json| match json {
            Value::Null => Ok(None),
            _ => match parse(json) {
                Err(Problem::Required) => Ok(None),
                parsed => parsed.map(Some),
            },
        })
    }

    /// Like [`Self::optional`], for a member whose absence clears something. A body with a misspelling in place of the member is
    /// refused: a name with another case, `_` or `-` (contract section 4).
    pub fn optional_clearing<T>(
        &mut self,
        member: &'static str,
        parse: impl FnOnce(&Value) -> Result<T, Problem>,
    ) -> Option<Option<T>> {
        if self.values.contains_key(member) {
            return self.optional(member, parse);
        }
        let mut misspelled: Vec<_> = self
            .values
            .keys()
            .filter(|name| letters(name) == letters(member))
            .cloned()
            .collect();
        misspelled.sort_unstable();
        if misspelled.is_empty() {
            return Some(None);
        }
        for name in misspelled {
            self.fault(name, Problem::Misspelled(member));
        }
        None
    }

    /// Reads an object within this object; `Some(None)` if it is absent or null.
    pub fn object<T>(
        &mut self,
        member: &'static str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<Option<T>> {
        let Some(json) = self.json(member) else {
            return Some(None);
        };
        self.nested(json, member.into(), read).map(Some)
    }

    /// Reads a list of objects, each with `read`; empty if the list is absent or null.
    pub fn objects<T>(
        &mut self,
        member: &'static str,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let list = self.list(member);
        let entries = self.note(member, list)?.unwrap_or_default();
        // All entries are read before a fault ends the function, so that the answer names the faults of all entries.
        let read: Vec<_> = entries
            .into_iter()
            .enumerate()
            .map(|(i, entry)| self.nested(entry, format!("{member}.{i}").into(), &mut read))
            .collect();
        read.into_iter().collect()
    }

    /// Reads a list of texts, trims them, and refuses blank ones; `Some(None)` if the list is absent or null.
    pub fn texts(&mut self, member: &'static str) -> Option<Option<Vec<String>>> {
        let texts = self.list(member).and_then(|list| {
            let texts = list.map(|entries| entries.into_iter().map(trimmed_text).collect());
            texts.transpose()
        });
        self.note(member, texts)
    }

    /// Whether a member is a text.
    #[must_use]
    pub fn is_text(&self, member: &str) -> bool {
        self.value(member).is_string()
    }

    /// Notes a fault of a member.
    pub fn fault(&mut self, member: impl Into<Cow<'static, str>>, problem: Problem) {
        let member = match &*self.path {
            "" => member.into(),
            path => format!("{path}{}", member.into()).into(),
        };
        self.faults.push(Fault { member, problem });
    }

    /// The failure that names every fault.
    #[must_use]
    pub fn into_failure(self) -> Failure {
        Failure::Invalid(self.faults)
    }

    /// Returns the value, or notes the fault and returns `None`.
    pub(super) fn note<T>(
        &mut self,
        member: impl Into<Cow<'static, str>>,
        read: Result<T, Problem>,
    ) -> Option<T> {
        read.map_err(|problem| self.fault(member, problem)).ok()
    }

    fn list(&self, member: &str) -> Result<Option<Vec<&'a RawValue>>, Problem> {
        let list = self.json(member).map(|json| from_str(json.get()));
        list.transpose().map_err(|_| Problem::MustBeList)
    }

    /// Reads an object at `name` within this object.
    fn nested<T>(
        &mut self,
        json: &'a RawValue,
        name: Cow<'static, str>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let members = Self::of_object(json, format!("{}{name}.", self.path));
        let mut members = self.note(name, members)?;
        let read = read(&mut members);
        self.faults.append(&mut members.faults);
        read
    }

    /// The JSON of a member that is neither absent nor null.
    fn json(&self, member: &str) -> Option<&'a RawValue> {
        let json = self.values.get(member).copied();
        json.filter(|json| json.get() != "null")
    }

    fn value(&self, member: &str) -> Value {
        self.json(member).map_or(Value::Null, value)
    }
}

/// The value of some JSON.
///
/// `serde_json` cannot represent every value (a number out of range, a lone surrogate). Such a value must not count as absent,
/// so it becomes a list, which no parser accepts.
fn value(json: &RawValue) -> Value {
    from_str(json.get()).unwrap_or(Value::Array(Vec::new()))
}

/// A name in lower case without `_` and `-`. A misspelling has the same letters as the name.
fn letters(name: &str) -> String {
    name.replace(['_', '-'], "").to_lowercase()
}

fn trimmed_text(entry: &RawValue) -> Result<String, Problem> {
    required_text(&value(entry)).map_err(|_| Problem::MustBeNonEmptyStrings)
}
