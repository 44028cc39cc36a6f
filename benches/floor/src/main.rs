//! The least that a function of `lambda_http` can be: no SDK, no token, no phone metadata, a constant answer. What a cold
//! start of the real functions is measured against.

use std::convert::Infallible;

use lambda_http::http::Response;
use lambda_http::{Body, Request, service_fn};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    lambda_http::run(service_fn(async |_: Request| {
        Ok::<_, Infallible>(Response::new(Body::Text("{}".to_owned())))
    }))
    .await
}
