//! The embedded database. It runs in the process, on a loopback port of its own.

use std::fs::{DirBuilder, File, TryLockError};
use std::net::Ipv4Addr;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use dynoxide::Database;
use dynoxide::actions::delete_table::DeleteTableRequest;
use rusqlite::Connection;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use url::Url;
use uuid::Uuid;

/// The time that requests in progress have after the engine is asked to stop.
const STOP_GRACE: Duration = Duration::from_secs(2);

/// The time that a request to `serve` may take: longer than in a deployment, because requests queue for one engine. API
/// Gateway would wait for 30 seconds.
pub const DEADLINE: Duration = Duration::from_secs(25);

/// The time that a change retries while other callers change the same contact.
pub const CONTENTION_BUDGET: Duration = Duration::from_secs(15);

/// The embedded engine. The real AWS SDK talks to it, as it talks to DynamoDB.
pub struct Engine {
    /// The URL on which the engine listens.
    pub url: Url,
    /// The records of its streams.
    pub(crate) stream_records: StreamRecords,
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), String>>,
    /// The lock on the folder, held while the engine runs: two processes must not write to one database file.
    _folder: Option<File>,
}

impl Engine {
    /// Starts an engine on 127.0.0.1:`port`, with its data in `folder` or in memory.
    ///
    /// # Errors
    /// When the folder is in use or cannot be used, or when the port is taken.
    pub async fn start(folder: Option<&Path>, port: u16) -> anyhow::Result<Self> {
        let (file, folder) = match folder {
            // SQLite's file system in memory: a second connection can open this file.
            None => (format!("file:/{}?vfs=memdb", Uuid::new_v4()), None),
            Some(folder) => {
                let (file, lock) =
                    lock(folder).with_context(|| format!("--data {}", folder.display()))?;
                (file, Some(lock))
            }
        };
        let database = Database::new(&file)
            .map_err(|error| anyhow!("the embedded database cannot be opened: {error}"))?;
        let connection = Connection::open(&file)
            .context("the file of the embedded database cannot be opened")?;
        delete_unfinished_tables(&database, &connection)
            .context("a half-created table of the embedded database cannot be deleted")?;
        let stream_records = StreamRecords::open(connection)
            .context("the stream of the embedded database cannot be opened")?;
        let listener = listen(port).await?;
        let url = Url::parse(&format!("http://{}", listener.local_addr()?))?;
        let (stop, stopped) = oneshot::channel();
        let running = tokio::spawn(dynoxide::server::serve_with_shutdown(
            listener,
            database,
            async {
                let _ = stopped.await;
            },
        ));
        Ok(Self {
            url,
            stream_records,
            stop,
            running,
            _folder: folder,
        })
    }

    /// Stops the engine when the requests in progress are answered, or after a grace period. In both cases, every answered
    /// write is on disk.
    ///
    /// # Errors
    /// When the engine has already failed.
    pub async fn stop(self) -> anyhow::Result<()> {
        // The engine may have ended already. Its result below has the reason.
        let _ = self.stop.send(());
        let mut running = self.running;
        if let Ok(ended) = tokio::time::timeout(STOP_GRACE, &mut running).await {
            ended?.map_err(|error| anyhow!("the embedded database: {error}"))
        } else {
            // A client that sends half a request would keep the engine running for ever.
            running.abort();
            Ok(())
        }
    }
}

/// Listens on 127.0.0.1.
///
/// # Errors
/// When the port is taken.
pub async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .await
        .with_context(|| {
            format!(
                "cannot listen on 127.0.0.1:{port} (choose another port with --port; 0 picks a free port)"
            )
        })
}

/// Locks a folder, and returns the name of the database's file in it.
fn lock(folder: &Path) -> anyhow::Result<(String, File)> {
    // Contacts are personal data, so only the owner has access to a new folder. An existing folder keeps its permissions.
    let mut builder = DirBuilder::new();
    let made = builder.recursive(true).mode(0o700).create(folder);
    made.context("the folder cannot be created")?;
    let lock = File::create(folder.join("lock")).context("the folder cannot be written to")?;
    match lock.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => bail!("the folder is in use by another process"),
        Err(TryLockError::Error(error)) => {
            return Err(error).context("the folder cannot be locked");
        }
    }
    let file = folder.join("contacts.sqlite");
    let file = file
        .to_str()
        .context("the folder's name is not Unicode text")?;
    Ok((file.to_owned(), lock))
}

/// The tables without all of their secondary indexes.
const UNFINISHED_TABLES: &str = "
    SELECT DISTINCT table_name FROM _tables, json_each(gsi_definitions) AS definition
    WHERE table_name || '::gsi::' || (definition.value ->> 'IndexName') || '::base_key'
        NOT IN (SELECT name FROM sqlite_master)";

/// Deletes the tables whose creation a kill interrupted. The engine creates a table in several transactions, and the indexes
/// are the last of them that a write needs. So such a table refuses every write, and has no data.
fn delete_unfinished_tables(database: &Database, connection: &Connection) -> anyhow::Result<()> {
    let mut query = connection.prepare(UNFINISHED_TABLES)?;
    let names = query.query_map((), |row| row.get(0))?;
    for table_name in names.collect::<Result<Vec<String>, _>>()? {
        database.delete_table(DeleteTableRequest { table_name })?;
    }
    Ok(())
}

/// The records of the engine's streams, through a second connection to its database. The engine never deletes a record, and
/// searches all records at each write. So the reader of a stream deletes the records that it no longer needs.
#[derive(Clone)]
pub(crate) struct StreamRecords(Arc<Mutex<Connection>>);

/// The difference between a sequence number in the engine's API and the stored number.
const FIRST_SEQUENCE_NUMBER: u128 = 100_000_000_000_000_000_000;

impl StreamRecords {
    fn open(connection: Connection) -> anyhow::Result<Self> {
        connection.execute_batch(
            "CREATE INDEX IF NOT EXISTS contacts_stream_records
             ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
        )?;
        Ok(Self(Arc::new(Mutex::new(connection))))
    }

    /// Deletes a table's records up to this one, which are no longer needed.
    ///
    /// # Errors
    /// When the database refuses, or the number is not a sequence number of the engine.
    pub(crate) fn delete(&self, table: &str, last: &str) -> anyhow::Result<()> {
        let number: u128 = last.parse()?;
        let number = number.checked_sub(FIRST_SEQUENCE_NUMBER);
        let number = i64::try_from(number.context("an unknown sequence number")?)?;
        let connection = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        connection.execute(
            "DELETE FROM _stream_records WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) <= ?2",
            (table, number),
        )?;
        Ok(())
    }
}
