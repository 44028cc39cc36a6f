//! The two dialects of the API, as the document describes them.

use utoipa::openapi::Ref;

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
