//! Each function is reached, and by the route that it says it answers.

use black_box_tests::Api;
use serde_json::{Value, json};

use super::stack::Stack;

pub(super) const API: &str = "AWS::Serverless::HttpApi";

/// A route of the API.
pub(super) struct Route {
    /// The name of the function behind it.
    function: String,
    pub(super) method: String,
    path: String,
    /// Which API it is of.
    api: Value,
}

/// All routes of the template.
pub(super) fn routes() -> Vec<Route> {
    let functions = Stack::new().functions().into_iter();
    functions
        .flat_map(|(function, properties)| {
            let events = properties["Events"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            events
                .into_iter()
                .filter(|(_, event)| event["Type"] == "HttpApi")
                .map(|(name, event)| {
                    let properties = &event["Properties"];
                    let text = |member: &str| {
                        let text = properties[member].as_str();
                        text.unwrap_or_else(|| panic!("{function} {name} has no {member}"))
                            .to_owned()
                    };
                    Route {
                        function: function.clone(),
                        method: text("Method"),
                        path: text("Path"),
                        api: properties["ApiId"].clone(),
                    }
                })
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn every_function_is_called_by_something() {
    for (name, function) in Stack::new().functions() {
        let events = function["Events"].as_object();
        assert!(
            events.is_some_and(|events| !events.is_empty()),
            "{name} has no events"
        );
    }
}

#[test]
fn every_route_is_of_the_api_and_for_one_method_and_one_path() {
    let stack = Stack::new();
    for Route {
        function,
        method,
        path,
        api,
    } in routes()
    {
        // Without it, SAM makes an API of its own, without logs and limits.
        assert!(
            stack.named(&api, API).is_some(),
            "{function} is routed by {api}"
        );
        assert_eq!(method, method.to_uppercase(), "{function}");
        assert_ne!(method, "ANY", "{function}");
        assert!(
            path.starts_with('/') && !path.contains('+'),
            "{function} {path}"
        );
    }
}

#[tokio::test]
async fn every_route_is_the_one_that_its_function_logs() {
    let api = Api::start().await;
    for Route {
        function,
        method,
        path,
        ..
    } in routes()
    {
        let request = api.request_by(&method, &path.replace("{id}", "c_1"));
        let answer = api.send(request.json(&json!({}))).await;
        assert_eq!(
            answer.logged()["route"],
            format!("{method} {path}"),
            "{function}"
        );
    }
}
