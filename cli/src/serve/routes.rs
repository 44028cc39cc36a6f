//! The routes of `template.yaml`, each with the handler that is deployed there. The template is part of the binary, so
//! that the local API cannot drift from the deployed one.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use yaml_rust2::{Yaml, YamlLoader};

const TEMPLATE: &str = include_str!("../../../template.yaml");

/// A deployed handler.
pub(super) type Handler =
    fn(Arc<Service>, Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// The handler of each function crate.
const HANDLERS: [(&str, Handler); 3] = [
    ("verify-phone-number", |service, request| {
        Box::pin(verify_phone_number::handle(service, request))
    }),
    ("verify-contact-method", |service, request| {
        Box::pin(verify_contact_method::handle(service, request))
    }),
    ("verify-contact", |service, request| {
        Box::pin(verify_contact::handle(service, request))
    }),
];

/// A route of the API.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Route {
    method: String,
    path: String,
    binary: String,
}

/// What a request is routed to.
#[derive(Debug)]
pub(super) struct Target<'r> {
    /// The route, as the template writes it.
    pub(super) path: &'r str,
    /// The path's parameters, percent-encoded.
    pub(super) parameters: Vec<(String, String)>,
    /// Who answers.
    pub(super) handler: Handler,
}

/// The router of the template's API.
pub(super) struct Routes {
    paths: matchit::Router<HashMap<String, (String, Handler)>>,
}

impl Routes {
    /// The routes of the template.
    pub(super) fn of_template() -> anyhow::Result<Self> {
        let mut by_path: HashMap<String, HashMap<String, (String, Handler)>> = HashMap::new();
        for Route {
            method,
            path,
            binary,
        } in routes(TEMPLATE)?
        {
            let (_, handler) = HANDLERS
                .iter()
                .find(|(name, _)| *name == binary)
                .with_context(|| {
                    format!("the template names {binary}, which is not part of this tool")
                })?;
            by_path
                .entry(path.clone())
                .or_default()
                .insert(method, (path, *handler));
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(path, methods)?;
        }
        Ok(Self { paths })
    }

    /// What answers a request, if anything does.
    pub(super) fn find<'r>(&'r self, method: &str, path: &str) -> Option<Target<'r>> {
        let found = self.paths.at(path).ok()?;
        let (route, handler) = found.value.get(method)?;
        let parameters = found
            .params
            .iter()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Some(Target {
            path: route,
            parameters,
            handler: *handler,
        })
    }
}

/// The HTTP API routes of a SAM template, each with the binary of its function.
fn routes(template: &str) -> anyhow::Result<Vec<Route>> {
    let documents = YamlLoader::load_from_str(template).context("template.yaml is not YAML")?;
    let resources = documents
        .first()
        .and_then(|document| document["Resources"].as_hash())
        .context("template.yaml has no Resources")?;
    let mut routes = Vec::new();
    for (name, resource) in resources {
        if resource["Type"].as_str() != Some("AWS::Serverless::Function") {
            continue;
        }
        let name = name.as_str().unwrap_or_default();
        let binary = text(&resource["Metadata"]["BuildProperties"]["Binary"])
            .with_context(|| format!("{name} of template.yaml names no Binary"))?;
        for event in resource["Properties"]["Events"]
            .as_hash()
            .into_iter()
            .flat_map(|events| events.values())
        {
            if event["Type"].as_str() != Some("HttpApi") {
                continue;
            }
            let member = |member: &str| {
                text(&event["Properties"][member])
                    .with_context(|| format!("an event of {name} has no {member}"))
            };
            routes.push(Route {
                method: member("Method")?.to_uppercase(),
                path: member("Path")?,
                binary: binary.clone(),
            });
        }
    }
    if routes.is_empty() {
        bail!("template.yaml has no HTTP API routes");
    }
    Ok(routes)
}

fn text(yaml: &Yaml) -> anyhow::Result<String> {
    yaml.as_str()
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("not a text"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_has_a_route_and_every_route_a_handler() {
        let mut routed: Vec<_> = routes(TEMPLATE)
            .unwrap()
            .into_iter()
            .map(|route| route.binary)
            .collect();
        let mut handled: Vec<_> = HANDLERS
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        routed.sort();
        handled.sort();
        assert_eq!(routed, handled);
        assert!(Routes::of_template().is_ok());
    }

    #[test]
    fn the_routes_are_those_of_the_contract() {
        let routes = Routes::of_template().unwrap();
        for path in [
            "phone-number/verify",
            "verify-contact-methods",
            "verification",
        ] {
            let target = routes
                .find("PATCH", &format!("/api/contacts/c%201/{path}"))
                .unwrap();
            assert_eq!(target.path, format!("/api/contacts/{{id}}/{path}"));
            assert_eq!(target.parameters, [("id".to_owned(), "c%201".to_owned())]);
        }
        for (method, path) in [
            ("GET", "/api/contacts/c_1/verification"),
            ("PATCH", "/api/contacts/c_1/verification/"),
            ("PATCH", "/api/contacts//verification"),
            ("PATCH", "/"),
        ] {
            assert!(routes.find(method, path).is_none(), "{method} {path}");
        }
    }
}
