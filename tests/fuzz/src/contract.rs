//! The promises of `openapi.yaml` about each answer.

use std::cell::RefCell;
use std::collections::HashMap;

use black_box_tests::openapi::OpenApi;
use jsonschema::Validator;
use shared::http::Route;

use crate::request::{Answer, REQUEST_ID};

/// The document, and the validators of the bodies of answers, by route and status.
struct Contract {
    document: OpenApi,
    bodies: RefCell<HashMap<(&'static str, u16), Option<Validator>>>,
}

thread_local! {
    static CONTRACT: Contract = Contract { document: OpenApi::read(), bodies: RefCell::default() };
}

/// Asserts that an answer is one that the document describes, and belongs to its request.
pub(crate) fn check(route: Route, answer: &Answer) {
    CONTRACT.with(|contract| contract.check(route, answer));
    let id = answer.headers.get("x-request-id").map(String::as_str);
    assert_eq!(id, Some(REQUEST_ID), "x-request-id: {answer:?}");
    if answer.status >= 400 {
        assert!(
            answer.is_error_in(route.dialect()),
            "not the dialect: {answer:?}"
        );
    }
    let is_challenged = answer.headers.contains_key("www-authenticate");
    assert_eq!(is_challenged, answer.status == 401, "{answer:?}");
}

impl Contract {
    fn check(&self, route: Route, answer: &Answer) {
        let mut bodies = self.bodies.borrow_mut();
        let validator = bodies
            .entry((route.function(), answer.status))
            .or_insert_with(|| {
                let operation = self.document.operation(route.function());
                let described = operation.answer(answer.status);
                let described = described
                    .unwrap_or_else(|| panic!("not described: {} {answer:?}", route.key()));
                let content = described.get("content")?;
                Some(
                    self.document
                        .validator(&content["application/json"]["schema"]),
                )
            });
        match validator {
            Some(validator) => {
                let faults: Vec<_> = validator
                    .iter_errors(&answer.body)
                    .map(|fault| fault.to_string())
                    .collect();
                assert!(faults.is_empty(), "{}: {faults:?}: {answer:?}", route.key());
            }
            None => assert!(answer.body.is_null(), "{answer:?}"),
        }
    }
}
