//! Records as rows of a CSV file (RFC 4180): one column for each member.
//!
//! A cell holds a text unchanged, and a list or an object as JSON. A text that is blank or begins with a quotation mark is
//! written as JSON too: a reader would take it for nothing or for JSON.

use serde::Serialize;
use serde_json::Value;

/// The columns of an export, in their order.
pub(crate) const COLUMNS: [&str; 30] = [
    "organization",
    "audiences",
    "clients",
    "id",
    "firstName",
    "lastName",
    "phoneNumber",
    "emails",
    "secondaryPhoneNumber",
    "status",
    "pipelineId",
    "pipelineStage",
    "userId",
    "createdBy",
    "assignees",
    "verifiedAt",
    "verifiedBy",
    "verificationSource",
    "clearedAt",
    "emailValidation",
    "globallyUnsubscribedAt",
    "globalUnsubscribeReason",
    "hardBouncedAt",
    "complainedAt",
    "subscriptions",
    "tags",
    "createdAt",
    "updatedAt",
    "address",
    "formerOwners",
];

/// The header row.
pub(super) fn header() -> anyhow::Result<Vec<u8>> {
    written(COLUMNS.map(str::to_owned))
}

/// The row of a record.
pub(super) fn row(record: &impl Serialize) -> anyhow::Result<Vec<u8>> {
    let mut members = serde_json::to_value(record)?;
    written(COLUMNS.map(|column| cell(members[column].take())))
}

fn written(cells: impl IntoIterator<Item = String>) -> anyhow::Result<Vec<u8>> {
    let mut writer = csv::WriterBuilder::new()
        .terminator(csv::Terminator::CRLF)
        .from_writer(Vec::new());
    writer.write_record(cells)?;
    Ok(writer
        .into_inner()
        .map_err(csv::IntoInnerError::into_error)?)
}

fn cell(value: Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) if !text.trim().is_empty() && !text.starts_with('"') => text,
        value => value.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_a_cell_and_everything_else_is_json() {
        let record = serde_json::json!({
            "id": "c_1", "firstName": "", "lastName": "\"O\", Neil\r\n", "assignees": ["a", "b"], "status": "New, Lead",
        });
        let row = row(&record).unwrap();
        assert_eq!(
            std::str::from_utf8(&row).unwrap(),
            ",,,c_1,\"\"\"\"\"\",\"\"\"\\\"\"O\\\"\", Neil\\r\\n\"\"\",,,,\"New, Lead\",,,,,\"[\"\"a\"\",\"\"b\"\"]\"\
             ,,,,,,,,,,,,,,,\r\n"
        );
    }
}
