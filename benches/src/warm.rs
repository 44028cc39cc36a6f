use clap::Args;

/// How it is measured.
#[derive(Debug, Args)]
pub(crate) struct Options {}

pub(crate) async fn run(_: Options) -> anyhow::Result<()> {
    Ok(())
}
