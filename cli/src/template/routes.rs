//! The routes of `template.yaml`, each with the function that answers it.

use anyhow::{Context, bail};
use serde_json::Value;

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Route {
    /// The method, in capitals.
    pub(crate) method: String,
    /// The path, with parameters in braces.
    pub(crate) path: String,
    /// The binary of the function that answers requests on this route.
    pub(crate) binary: String,
}

/// The HTTP API routes of a SAM template, each with the binary of its function.
pub(crate) fn routes(template: &Value) -> anyhow::Result<Vec<Route>> {
    let resources = template["Resources"]
        .as_object()
        .context("template.yaml has no Resources")?;
    let mut routes = Vec::new();
    for (name, function) in resources {
        if function["Type"] != "AWS::Serverless::Function" {
            continue;
        }
        let function = &function["Properties"];
        let binary = function["CodeUri"]
            .as_str()
            .and_then(|uri| uri.trim_end_matches('/').rsplit('/').next())
            .with_context(|| format!("{name} of template.yaml has no CodeUri"))?;
        let events = function["Events"].as_object().into_iter().flatten();
        for (_, event) in events.filter(|(_, event)| event["Type"] == "HttpApi") {
            let member = |member: &str| {
                event["Properties"][member]
                    .as_str()
                    .with_context(|| format!("an event of {name} has no {member}"))
            };
            routes.push(Route {
                method: member("Method")?.to_uppercase(),
                path: member("Path")?.to_owned(),
                binary: binary.to_owned(),
            });
        }
    }
    if routes.is_empty() {
        bail!("template.yaml has no HTTP API routes");
    }
    Ok(routes)
}
