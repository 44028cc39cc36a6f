//! Lets pages of other origins call the API in a browser (CORS, <https://fetch.spec.whatwg.org/#http-cors-protocol>), as API
//! Gateway does with the `CorsConfiguration` of `template.yaml`.

use anyhow::{Context, anyhow};
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD,
    HeaderMap, HeaderValue, ORIGIN, VARY,
};
use hyper::http::request::Parts;
use hyper::{Method, Response, StatusCode};
use serde_json::Value;
use url::Url;

use crate::template::template;

/// The origin of pages that may call the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigin {
    /// Every origin.
    Any,
    /// This origin, as browsers write it.
    One(HeaderValue),
}

impl AllowedOrigin {
    /// Reads `*`, or an origin as browsers write it, such as `http://localhost:5173`.
    ///
    /// # Errors
    /// The form that the text must have.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self::Any);
        }
        let origin = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && !text.contains('*'))
            .map(|url| url.origin().ascii_serialization())
            .ok_or("must be * or an origin, such as http://localhost:5173")?;
        if origin != text {
            return Err(format!("must be only the origin: {origin}"));
        }
        let origin = HeaderValue::try_from(origin).map_err(|error| error.to_string())?;
        Ok(Self::One(origin))
    }
}

/// The requests that pages may send to the API, and the headers of its answers that they may see.
#[derive(Debug)]
pub struct Cors {
    origins: Vec<AllowedOrigin>,
    methods: HeaderValue,
    headers: HeaderValue,
    exposed: HeaderValue,
    max_age: HeaderValue,
}

impl Cors {
    /// The template's configuration, with these origins.
    ///
    /// # Errors
    /// When the template has no such configuration.
    pub(crate) fn of_template(origins: Vec<AllowedOrigin>) -> anyhow::Result<Self> {
        let template = template()?;
        let resources = template["Resources"].as_object().into_iter().flatten();
        // The template gives the API a configuration only if there are origins (`Fn::If`).
        let mut configurations = resources
            .filter_map(|(_, found)| found["Properties"].pointer("/CorsConfiguration/Fn::If/1"));
        let configuration = configurations
            .next()
            .context("template.yaml has no CorsConfiguration")?;
        let value = |name: &str| {
            let found = match &configuration[name] {
                Value::Array(values) => values.iter().filter_map(Value::as_str).collect::<Vec<_>>(),
                Value::Number(seconds) => {
                    return Ok(HeaderValue::from(seconds.as_u64().unwrap_or(0)));
                }
                _ => {
                    return Err(anyhow!(
                        "the CorsConfiguration of template.yaml has no {name}"
                    ));
                }
            };
            Ok(HeaderValue::try_from(found.join(","))?)
        };
        Ok(Self {
            origins,
            methods: value("AllowMethods")?,
            headers: value("AllowHeaders")?,
            exposed: value("ExposeHeaders")?,
            max_age: value("MaxAge")?,
        })
    }

    /// The answer to `OPTIONS`. A browser sends `OPTIONS` to ask whether a page may send a request.
    pub(super) fn preflight(&self, request: &Parts) -> Option<Response<Full<Bytes>>> {
        if request.method != Method::OPTIONS {
            return None;
        }
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::NO_CONTENT;
        let asks = request.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if self.allow(request.headers.get(ORIGIN), response.headers_mut()) && asks {
            let headers = response.headers_mut();
            headers.insert(ACCESS_CONTROL_ALLOW_METHODS, self.methods.clone());
            headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, self.headers.clone());
            headers.insert(ACCESS_CONTROL_MAX_AGE, self.max_age.clone());
        }
        Some(response)
    }

    /// Lets the page that sent a request see the answer with these headers.
    pub(super) fn expose(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) {
        if self.allow(origin, answer) {
            answer.insert(ACCESS_CONTROL_EXPOSE_HEADERS, self.exposed.clone());
        }
    }

    /// Adds the header that allows pages of this origin, if they are allowed. Returns whether they are.
    fn allow(&self, origin: Option<&HeaderValue>, answer: &mut HeaderMap) -> bool {
        let is_any = self.origins.contains(&AllowedOrigin::Any);
        if !is_any {
            // A cache must not give the answer for one origin to another.
            answer.append(VARY, HeaderValue::from_static("Origin"));
        }
        let Some(origin) = origin else {
            return false;
        };
        let allowed = if is_any {
            HeaderValue::from_static("*")
        } else if self.origins.contains(&AllowedOrigin::One(origin.clone())) {
            origin.clone()
        } else {
            return false;
        };
        answer.insert(ACCESS_CONTROL_ALLOW_ORIGIN, allowed);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_is_written_as_browsers_write_it() {
        for text in [
            "http://localhost:5173",
            "https://crm.example.com",
            "http://[::1]:8080",
        ] {
            let origin = AllowedOrigin::One(HeaderValue::from_str(text).unwrap());
            assert_eq!(AllowedOrigin::parse(text), Ok(origin));
        }
        assert_eq!(AllowedOrigin::parse("*"), Ok(AllowedOrigin::Any));
        for (text, origin) in [
            ("http://localhost:5173/", "http://localhost:5173"),
            (
                "https://Crm.Example.com:443/contacts?x#y",
                "https://crm.example.com",
            ),
            ("http://user:secret@localhost", "http://localhost"),
        ] {
            let error = AllowedOrigin::parse(text).unwrap_err();
            assert!(error.ends_with(&format!(": {origin}")), "{error}");
        }
        for text in [
            "",
            "localhost:5173",
            "null",
            "file:///x",
            "https://*.example.com",
            "ws://x",
        ] {
            let error = AllowedOrigin::parse(text).unwrap_err();
            assert!(error.contains("must be"), "{text:?}: {error}");
        }
    }
}
