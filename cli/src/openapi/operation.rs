//! One endpoint, described.

use anyhow::Context;
use serde_json::Value;
use utoipa::openapi::path::{self, OperationBuilder, Parameter};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::{ContentBuilder, Ref, Required, Response, SecurityRequirement};

use super::{parameters, responses};

/// The way in which an endpoint answers and refuses, and whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// That of the endpoints which name a contact by its id alone.
    Crm,
    /// That of the endpoints which an application calls with its audience.
    Mailer,
}

impl Dialect {
    pub(super) fn tag(self) -> &'static str {
        match self {
            Self::Crm => "CRM",
            Self::Mailer => "Mailer",
        }
    }

    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Crm => {
                "A contact by its id, its phone numbers and addresses, and which of them are verified."
            }
            Self::Mailer => {
                "A contact in one audience for one client, an application: whether it is verified, and whether mail may be sent."
            }
        }
    }

    /// The name of the scheme of what it wants as a token.
    pub(super) fn security_scheme(self) -> &'static str {
        match self {
            Self::Crm => "bearerAuth",
            Self::Mailer => "applicationAuth",
        }
    }

    /// What it wants as a token.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Crm => {
                "A token of the organization: a person's or an application's, or that of a `SUPERADMIN`. For the demo data of \
                 `serve`: `cargo contacts token --organization 64f0a1b2c3d4e5f6a7b8c9d3 --subject 64a1b2c3d4e5f60012345679`"
            }
            Self::Mailer => {
                "A token of an application, which names its `client`. For the demo data of `serve`: \
                 `cargo contacts token --organization org_a --client website`"
            }
        }
    }

    /// The schema of its failures.
    pub(super) fn error(self) -> Ref {
        Ref::from_schema_name(match self {
            Self::Crm => "CrmError",
            Self::Mailer => "MailerError",
        })
    }
}

/// One endpoint.
#[derive(Clone)]
pub(super) struct Operation {
    /// The function that answers, which is also the operation's id.
    pub(super) function: &'static str,
    pub(super) dialect: Dialect,
    /// What it does, in a line.
    pub(super) summary: &'static str,
    /// What else is to be known.
    pub(super) description: &'static str,
    /// The contact of the example, where the path names one.
    pub(super) contact: Option<&'static str>,
    /// Parameters beside the contact's id and `If-Match`.
    pub(super) parameters: Vec<Parameter>,
    /// The schema of the body, and an example. An endpoint with a body writes: it takes `If-Match`.
    pub(super) body: Option<(&'static str, Value)>,
    /// The answers that are not the same for the whole dialect.
    pub(super) answers: Vec<(&'static str, Response)>,
}

impl Operation {
    /// The operation as the document has it, on the route with this path.
    pub(super) fn described(&self, path: &str) -> anyhow::Result<path::Operation> {
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
        if path.contains("{id}") {
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
            operation = operation
                .parameter_ref(parameters::reference(parameters::IF_MATCH))
                .request_body(Some(body.build()));
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
