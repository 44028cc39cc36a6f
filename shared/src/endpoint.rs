//! The endpoint of DynamoDB, and the check whether a host is this machine.

use url::{Host, Url};

use crate::environment::environment_variable;

/// Whether a URL's host is this machine: a loopback address, or `localhost`.
#[must_use]
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// The endpoint that the environment sets for DynamoDB, if any, by the rules of the AWS SDKs
/// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>).
#[must_use]
pub fn configured_endpoint() -> Option<String> {
    // A value that is not Unicode text names no endpoint.
    let value_of = |name| environment_variable(name).ok().flatten();
    let ignored = value_of("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")
        .is_some_and(|value| value.eq_ignore_ascii_case("true"));
    if ignored {
        None
    } else {
        value_of("AWS_ENDPOINT_URL_DYNAMODB").or_else(|| value_of("AWS_ENDPOINT_URL"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_addresses_and_localhost_are_this_machine() {
        for local in [
            "http://127.0.0.1:8000",
            "http://127.9.9.9",
            "http://localhost:8000/",
            "http://[::1]:8000",
        ] {
            assert!(is_loopback(&local.parse().unwrap()), "{local}");
        }
        for remote in [
            "https://dynamodb.ca-central-1.amazonaws.com",
            "http://127.0.0.1.example.com",
            "http://10.0.0.1",
            "http://localhost.example.com",
            "data:,localhost",
        ] {
            assert!(!is_loopback(&remote.parse().unwrap()), "{remote}");
        }
    }
}
