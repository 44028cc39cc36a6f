use serde_json::json;

use super::*;
use crate::exit::is_usage;

fn options(maps: &[&str], sets: &[&str], ignore_unknown: bool) -> ColumnOptions {
    ColumnOptions {
        maps: maps
            .iter()
            .map(|map| ColumnMap::parse(map).unwrap())
            .collect(),
        sets: sets
            .iter()
            .map(|set| SetMember::parse(set).unwrap())
            .collect(),
        ignore_unknown,
        conditions: Vec::new(),
    }
}

fn columns(names: &[&str], options: &ColumnOptions) -> anyhow::Result<Columns> {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    Columns::new(&names, options)
}

fn error(names: &[&str], options: &ColumnOptions) -> (String, bool) {
    let error = columns(names, options).unwrap_err();
    (error.to_string(), is_usage(&error))
}

fn members(columns: &Columns, cells: &[&'static str]) -> Result<Value, String> {
    let members = columns.members(cells.len(), |place| Ok(cells[place]));
    members
        .map(Value::Object)
        .map_err(|fault| format!("{} {}", fault.field, fault.reason))
}

#[test]
fn one_error_names_all_unknown_columns_each_with_the_most_similar_member() {
    let hint =
        "--map \"COLUMN=member\" names the member of a column, --ignore-unknown-columns leaves";
    for (names, expected) in [
        (
            &["id", "fristName"][..],
            format!(
                "column \"fristName\" (did you mean firstName?) is unknown: {hint} the column out"
            ),
        ),
        (
            &["email", "First Name", "LEID"],
            format!(
                "columns \"First Name\" (did you mean firstName?), \"LEID\" are unknown: {hint} columns out"
            ),
        ),
        (
            &["Straße", "email", "Notes"],
            format!("columns \"Straße\", \"Notes\" are unknown: {hint} columns out"),
        ),
        (
            &["Jane", "jane@example.com"],
            "columns 1, 2 are unknown: the first row must hold the names of the columns".to_owned(),
        ),
        (
            &["id", "+14165550100"],
            "column 2 is unknown: the first row must hold the names of the columns".to_owned(),
        ),
    ] {
        assert_eq!(error(names, &ColumnOptions::default()), (expected, false));
    }
    // The whole row is one name.
    for name in ["email|firstName", "email;audience;client", "fristName"] {
        let (error, _) = error(&[name], &ColumnOptions::default());
        assert!(
            error.ends_with("; --delimiter names the character between the cells"),
            "{error}"
        );
    }
    let ignoring = options(&[], &[], true);
    let (nothing, _) = error(&["Email Address", "Notes"], &ignoring);
    assert!(nothing.starts_with("no column names a member"), "{nothing}");
    let columns = columns(&["LEID", "id", "", "Notes"], &ignoring).unwrap();
    assert_eq!(
        members(&columns, &["1", "a", "x", "y"]),
        Ok(json!({ "id": "a" }))
    );
    // The row has values, but none in an imported column.
    assert_eq!(
        members(&columns, &["1", "", "x", "y"]),
        Err("record has no value in a column that is imported".to_owned())
    );
    assert_eq!(members(&columns, &["", " ", "", ""]), Ok(json!({})));
}

#[test]
fn a_map_finds_its_column_and_its_member_in_any_case() {
    let maps = [
        "email ADDRESS=email",
        "Status=",
        "a=b=FirstName",
        "Bounced=suppression.hard_bounced",
    ];
    let columns = columns(
        &["Email Address", "STATUS", "A=B", "bounced", "tags"],
        &options(&maps, &["audience=n", "suppression.complained=TRUE"], false),
    );
    assert_eq!(
        members(&columns.unwrap(), &["x@b.ca", "enabled", "Jo", "true", ""]),
        Ok(json!({
            "email": "x@b.ca", "firstName": "Jo", "audience": "n", "suppression": { "hard_bounced": true, "complained": true }
        }))
    );
}

#[test]
fn an_option_that_does_not_fit_the_columns_is_a_mistake_in_the_command() {
    for (names, maps, sets, expected) in [
        (
            &["id"][..],
            &["Email=email"][..],
            &[][..],
            "--map: the file has no column \"Email\"",
        ),
        (
            &["x", "X"],
            &["x=id"],
            &[],
            "--map: the file has column \"x\" 2 times",
        ),
        (
            &["x"],
            &["x=id", "X=email"],
            &[],
            "--map names column \"X\" twice",
        ),
        (
            &["x", "y"],
            &["x=id", "y=id"],
            &[],
            "columns \"x\" and \"y\" are both id; --map \"COLUMN=\" leaves a column out",
        ),
        (
            &["id", "y"],
            &["y=id"],
            &[],
            "columns \"id\" and \"y\" are both id; --map \"COLUMN=\" leaves a column out",
        ),
        (
            &["suppression", "y"],
            &["y=suppression.complained"],
            &[],
            "columns \"suppression\" and \"y\" are both suppression.complained; --map \"COLUMN=\" leaves a column out",
        ),
        (
            &["id", "Status"],
            &[],
            &["status=subscribed"],
            "--set status: column \"Status\" has this member already; --map \"Status=\" leaves the column out",
        ),
        (
            &["id"],
            &[],
            &["status=a", "STATUS=b"],
            "--set names status twice",
        ),
        (
            &["id"],
            &[],
            &["suppression={}", "suppression.complained=true"],
            "--set names suppression.complained twice",
        ),
        (
            &["y"],
            &["y=verified_at"],
            &["verified=true"],
            "--set verified: the rows without a time in column \"y\" would be verified now; omit the option, since a time \
             alone verifies",
        ),
        (
            &["y"],
            &["y=suppression.complained"],
            &["suppression={\"hard_bounced\":true}"],
            "--set suppression: column \"y\" has this member already; --map \"y=\" leaves the column out",
        ),
    ] {
        assert_eq!(
            error(names, &options(maps, sets, false)),
            (expected.to_owned(), true)
        );
    }
}

#[test]
fn an_option_is_checked_before_any_file_is_read() {
    for (text, expected) in [
        ("email", "must be COLUMN=member"),
        ("=email", "must be COLUMN=member, with the name of a column"),
        (
            "Mail=emial",
            "there is no member \"emial\"; did you mean email?",
        ),
        (
            "Mail=xyz",
            "there is no member \"xyz\"; docs/import-export.md lists all members",
        ),
        (
            "Mail=email.value",
            "there is no member \"email.value\"; did you mean email?",
        ),
    ] {
        assert_eq!(ColumnMap::parse(text).unwrap_err(), expected);
    }
    for (text, expected) in [
        ("status", "must be member=value"),
        ("status=", "must be member=value, with a value"),
        (
            "statsu=x",
            "there is no member \"statsu\"; did you mean status?",
        ),
        (
            "organization=org_a",
            "organization is not a member of a contact",
        ),
        ("verified=yes", "verified must be true or false"),
        ("suppression=true", "suppression must be an object in JSON"),
    ] {
        assert_eq!(SetMember::parse(text).unwrap_err(), expected);
    }
}

#[test]
fn a_row_may_have_more_blank_cells_than_columns_and_no_other_number_of_cells() {
    let plain = columns(&["id", "email"], &ColumnOptions::default()).unwrap();
    let nameless = columns(&["id", "email", "", ""], &ColumnOptions::default()).unwrap();
    let ignored = columns(&["id", "email", "", "Notes", ""], &options(&[], &[], true)).unwrap();
    let jane = Ok(json!({ "id": "a", "email": "b" }));
    for (columns, cells, expected) in [
        (&plain, &["a", "b"][..], jane.clone()),
        (&plain, &["a", "b", "", " \u{a0}"], jane.clone()),
        (&plain, &["", " "], Ok(json!({}))),
        (&plain, &[" "], Ok(json!({}))),
        (
            &plain,
            &["a"],
            Err("record has 1 cells, but the header row has 2".to_owned()),
        ),
        (
            &plain,
            &["a", "b", "", "c"],
            Err("record has 4 cells, but the header row has 2".to_owned()),
        ),
        (&nameless, &["a", "b", "", ""], jane.clone()),
        (&nameless, &["a", "b"], jane.clone()),
        (&ignored, &["a", "b", "x", "y", "z"], jane.clone()),
        (&ignored, &["a", "b", "", ""], jane.clone()),
        (&nameless, &["a", "b", "", "", ""], jane),
        (
            &nameless,
            &["a", "b", "c", ""],
            Err("record has a cell in column 3, which has no name".to_owned()),
        ),
    ] {
        assert_eq!(members(columns, cells), expected, "{cells:?}");
    }
}

#[test]
fn a_set_member_goes_to_contacts_only_and_to_no_blank_row() {
    let columns = columns(
        &["organization", "id", "address"],
        &options(&[], &["tags={\"n\":[\"x\"]}"], false),
    )
    .unwrap();
    for (cells, expected) in [
        (["", "a", ""], json!({ "id": "a", "tags": { "n": ["x"] } })),
        (["", "", ""], json!({})),
        (["o", "", ""], json!({ "organization": "o" })),
        (["", "", "a@b.ca"], json!({ "address": "a@b.ca" })),
    ] {
        assert_eq!(members(&columns, &cells), Ok(expected));
    }
}

#[test]
fn the_case_of_a_status_counts_only_in_records_of_the_crm() {
    let all = columns(
        &["id", "email", "audience", "status"],
        &ColumnOptions::default(),
    )
    .unwrap();
    for cell in [
        "subscribed ",
        "Subscribed",
        "SUBSCRIBED",
        "\u{a0}subscribed",
        "sUBSCRIBED\t",
    ] {
        let row = members(&all, &["", "a@b.ca", "n", cell]).unwrap();
        assert_eq!(row["status"], "subscribed", "{cell:?}");
    }
    let row = members(&all, &["a", "", "", " New Lead "]).unwrap();
    assert_eq!(row["status"], "New Lead");
}

#[test]
fn a_row_that_does_not_meet_the_conditions_has_no_members() {
    let mut options = options(&["state="], &["audience=n"], false);
    options.conditions = vec![RowCondition::parse("STATE=in").unwrap()];
    let columns = columns(&["id", "state"], &options).unwrap();
    let expected = Ok(json!({ "id": "a", "audience": "n" }));
    assert_eq!(members(&columns, &["a", " In "]), expected);
    assert_eq!(members(&columns, &["a", "out"]), Ok(json!({})));
    assert_eq!(
        members(&columns, &["a"]),
        Err("record has 1 cells, but the header row has 2".to_owned())
    );
}
