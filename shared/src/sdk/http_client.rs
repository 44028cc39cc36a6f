//! The SDK's HTTP client, which loads certificates only when it needs them.
//!
//! Reading and parsing all certificates that a machine trusts is a third of what TLS costs a start, and the endpoints of
//! AWS need five of them. Those are compiled in and tried first. Where the endpoint's certificate comes from
//! somebody else (an endpoint that is not AWS's; AWS in a region, or at a time, with other roots), the certificates of
//! the machine decide. Where `SSL_CERT_FILE` or `SSL_CERT_DIR` says whom to trust, nobody else is trusted.

use std::error::Error;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::{fmt, io, iter};

use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, HttpClientError};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient,
    SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use rustls::CertificateError;

/// The roots of Amazon Trust Services, which the certificates of AWS's endpoints come from
/// (<https://www.amazontrust.com/repository/>). The first of them expires at the end of 2037.
const AMAZON_ROOTS: &[u8] = include_bytes!("amazon-roots.pem");

/// A client that has no certificates before it needs some.
#[derive(Debug, Clone)]
pub(super) struct OnDemand {
    clients: Arc<Clients>,
    /// What requests are sent with, made at the first: nearly all have the same settings.
    usual: Arc<OnceLock<(HttpConnectorSettings, SharedHttpConnector)>>,
}

/// Each loads what it trusts at its first request.
#[derive(Debug)]
struct Clients {
    /// Without TLS.
    plain: SharedHttpClient,
    /// Trusts Amazon. Not there where the environment says whom to trust.
    amazon: Option<SharedHttpClient>,
    /// Whether an endpoint has shown a certificate that is not Amazon's, so that Amazon alone is no more asked.
    is_amazon_not_enough: AtomicBool,
    /// Trusts whom the environment says, or else whom the machine trusts.
    system: SharedHttpClient,
}

impl OnDemand {
    /// A client; `is_told` is whether the environment says whom to trust.
    pub(super) fn new(is_told: bool) -> Result<Self, HttpClientError> {
        Self::with_system(is_told, TrustStore::default())
    }

    fn with_system(is_told: bool, system: TrustStore) -> Result<Self, HttpClientError> {
        let amazon = TrustStore::empty().with_pem_certificate(AMAZON_ROOTS);
        let clients = Clients {
            plain: Builder::new().build_http(),
            amazon: if is_told { None } else { Some(https(amazon)?) },
            is_amazon_not_enough: AtomicBool::new(false),
            system: https(system)?,
        };
        Ok(Self {
            clients: Arc::new(clients),
            usual: Arc::default(),
        })
    }
}

fn https(trust_store: TrustStore) -> Result<SharedHttpClient, HttpClientError> {
    let tls = TlsContext::builder()
        .with_trust_store(trust_store)
        .build()?;
    Ok(Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
        .tls_context(tls)
        .build_https())
}

impl HttpClient for OnDemand {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let make = || {
            SharedHttpConnector::new(Connector {
                clients: Arc::clone(&self.clients),
                settings: settings.clone(),
                components: components.clone(),
            })
        };
        let (usual, connector) = self.usual.get_or_init(|| (settings.clone(), make()));
        let is_usual = usual.connect_timeout() == settings.connect_timeout()
            && usual.read_timeout() == settings.read_timeout();
        if is_usual { connector.clone() } else { make() }
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        self.clients.system.connector_metadata()
    }
}

/// What a request is sent with. The clients keep connections and certificates for all requests.
#[derive(Clone)]
struct Connector {
    clients: Arc<Clients>,
    settings: HttpConnectorSettings,
    components: RuntimeComponents,
}

/// Without the components: they hold the client that holds this.
impl fmt::Debug for Connector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connector")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

impl Connector {
    fn send(&self, client: &SharedHttpClient, request: HttpRequest) -> HttpConnectorFuture {
        client
            .http_connector(&self.settings, &self.components)
            .call(request)
    }
}

impl HttpConnector for Connector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        if request.uri().starts_with("http://") {
            return self.send(&self.clients.plain, request);
        }
        let Clients {
            amazon,
            is_amazon_not_enough,
            system,
            ..
        } = &*self.clients;
        let amazon = amazon
            .as_ref()
            .filter(|_| !is_amazon_not_enough.load(Ordering::Relaxed));
        let (Some(amazon), Some(again)) = (amazon, request.try_clone()) else {
            return self.send(system, request);
        };
        let answer = self.send(amazon, request);
        let connector = self.clone();
        HttpConnectorFuture::new(async move {
            match answer.await {
                Err(error) if is_from_unknown_issuer(&error) => {
                    let clients = &connector.clients;
                    clients.is_amazon_not_enough.store(true, Ordering::Relaxed);
                    connector.send(&clients.system, again).await
                }
                answer => answer,
            }
        })
    }
}

/// Whether nothing was sent because the server's certificate comes from somebody whom we do not trust.
fn is_from_unknown_issuer(error: &ConnectorError) -> bool {
    let unknown_issuer = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
    causes(error).any(|cause| cause.downcast_ref() == Some(&unknown_issuer))
}

/// An error and what caused it. What an I/O error holds counts as its cause; its own `source` passes over that.
fn causes<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>() {
            Some(error) => error.get_ref().map(|held| held as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicUsize;

    use aws_sdk_dynamodb::Client;
    use aws_sdk_dynamodb::config::retry::RetryConfig;
    use aws_sdk_dynamodb::config::{BehaviorVersion, Builder as Config, Credentials, Region};
    use aws_sdk_dynamodb::error::DisplayErrorContext;
    use rcgen::generate_simple_self_signed;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;
    use tokio_rustls::TlsAcceptor;
    use tokio_rustls::rustls::ServerConfig;
    use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

    use super::*;

    /// An endpoint whose certificate nobody knows. Each connection is good for one request.
    struct Endpoint {
        url: String,
        certificate: String,
        connections: Arc<AtomicUsize>,
    }

    impl Endpoint {
        async fn start() -> Self {
            let made = generate_simple_self_signed(["localhost".to_owned()]).unwrap();
            let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
            let config = ServerConfig::builder()
                .with_no_client_auth()
                .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::from(key))
                .unwrap();
            let acceptor = TlsAcceptor::from(Arc::new(config));
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let port = listener.local_addr().unwrap().port();
            let connections = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&connections);
            tokio::spawn(async move {
                loop {
                    let (stream, _) = listener.accept().await.unwrap();
                    count.fetch_add(1, Ordering::Relaxed);
                    // A client that trusts somebody else hangs up.
                    let Ok(mut stream) = acceptor.accept(stream).await else {
                        continue;
                    };
                    let mut request = [0; 4096];
                    let _ = stream.read(&mut request).await;
                    let answer =
                        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
                    let _ = stream.write_all(answer).await;
                    let _ = stream.shutdown().await;
                }
            });
            Self {
                url: format!("https://localhost:{port}"),
                certificate: made.cert.pem(),
                connections,
            }
        }

        /// Whether a client that trusts like this hears from it.
        async fn answer(&self, client: &OnDemand) -> Result<(), String> {
            let config = Config::new()
                .behavior_version(BehaviorVersion::v2026_01_12())
                .region(Region::new("local"))
                .credentials_provider(Credentials::new("local", "local", None, None, "a test"))
                .retry_config(RetryConfig::disabled())
                .endpoint_url(&self.url)
                .http_client(client.clone());
            let client = Client::from_conf(config.build());
            match client.list_tables().send().await {
                Ok(_) => Ok(()),
                Err(error) => Err(DisplayErrorContext(error).to_string()),
            }
        }

        fn connections(&self) -> usize {
            self.connections.load(Ordering::Relaxed)
        }
    }

    fn nobody() -> TrustStore {
        TrustStore::empty()
    }

    #[tokio::test]
    async fn whom_the_machine_trusts_is_trusted_where_amazon_does_not_answer_for_it() {
        let endpoint = Endpoint::start().await;
        let system = nobody().with_pem_certificate(endpoint.certificate.as_bytes());
        let client = OnDemand::with_system(false, system).unwrap();
        endpoint.answer(&client).await.unwrap();
        assert_eq!(endpoint.connections(), 2, "one for each trust store");
        endpoint.answer(&client).await.unwrap();
        assert_eq!(endpoint.connections(), 3, "Amazon was asked again");
        // It would go on for ever, were it to show what holds it.
        assert!(!format!("{client:?}").is_empty());
    }

    #[tokio::test]
    async fn whom_nobody_trusts_is_refused() {
        let endpoint = Endpoint::start().await;
        let client = OnDemand::with_system(false, nobody()).unwrap();
        let refusal = endpoint.answer(&client).await.unwrap_err();
        assert!(refusal.contains("UnknownIssuer"), "{refusal}");
    }

    #[tokio::test]
    async fn where_the_environment_says_whom_to_trust_amazon_is_not_asked() {
        let endpoint = Endpoint::start().await;
        let client = OnDemand::with_system(true, nobody()).unwrap();
        let refusal = endpoint.answer(&client).await.unwrap_err();
        assert!(refusal.contains("UnknownIssuer"), "{refusal}");
        assert_eq!(endpoint.connections(), 1);
    }
}
