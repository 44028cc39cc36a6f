//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use encoding_rs::Encoding;
use shared::domain::{AudienceSlug, ClientSlug, ContactId, OrganizationId};
use shared::settings::table_name;
use url::Url;

use crate::api_url::ApiUrl;
use crate::exit;
use crate::import::columns::{ColumnMap, SetMember};
use crate::import::condition::RowCondition;
use crate::import::{header, text};
use crate::serve::cors::AllowedOrigin;

/// Run the Contact Verification API on this machine, load, import and export contacts, and check a deployed API.
#[derive(Debug, Parser)]
#[command(name = "contacts", version, after_help = exit::HELP)]
pub struct Arguments {
    /// The subcommand.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every endpoint on this machine, with the database inside the process.
    ///
    /// `/` is a start page. `/docs` is the API reference, where you can try each call.
    ///
    /// The settings of a deployed function (`TABLE_NAME`, `JWT_KEYS`, `JWT_ISSUER`, ...) have development defaults.
    /// Environment variables override them.
    #[command(after_help = exit::SERVE_HELP)]
    Serve(ServeArguments),
    /// Print a development token and nothing else, or explain a token. Deployed functions refuse development tokens.
    ///
    /// The settings are those of `contacts serve`: environment variables such as `JWT_ISSUER` override the development
    /// defaults.
    #[command(after_help = exit::TOKEN_HELP)]
    Token(TokenArguments),
    /// Register audiences and clients in an organization. The command removes none.
    ///
    /// The command creates a missing table on this machine; anywhere else the table must exist.
    #[command(after_help = exit::COMMAND_HELP)]
    Provision(ProvisionArguments),
    /// Print the audiences and clients of an organization and, with --contact, one contact, in the format of `contacts export`.
    #[command(after_help = exit::SHOW_HELP)]
    Show(ShowArguments),
    /// Import contacts from a file: CSV with a header row, or JSON Lines. The file may be an export or written by hand.
    ///
    /// The import finds a contact by its id, or without an id by its e-mail addresses. Omitted members keep their value,
    /// and the earliest verification always wins. So you can safely import a file again: to complete an interrupted
    /// import, run it again. docs/import-export.md describes the members.
    ///
    /// The command creates a missing table on this machine; anywhere else the table must exist. `DEFAULT_PHONE_REGION` is
    /// the region of national phone numbers (default CA). `TIME_ZONE` is the zone of times without an offset, in records
    /// that may have such times (default UTC).
    ///
    /// After the first Ctrl-C, the import finishes the records in progress. The second Ctrl-C ends the import at once.
    #[command(after_help = exit::IMPORT_HELP)]
    Import(ImportArguments),
    /// Export an organization: its audiences, its clients, and its contacts with all their data.
    ///
    /// The export may omit contacts that are created while it runs.
    #[command(after_help = exit::COMMAND_HELP)]
    Export(ExportArguments),
    /// Erase a contact: its phone numbers, addresses and subscriptions, and the personal data in its history.
    ///
    /// The facts that block mail to its addresses stay, stored by the hash of each address. So an address is still
    /// blocked if it comes back. No new contact can get the id. If an erasure ends early, run the command again to complete
    /// it. docs/operations.md lists the other places that hold the data, and for how long.
    #[command(after_help = exit::ERASE_HELP)]
    Erase(EraseArguments),
    /// Load contacts into an existing table, without running an API.
    ///
    /// Existing contacts keep their values, and get the subscriptions that they lack. `DEFAULT_PHONE_REGION` is the region
    /// of national phone numbers (default CA).
    #[command(after_help = exit::COMMAND_HELP)]
    Seed(SeedArguments),
    /// Print the API's OpenAPI document and nothing else. `contacts serve` shows it at `/docs`.
    #[command(after_help = exit::PRINT_HELP)]
    Openapi,
    /// Check that an API works: send the contract's examples and compare every response.
    ///
    /// `CONTACTS_TOKEN` must hold a token of the application `website` in the organization that has the sample contacts. To
    /// check with a person as the caller too, set `CONTACTS_TOKEN` to the person's token and `CONTACTS_APPLICATION_TOKEN` to
    /// the application's. An API on this machine, such as `contacts serve`, needs neither.
    ///
    /// The checks write to the sample contacts only. Before they write, they make sure that a contact is the sample; at
    /// the end every sample contact is unverified.
    #[command(after_help = exit::SMOKE_HELP)]
    Smoke(SmokeArguments),
    /// Print a completion script, with which a shell completes commands and options.
    ///
    /// For bash, for example: `contacts completions bash > ~/.local/share/bash-completion/completions/contacts`.
    #[command(after_help = exit::PRINT_HELP)]
    Completions(CompletionsArguments),
}

/// Options of `contacts serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArguments {
    /// Listen on this port of 127.0.0.1. With 0 the system picks a free port.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Keep the data in this folder. By default the data are in memory and lost when the process ends.
    #[arg(long, value_name = "DIR", conflicts_with = "dynamodb")]
    pub data: Option<PathBuf>,
    /// Load this seed file instead of the demo data.
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Use this DynamoDB-compatible endpoint instead of the embedded database, and create a missing table there. For an
    /// endpoint on AWS, also set the keys of an identity provider, because anybody can make development tokens.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
    /// The name of the table. By default the value of `TABLE_NAME`, or `contacts`.
    #[arg(long, value_name = "NAME", value_parser = table_name)]
    pub table: Option<String>,
    /// Let web pages of this origin, such as `http://localhost:5173`, call the API in a browser; `*` means any origin. For
    /// several origins, repeat the option or write commas between them. By default no page of another origin may call.
    #[arg(
        long = "cors-origin",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = AllowedOrigin::parse,
        conflicts_with = "database_only"
    )]
    pub cors_origins: Vec<AllowedOrigin>,
    /// Send each event about a contact to this URL, as a CloudEvent over HTTP (structured mode). By default the events are
    /// lines of JSON on standard error.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub events: Option<Url>,
    /// Run only the embedded database, without the API, for `cargo lambda watch` and other clients of DynamoDB.
    #[arg(long, conflicts_with = "dynamodb")]
    pub database_only: bool,
}

/// Options of `contacts token`: the claims of the token.
#[derive(Debug, Clone, Args)]
pub struct TokenArguments {
    /// The organization of the token. A super administrator's token may have none.
    #[arg(long, value_name = "ORG", required_unless_present_any = ["role", "explain"], value_parser = OrganizationId::parse)]
    pub organization: Option<OrganizationId>,
    /// The subject of the token. The API records a person's subject as `verifiedBy`.
    #[arg(long, value_name = "ID", default_value = "developer")]
    pub subject: String,
    /// The role in the token; by default none. A super administrator (`SUPERADMIN`, unless `JWT_SUPERADMIN_ROLE` names
    /// another role) has access to every organization.
    #[arg(long)]
    pub role: Option<String>,
    /// Print the token of the application with this client slug. By default the token is a person's.
    #[arg(long, value_name = "SLUG", value_parser = ClientSlug::parse)]
    pub client: Option<ClientSlug>,
    /// The time for which the token is valid, such as 30s, 15m, 1h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    pub expires_in: Duration,
    /// Read a token from standard input, with or without `Bearer`. Print who its caller is for a function with the
    /// environment's settings, or why the function refuses it. The output never shows the token itself.
    #[arg(long, conflicts_with_all = ["organization", "subject", "role", "client", "expires_in"])]
    pub explain: bool,
}

/// Options of `contacts provision`.
#[derive(Debug, Clone, Args)]
pub struct ProvisionArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// An audience: a list that people subscribe to. Repeat the option for several audiences.
    #[arg(long = "audience", value_name = "SLUG", value_parser = AudienceSlug::parse)]
    pub audiences: Vec<AudienceSlug>,
    /// A client: an application that calls the API. Repeat the option for several clients.
    #[arg(long = "client", value_name = "SLUG", value_parser = ClientSlug::parse)]
    pub clients: Vec<ClientSlug>,
    /// Print the report as one JSON object on standard output. If the command fails, the object has the reason in `error`.
    #[arg(long)]
    pub json: bool,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// Options of `contacts show`.
#[derive(Debug, Clone, Args)]
pub struct ShowArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// Also print this contact, with its subscriptions.
    #[arg(long, value_name = "ID", value_parser = ContactId::parse)]
    pub contact: Option<ContactId>,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// Options of `contacts erase`.
#[derive(Debug, Clone, Args)]
pub struct EraseArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// The id of the contact.
    #[arg(long, value_name = "ID", value_parser = ContactId::parse)]
    pub contact: ContactId,
    /// Write nothing to the table: only report what an erasure would erase.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the report as one JSON object on standard output. If the command fails, the object has the reason in `error`.
    #[arg(long)]
    pub json: bool,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// Where the data are.
#[derive(Debug, Clone, Default, Args)]
pub struct TableArguments {
    /// The name of the table. By default the value of `TABLE_NAME`; if that is not set, `contacts` on this machine.
    #[arg(long, value_name = "NAME", value_parser = table_name)]
    pub table: Option<String>,
    /// Use this DynamoDB-compatible endpoint instead of AWS. `AWS_ENDPOINT_URL_DYNAMODB` does the same.
    ///
    /// On AWS, the command finds the region and the credentials as every AWS SDK does: from `AWS_REGION`,
    /// `AWS_PROFILE`, a profile with single sign-on or a `credential_process`, and so on.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
}

/// The format of an import or export file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines: one object per line.
    Jsonl,
    /// CSV with a header row (RFC 4180).
    Csv,
}

impl Format {
    /// The format of the extension of a file's name, if the extension has one.
    #[must_use]
    pub fn of_name(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_ascii_lowercase();
        match extension.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// The error for a file whose extension has no format.
    pub(crate) fn is_missing(file: &Path) -> anyhow::Error {
        exit::usage(format!(
            "{}: the name does not end with .csv, .jsonl or .ndjson: choose the format with --format",
            file.display()
        ))
    }
}

/// The URL of a DynamoDB-compatible endpoint.
fn endpoint(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("must be a URL that begins with http:// or https://".to_owned()),
    }
}

/// Options of `contacts import`.
#[derive(Debug, Clone, Args)]
pub struct ImportArguments {
    /// The file to import: `.csv`, `.jsonl` or `.ndjson`, or `-` for standard input.
    pub file: PathBuf,
    /// Import into this organization. By default the file's first record names the organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: Option<OrganizationId>,
    /// The format of the file. By default the file's extension decides; standard input is JSON Lines.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The encoding of a file without a byte order mark: a label of the Encoding Standard, such as windows-1252. By default
    /// UTF-8.
    #[arg(long, value_name = "LABEL", value_parser = text::encoding)]
    pub encoding: Option<&'static Encoding>,
    /// The character between the cells of a CSV file, or `tab`. By default the import finds out from the header row whether
    /// it is a comma, a semicolon or a tab.
    #[arg(long, value_name = "CHAR", value_parser = header::delimiter)]
    pub delimiter: Option<u8>,
    /// Import a column of a CSV file as this member, such as "First Name=firstName". "Notes=" leaves a column out. Repeat
    /// the option for several columns.
    #[arg(long = "map", value_name = "COLUMN=MEMBER", value_parser = ColumnMap::parse)]
    pub maps: Vec<ColumnMap>,
    /// Give this member to all contacts of a CSV file, such as audience=newsletter. Repeat the option for several members.
    #[arg(long = "set", value_name = "MEMBER=VALUE", value_parser = SetMember::parse)]
    pub sets: Vec<SetMember>,
    /// Import only the rows of a CSV file whose cell in this column has this value, or with != any other value. Case does not
    /// count, and a blank value means a blank cell: "Email!=" selects the rows with an e-mail. If you repeat the option, all
    /// conditions must hold.
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = RowCondition::parse)]
    pub conditions: Vec<RowCondition>,
    /// Leave out the columns of a CSV file that are no member. By default an unknown column stops the import.
    #[arg(long)]
    pub ignore_unknown_columns: bool,
    /// Write nothing to the table: check every record and report what an import would do.
    #[arg(long)]
    pub dry_run: bool,
    /// Write the list of rejected records to this CSV file: line, field, reason. By default FILE.rejects.csv, or
    /// import.rejects.csv for standard input.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Print the report as one JSON object on standard output. If the command fails, the object has the reason in `error`.
    #[arg(long)]
    pub json: bool,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// Options of `contacts export`.
#[derive(Debug, Clone, Args)]
pub struct ExportArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// The format of the export. By default the file's extension decides: .csv, .jsonl or .ndjson. Standard output, a pipe or a
    /// device gets JSON Lines.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Write to this file. The file appears under its name only when the export is complete. By default, and with -, the
    /// export goes to standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// Options of `contacts seed`.
#[derive(Debug, Clone, Args)]
pub struct SeedArguments {
    /// The data to load.
    #[command(flatten)]
    pub source: SeedSource,
    /// Print the report as one JSON object on standard output. If the command fails, the object has the reason in `error`.
    #[arg(long)]
    pub json: bool,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// The data to load: either a file or the sample contacts.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct SeedSource {
    /// Load the contacts of this seed file.
    pub file: Option<PathBuf>,
    /// Load the sample contacts of `contacts smoke` into this organization, which should have no other contacts.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub samples: Option<OrganizationId>,
}

/// Options of `contacts smoke`.
#[derive(Debug, Clone, Args)]
pub struct SmokeArguments {
    /// The URL of the API: the part before /api/contacts, including the stage if there is one. It must be https, or http
    /// on loopback.
    #[arg(long, value_name = "URL", value_parser = ApiUrl::parse)]
    pub url: ApiUrl,
    /// Skip the checks that need the sample contacts. The other checks write nothing.
    #[arg(long)]
    pub without_contacts: bool,
    /// Wait at most this long for each response. The command sends a request without a response once more.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// Print the report as one JSON object on standard output. If the command fails, the object has the reason in `error`.
    #[arg(long)]
    pub json: bool,
}

/// Options of `contacts completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArguments {
    /// The shell that runs the script.
    pub shell: Shell,
}
