//! `/`: the start page. It explains the server and links to `/docs`.

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::HeaderValue;
use hyper::http::request::Parts;
use hyper::{Method, Response};
use shared::http::Route;
use shared::settings::Settings;
use url::Url;

use super::contact_page;
use super::docs::{File, respond};
use super::policy::policy;
use crate::demo;
use crate::openapi::examples;

/// The page, with places for its parts in braces.
const PAGE: &str = include_str!("home.html");
const STYLE: &str = concat!(include_str!("base.css"), include_str!("home.css"));

const DEVELOPMENT_TOKEN: &str = "<code>cargo contacts token</code> prints a token that this server accepts. Deployed APIs \
                                 refuse it. Run the command in the project's folder.";
const OTHER_TOKEN: &str = "The token must be one of the identity provider whose keys the environment sets. Development tokens \
                           are not accepted.";

/// The place of the data.
#[derive(Debug, Clone, Copy)]
pub(super) enum Data {
    InMemory,
    InAFolder,
    Elsewhere,
}

impl Data {
    fn sentence(self) -> &'static str {
        match self {
            Self::InMemory => "The data are in memory and are lost when the process ends.",
            Self::InAFolder => "The data are in the folder that <code>--data</code> names.",
            Self::Elsewhere => "The data are in another DynamoDB-compatible database.",
        }
    }
}

/// The link to the page of a contact, or its path.
fn about_contact_page(has_demo_data: bool) -> String {
    if !has_demo_data {
        return format!("It is at <code>{}</code>.", contact_page::path_of("ID"));
    }
    format!(
        "Alex Morgan is in the demo data, in the organization <code>{}</code>.</p>\n\
         <p><a href=\"{}\">The page of Alex Morgan</a>",
        demo::CRM_ORGANIZATION,
        contact_page::path_of(examples::ALEX),
    )
}

/// The page.
#[derive(Debug)]
pub(super) struct Home {
    html: Bytes,
    policy: HeaderValue,
}

impl Home {
    /// The page of the server at this URL.
    ///
    /// # Errors
    /// Never, as long as a hash is a valid header.
    pub(super) fn new(
        url: &Url,
        settings: &Settings,
        data: Data,
        has_demo_data: bool,
    ) -> anyhow::Result<Self> {
        let takes_development_tokens = settings.authenticator.accepts_development_tokens();
        let about_token = if takes_development_tokens {
            DEVELOPMENT_TOKEN
        } else {
            OTHER_TOKEN
        };
        let (token, contact) = match (takes_development_tokens, has_demo_data) {
            (true, true) => (
                format!(
                    "$(cargo contacts token --organization {})",
                    demo::CRM_ORGANIZATION
                ),
                examples::ALEX,
            ),
            (true, false) => (
                "$(cargo contacts token --organization ORG)".to_owned(),
                "ID",
            ),
            (false, _) => ("$TOKEN".to_owned(), "ID"),
        };
        let call = format!(
            "curl -i {}{} \\\n  -H \"Authorization: Bearer {token}\"",
            url.as_str().trim_end_matches('/'),
            Route::GetContact.path_of(contact),
        );
        let routes = Route::ALL.map(|route| {
            format!(
                "<tr><td>{}<td><code>{}</code>\n",
                route.method(),
                route.path()
            )
        });
        let html = PAGE
            .replace("{style}", STYLE)
            .replace("{data}", data.sentence())
            .replace("{token}", about_token)
            .replace("{call}", &call)
            .replace("{contact_page}", &about_contact_page(has_demo_data))
            .replace("{routes}", &routes.concat());
        Ok(Self {
            html: html.into(),
            policy: policy(STYLE, "'none'")?,
        })
    }

    /// The answer, if the request is for the page.
    pub(super) fn answer(&self, request: &Parts) -> Option<Response<Full<Bytes>>> {
        let is_read = matches!(request.method, Method::GET | Method::HEAD);
        if !is_read || request.uri.path() != "/" {
            return None;
        }
        let file = File {
            content_type: "text/html; charset=utf-8".to_owned(),
            is_gzipped: false,
            content: self.html.clone(),
        };
        Some(respond(&request.headers, file, self.policy.clone()))
    }
}
