//! The embedded database with the demo data, and the endpoints that lead to it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
};
use tempfile::NamedTempFile;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::workspace::root;

/// A running `contacts serve --database-only`, which ends when this is dropped.
pub(crate) struct Database {
    process: Child,
    pub(crate) url: String,
}

impl Database {
    pub(crate) fn start(contacts: &Path) -> anyhow::Result<Self> {
        let mut process = Command::new(contacts)
            .env_clear()
            // At this level it writes no lines about recorded history, which would be between the rows of the tables.
            .env("LOG_LEVEL", "warn")
            .args(["serve", "--database-only", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| contacts.display().to_string())?;
        let mut line = String::new();
        let stdout = process.stdout.take().context("no standard output")?;
        BufReader::new(stdout).read_line(&mut line)?;
        let url = line.trim_end().strip_prefix("listening on ");
        let url = url.context("contacts serve has not started")?.to_owned();
        Ok(Self { process, url })
    }

    pub(crate) fn id(&self) -> u32 {
        self.process.id()
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // The process may have ended already. Its data are only in memory.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The DynamoDB of a function: it passes bytes on to the database, over TLS or not, and counts the connections.
pub(crate) struct Endpoint {
    /// The environment of a function that uses this endpoint.
    pub(crate) environment: BTreeMap<String, String>,
    opened: Arc<AtomicUsize>,
    /// The file of certificates that the function trusts.
    _certificates: Option<NamedTempFile>,
}

impl Endpoint {
    /// An endpoint that ends with the program.
    pub(crate) async fn start(database: &Database, with_tls: bool) -> anyhow::Result<Self> {
        let database: SocketAddr = database.url.trim_start_matches("http://").parse()?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        let mut environment = development_settings()?;
        let (mut tls, mut certificates) = (None, None);
        let url = if with_tls {
            let (acceptor, trusted) = server_with_certificate()?;
            let path = trusted.path().to_string_lossy().into_owned();
            environment.insert("SSL_CERT_FILE".to_owned(), path);
            (tls, certificates) = (Some(acceptor), Some(trusted));
            // The certificate is for a name, as DynamoDB's is: the start includes the name's lookup.
            format!("https://localhost:{port}")
        } else {
            format!("http://127.0.0.1:{port}")
        };
        environment.insert("AWS_ENDPOINT_URL_DYNAMODB".to_owned(), url);
        let opened = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&opened);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let tls = tls.clone();
                // The function sees an error of this task as a broken connection.
                tokio::spawn(async move {
                    stream.set_nodelay(true)?;
                    match tls {
                        Some(tls) => pass_on(tls.accept(stream).await?, database).await,
                        None => pass_on(stream, database).await,
                    }
                });
            }
        });
        Ok(Self {
            environment,
            opened,
            _certificates: certificates,
        })
    }

    /// How many connections the function has opened since the last call.
    pub(crate) fn new_connections(&self) -> usize {
        self.opened.swap(0, Ordering::SeqCst)
    }
}

async fn pass_on(
    mut function: impl AsyncRead + AsyncWrite + Unpin,
    database: SocketAddr,
) -> std::io::Result<()> {
    let mut database = TcpStream::connect(database).await?;
    database.set_nodelay(true)?;
    copy_bidirectional(&mut function, &mut database).await?;
    Ok(())
}

/// The development settings, for which the events and the demo data are made, and the variables that Lambda sets.
fn development_settings() -> anyhow::Result<BTreeMap<String, String>> {
    let file: toml::Table = fs::read_to_string(root().join(".cargo/watch.toml"))?.parse()?;
    let mut settings: BTreeMap<String, String> = file["env"].clone().try_into()?;
    for (name, value) in [
        ("AWS_SESSION_TOKEN", "bench".repeat(100)),
        ("AWS_LAMBDA_FUNCTION_NAME", "bench".to_owned()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "512".to_owned()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "1".to_owned()),
    ] {
        settings.insert(name.to_owned(), value);
    }
    Ok(settings)
}

/// The server's side of TLS, and a file with the certificates that this machine trusts and the server's root.
fn server_with_certificate() -> anyhow::Result<(TlsAcceptor, NamedTempFile)> {
    let new_key = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048);
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority_key = new_key()?;
    let root = authority.self_signed(&authority_key)?;
    let key = new_key()?;
    let certificate = CertificateParams::new(["localhost".to_owned()])?
        .signed_by(&key, &Issuer::new(authority, authority_key))?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.into()], key)?;
    let trusted = NamedTempFile::new()?;
    fs::write(&trusted, system_certificates()? + &root.pem())?;
    Ok((TlsAcceptor::from(Arc::new(config)), trusted))
}

/// The certificates that this machine trusts: the file of Debian, or that of Red Hat and Amazon Linux.
fn system_certificates() -> anyhow::Result<String> {
    let bundles = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
    ];
    bundles
        .iter()
        .find_map(|bundle| fs::read_to_string(bundle).ok())
        .context("this machine has no certificates (ca-certificates)")
}
