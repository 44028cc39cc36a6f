//! Routes requests to the deployed handlers, as `template.yaml` defines.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use anyhow::Context;
use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;

use crate::template::routes::{Route, routes};
use crate::template::template;

/// A deployed handler.
pub(super) type Handler =
    fn(Arc<Service>, Request) -> Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// The handler of each function crate.
const HANDLERS: [(&str, Handler); 10] = [
    ("verify-phone-number", |service, request| {
        Box::pin(verify_phone_number::handle(service, request))
    }),
    ("verify-contact-method", |service, request| {
        Box::pin(verify_contact_method::handle(service, request))
    }),
    ("verify-contact", |service, request| {
        Box::pin(verify_contact::handle(service, request))
    }),
    ("upsert-contact", |service, request| {
        Box::pin(upsert_contact::handle(service, request))
    }),
    ("get-contact", |service, request| {
        Box::pin(get_contact::handle(service, request))
    }),
    ("contact-status", |service, request| {
        Box::pin(contact_status::handle(service, request))
    }),
    ("add-contact-method", |service, request| {
        Box::pin(add_contact_method::handle(service, request))
    }),
    ("remove-contact-method", |service, request| {
        Box::pin(remove_contact_method::handle(service, request))
    }),
    ("subscribe", |service, request| {
        Box::pin(subscribe::handle(service, request))
    }),
    ("unsubscribe", |service, request| {
        Box::pin(unsubscribe::handle(service, request))
    }),
];

/// The route of a request, and its handler.
#[derive(Debug)]
pub(super) struct Target<'r> {
    /// The route, as the template writes it.
    pub(super) path: &'r str,
    /// The path's parameters, percent-encoded.
    pub(super) parameters: Vec<(String, String)>,
    /// The handler that answers.
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
        } in routes(&template()?)?
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

    /// Finds the route of a request.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_handler_has_a_route_and_every_route_a_handler() {
        let mut routed: Vec<_> = routes(&template().unwrap())
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

    /// `cargo lambda watch` has a router of its own, in Cargo's metadata.
    #[test]
    fn cargo_lambda_watch_has_the_same_routes() {
        let manifest: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
        let router = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
            .as_table()
            .unwrap();
        let mut watched = Vec::new();
        for (path, targets) in router {
            for target in targets.as_array().unwrap() {
                watched.push(Route {
                    method: target["method"].as_str().unwrap().to_owned(),
                    path: path.clone(),
                    binary: target["function"].as_str().unwrap().to_owned(),
                });
            }
        }
        let mut deployed = routes(&template().unwrap()).unwrap();
        deployed.sort();
        watched.sort();
        assert_eq!(watched, deployed);
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
