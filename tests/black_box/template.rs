//! What `template.yaml` deploys, held against the code that it deploys and against what AWS knows.
//!
//! CloudFormation and SAM say whether a template can be deployed (`.ci/check-template`). What they cannot say is whether the
//! deployed stack works: whether a function may do what it does, whether it gets its settings, whether an alarm is on a
//! metric that anything writes. The template is evaluated as CloudFormation evaluates it ([`stack`]), for the parameters
//! that a test gives.

mod alarms;
mod api;
mod authorization;
mod evaluation;
mod functions;
mod history;
mod metrics;
mod parameters;
mod permissions;
mod samconfig;
mod scenes;
mod settings;
mod stack;
mod statements;
mod table;

/// That nothing is wrong; fails with all that is, a line each.
#[track_caller]
fn assert_no_faults(faults: impl IntoIterator<Item = String>) {
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
