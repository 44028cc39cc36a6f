//! One endpoint, described.

use anyhow::Context;
use serde_json::Value;
use shared::http::Route;
use utoipa::openapi::path::{self, OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, Ref, Required, Response, SecurityRequirement};

use super::dialect::Dialect;
use super::{parameters, responses};

/// One endpoint.
#[derive(Clone)]
pub(super) struct Operation {
    /// The function that answers the requests. Its name is also the operation's id.
    pub(super) function: &'static str,
    pub(super) dialect: Dialect,
    /// The effect of a request, in one line.
    pub(super) summary: &'static str,
    /// The details.
    pub(super) description: &'static str,
    /// The contact of the example, if the path names one.
    pub(super) contact: Option<&'static str>,
    /// Parameters other than the contact's id and `If-Match`.
    pub(super) parameters: Vec<Parameter>,
    /// The schema of the body, and an example.
    pub(super) body: Option<(&'static str, Value)>,
    /// The answers that are specific to this endpoint, with their status.
    pub(super) answers: Vec<(&'static str, Response)>,
}

impl Operation {
    /// The operation in the document, at this route. A route that writes has the parameter `If-Match`.
    pub(super) fn described(&self, route: Route) -> anyhow::Result<path::Operation> {
        let dialect = self.dialect;
        let mut operation = OperationBuilder::new()
            .operation_id(Some(self.function))
            .tag(dialect.tag())
            .summary(Some(self.summary))
            .description(Some(self.description))
            .security(SecurityRequirement::new::<_, [String; 0], _>(
                dialect.security_scheme(),
                [],
            ));
        if route.path().contains("{id}") {
            let contact = self
                .contact
                .with_context(|| format!("{} has no example of a contact", self.function))?;
            operation = operation.parameter(parameters::contact_id(contact));
        }
        for parameter in &self.parameters {
            operation = operation.parameter(parameter.clone());
        }
        let mut shared = vec!["401", "429", "500", "503"];
        if let Some((schema, example)) = &self.body {
            let content = ContentBuilder::new()
                .schema(Some(Ref::from_schema_name(*schema)))
                .example(Some(example.clone()));
            let body = RequestBodyBuilder::new()
                .required(Some(Required::True))
                .content("application/json", content.build());
            operation = operation.request_body(Some(body.build()));
        }
        if route.method() != "GET" {
            operation = operation.parameter_ref(parameters::reference(parameters::IF_MATCH));
            shared.extend(["412", "413", "415"]);
        }
        for (status, response) in &self.answers {
            operation = operation.response(*status, response.clone());
        }
        for status in shared {
            operation = operation.response(status, responses::reference(dialect, status)?);
        }
        Ok(operation.build())
    }
}
