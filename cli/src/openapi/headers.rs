//! The headers of answers. The document has each of them once, as a component.

use serde_json::json;
use utoipa::openapi::Ref;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};

/// A header: its name, and the name of its component.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named {
    pub(super) header: &'static str,
    pub(super) name: &'static str,
}

pub(super) const REQUEST_ID: Named = Named {
    header: "x-request-id",
    name: "RequestId",
};
/// The version in an answer that always shows a contact.
pub(super) const VERSION: Named = Named {
    header: "ETag",
    name: "Version",
};
/// The version in an answer that may show a contact.
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
    /// The reference to the header's component.
    pub(super) fn reference(self) -> Ref {
        Ref::new(format!("#/components/headers/{}", self.name))
    }
}

/// All headers.
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
            always(header(
                request_id,
                "The id of the request, which is also in the log.",
            )),
        ),
        (
            VERSION,
            always(header(
                tag(),
                "The version of the contact, which each change raises by one. Send it as `If-Match` or `If-None-Match`.",
            )),
        ),
        (
            VERSION_IF_ANY,
            header(
                tag(),
                "The version of the contact, which each change raises by one. Absent if there is no contact, or the caller may not see it.",
            ),
        ),
        (
            CHALLENGE,
            header(
                challenge,
                "`Bearer` if the request has no token. If its token is not valid, also `error=\"invalid_token\"` and the kind of fault (RFC 6750).",
            ),
        ),
        (
            RETRY_AFTER,
            always(header(
                seconds,
                "The seconds to wait before the next attempt.",
            )),
        ),
    ]
}

fn header(schema: ObjectBuilder, description: &str) -> Header {
    HeaderBuilder::new()
        .schema(Some(schema))
        .description(Some(description))
        .build()
}

/// The header, marked as always present.
fn always(mut header: Header) -> Header {
    // `utoipa` has no field for `required`, but writes extensions unchanged.
    header.extensions = Some([("required", true)].into_iter().collect());
    header
}
