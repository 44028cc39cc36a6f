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

/// The tool of Contact Verification: run the API on this machine, load and move data, check a deployed API.
#[derive(Debug, Parser)]
#[command(name = "contacts", version, after_help = exit::HELP)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run every endpoint on this machine, with the database inside the process.
    ///
    /// `/` says what runs there, `/docs` is the API's reference, to read and to try out.
    ///
    /// The settings of a deployed function (`TABLE_NAME`, `JWT_KEYS`, `JWT_ISSUER`, ...) have development defaults.
    /// Environment variables override them.
    #[command(after_help = exit::SERVE_HELP)]
    Serve(ServeArguments),
    /// Print a development token and nothing else, or explain a token. Only `contacts serve` accepts development tokens.
    ///
    /// The settings of the environment apply, as for `contacts serve`.
    #[command(after_help = exit::TOKEN_HELP)]
    Token(TokenArguments),
    /// Register audiences and clients in an organization. Existing ones stay registered.
    ///
    /// The command creates a missing table on this machine; anywhere else the table must exist.
    #[command(after_help = exit::COMMAND_HELP)]
    Provision(ProvisionArguments),
    /// Show the audiences and clients of an organization, and one of its contacts, in the format of `contacts export`.
    #[command(after_help = exit::SHOW_HELP)]
    Show(ShowArguments),
    /// Import contacts from a file: CSV with a header row, or JSON Lines. The file may be an export or written by hand.
    ///
    /// The import finds a contact by its id, or without an id by its e-mail addresses. Omitted members keep their value,
    /// and the earliest verification always wins. So it is safe to import a file again: run an interrupted import again
    /// to complete it. docs/import-export.md describes the members.
    ///
    /// The command creates a missing table on this machine; anywhere else the table must exist. `DEFAULT_PHONE_REGION`
    /// applies to national phone numbers, `TIME_ZONE` to times without an offset, where a record may have them.
    ///
    /// The first Ctrl-C lets the records in progress finish, the second one ends the import at once.
    #[command(after_help = exit::IMPORT_HELP)]
    Import(ImportArguments),
    /// Export an organization: its audiences, its clients, and its contacts with all their data.
    ///
    /// The export may omit contacts that are created while it runs.
    #[command(after_help = exit::COMMAND_HELP)]
    Export(ExportArguments),
    /// Erase a contact: its phone numbers, addresses and subscriptions, and what is personal in its history.
    ///
    /// What holds mail back from its addresses stays with their hashes, so that they are still blocked when they come back. The id is
    /// never used again. An erasure that ends early is completed by the same command. docs/operations.md says where else the data
    /// are, and for how long.
    #[command(after_help = exit::ERASE_HELP)]
    Erase(EraseArguments),
    /// Load contacts into an existing table. This runs no API.
    ///
    /// Existing contacts keep their values. `DEFAULT_PHONE_REGION` applies to national phone numbers.
    #[command(after_help = exit::COMMAND_HELP)]
    Seed(SeedArguments),
    /// Print the API's OpenAPI document and nothing else. `contacts serve` shows it at `/docs`.
    #[command(after_help = exit::PRINT_HELP)]
    Openapi,
    /// Check that an API works: send the contract's examples and compare every response.
    ///
    /// `CONTACTS_TOKEN` must hold a token of the application `website` in the organization that has the sample contacts. To
    /// check persons too, set it to a person's token, and `CONTACTS_APPLICATION_TOKEN` to the application's. An API on this
    /// machine, such as `contacts serve`, needs neither.
    ///
    /// The checks write to the sample contacts only. Before they write, they make sure that a contact is the sample; at
    /// the end every sample contact is unverified.
    #[command(after_help = exit::SMOKE_HELP)]
    Smoke(SmokeArguments),
    /// Print the completion script of a shell: the shell then completes commands and options.
    ///
    /// For bash, for example: `contacts completions bash > ~/.local/share/bash-completion/completions/contacts`.
    #[command(after_help = exit::PRINT_HELP)]
    Completions(CompletionsArguments),
}

/// Options of `contacts serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArguments {
    /// The port on 127.0.0.1. With 0 the system picks a free port.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Keep the data in this folder. By default the data are in memory and lost when the process ends.
    #[arg(long, value_name = "DIR", conflicts_with = "dynamodb")]
    pub data: Option<PathBuf>,
    /// Load this seed file instead of the demo data.
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Use this DynamoDB-compatible endpoint instead of the embedded database. A missing table is created there. For an
    /// endpoint of AWS, also set the keys of an identity provider: anybody can make development tokens.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
    /// The name of the table. By default the value of `TABLE_NAME`, or `contacts`.
    #[arg(long, value_name = "NAME", value_parser = table_name)]
    pub table: Option<String>,
    /// Let web pages of this origin, such as `http://localhost:5173`, call the API in a browser; `*` means any origin. The
    /// option can be repeated, or have several origins with commas between them. By default no page of another origin may.
    #[arg(
        long = "cors-origin",
        value_name = "ORIGIN",
        value_delimiter = ',',
        value_parser = AllowedOrigin::parse,
        conflicts_with = "database_only"
    )]
    pub cors_origins: Vec<AllowedOrigin>,
    /// Send the events of what happens to this URL, each as a CloudEvent over HTTP (structured mode). By default they are lines
    /// of JSON on standard error.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub events: Option<Url>,
    /// Run only the embedded database, without the API, for `cargo lambda watch` and other clients of DynamoDB.
    #[arg(long, conflicts_with = "dynamodb")]
    pub database_only: bool,
}

/// Options of `contacts token`: the claims of the token.
#[derive(Debug, Clone, Args)]
pub struct TokenArguments {
    /// The organization. Optional for a super administrator.
    #[arg(long, value_name = "ORG", required_unless_present_any = ["role", "explain"], value_parser = OrganizationId::parse)]
    pub organization: Option<OrganizationId>,
    /// The subject. The API records it as `verifiedBy`.
    #[arg(long, value_name = "ID", default_value = "developer")]
    pub subject: String,
    /// The role. A super administrator (`SUPERADMIN`, unless `JWT_SUPERADMIN_ROLE` names another role) has access to every
    /// organization.
    #[arg(long)]
    pub role: Option<String>,
    /// The client's slug, if the token is for an application.
    #[arg(long, value_name = "SLUG", value_parser = ClientSlug::parse)]
    pub client: Option<ClientSlug>,
    /// How long the token is valid, such as 30s, 15m, 1h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    pub expires_in: Duration,
    /// Read a token from standard input, with or without `Bearer`, and print who its caller would be, or why a function
    /// with the environment's settings refuses it. The output never shows the token itself.
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
    /// Print the report as one JSON object on standard output, also if the command fails. Its member `error` says why.
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
    /// Also show this contact, with its subscriptions.
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
    /// The contact.
    #[arg(long, value_name = "ID", value_parser = ContactId::parse)]
    pub contact: ContactId,
    /// Only say what an erasure would erase.
    #[arg(long)]
    pub dry_run: bool,
    /// Print the report as one JSON object on standard output, also if the command fails. Its member `error` says why.
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
    /// The format that belongs to the extension of a file's name, if there is one.
    #[must_use]
    pub fn of_name(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_ascii_lowercase();
        match extension.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }

    /// The error for a file whose name has no such extension.
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
    /// The file: `.csv`, `.jsonl` or `.ndjson`, or `-` for standard input.
    pub file: PathBuf,
    /// The organization. By default the one that the file's first record names.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: Option<OrganizationId>,
    /// The format. By default it follows from the file's extension; standard input is JSON Lines.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The encoding of a file without a byte order mark: a label of the Encoding Standard, such as windows-1252. By default
    /// UTF-8.
    #[arg(long, value_name = "LABEL", value_parser = text::encoding)]
    pub encoding: Option<&'static Encoding>,
    /// The character between the cells of a CSV file, or `tab`. By default the header row shows whether it is a comma, a
    /// semicolon or a tab.
    #[arg(long, value_name = "CHAR", value_parser = header::delimiter)]
    pub delimiter: Option<u8>,
    /// The member that a column of a CSV file is, such as "First Name=firstName". "Notes=" leaves a column out. Repeat the
    /// option for several columns.
    #[arg(long = "map", value_name = "COLUMN=MEMBER", value_parser = ColumnMap::parse)]
    pub maps: Vec<ColumnMap>,
    /// A member that all rows of a CSV file have, such as audience=newsletter. Repeat the option for several members.
    #[arg(long = "set", value_name = "MEMBER=VALUE", value_parser = SetMember::parse)]
    pub sets: Vec<SetMember>,
    /// Import only the rows of a CSV file whose cell in this column has this value, or with != any other value. Case does not
    /// count, and a blank value means a blank cell: "Email!=" selects the rows with an e-mail. Repeat the option for several
    /// conditions, all of which must hold.
    #[arg(long = "where", value_name = "COLUMN=VALUE", value_parser = RowCondition::parse)]
    pub conditions: Vec<RowCondition>,
    /// Leave out the columns of a CSV file that are no member. By default they are refused.
    #[arg(long)]
    pub ignore_unknown_columns: bool,
    /// Write nothing to the table: check every record, and report what an import would do.
    #[arg(long)]
    pub dry_run: bool,
    /// The file for the list of rejected records, as CSV: line, field, reason. By default FILE.rejects.csv, or
    /// import.rejects.csv for standard input.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Print the report as one JSON object on standard output, also if the command fails. Its member `error` says why.
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
    /// The format. By default it follows from the file's extension: .csv, .jsonl or .ndjson. Standard output, a pipe or a
    /// device gets JSON Lines.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The file to write. A file appears under its name only when the export is complete. Default, and -: standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// Options of `contacts seed`.
#[derive(Debug, Clone, Args)]
pub struct SeedArguments {
    /// What to load.
    #[command(flatten)]
    pub source: SeedSource,
    /// Print the report as one JSON object on standard output, also if the command fails. Its member `error` says why.
    #[arg(long)]
    pub json: bool,
    /// The table.
    #[command(flatten)]
    pub table: TableArguments,
}

/// What to load: either a file or the sample contacts.
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
    /// Skip the checks that need the sample contacts. Nothing is written then.
    #[arg(long)]
    pub without_contacts: bool,
    /// How long each response may take. A request without a response is sent once more.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
    /// Print the report as one JSON object on standard output, also if the command fails. Its member `error` says why.
    #[arg(long)]
    pub json: bool,
}

/// Options of `contacts completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArguments {
    /// The shell.
    pub shell: Shell,
}
