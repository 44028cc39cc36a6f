//! The columns of a CSV file, each with its member.

use std::fmt;

use anyhow::{anyhow, bail};
use serde_json::{Map, Value};

use super::condition::{Conditions, RowCondition};
use super::header::is_same;
use super::member::Member;
use crate::contact_file::fault::Fault;
use crate::exit::usage;

/// The member of a column (`--map`).
#[derive(Debug, Clone)]
pub struct ColumnMap {
    column: String,
    /// `None` leaves the column out.
    member: Option<Member>,
}

impl ColumnMap {
    /// Reads `COLUMN=member`, or `COLUMN=` to leave the column out.
    ///
    /// # Errors
    /// When the text has another form, or there is no such member.
    pub fn parse(text: &str) -> Result<Self, String> {
        // The name of a column may have the sign in it; the name of a member never has.
        let Some((column, member)) = text.rsplit_once('=') else {
            return Err("must be COLUMN=member".to_owned());
        };
        let member = match member.trim() {
            "" => None,
            member => Some(known(member)?),
        };
        let column = column.trim().to_owned();
        if column.is_empty() {
            return Err("must be COLUMN=member, with the name of a column".to_owned());
        }
        Ok(Self { column, member })
    }
}

/// A member that has the same value in all rows (`--set`).
#[derive(Debug, Clone)]
pub struct SetMember {
    member: Member,
    value: Value,
}

impl SetMember {
    /// Reads `member=value`. The value is written as in a cell.
    ///
    /// # Errors
    /// When the text has another form, there is no such member, or the value does not fit the member.
    pub fn parse(text: &str) -> Result<Self, String> {
        let Some((member, value)) = text.split_once('=') else {
            return Err("must be member=value".to_owned());
        };
        let member = known(member.trim())?;
        if matches!(
            member.name(),
            "organization" | "address" | "audiences" | "clients"
        ) {
            return Err(format!("{} is not a member of a contact", member.name()));
        }
        match member.value(value) {
            Ok(Some(value)) => Ok(Self { member, value }),
            Ok(None) => Err("must be member=value, with a value".to_owned()),
            Err(fault) => Err(format!("{} {}", fault.field, fault.reason)),
        }
    }
}

fn known(name: &str) -> Result<Member, String> {
    Member::named(name).ok_or_else(|| match Member::like(name) {
        Some(member) => format!("there is no member {name:?}; did you mean {member}?"),
        None => format!("there is no member {name:?}; docs/import-export.md lists all members"),
    })
}

/// The options for the columns of a file.
#[derive(Debug, Clone, Default)]
pub struct ColumnOptions {
    /// The members of columns that do not have the member's name.
    pub maps: Vec<ColumnMap>,
    /// The members that have the same value in all rows.
    pub sets: Vec<SetMember>,
    /// Whether unknown columns are left out. By default they are an error.
    pub ignore_unknown: bool,
    /// The conditions that a row must meet to be imported.
    pub conditions: Vec<RowCondition>,
}

impl ColumnOptions {
    /// Whether any option is given. These options are for CSV files only.
    pub(super) fn is_given(&self) -> bool {
        let has_lists =
            !self.maps.is_empty() || !self.sets.is_empty() || !self.conditions.is_empty();
        has_lists || self.ignore_unknown
    }
}

/// The use of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Member(Member),
    Ignored,
    /// A column at the end without a name. Its cells must be blank.
    Nameless,
}

/// The columns of a file.
#[derive(Debug)]
pub(super) struct Columns {
    all: Vec<Column>,
    /// The number of columns up to the last one with a name. Each row has at least so many cells.
    required: usize,
    sets: Vec<SetMember>,
    conditions: Conditions,
}

impl Columns {
    /// The columns with these names.
    ///
    /// # Errors
    /// When a name is missing or unknown, when two columns have the same member, or when an option does not fit the columns.
    pub(super) fn new(names: &[String], options: &ColumnOptions) -> anyhow::Result<Self> {
        check_maps(names, &options.maps)?;
        check_sets_differ(&options.sets)?;
        let last = names.iter().rposition(|name| !name.is_empty());
        let required = last.map_or(0, |last| last + 1);
        let mut columns: Vec<Column> = Vec::with_capacity(names.len());
        let mut unknown = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let map = options.maps.iter().find(|map| is_same(&map.column, name));
            let column = match (map, Member::named(name)) {
                (Some(map), _) => map.member.map_or(Column::Ignored, Column::Member),
                (None, Some(member)) => Column::Member(member),
                (None, None) if options.ignore_unknown => Column::Ignored,
                (None, None) if place >= required => Column::Nameless,
                (None, None) => {
                    unknown.push(place);
                    Column::Ignored
                }
            };
            if let Column::Member(member) = column {
                let earlier = columns.iter().position(
                    |earlier| matches!(earlier, Column::Member(other) if other.overlaps(member)),
                );
                if let Some(earlier) = earlier {
                    return Err(given_twice(member, &names[earlier], name));
                }
                check_sets(&options.sets, member, name)?;
            }
            columns.push(column);
        }
        if !unknown.is_empty() {
            let places = &unknown;
            bail!(Unknown { names, places }.to_string());
        }
        let is_member = |column: &Column| matches!(column, Column::Member(_));
        if !columns.iter().any(is_member) {
            bail!(
                "no column names a member: the first row must hold the names of the columns, and --map \"COLUMN=member\" \
                 names the member of a column"
            );
        }
        Ok(Self {
            all: columns,
            required,
            sets: options.sets.clone(),
            conditions: Conditions::new(names, &options.conditions)?,
        })
    }

    /// The number of columns.
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// The members of a row with so many cells. A blank row has no members, nor has a row that does not meet the conditions.
    ///
    /// # Errors
    /// The first fault of the row.
    pub(super) fn members<'c>(
        &self,
        count: usize,
        cell: impl Fn(usize) -> Result<&'c str, String>,
    ) -> Result<Map<String, Value>, Fault> {
        let is_blank = |place| cell(place).is_ok_and(|cell| cell.trim().is_empty());
        if (0..count).all(is_blank) {
            return Ok(Map::new());
        }
        if count < self.required || (self.all.len()..count).any(|place| !is_blank(place)) {
            return Err(Fault::of_record(format!(
                "has {count} cells, but the header row has {}",
                self.all.len()
            )));
        }
        // A blank cell at the end may be missing.
        let found = |place| if place < count { cell(place) } else { Ok("") };
        if !self.conditions.hold(found).map_err(Fault::of_record)? {
            return Ok(Map::new());
        }
        let mut members = Map::new();
        for (place, column) in self.all.iter().enumerate().take(count) {
            match column {
                Column::Ignored => {}
                Column::Nameless if is_blank(place) => {}
                Column::Nameless => {
                    let place = place + 1;
                    let why = format!("has a cell in column {place}, which has no name");
                    return Err(Fault::of_record(why));
                }
                Column::Member(member) => {
                    let cell = cell(place).map_err(|why| Fault::new(member.name(), why))?;
                    if let Some(value) = member.value(cell)? {
                        member.insert(&mut members, value);
                    }
                }
            }
        }
        if members.is_empty() {
            return Err(Fault::of_record(
                "has no value in a column that is imported",
            ));
        }
        self.complete(&mut members);
        Ok(members)
    }

    /// Adds the members of `--set`, and lower-cases the status of an application's record.
    fn complete(&self, members: &mut Map<String, Value>) {
        // Neither the organization of an export nor an address that nobody owns is a contact.
        let is_contact = !members.contains_key("organization") && !members.contains_key("address");
        if !is_contact {
            return;
        }
        for set in &self.sets {
            set.member.insert(members, set.value.clone());
        }
        // The status of a contact is a text of the CRM, so its case stays.
        let is_of_application = members.contains_key("audience") || members.contains_key("client");
        if let Some(Value::String(status)) = members.get_mut("status").filter(|_| is_of_application)
        {
            *status = status.to_lowercase();
        }
    }
}

fn check_maps(names: &[String], maps: &[ColumnMap]) -> anyhow::Result<()> {
    for (place, map) in maps.iter().enumerate() {
        let column = &map.column;
        let of_column = names.iter().filter(|name| is_same(column, name)).count();
        if of_column == 0 {
            return Err(usage(format!("--map: the file has no column {column:?}")));
        }
        if of_column > 1 && map.member.is_some() {
            return Err(usage(format!(
                "--map: the file has column {column:?} {of_column} times"
            )));
        }
        if maps[..place]
            .iter()
            .any(|earlier| is_same(&earlier.column, column))
        {
            return Err(usage(format!("--map names column {column:?} twice")));
        }
    }
    Ok(())
}

fn check_sets_differ(sets: &[SetMember]) -> anyhow::Result<()> {
    for (place, set) in sets.iter().enumerate() {
        let mut earlier = sets[..place].iter();
        if earlier.any(|earlier| earlier.member.overlaps(set.member)) {
            let set = set.member.name();
            return Err(usage(format!("--set names {set} twice")));
        }
    }
    Ok(())
}

/// Refuses a `--set` that contradicts the column with this member.
fn check_sets(sets: &[SetMember], member: Member, column: &str) -> anyhow::Result<()> {
    for set in sets.iter().map(|set| set.member) {
        let name = set.name();
        if set.overlaps(member) {
            return Err(usage(format!(
                "--set {name}: column {column:?} has this member already; --map \"{column}=\" leaves the column out"
            )));
        }
        if (name, member.name()) == ("verified", "verified_at") {
            return Err(usage(format!(
                "--set verified: the rows without a time in column {column:?} would be verified now; omit the option, since a \
                 time alone verifies"
            )));
        }
    }
    Ok(())
}

fn given_twice(member: Member, earlier: &str, name: &str) -> anyhow::Error {
    if is_same(earlier, name) {
        return anyhow!(
            "the file has column {name:?} more than once; --map \"{name}=\" leaves all of them out"
        );
    }
    let member = member.name();
    let mistake = format!(
        "columns {earlier:?} and {name:?} are both {member}; --map \"COLUMN=\" leaves a column out"
    );
    usage(mistake)
}

/// The error for unknown columns.
struct Unknown<'n> {
    names: &'n [String],
    places: &'n [usize],
}

impl Unknown<'_> {
    /// Whether the row has the names of columns. Any other row may hold personal data, and the error must not show it.
    fn are_names(&self) -> bool {
        let is_data = |name: &String| {
            let digits = name.bytes().filter(u8::is_ascii_digit).count();
            name.contains('@') || digits > 4 || name.chars().count() > 60
        };
        !self.names.iter().any(is_data)
    }
}

impl fmt::Display for Unknown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = || self.places.iter().map(|place| (place + 1).to_string());
        let plural = |one: &'static str, several: &'static str| {
            if self.places.len() == 1 { one } else { several }
        };
        // If the import has found a wrong delimiter, the whole row is one name.
        let delimiter = match self.names {
            [_] => "; --delimiter names the character between the cells",
            _ => "",
        };
        if !self.are_names() {
            let columns = places().collect::<Vec<_>>().join(", ");
            let (columns_are, are) = (plural("column", "columns"), plural("is", "are"));
            return write!(
                f,
                "{columns_are} {columns} {are} unknown: the first row must hold the names of the columns{delimiter}"
            );
        }
        if let Some(place) = self
            .places
            .iter()
            .find(|place| self.names[**place].is_empty())
        {
            return write!(
                f,
                "column {} has no name; --ignore-unknown-columns leaves it out",
                place + 1
            );
        }
        let names = self.places.iter().map(|place| {
            let name = &self.names[*place];
            match Member::like(name) {
                Some(member) => format!("{name:?} (did you mean {member}?)"),
                None => format!("{name:?}"),
            }
        });
        let names = names.collect::<Vec<_>>().join(", ");
        let (columns, are) = (plural("column", "columns"), plural("is", "are"));
        let them = plural("the column", "columns");
        write!(
            f,
            "{columns} {names} {are} unknown: --map \"COLUMN=member\" names the member of a column, \
             --ignore-unknown-columns leaves {them} out{delimiter}"
        )
    }
}

#[cfg(test)]
mod tests;
