//! This test starts `contacts serve` on every state that a kill can leave while the engine creates the table.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension};
use serde_json::json;

use crate::common::Folder;
use crate::process::Data;
use crate::table::Table;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_table_that_a_kill_left_half_created_is_created_again() {
    let folder = Folder::new();
    let contact = json!({ "id": "c_1", "emails": [{ "value": "a@example.com" }] });
    let seed = json!({ "organizations": [{ "id": "org_x", "contacts": [contact] }] });
    let seed = folder.file("seed.json", &seed.to_string());
    let mut data = Data::new(&folder.0.join("data"), &seed);
    let mut undone = 0;
    loop {
        let running = data.start(&["--database-only"]);
        let table = Table::read(&running.url).await;
        table.assert_whole();
        assert_eq!(table.contacts().len(), 1, "without the last {undone} steps");
        data.kill(running);
        undone += 1;
        if !undo(&folder.0.join("data"), undone) {
            break;
        }
    }
    // The steps are the table, two indexes of it, an index of each of these, and the stream.
    assert_eq!(undone, 6 + 1);
}

/// Undoes the last steps of the table's creation. Returns whether there were so many.
fn undo(folder: &Path, steps: u32) -> bool {
    let database = Connection::open(folder.join("contacts.sqlite")).unwrap();
    let off = "UPDATE _tables SET stream_enabled = 0";
    assert_eq!(database.execute(off, ()).unwrap(), 1);
    (1..steps).all(|_| {
        let last = "SELECT format('DROP %s \"%w\"', type, name) FROM sqlite_master
            WHERE tbl_name GLOB 'contacts*' AND sql IS NOT NULL ORDER BY rowid DESC LIMIT 1";
        let drop: Option<String> = database
            .query_row(last, (), |row| row.get(0))
            .optional()
            .unwrap();
        drop.map(|drop| database.execute(&drop, ()).unwrap())
            .is_some()
    })
}
