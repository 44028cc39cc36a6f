//! The Lambda function: settings, client, then the runtime (`shared::start`).

use std::process::ExitCode;

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    shared::start(get_history::handle).await
}
