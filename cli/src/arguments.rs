//! The command line.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, Parser, Subcommand, ValueEnum};
use shared::domain::{AudienceSlug, ClientSlug, ContactId, OrganizationId};
use url::Url;

use crate::api_url::ApiUrl;

/// The tool of Contact Verification: a whole API on one machine, tokens for it, data and checks for APIs elsewhere.
#[derive(Debug, Parser)]
#[command(name = "contacts", version)]
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
    /// The settings of a deployed function (`TABLE_NAME`, `JWT_KEYS`, `JWT_ISSUER`, ...) replace the development ones
    /// where the environment sets them.
    Serve(ServeArguments),
    /// Print a development token, and nothing else. Only `contacts serve` accepts it.
    Token(TokenArguments),
    /// Register audiences and clients in an organization. What is registered already stays.
    ///
    /// `TABLE_NAME` names the table; on this machine it is created if it is missing, elsewhere it must be there. Region and
    /// credentials are found as by `contacts seed`.
    Provision(ProvisionArguments),
    /// Show what is registered in an organization, and a contact of it, as `contacts export` writes them.
    Show(ShowArguments),
    /// Import contacts from a file: CSV with a header row, or JSON Lines, as `contacts export` writes them or made by hand.
    ///
    /// A contact is found by its id, or else by its e-mail addresses. What the record does not say stays as it is, and the
    /// earliest verification stays whatever the record says. So a file can be imported again, and an import that was
    /// interrupted is completed by running it again. docs/import-export.md describes the members.
    ///
    /// `TABLE_NAME` names the table, as with `contacts provision`. National phone numbers are those of `DEFAULT_PHONE_REGION`, and
    /// times without an offset, where they may have none, those of `TIME_ZONE`.
    ///
    /// The exit code is 0 if all records were imported, 1 if some were rejected or it ended early, 130 if it was
    /// interrupted (once: it finishes what is under way; twice: at once).
    Import(ImportArguments),
    /// Export an organization: what is registered in it, and all its contacts with all that is known of them.
    ///
    /// Contacts that are created meanwhile may be missing.
    Export(ExportArguments),
    /// Load contacts into a table, and end. No API is opened.
    ///
    /// `TABLE_NAME` names the table, which must be there. Region and credentials are found as by every AWS SDK
    /// (`AWS_REGION`, `AWS_PROFILE`, ...), but those of a profile with single sign-on or a `credential_process` must be
    /// exported: `eval "$(aws configure export-credentials --format env)"`. What the table holds already stays as it is.
    /// National phone numbers are those of `DEFAULT_PHONE_REGION`.
    Seed(SeedArguments),
    /// Print the API's description, an OpenAPI document, and nothing else. `serve` shows it at `/docs`.
    Openapi,
    /// Check that an API works: send it the contract's examples, and compare every answer.
    ///
    /// `CONTACTS_TOKEN` must hold a token of the organization that has the sample contacts, `CONTACTS_APPLICATION_TOKEN`
    /// one of its application `website`. For an API on this machine, such as `contacts serve`, they need not be set.
    ///
    /// Only the sample contacts are written to, once they are shown to be that, and they are left unverified. The exit
    /// code is 0 if no check failed.
    Smoke(SmokeArguments),
}

/// How to serve.
#[derive(Debug, Clone, Args)]
pub struct ServeArguments {
    /// The port on 127.0.0.1. 0 picks a free one.
    #[arg(long, default_value_t = 3000)]
    pub port: u16,
    /// Keep the data in this folder. Without it they are gone when the process ends.
    #[arg(long, value_name = "DIR", conflicts_with = "dynamodb")]
    pub data: Option<PathBuf>,
    /// Load this seed file instead of the demo data.
    #[arg(long, value_name = "FILE")]
    pub seed: Option<PathBuf>,
    /// Use another DynamoDB-compatible endpoint instead of the embedded one, and create the table there if it is missing.
    /// At AWS only with keys of an identity provider: anybody can make development tokens.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
    /// No API: serve the embedded DynamoDB endpoint itself, for `cargo lambda watch` and other clients.
    #[arg(long, conflicts_with = "dynamodb")]
    pub database_only: bool,
}

/// Whom a token stands for.
#[derive(Debug, Clone, Args)]
pub struct TokenArguments {
    /// The organization. A SUPERADMIN can be without.
    #[arg(long, value_name = "ORG", required_unless_present_any = ["role"], value_parser = OrganizationId::parse)]
    pub organization: Option<OrganizationId>,
    /// The subject: who is recorded as having verified.
    #[arg(long, value_name = "ID", default_value = "developer")]
    pub subject: String,
    /// The role. SUPERADMIN reaches every organization.
    #[arg(long)]
    pub role: Option<String>,
    /// The client's slug, for an application's token.
    #[arg(long, value_name = "SLUG", value_parser = ClientSlug::parse)]
    pub client: Option<ClientSlug>,
    /// How long it is valid, such as 30s, 15m, 1h or 7d.
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = humantime::parse_duration)]
    pub expires_in: Duration,
}

/// What to register, and where.
#[derive(Debug, Clone, Args)]
pub struct ProvisionArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// An audience, a list that people subscribe to. Can be given several times.
    #[arg(long = "audience", value_name = "SLUG", value_parser = AudienceSlug::parse)]
    pub audiences: Vec<AudienceSlug>,
    /// A client, an application that calls the API. Can be given several times.
    #[arg(long = "client", value_name = "SLUG", value_parser = ClientSlug::parse)]
    pub clients: Vec<ClientSlug>,
    /// Use another DynamoDB-compatible endpoint than AWS's own. `AWS_ENDPOINT_URL_DYNAMODB` says the same.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
}

/// What to show.
#[derive(Debug, Clone, Args)]
pub struct ShowArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// This contact of it as well, with its subscriptions.
    #[arg(long, value_name = "ID", value_parser = ContactId::parse)]
    pub contact: Option<ContactId>,
    /// Use another DynamoDB-compatible endpoint than AWS's own. `AWS_ENDPOINT_URL_DYNAMODB` says the same.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
}

/// How the records of a file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// JSON Lines: an object in each line.
    Jsonl,
    /// CSV with a header row (RFC 4180).
    Csv,
}

impl Format {
    /// The format that a file's name says, if it says one.
    #[must_use]
    pub fn of_name(file: &Path) -> Option<Self> {
        let extension = file.extension()?.to_ascii_lowercase();
        match extension.to_str()? {
            "csv" => Some(Self::Csv),
            "jsonl" | "ndjson" => Some(Self::Jsonl),
            _ => None,
        }
    }
}

/// The URL of a DynamoDB-compatible endpoint.
fn endpoint(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => Ok(url),
        _ => Err("must be a URL that begins with http:// or https://".to_owned()),
    }
}

/// What to import, and where.
#[derive(Debug, Clone, Args)]
pub struct ImportArguments {
    /// The file: `.csv`, `.jsonl` or `.ndjson`, or `-` for standard input.
    pub file: PathBuf,
    /// The organization. Without it, the one that the file's first record names.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: Option<OrganizationId>,
    /// The format, where the file's name does not say it. Standard input is JSON Lines unless this says otherwise.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// Write nothing to the table: check every record, and say what would become of it.
    #[arg(long)]
    pub dry_run: bool,
    /// Where to write which records were rejected, as CSV: line, field, reason. Without it, FILE.rejects.csv, or
    /// import.rejects.csv for standard input.
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Use another DynamoDB-compatible endpoint than AWS's own. `AWS_ENDPOINT_URL_DYNAMODB` says the same.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
}

/// What to export, and where to.
#[derive(Debug, Clone, Args)]
pub struct ExportArguments {
    /// The organization.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub organization: OrganizationId,
    /// The format. Without it, the one that the output's name says (.csv, .jsonl, .ndjson), or else JSON Lines.
    #[arg(long, value_enum)]
    pub format: Option<Format>,
    /// The file to write. It gets its name once it is whole. Without it, or where it is -, standard output.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Use another DynamoDB-compatible endpoint than AWS's own. `AWS_ENDPOINT_URL_DYNAMODB` says the same.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
}

/// What to load, and where.
#[derive(Debug, Clone, Args)]
pub struct SeedArguments {
    /// What to load.
    #[command(flatten)]
    pub source: SeedSource,
    /// Use another DynamoDB-compatible endpoint than AWS's own. `AWS_ENDPOINT_URL_DYNAMODB` says the same.
    #[arg(long, value_name = "URL", value_parser = endpoint)]
    pub dynamodb: Option<Url>,
}

/// What to load: one of these.
#[derive(Debug, Clone, Args)]
#[group(required = true, multiple = false)]
pub struct SeedSource {
    /// The contacts of this seed file.
    pub file: Option<PathBuf>,
    /// The sample contacts of `contacts smoke`, all in this organization, which should have no other contacts.
    #[arg(long, value_name = "ORG", value_parser = OrganizationId::parse)]
    pub samples: Option<OrganizationId>,
}

/// Which API to check, and how.
#[derive(Debug, Clone, Args)]
pub struct SmokeArguments {
    /// Where the API answers, with its stage if it has one: what stands before /api/contacts. https, or http on loopback.
    #[arg(long, value_name = "URL", value_parser = ApiUrl::parse)]
    pub url: ApiUrl,
    /// Leave out what needs the sample contacts; nothing is written then.
    #[arg(long)]
    pub without_contacts: bool,
    /// How long each answer may take. A request that gets none is sent once more.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}
