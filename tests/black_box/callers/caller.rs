//! The callers of the matrix.

use black_box_tests::keys::SigningKey;
use contacts::development::{AUDIENCE, ISSUER};
use serde_json::{Value, json};
use shared::auth::DEVELOPMENT_SECRET;

use super::world::{CLIENT, Organization};

/// The time of every request, in seconds since 1970: 2026-06-02T08:00:00Z.
const NOW_SECONDS: u64 = 1_780_387_200;
/// The time of every request, in RFC 3339.
pub(super) const NOW: &str = "2026-06-02T08:00:00Z";

/// A caller of the matrix.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) name: &'static str,
    /// The client that its requests name.
    pub(super) names_client: &'static str,
    pub(super) proof: Proof,
}

/// The proof in the `Authorization` header.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    /// This identity.
    Identity(Identity),
    /// Nothing, for this reason.
    Nothing(Refusal, fn() -> Option<String>),
}

/// The claims of a valid token.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Identity {
    pub(super) organization: Option<Organization>,
    pub(super) role: Option<&'static str>,
    pub(super) client: Option<&'static str>,
}

/// Why the API does not authenticate a caller (contract section 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request has no token.
    NoToken,
    /// The scheme is not `Bearer`, or nothing follows it.
    NotBearer,
    /// The token is invalid, and the description names this kind of fault.
    BadToken(&'static str),
}

impl Caller {
    /// Every caller.
    pub(super) fn all() -> Vec<Self> {
        let mut callers = Self::admitted();
        callers.extend(Self::refused());
        callers.extend(Self::with_bad_claims());
        callers
    }

    /// The callers whose token proves who they are.
    pub(super) fn admitted() -> Vec<Self> {
        use Organization::{Elsewhere, Ours, Theirs};
        let caller = |name, organization, role, client| Self {
            name,
            names_client: CLIENT,
            proof: Proof::Identity(Identity {
                organization,
                role,
                client,
            }),
        };
        let (admin, superadmin) = (Some("ADMIN"), Some("SUPERADMIN"));
        vec![
            caller("a user without a role", Some(Ours), None, None),
            caller(
                "a user with a role of no meaning",
                Some(Ours),
                Some("admin"),
                None,
            ),
            caller("an administrator", Some(Ours), admin, None),
            caller("an application", Some(Ours), None, Some(CLIENT)),
            caller(
                "an application that is an administrator",
                Some(Ours),
                admin,
                Some(CLIENT),
            ),
            caller(
                "an application that names another's client",
                Some(Ours),
                None,
                Some("app"),
            ),
            Self {
                names_client: "app",
                ..caller(
                    "an application that is not registered",
                    Some(Ours),
                    None,
                    Some("app"),
                )
            },
            caller("a user of the other organization", Some(Theirs), None, None),
            caller(
                "an administrator of the other organization",
                Some(Theirs),
                admin,
                None,
            ),
            caller(
                "an application of the other organization",
                Some(Theirs),
                None,
                Some(CLIENT),
            ),
            caller(
                "an administrator of an empty organization",
                Some(Elsewhere),
                admin,
                None,
            ),
            caller("a super administrator", Some(Ours), superadmin, None),
            caller(
                "a super administrator of an empty organization",
                Some(Elsewhere),
                superadmin,
                None,
            ),
            caller(
                "a super administrator of no organization",
                None,
                superadmin,
                None,
            ),
            caller(
                "an application that is a super administrator",
                Some(Ours),
                superadmin,
                Some(CLIENT),
            ),
        ]
    }

    /// The callers that prove nothing. Without their one fault, they could do everything.
    pub(super) fn refused() -> Vec<Self> {
        use Refusal::{BadToken, NoToken, NotBearer};
        vec![
            Self::nobody("no token", NoToken, || None),
            Self::nobody("a blank header", NoToken, || Some(String::new())),
            Self::nobody("another scheme", NotBearer, || {
                Some("Basic dXNlcjpwYXNzd29yZA==".to_owned())
            }),
            Self::nobody("a scheme without a token", NotBearer, || {
                Some("Bearer".to_owned())
            }),
            Self::nobody("a token without a scheme", NotBearer, || {
                Some(signed(&almighty()))
            }),
            Self::nobody("no JWT", BadToken("malformed"), || {
                bearer("an-opaque-token")
            }),
            Self::nobody("an expired token", BadToken("expired"), || {
                with("exp", NOW_SECONDS - 61)
            }),
            Self::nobody("a token of tomorrow", BadToken("not yet valid"), || {
                with("nbf", NOW_SECONDS + 61)
            }),
            Self::nobody("a token of another issuer", BadToken("issuer"), || {
                with("iss", "https://example.org")
            }),
            Self::nobody("a token for another audience", BadToken("audience"), || {
                with("aud", "mailer")
            }),
            Self::nobody(
                "a token signed with another key",
                BadToken("signature"),
                || {
                    let impostor = SigningKey::hmac("HS256", KEY_ID, &[7; 32]);
                    bearer(&impostor.token(&almighty()))
                },
            ),
            Self::nobody(
                "a token of an unknown key",
                BadToken("signature key"),
                || {
                    let unknown = SigningKey::hmac("HS256", "unknown", DEVELOPMENT_SECRET);
                    bearer(&unknown.token(&almighty()))
                },
            ),
            Self::nobody(
                "a token of another algorithm",
                BadToken("algorithm"),
                || {
                    let other = SigningKey::hmac("HS512", KEY_ID, DEVELOPMENT_SECRET);
                    bearer(&other.token(&almighty()))
                },
            ),
        ]
    }

    /// The callers whose token has a valid signature, and lacks a claim or has a malformed one.
    fn with_bad_claims() -> Vec<Self> {
        let missing = Refusal::BadToken("claim missing");
        let malformed = Refusal::BadToken("claim malformed");
        vec![
            Self::nobody("a token without an expiry", missing, || {
                with("exp", Value::Null)
            }),
            Self::nobody("a token without an issuer", missing, || {
                with("iss", Value::Null)
            }),
            Self::nobody("a token without an audience", missing, || {
                with("aud", Value::Null)
            }),
            Self::nobody("a token without a subject", missing, || {
                with("sub", Value::Null)
            }),
            Self::nobody("an administrator without an organization", missing, || {
                let mut claims = almighty();
                claims["role"] = json!("ADMIN");
                claims["organizationId"].take();
                bearer(&signed(&claims))
            }),
            Self::nobody("an organization that is a part of a key", malformed, || {
                let contact = format!("{}#CONTACT", Organization::Ours.id());
                with("organizationId", contact)
            }),
            Self::nobody("a client that is no slug", malformed, || {
                with("client", "web site")
            }),
            Self::nobody("a user that looks like an application", malformed, || {
                let mut claims = almighty();
                claims["sub"] = json!("client:website");
                claims["client"].take();
                bearer(&signed(&claims))
            }),
        ]
    }

    fn nobody(name: &'static str, refusal: Refusal, authorization: fn() -> Option<String>) -> Self {
        Self {
            name,
            names_client: CLIENT,
            proof: Proof::Nothing(refusal, authorization),
        }
    }

    /// The `Authorization` header.
    pub(super) fn authorization(&self) -> Option<String> {
        match self.proof {
            Proof::Identity(Identity {
                organization,
                role,
                client,
            }) => {
                let mut claims = almighty();
                claims["organizationId"] = json!(organization.map(Organization::id));
                claims["role"] = json!(role);
                claims["client"] = json!(client);
                bearer(&signed(&claims))
            }
            Proof::Nothing(_, authorization) => authorization(),
        }
    }
}

/// The `kid` of the development key.
const KEY_ID: &str = "development";

/// The claims of an application of our organization that is a super administrator.
fn almighty() -> Value {
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "subject_1", "exp": NOW_SECONDS + 600,
        "organizationId": Organization::Ours.id(), "role": "SUPERADMIN", "client": CLIENT,
    })
}

/// The header with the token of [`almighty`], in which one claim has another value.
fn with(name: &str, value: impl Into<Value>) -> Option<String> {
    let mut claims = almighty();
    claims[name] = value.into();
    bearer(&signed(&claims))
}

fn signed(claims: &Value) -> String {
    SigningKey::hmac("HS256", KEY_ID, DEVELOPMENT_SECRET).token(claims)
}

#[expect(clippy::unnecessary_wraps, reason = "some callers send no header")]
fn bearer(token: &str) -> Option<String> {
    Some(format!("Bearer {token}"))
}
