//! What a warm invocation costs the processor: by part, beside the bare SDK call, and held against limits.
//!
//! The work is done by `benches/probe`, a program with the dependencies of the functions and no others; the database is
//! the embedded engine in this process, so that the probe pays for no more than a function does.

mod callgrind;
mod invocation;
#[path = "../../tests/src/keys.rs"]
#[allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "the keys of the black-box tests, without all that these depend on"
)]
mod keys;
mod limits;
mod table;

use std::time::Duration;

use anyhow::ensure;
use clap::Args;
use contacts::client;
use contacts::seed::Seed;
use contacts::serve::DEMO;
use contacts::serve::engine::Engine;
use serde_json::Value;
use shared::domain::PhoneRegion;
use shared::store::{ChangeStream, Store, create_table};

use self::callgrind::Counts;
use self::invocation::{Invocation, TABLE_NAME};
use self::table::{print, row};

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Only count whole invocations, and fail where one takes more instructions or allocations than its limit
    #[arg(long)]
    check: bool,
    /// How often each work is done to take its processor time
    #[arg(long, default_value_t = 500)]
    repetitions: u32,
}

pub(crate) async fn run(options: Options) -> anyhow::Result<()> {
    let engine = start_engine().await?;
    // The engine goes on in the runtime's other threads.
    let measured = tokio::task::block_in_place(|| {
        invocation::build_probe()?;
        if options.check {
            check(&engine)
        } else {
            measure(&engine, options.repetitions)
        }
    });
    engine.stop().await?;
    measured
}

/// An engine with the demo data, for which the events are made.
async fn start_engine() -> anyhow::Result<Engine> {
    let engine = Engine::start(None, 0).await?;
    let client = client::client(&engine.url, client::TIMEOUTS).await;
    create_table(&client, TABLE_NAME, ChangeStream::Off).await?;
    let seed = Seed::parse(DEMO, PhoneRegion::CANADA)?;
    seed.load(&Store::new(client, TABLE_NAME.to_owned()))
        .await?;
    Ok(engine)
}

/// The events of the endpoints: each records a verification.
const ENDPOINTS: [(&str, &str); 3] = [
    ("1", "verify-phone-number/recorded"),
    ("2", "verify-contact-method/phone-recorded"),
    ("3", "verify-contact/recorded"),
];

/// The algorithms of tokens.
const ALGORITHMS: [&str; 4] = ["HS256", "RS256", "ES256", "EdDSA"];

fn check(engine: &Engine) -> anyhow::Result<()> {
    let mut is_within = true;
    print(&row(&[
        "endpoint",
        "instructions",
        "limit",
        "allocations",
        "limit",
    ]));
    for ((endpoint, event), limit) in ENDPOINTS.into_iter().zip(limits::LIMITS) {
        let counted = Invocation::of_event(engine, event)?.count("invoke")?;
        print(&row(&[
            endpoint.to_owned(),
            counted.instructions.to_string(),
            limit.instructions.to_string(),
            counted.allocations.to_string(),
            limit.allocations.to_string(),
        ]));
        is_within &=
            counted.instructions <= limit.instructions && counted.allocations <= limit.allocations;
    }
    ensure!(
        is_within,
        "a warm invocation costs more than its limit (benches/src/warm/limits.rs)"
    );
    Ok(())
}

fn measure(engine: &Engine, repetitions: u32) -> anyhow::Result<()> {
    overhead(engine, repetitions)?;
    for (endpoint, event) in ENDPOINTS {
        print(&format!("\nEndpoint {endpoint}, by part:\n\n"));
        parts(&Invocation::of_event(engine, event)?)?;
    }
    tokens(engine)?;
    normal_forms(engine)
}

/// Processor time of the handler and of the bare SDK with the same calls.
fn overhead(engine: &Engine, repetitions: u32) -> anyhow::Result<()> {
    print("Processor time, median, microseconds; overhead over the bare SDK:\n\n");
    print(&row(&[
        "endpoint",
        "token",
        "bare SDK",
        "handler",
        "overhead",
        "invocation",
        "overhead",
    ]));
    print(&row(&["---"; 7]));
    for (endpoint, event) in ENDPOINTS {
        let invocation = Invocation::of_event(engine, event)?;
        let times = |token: &str, invocation: &Invocation| {
            let taken = invocation.time(repetitions)?;
            let [bare, handle, invoke] =
                ["bare", "handle", "invoke"].map(|work| median(&taken[work]));
            let over = |time: Duration| {
                format!(
                    "{:.1} %",
                    (time.as_secs_f64() / bare.as_secs_f64() - 1.0) * 100.0
                )
            };
            let microseconds = |time: Duration| format!("{:.0}", time.as_secs_f64() * 1e6);
            print(&row(&[
                endpoint.to_owned(),
                token.to_owned(),
                microseconds(bare),
                microseconds(handle),
                over(handle),
                microseconds(invoke),
                over(invoke),
            ]));
            anyhow::Ok(())
        };
        times("known", &invocation)?;
        for algorithm in ALGORITHMS {
            let invocation = invocation.clone().with_new_tokens(algorithm)?;
            times(&format!("new, {algorithm}"), &invocation)?;
        }
    }
    Ok(())
}

fn median(nanoseconds: &Value) -> Duration {
    let mut all: Vec<_> = nanoseconds
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_u64)
        .collect();
    all.sort_unstable();
    Duration::from_nanos(all.get(all.len() / 2).copied().unwrap_or_default())
}

/// What each part of an invocation costs. What has no name of its own is the difference of what has.
fn parts(invocation: &Invocation) -> anyhow::Result<()> {
    let [event, token, body, store, bare, handle, invoke] = [
        "event", "token", "body", "store", "bare", "handle", "invoke",
    ]
    .map(|work| invocation.count(work));
    let (event, token, body) = (event?, token?, body?);
    let (store, bare, handle, invoke) = (store?, bare?, handle?, invoke?);
    let unlogged = invocation.clone().without_log().count("handle")?;
    let log = handle - unlogged;
    let parts = [
        ("the event becomes a request", event),
        ("the token, which is known", token),
        ("the body and its normal forms", body),
        ("the SDK: serialise, sign, send, receive, parse", bare),
        ("the store: requests made, items read", store - bare),
        ("the log line", log),
        (
            "the answer's body; deadline, panics, counting",
            handle - token - body - store - log,
        ),
        (
            "the response becomes the answer's bytes",
            invoke - handle - event,
        ),
        ("whole", invoke),
    ];
    print(&row(&["part", "instructions", "share", "allocations"]));
    print(&row(&["---"; 4]));
    for (
        part,
        Counts {
            instructions,
            allocations,
        },
    ) in parts
    {
        #[expect(clippy::cast_precision_loss, reason = "a share of some million")]
        let share = instructions as f64 / invoke.instructions as f64 * 100.0;
        print(&row(&[
            part.to_owned(),
            instructions.to_string(),
            format!("{share:.1} %"),
            allocations.to_string(),
        ]));
    }
    Ok(())
}

fn tokens(engine: &Engine) -> anyhow::Result<()> {
    print("\nTokens:\n\n");
    print(&row(&["token", "instructions", "allocations"]));
    print(&row(&["---"; 3]));
    let count = |token: &str, invocation: Invocation| {
        let counted = invocation.count("token")?;
        print(&row(&[
            token.to_owned(),
            counted.instructions.to_string(),
            counted.allocations.to_string(),
        ]));
        anyhow::Ok(())
    };
    let invocation = Invocation::of_event(engine, ENDPOINTS[1].1)?;
    count("known", invocation.clone())?;
    for algorithm in ALGORITHMS {
        let name = format!("new, {algorithm}");
        count(&name, invocation.clone().with_new_tokens(algorithm)?)?;
    }
    Ok(())
}

fn normal_forms(engine: &Engine) -> anyhow::Result<()> {
    print("\nNormal forms:\n\n");
    print(&row(&["what", "instructions", "allocations"]));
    print(&row(&["---"; 3]));
    let invocation = Invocation::of_event(engine, ENDPOINTS[1].1)?;
    let nothing = invocation.count("nothing")?;
    for (what, work) in [
        ("phone number, international", "phone-international"),
        ("phone number, national", "phone-national"),
        ("e-mail address", "email"),
        ("RFC 3339 time", "time"),
        ("time without an offset", "local-time"),
    ] {
        let counted = invocation.count(work)? - nothing;
        print(&row(&[
            what.to_owned(),
            counted.instructions.to_string(),
            counted.allocations.to_string(),
        ]));
    }
    Ok(())
}
