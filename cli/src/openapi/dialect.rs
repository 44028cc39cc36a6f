//! The two dialects of the API, as the document describes them.

use utoipa::openapi::Ref;

/// The form of an endpoint's answers and errors, and the callers it accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The dialect of endpoints that name a contact by its id alone.
    Crm,
    /// The dialect of endpoints that an application calls with its audience.
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
                "Endpoints that name a contact by its id: its phone numbers and addresses, and their verifications."
            }
            Self::Mailer => {
                "Endpoints about an address in one audience, for one client (an application): whether it is verified, and whether the client may send to it."
            }
        }
    }

    /// The name of the dialect's security scheme.
    pub(super) fn security_scheme(self) -> &'static str {
        match self {
            Self::Crm => "bearerAuth",
            Self::Mailer => "applicationAuth",
        }
    }

    /// The token that the dialect requires.
    pub(super) fn token(self) -> &'static str {
        match self {
            Self::Crm => {
                "A token of a person or an application in the organization, or of a `SUPERADMIN`. For the demo data of `serve`: \
                 `cargo contacts token --organization 64f0a1b2c3d4e5f6a7b8c9d3 --subject 64a1b2c3d4e5f60012345679`"
            }
            Self::Mailer => {
                "A token of an application, which names its `client`. For the demo data of `serve`: \
                 `cargo contacts token --organization org_a --client website`"
            }
        }
    }

    /// The schema of the dialect's errors.
    pub(super) fn error(self) -> Ref {
        Ref::from_schema_name(match self {
            Self::Crm => "CrmError",
            Self::Mailer => "MailerError",
        })
    }
}
