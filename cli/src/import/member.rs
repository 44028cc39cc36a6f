//! The members that a column can have, and the reader of their cells.
//!
//! A cell is JSON only if it is a whole JSON value of the member's type. Any other cell is a text, trimmed. A blank cell means
//! that the member is absent.

use serde_json::{Map, Value};

use crate::contact_file::fault::Fault;

/// The type of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// A text in which case does not count.
    Word,
    Boolean,
    /// A list of texts, or texts with semicolons between them.
    Texts,
    /// As [`Self::Texts`], or an object with a list of tags for each audience. Commas also separate tags.
    Tags,
    /// A list of phone numbers, or one number as a text.
    Phone,
    List,
    Object,
}

/// The members of the records of an export, in the order of its columns.
pub(crate) const EXPORTED: [(&str, Kind); 30] = [
    ("organization", Kind::Text),
    ("audiences", Kind::Texts),
    ("clients", Kind::Texts),
    ("id", Kind::Text),
    ("firstName", Kind::Text),
    ("lastName", Kind::Text),
    ("phoneNumber", Kind::Phone),
    ("emails", Kind::List),
    ("secondaryPhoneNumber", Kind::Texts),
    ("status", Kind::Text),
    ("pipelineId", Kind::Text),
    ("pipelineStage", Kind::Text),
    ("userId", Kind::Text),
    ("createdBy", Kind::Text),
    ("assignees", Kind::Texts),
    ("verifiedAt", Kind::Text),
    ("verifiedBy", Kind::Text),
    ("verificationSource", Kind::Text),
    ("clearedAt", Kind::Text),
    ("emailValidation", Kind::Object),
    ("globallyUnsubscribedAt", Kind::Text),
    ("globalUnsubscribeReason", Kind::Text),
    ("hardBouncedAt", Kind::Text),
    ("complainedAt", Kind::Text),
    ("subscriptions", Kind::List),
    ("tags", Kind::Tags),
    ("createdAt", Kind::Text),
    ("updatedAt", Kind::Text),
    ("address", Kind::Text),
    ("formerOwners", Kind::Texts),
];

/// The members that only an application's records have, and members of their objects (`object.member`).
const OTHERS: [(&str, Kind); 18] = [
    ("email", Kind::Text),
    ("audience", Kind::Text),
    ("client", Kind::Text),
    ("verified", Kind::Boolean),
    ("verified_at", Kind::Text),
    ("unsubscribed_at", Kind::Text),
    ("unsubscribe_reason", Kind::Text),
    ("email_validation", Kind::Object),
    ("email_validation.status", Kind::Word),
    ("email_validation.reason", Kind::Text),
    ("email_validation.validated_at", Kind::Text),
    ("suppression", Kind::Object),
    ("suppression.global_unsubscribed", Kind::Boolean),
    ("suppression.global_unsubscribed_at", Kind::Text),
    ("suppression.hard_bounced", Kind::Boolean),
    ("suppression.hard_bounced_at", Kind::Text),
    ("suppression.complained", Kind::Boolean),
    ("suppression.complained_at", Kind::Text),
];

/// All members.
fn all() -> impl Iterator<Item = (&'static str, Kind)> {
    EXPORTED.into_iter().chain(OTHERS)
}

/// A member that a column can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Member {
    name: &'static str,
    kind: Kind,
}

impl Member {
    /// The member with this name, without regard to case.
    pub(super) fn named(name: &str) -> Option<Self> {
        let (name, kind) = all().find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(Self { name, kind })
    }

    /// The member with the most similar name, if any name is similar.
    pub(super) fn like(name: &str) -> Option<&'static str> {
        let letters = |name: &str| -> String {
            let letters = name.chars().filter(|letter| letter.is_alphanumeric());
            letters.flat_map(char::to_lowercase).collect()
        };
        let name = letters(name);
        let likeness = |member: &str| strsim::jaro_winkler(&letters(member), &name);
        all()
            .map(|(member, _)| (member, likeness(member)))
            .filter(|(_, likeness)| *likeness > 0.88)
            .max_by(|(_, one), (_, other)| one.total_cmp(other))
            .map(|(member, _)| member)
    }

    pub(super) fn name(self) -> &'static str {
        self.name
    }

    /// Whether both members are the same, or one is a member of the other.
    pub(super) fn overlaps(self, other: Self) -> bool {
        let is_within = |outer: &str, inner: &str| {
            let rest = inner.strip_prefix(outer);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        is_within(self.name, other.name) || is_within(other.name, self.name)
    }

    /// The value of a cell; `None` if the cell is blank.
    ///
    /// # Errors
    /// When the cell is not a value of the member's type.
    pub(super) fn value(self, cell: &str) -> Result<Option<Value>, Fault> {
        let cell = cell.trim();
        if cell.is_empty() {
            return Ok(None);
        }
        let json: Option<Value> = cell
            .starts_with(['[', '{', '"'])
            .then(|| serde_json::from_str(cell).ok())
            .flatten();
        if let Some(value) = json.filter(|value| self.has_type_of(value)) {
            return Ok(Some(value));
        }
        let value = match self.kind {
            Kind::Text | Kind::Phone => Value::from(cell),
            Kind::Word => Value::from(cell.to_lowercase()),
            Kind::Boolean if cell.eq_ignore_ascii_case("true") => Value::Bool(true),
            Kind::Boolean if cell.eq_ignore_ascii_case("false") => Value::Bool(false),
            Kind::Boolean => return Err(Fault::new(self.name, "must be true or false")),
            Kind::Texts => texts(cell, false),
            Kind::Tags => texts(cell, true),
            Kind::List => return Err(Fault::new(self.name, "must be a list in JSON")),
            Kind::Object => return Err(Fault::new(self.name, "must be an object in JSON")),
        };
        Ok(Some(value))
    }

    /// Whether JSON in a cell is the member's value, and not a text that looks like JSON.
    fn has_type_of(self, value: &Value) -> bool {
        match self.kind {
            Kind::Text => value.is_string(),
            Kind::Phone => value.is_string() || value.is_array(),
            Kind::Texts | Kind::List => value.is_array(),
            Kind::Tags => value.is_array() || value.is_object(),
            Kind::Object => value.is_object(),
            Kind::Word | Kind::Boolean => false,
        }
    }

    /// Adds the member to those of a record.
    pub(super) fn insert(self, members: &mut Map<String, Value>, value: Value) {
        match self.name.split_once('.') {
            None => {
                members.insert(self.name.to_owned(), value);
            }
            Some((object, member)) => {
                let object = members.entry(object).or_insert_with(|| Map::new().into());
                // The columns cannot have both the object and a member of it, so the value here is an object.
                if let Some(object) = object.as_object_mut() {
                    object.insert(member.to_owned(), value);
                }
            }
        }
    }
}

/// The texts of a cell, each perhaps in quotation marks. Semicolons separate them. In a cell without semicolons, commas do if
/// `or_comma` is true.
fn texts(cell: &str, or_comma: bool) -> Value {
    let entries = split(cell, ';');
    let entries = match entries.len() {
        1 if or_comma => split(cell, ','),
        _ => entries,
    };
    let entries = entries.into_iter().map(|entry| {
        let entry = entry.trim();
        let quoted = entry
            .strip_prefix('"')
            .and_then(|rest| rest.strip_suffix('"'));
        quoted.map_or_else(
            || entry.to_owned(),
            |text| text.trim().replace("\"\"", "\""),
        )
    });
    entries
        .filter(|entry| !entry.is_empty())
        .map(Value::from)
        .collect()
}

/// The parts of a cell between separators outside of quotation marks. If the number of marks is odd, the marks do not count.
fn split(cell: &str, separator: char) -> Vec<&str> {
    let has_pairs = cell.matches('"').count().is_multiple_of(2);
    let mut is_quoted = false;
    let is_end = |letter| {
        is_quoted ^= letter == '"' && has_pairs;
        letter == separator && !is_quoted
    };
    cell.split(is_end).collect()
}

#[cfg(test)]
mod tests;
