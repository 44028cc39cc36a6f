//! The stack that `template.yaml` deploys, checked against its code and against the rules of AWS.
//!
//! CloudFormation and SAM check whether a template can be deployed (`.ci/check-template`). They cannot check whether the
//! deployed stack works: whether a function has its permissions and its settings, and whether anything writes the metric of an
//! alarm. The tests evaluate the template as CloudFormation does ([`stack`]), for the parameters of each test.

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

/// Asserts that there are no faults. The message has a line for each fault.
#[track_caller]
fn assert_no_faults(faults: impl IntoIterator<Item = String>) {
    let faults: Vec<_> = faults.into_iter().collect();
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}
