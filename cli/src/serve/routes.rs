//! Routes requests to the deployed handlers.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Arc;

use lambda_http::http::Response;
use lambda_http::{Body, Request};
use shared::Service;
use shared::http::Route;

/// The answer of a handler, to be awaited.
pub type Answer = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// Answers a request with the deployed handler of its route.
pub fn handle(route: Route, service: Arc<Service>, request: Request) -> Answer {
    match route {
        Route::VerifyPhoneNumber => Box::pin(verify_phone_number::handle(service, request)),
        Route::VerifyContactMethod => Box::pin(verify_contact_method::handle(service, request)),
        Route::VerifyContact => Box::pin(verify_contact::handle(service, request)),
        Route::UpsertContact => Box::pin(upsert_contact::handle(service, request)),
        Route::GetContact => Box::pin(get_contact::handle(service, request)),
        Route::ContactStatus => Box::pin(contact_status::handle(service, request)),
        Route::AddContactMethod => Box::pin(add_contact_method::handle(service, request)),
        Route::RemoveContactMethod => Box::pin(remove_contact_method::handle(service, request)),
        Route::Subscribe => Box::pin(subscribe::handle(service, request)),
        Route::Unsubscribe => Box::pin(unsubscribe::handle(service, request)),
        Route::GetHistory => Box::pin(get_history::handle(service, request)),
        Route::EraseContact => Box::pin(erase_contact::handle(service, request)),
    }
}

/// The router of the API.
pub(super) struct Router {
    /// The routes of each path, by method.
    paths: matchit::Router<HashMap<&'static str, Route>>,
}

impl Router {
    /// The router of all routes.
    ///
    /// # Errors
    /// Never, as long as no two paths contradict each other.
    pub(super) fn new() -> anyhow::Result<Self> {
        let mut by_path: HashMap<_, HashMap<_, _>> = HashMap::new();
        for route in Route::ALL {
            let methods = by_path.entry(route.path()).or_default();
            methods.insert(route.method(), route);
        }
        let mut paths = matchit::Router::new();
        for (path, methods) in by_path {
            paths.insert(path, methods)?;
        }
        Ok(Self { paths })
    }

    /// Finds the route of a request, and the percent-encoded parameters of its path.
    pub(super) fn find(&self, method: &str, path: &str) -> Option<(Route, Vec<(String, String)>)> {
        let found = self.paths.at(path).ok()?;
        let route = found.value.get(method)?;
        let parameters = found.params.iter();
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Some((*route, parameters.collect()))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::template::routes::routes;
    use crate::template::template;

    /// The key and the function of each route.
    fn all() -> BTreeSet<(String, String)> {
        Route::ALL
            .map(|route| (route.key().to_owned(), route.function().to_owned()))
            .into()
    }

    #[test]
    fn the_template_has_the_same_routes() {
        let deployed = routes(&template().unwrap()).unwrap().into_iter();
        let deployed: BTreeSet<_> = deployed
            .map(|route| (format!("{} {}", route.method, route.path), route.binary))
            .collect();
        assert_eq!(deployed, all());
    }

    /// `cargo lambda watch` has a router of its own, in Cargo's metadata.
    #[test]
    fn cargo_lambda_watch_has_the_same_routes() {
        let manifest: toml::Table = include_str!("../../../Cargo.toml").parse().unwrap();
        let router = manifest["workspace"]["metadata"]["lambda"]["watch"]["router"]
            .as_table()
            .unwrap();
        let mut watched = BTreeSet::new();
        for (path, targets) in router {
            for target in targets.as_array().unwrap() {
                let member = |name: &str| target[name].as_str().unwrap().to_owned();
                watched.insert((format!("{} {path}", member("method")), member("function")));
            }
        }
        assert_eq!(watched, all());
    }

    #[test]
    fn a_request_is_routed_by_its_method_and_path() {
        let router = Router::new().unwrap();
        for route in Route::ALL {
            let (found, parameters) = router
                .find(route.method(), &route.path_of("c%201"))
                .unwrap_or_else(|| panic!("{}", route.key()));
            assert_eq!(found, route);
            let has_id = route.path().contains("{id}");
            let expected = has_id.then(|| ("id".to_owned(), "c%201".to_owned()));
            assert_eq!(parameters, Vec::from_iter(expected));
        }
        for (method, path) in [
            ("GET", "/api/contacts/c_1/verification"),
            ("PATCH", "/api/contacts/c_1/verification/"),
            ("PATCH", "/api/contacts//verification"),
            ("PATCH", "/"),
        ] {
            assert!(router.find(method, path).is_none(), "{method} {path}");
        }
    }
}
