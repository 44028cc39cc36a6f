//! From the start of a process to its first answer, beside the least that a function can be (`benches/floor`).
//!
//! Each run starts a release binary as Lambda does: its environment, the Runtime API on loopback, an endpoint of the
//! embedded database, behind TLS or not. The runs of all scenarios take turns, so that what else the machine does
//! disturbs all of them alike.

mod certificates;
mod endpoint;
mod figures;
mod process;
mod runtime_api;

use std::path::{Path, PathBuf};
use std::{env, fs};

use anyhow::{Context, bail, ensure};
use clap::Args;
use contacts::client;
use contacts::development;
use contacts::seed::Seed;
use contacts::serve::DEMO;
use contacts::serve::engine::Engine;
use shared::domain::PhoneRegion;
use shared::store::{ChangeStream, Store, create_table};

use self::certificates::Tls;
use self::endpoint::Endpoint;
use self::process::Run;
use crate::release;

/// The most memory that a function may need, in MB.
const MAX_PEAK_MB: f64 = 25.0;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// How often each scenario is run.
    #[arg(long, default_value_t = 40)]
    runs: usize,
    /// Requests after the first, in each run: an odd number, so that each run leaves the data as it found them.
    #[arg(long, default_value_t = 49)]
    warm: u32,
    /// Only these functions.
    #[arg(long, value_delimiter = ',')]
    functions: Vec<String>,
    /// A few runs, and failure where a connection is opened too many or too late, or memory is above its limit.
    #[arg(long)]
    check: bool,
    /// Measure what is built already.
    #[arg(long)]
    no_build: bool,
}

/// A function, and two events that leave the demo data as they are, or one that changes a contact and one that changes it
/// back.
struct Function {
    name: &'static str,
    events: [&'static str; 2],
    /// The same once more where the first loads more than others: for a national phone number.
    national: Option<[&'static str; 2]>,
}

const FUNCTIONS: [Function; 10] = [
    Function {
        name: "verify-phone-number",
        events: ["recorded", "cleared"],
        national: Some(["recorded-national-number", "cleared"]),
    },
    Function {
        name: "verify-contact-method",
        events: ["phone-recorded", "phone-cleared"],
        national: None,
    },
    Function {
        name: "verify-contact",
        events: ["recorded", "cleared"],
        national: None,
    },
    Function {
        name: "upsert-contact",
        events: ["unchanged", "unchanged"],
        national: None,
    },
    Function {
        name: "get-contact",
        events: ["read", "read"],
        national: None,
    },
    Function {
        name: "contact-status",
        events: ["read", "read"],
        national: None,
    },
    Function {
        name: "add-contact-method",
        events: ["unchanged", "unchanged"],
        national: None,
    },
    Function {
        name: "remove-contact-method",
        events: ["phone-number-not-found", "email-not-found"],
        national: None,
    },
    Function {
        name: "subscribe",
        events: ["unchanged", "unchanged"],
        national: None,
    },
    Function {
        name: "unsubscribe",
        events: ["client", "client"],
        national: None,
    },
];

/// What is run, and how.
struct Scenario {
    name: String,
    binary: &'static str,
    events: Vec<String>,
    endpoint: Option<Way>,
    connections: usize,
}

/// How the database is reached.
#[derive(Clone, Copy, PartialEq)]
enum Way {
    Plain,
    /// Over TLS; the function trusts the endpoint's root alone.
    Tls,
    /// Over TLS; the function trusts all that this machine trusts, and the endpoint's root.
    TlsAndSystemRoots,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    if !options.no_build {
        build()?;
    }
    let database = Database::start().await?;
    let mut measured: Vec<(Scenario, Vec<Run>)> = scenarios(&options)?
        .into_iter()
        .map(|scenario| (scenario, Vec::new()))
        .collect();
    let runs = if options.check { 3 } else { options.runs };
    for _ in 0..runs {
        for (scenario, runs) in &mut measured {
            let run = database.run(scenario, options.warm).await;
            runs.push(run.with_context(|| scenario.name.clone())?);
        }
    }
    if options.check {
        return check(&measured);
    }
    figures::print_starts(&measured);
    figures::print_needs(&measured);
    figures::print_sizes(&measured);
    Ok(())
}

/// Builds what is deployed (but for this machine) and the floor, each without the rest of the workspace, whose features
/// would become theirs.
fn build() -> anyhow::Result<()> {
    release::build(&["--quiet"])?;
    release::build(&["--quiet", "--package", "floor"])
}

fn scenarios(options: &Options) -> anyhow::Result<Vec<Scenario>> {
    let mut scenarios = Vec::new();
    for function in &FUNCTIONS {
        let name = function.name;
        if !options.functions.is_empty() && !options.functions.iter().any(|only| only == name) {
            continue;
        }
        let mut add = |how: &str, events: [&str; 2], endpoint| {
            let events = events.iter().map(|event| event_of(name, event));
            scenarios.push(Scenario {
                name: format!("{name}{how}"),
                binary: name,
                events: events.collect::<anyhow::Result<_>>()?,
                endpoint: Some(endpoint),
                connections: 1,
            });
            anyhow::Ok(())
        };
        add("", function.events, Way::Plain)?;
        add(", TLS", function.events, Way::Tls)?;
        add(", TLS, all roots", function.events, Way::TlsAndSystemRoots)?;
        if let Some(events) = function.national {
            add(", national", events, Way::Plain)?;
        }
    }
    let Some(first) = scenarios.first() else {
        bail!("--functions: there is none of that name");
    };
    let floor = Scenario {
        name: "floor".to_owned(),
        binary: "floor",
        events: first.events.clone(),
        endpoint: None,
        connections: 0,
    };
    scenarios.insert(0, floor);
    Ok(scenarios)
}

fn event_of(function: &str, event: &str) -> anyhow::Result<String> {
    let file = root().join(format!("events/{function}/{event}.json"));
    fs::read_to_string(&file).with_context(|| file.display().to_string())
}

/// The workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Where cargo builds.
fn target() -> PathBuf {
    root().join(env::var_os("CARGO_TARGET_DIR").unwrap_or("target".into()))
}

/// The embedded engine with the demo data, and the ways to it.
struct Database {
    _engine: Engine,
    plain: Endpoint,
    tls: Endpoint,
    /// Files of certificates: the root of `tls` alone, and with all that this machine trusts.
    root: PathBuf,
    system_roots: PathBuf,
}

impl Database {
    async fn start() -> anyhow::Result<Self> {
        let engine = Engine::start(None, 0).await?;
        let client = client::client(&engine.url, client::TIMEOUTS).await;
        create_table(&client, TABLE, ChangeStream::Off).await?;
        let seed = Seed::parse(DEMO, PhoneRegion::CANADA)?;
        seed.load(&Store::new(client, TABLE.to_owned())).await?;

        let tls = Tls::new()?;
        let folder = target().join("cold-start");
        fs::create_dir_all(&folder)?;
        let (root, system_roots) = (folder.join("root.pem"), folder.join("all.pem"));
        fs::write(&root, &tls.root)?;
        fs::write(&system_roots, system_bundle()? + &tls.root)?;
        Ok(Self {
            plain: Endpoint::start(&engine.url, None).await?,
            tls: Endpoint::start(&engine.url, Some(tls.acceptor)).await?,
            _engine: engine,
            root,
            system_roots,
        })
    }

    async fn run(&self, scenario: &Scenario, warm: u32) -> anyhow::Result<Run> {
        let endpoint = scenario.endpoint.map(|way| match way {
            Way::Plain => &self.plain,
            Way::Tls | Way::TlsAndSystemRoots => &self.tls,
        });
        let mut environment = vec![
            ("TABLE_NAME", TABLE.to_owned()),
            ("JWT_KEYS", development::key_set()),
            ("JWT_ISSUER", "https://contacts.localhost".to_owned()),
            ("JWT_AUDIENCE", "contacts".to_owned()),
            // As Lambda sets them.
            ("AWS_REGION", "ca-central-1".to_owned()),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".to_owned()),
            ("AWS_SECRET_ACCESS_KEY", "bench".to_owned()),
            ("AWS_SESSION_TOKEN", "bench".repeat(100)),
            ("AWS_LAMBDA_FUNCTION_NAME", scenario.binary.to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
            ("HOME", "/nonexistent".to_owned()),
        ];
        if let Some(endpoint) = endpoint {
            environment.push(("AWS_ENDPOINT_URL_DYNAMODB", endpoint.url.to_string()));
        }
        match scenario.endpoint {
            Some(Way::Tls) => environment.push(("SSL_CERT_FILE", text(&self.root)?)),
            Some(Way::TlsAndSystemRoots) => {
                environment.push(("SSL_CERT_FILE", text(&self.system_roots)?));
            }
            Some(Way::Plain) | None => {}
        }
        let binary = target().join("release").join(scenario.binary);
        process::run(&binary, &environment, &scenario.events, warm, endpoint).await
    }
}

/// The table's name.
const TABLE: &str = "contacts";

fn text(path: &Path) -> anyhow::Result<String> {
    Ok(path.to_str().context("a folder's name")?.to_owned())
}

/// What this machine trusts, as one file: Debian's, or that of Red Hat and Amazon Linux.
fn system_bundle() -> anyhow::Result<String> {
    let bundles = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
    ];
    bundles
        .iter()
        .find_map(|bundle| fs::read_to_string(bundle).ok())
        .context("this machine has no certificates (ca-certificates)")
}

/// Fails where the structure of a start is worse than it should be. Times are not looked at.
fn check(measured: &[(Scenario, Vec<Run>)]) -> anyhow::Result<()> {
    for (scenario, runs) in measured {
        for run in runs {
            let name = &scenario.name;
            let expected = [scenario.connections, 0, 0];
            ensure!(
                run.connections == expected,
                "{name}: connections opened before, in and after the first request: {:?}, not {expected:?}",
                run.connections
            );
            ensure!(
                run.peak_mb <= MAX_PEAK_MB,
                "{name}: {:.1} MB of memory, over {MAX_PEAK_MB}",
                run.peak_mb
            );
        }
    }
    print("cold start: connections and memory are as they should be\n");
    Ok(())
}

/// Prints what was measured.
#[expect(clippy::print_stdout, reason = "a program that measures prints")]
fn print(text: &str) {
    print!("{text}");
}
