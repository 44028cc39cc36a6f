//! The smallest possible function of `lambda_http`: no SDK, no token, no phone metadata, a constant answer. The benchmarks
//! compare the cold starts of the real functions with it.

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
