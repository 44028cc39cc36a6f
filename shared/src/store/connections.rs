//! The connections to the database that a start opens.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::{Builder, ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::{BoxError, SdkError};
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use aws_smithy_types::body::SdkBody;
use futures_util::future::{BoxFuture, try_join_all};
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

/// The connections that a function opens when it starts: as many as its requests use at the same time.
///
/// They are opened by a read, and a function should link no operation that it does not need otherwise: each adds to what
/// every cold start loads.
#[derive(Debug, Clone, Copy)]
pub struct Connections {
    count: usize,
    open: Open,
}

type Open = for<'a> fn(&'a Store, Arc<Barrier>) -> BoxFuture<'a, Result<(), NotConnected>>;

impl Connections {
    /// Connections that are opened by `GetItem`.
    #[must_use]
    pub const fn by_item(count: usize) -> Self {
        Self {
            count,
            open: |store, all| Box::pin(store.read_no_item(all)),
        }
    }

    /// Connections that are opened by `BatchGetItem`.
    #[must_use]
    pub const fn by_batch(count: usize) -> Self {
        Self {
            count,
            open: |store, all| Box::pin(store.read_no_batch(all)),
        }
    }

    /// How many.
    #[must_use]
    pub const fn count(self) -> usize {
        self.count
    }
}

impl Store {
    /// Opens connections to the database, so that the first request finds them open: as many as it will use at the same
    /// time. All of them or, where one of them takes too long or fails, perhaps none. A failure is not reported: that
    /// request tries again and answers for it.
    pub async fn connect(&self, connections: Connections) {
        let Connections { count, open } = connections;
        let all = Arc::new(Barrier::new(count));
        let reads = try_join_all((0..count).map(|_| open(self, Arc::clone(&all))));
        let _ = tokio::time::timeout(CONNECT_AT_START, reads).await;
    }

    /// Reads a key that no item has, once, over a connection of its own.
    async fn read_no_item(&self, all: Arc<Barrier>) -> Result<(), NotConnected> {
        let read = self
            .client
            .get_item()
            .table_name(&self.table)
            .set_key(Some(nobody()))
            .customize()
            .config_override(Builder::new().retry_config(RetryConfig::disabled()))
            .interceptor(AwaitAll(all));
        is_connected(read.send().await)
    }

    /// The same, by a batch.
    async fn read_no_batch(&self, all: Arc<Barrier>) -> Result<(), NotConnected> {
        let nobody = KeysAndAttributes::builder().keys(nobody()).build();
        let read = self
            .client
            .batch_get_item()
            .request_items(&self.table, nobody.map_err(|_| NotConnected)?)
            .customize()
            .config_override(Builder::new().retry_config(RetryConfig::disabled()))
            .interceptor(AwaitAll(all));
        is_connected(read.send().await)
    }
}

/// A key that no item has.
fn nobody() -> HashMap<String, AttributeValue> {
    let nobody = AttributeValue::S("-".to_owned());
    HashMap::from([
        (PARTITION_KEY.to_owned(), nobody.clone()),
        (SORT_KEY.to_owned(), nobody),
    ])
}

/// Whether an answer came, also where the database refuses.
fn is_connected<T, E>(read: Result<T, SdkError<E, HttpResponse>>) -> Result<(), NotConnected> {
    match read {
        Err(error) if error.raw_response().is_none() => Err(NotConnected),
        _ => Ok(()),
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
            store.connect(Connections::by_item(3)).await;
            assert_eq!(connections.load(Ordering::Relaxed), 3);
            store.connect(Connections::by_item(3)).await;
            store.connect(Connections::by_batch(1)).await;
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
        store.connect(Connections::by_batch(2)).await;
    }
}
