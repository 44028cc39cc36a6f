//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use shared::domain::{ClientSlug, OrganizationId};
use url::Url;

use crate::smoke::ApiUrl;

/// The tool of Contact Verification: a whole API on one machine, and tokens for it.
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
    #[arg(long, value_name = "URL")]
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

/// Which API to check, and how.
#[derive(Debug, Clone, Args)]
pub struct SmokeArguments {
    /// Where the API answers, with its stage if it has one: what stands before /api/contacts. https, or http on loopback.
    #[arg(long, value_name = "URL", value_parser = ApiUrl::parse)]
    pub url: ApiUrl,
    /// Leave out what needs the sample contacts; nothing is written then.
    #[arg(long)]
    pub without_contacts: bool,
    /// How long each answer may take.
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = humantime::parse_duration)]
    pub timeout: Duration,
}
