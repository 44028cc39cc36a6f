//! The connections to the database that a start opens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::body::SdkBody;
use futures_util::future::try_join_all;
use futures_util::stream;
use http_body_util::StreamBody;
use hyper::body::{Bytes, Frame};
use tokio::sync::Barrier;

use super::Store;
use super::keys::{PARTITION_KEY, SORT_KEY};

/// How long opening connections may hold up the start.
const CONNECT_AT_START: Duration = Duration::from_secs(1);

/// No answer came.
struct NotConnected;

impl Store {
    /// Opens connections to the database, so that the first request finds them open: as many as it will use at the same
    /// time. All of them or, where one of them takes too long or fails, perhaps none. A failure is not reported: that
    /// request tries again and answers for it.
    pub async fn connect(&self, connections: usize) {
        let all = Arc::new(Barrier::new(connections));
        let reads = try_join_all((0..connections).map(|_| self.read_nothing(&all)));
        let _ = tokio::time::timeout(CONNECT_AT_START, reads).await;
    }

    /// Reads a key that no item has, once, over a connection of its own.
    async fn read_nothing(&self, all: &Arc<Barrier>) -> Result<(), NotConnected> {
        let nobody = AttributeValue::S("-".to_owned());
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .key(PARTITION_KEY, nobody.clone())
            .key(SORT_KEY, nobody)
            .customize()
            .config_override(Builder::new().retry_config(RetryConfig::disabled()))
            .interceptor(AwaitAll(Arc::clone(all)));
        match read.send().await {
            Err(error) if error.raw_response().is_none() => Err(NotConnected),
            // Also where the database refuses: then it is connected.
            _ => Ok(()),
        }
    }
}

/// Holds the bodies of requests back until all of them have a connection to be sent over. Otherwise the first to be
/// answered would leave its connection to another, while that one's is still being opened.
#[derive(Debug)]
struct AwaitAll(Arc<Barrier>);

impl Intercept for AwaitAll {
    fn name(&self) -> &'static str {
        "AwaitAll"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let body = context.request_mut().body_mut();
        let bytes = Bytes::copy_from_slice(body.bytes().unwrap_or_default());
        let all = Arc::clone(&self.0);
        // Made again where the request is sent again, such as with other certificates.
        *body = SdkBody::retryable(move || {
            let (bytes, all) = (bytes.clone(), Arc::clone(&all));
            // A body is asked for once the connection stands.
            let frame = async move {
                all.wait().await;
                Ok::<_, Infallible>(Frame::data(bytes))
            };
            SdkBody::from_body_1_x(StreamBody::new(stream::once(frame)))
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// A database that answers every request with the same, and how many connections it has been asked for.
    async fn database(answer: &'static str) -> (Store, Arc<AtomicUsize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                count.fetch_add(1, Ordering::Relaxed);
                tokio::spawn(serve(stream, answer));
            }
        });
        let config = Builder::new()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::new("local"))
            .credentials_provider(Credentials::new("local", "local", None, None, "a test"))
            .endpoint_url(url)
            .build();
        let store = Store::new(Client::from_conf(config), "contacts".to_owned());
        (store, connections)
    }

    async fn serve(mut stream: TcpStream, answer: &str) {
        let mut received = Vec::new();
        while stream.read_buf(&mut received).await.is_ok_and(|n| n > 0) {
            // Which is where the body of a read ends.
            if received.ends_with(b"}}}") {
                received.clear();
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        }
    }

    const NOTHING: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
    const REFUSED: &str = "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n\r\n{}";

    #[tokio::test]
    async fn as_many_connections_are_opened_as_are_asked_for_and_then_used() {
        for answer in [NOTHING, REFUSED] {
            let (store, connections) = database(answer).await;
            store.connect(3).await;
            assert_eq!(connections.load(Ordering::Relaxed), 3);
            store.connect(3).await;
            store.connect(1).await;
            assert_eq!(connections.load(Ordering::Relaxed), 3, "all are kept");
        }
    }

    #[tokio::test]
    async fn a_database_that_is_not_there_holds_nothing_up() {
        let (store, _) = database(NOTHING).await;
        let nowhere = store
            .client
            .config()
            .to_builder()
            .endpoint_url("http://127.0.0.1:1");
        let store = Store::new(Client::from_conf(nowhere.build()), store.table);
        store.connect(2).await;
    }
}
