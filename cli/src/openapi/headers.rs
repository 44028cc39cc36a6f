//! What answers carry beside the body. The document has each header once, under its name here.

use serde_json::json;
use utoipa::openapi::Ref;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// A header: its name, and the name under which the document has it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) header: &'static str,
    pub(super) name: &'static str,
}

pub(super) const REQUEST_ID: Named = Named {
    header: "x-request-id",
    name: "RequestId",
};
/// Of an answer that shows a contact.
pub(super) const VERSION: Named = Named {
    header: "ETag",
    name: "Version",
};
/// Of an answer that need not show a contact.
pub(super) const VERSION_IF_ANY: Named = Named {
    header: "ETag",
    name: "VersionIfAny",
};
pub(super) const CHALLENGE: Named = Named {
    header: "WWW-Authenticate",
    name: "Challenge",
};
pub(super) const RETRY_AFTER: Named = Named {
    header: "Retry-After",
    name: "RetryAfter",
};

impl Named {
    /// Where the document has it.
    pub(super) fn reference(self) -> Ref {
        Ref::new(format!("#/components/headers/{}", self.name))
    }
}

/// All headers, by name.
pub(super) fn all() -> [(Named, Header); 5] {
    let tag = || {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^\"[1-9][0-9]*\"$"))
            .examples([json!("\"2\"")])
    };
    let request_id = ObjectBuilder::new()
        .schema_type(Type::String)
        .min_length(Some(1));
    let challenge = ObjectBuilder::new()
        .schema_type(Type::String)
        .pattern(Some("^Bearer"))
        .examples(["Bearer"]);
    let seconds = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(0));
    [
        (
            REQUEST_ID,
            always(header(request_id, "The request, as in the log.")),
        ),
        (
            VERSION,
            always(header(tag(), "The version of the contact.")),
        ),
        (
            VERSION_IF_ANY,
            header(tag(), "The version of the contact, where it exists."),
        ),
        (
            CHALLENGE,
            header(
                challenge,
                "`Bearer` where there was no token; otherwise with `error=\"invalid_token\"` and what kind of fault it has (RFC \
                 6750).",
            ),
        ),
        (RETRY_AFTER, always(header(seconds, "Seconds to wait."))),
    ]
}

fn header(schema: ObjectBuilder, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

/// The same header, which is always there.
fn always(mut header: Header) -> Header {
    // `utoipa` has no member for it, and writes what is here as it is.
    header.extensions = Some([("required", true)].into_iter().collect());
    header
}
