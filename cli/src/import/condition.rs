//! The conditions on the rows of a CSV file (`--where`).

use super::header::is_same;
use crate::exit::usage;

/// A condition on the rows of a file. Letter case and white space around the cells do not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowCondition {
    column: String,
    value: String,
    /// Whether the cell must have the value. If false, it must have another value.
    is_equal: bool,
}

impl RowCondition {
    /// Reads `COLUMN=value` or `COLUMN!=value`. A blank value means a blank cell.
    ///
    /// # Errors
    /// When the text has another form.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = || "must be COLUMN=value or COLUMN!=value".to_owned();
        let (column, value) = text.rsplit_once('=').ok_or_else(form)?;
        let (column, is_equal) = match column.strip_suffix('!') {
            Some(column) => (column, false),
            None => (column, true),
        };
        if column.trim().is_empty() {
            return Err(form());
        }
        Ok(Self {
            column: column.trim().to_owned(),
            value: value.trim().to_owned(),
            is_equal,
        })
    }
}

/// The conditions on the rows of a file, with the places of their columns.
#[derive(Debug)]
pub(super) struct Conditions(Vec<(RowCondition, Vec<usize>)>);

impl Conditions {
    /// The conditions on rows with these columns.
    ///
    /// # Errors
    /// When the file lacks a column of a condition.
    pub(super) fn new(names: &[String], conditions: &[RowCondition]) -> anyhow::Result<Self> {
        let places = |condition: &RowCondition| {
            let places = names.iter().enumerate();
            let places = places.filter(|(_, name)| is_same(name, &condition.column));
            let places: Vec<_> = places.map(|(place, _)| place).collect();
            if places.is_empty() {
                let column = &condition.column;
                return Err(usage(format!("--where: the file has no column {column:?}")));
            }
            Ok((condition.clone(), places))
        };
        conditions
            .iter()
            .map(places)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// Whether a row meets all conditions. Files of `HubSpot` have several columns with one name: the first of their cells that
    /// is not blank counts.
    ///
    /// # Errors
    /// The reason why a cell cannot be read.
    pub(super) fn hold<'c>(
        &self,
        cell: impl Fn(usize) -> Result<&'c str, String>,
    ) -> Result<bool, String> {
        for (condition, places) in &self.0 {
            let mut found = "";
            for place in places {
                found = match found {
                    "" => cell(*place)?.trim(),
                    found => found,
                };
            }
            if is_same(found, &condition.value) != condition.is_equal {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(conditions: &[&str], cells: [&'static str; 3]) -> bool {
        let names = ["Status", "Reason", "reason"].map(str::to_owned);
        let conditions = conditions
            .iter()
            .map(|text| RowCondition::parse(text).unwrap());
        let conditions: Vec<_> = conditions.collect();
        let conditions = Conditions::new(&names, &conditions).unwrap();
        conditions.hold(|place| Ok(cells[place])).unwrap()
    }

    #[test]
    fn a_row_is_imported_if_all_conditions_hold() {
        for (conditions, cells, expected) in [
            (&[][..], ["", "", ""], true),
            (&["status=Active"], [" ACTIVE\u{a0}", "", ""], true),
            (&["status= active "], ["active", "", ""], true),
            (&["status=active"], ["inactive", "", ""], false),
            (&["status=active"], ["", "", ""], false),
            (&["status!=active"], ["", "", ""], true),
            (&["status!=active"], ["Active", "", ""], false),
            (&["status="], [" ", "", ""], true),
            (&["status="], ["x", "", ""], false),
            (&["status!="], ["x", "", ""], true),
            (&["status!="], ["\u{a0}", "", ""], false),
            (&["reason!="], ["", "", "x"], true),
            (&["reason=x"], ["", "y", "x"], false),
            (&["status=a", "reason=b"], ["a", "b", ""], true),
            (&["status=a", "reason=b"], ["a", "c", ""], false),
        ] {
            assert_eq!(
                selected(conditions, cells),
                expected,
                "{conditions:?} {cells:?}"
            );
        }
    }

    #[test]
    fn a_condition_names_a_column_of_the_file() {
        for text in ["", "status", "=x", "!=x"] {
            let error = RowCondition::parse(text).unwrap_err();
            assert_eq!(error, "must be COLUMN=value or COLUMN!=value", "{text:?}");
        }
        let condition = RowCondition::parse("a=b=c").unwrap();
        assert_eq!(
            (condition.column.as_str(), condition.value.as_str()),
            ("a=b", "c")
        );
        let error = Conditions::new(&["x".to_owned()], &[condition]).unwrap_err();
        assert_eq!(error.to_string(), "--where: the file has no column \"a=b\"");
    }
}
