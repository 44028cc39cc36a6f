//! A chain of certificates like DynamoDB's: a root, an intermediate authority, and a server's certificate, each with a key
//! of RSA 2048.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    PKCS_RSA_SHA256, RsaKeySize,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A server's side of TLS, and whom its clients have to trust.
pub(super) struct Tls {
    pub(super) acceptor: TlsAcceptor,
    /// The root certificate, PEM.
    pub(super) root: String,
}

impl Tls {
    /// A new chain for `localhost`.
    pub(super) fn new() -> anyhow::Result<Self> {
        let root_key = key()?;
        let root_params = authority("Root CA of a bench", 1);
        let root = root_params.self_signed(&root_key)?;
        let root_pem = root.pem();
        let root = Issuer::new(root_params, root_key);

        let intermediate_key = key()?;
        let intermediate_params = authority("RSA 2048 M01 of a bench", 0);
        let intermediate = intermediate_params.signed_by(&intermediate_key, &root)?;
        let issuer = Issuer::new(intermediate_params, intermediate_key);

        let server_key = key()?;
        let mut server = CertificateParams::new(["localhost".to_owned()])?;
        server
            .distinguished_name
            .push(DnType::CommonName, "localhost");
        let server = server.signed_by(&server_key, &issuer)?;

        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![server.into(), intermediate.into()], key)?;
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            root: root_pem,
        })
    }
}

fn key() -> anyhow::Result<KeyPair> {
    Ok(KeyPair::generate_rsa_for(
        &PKCS_RSA_SHA256,
        RsaKeySize::_2048,
    )?)
}

fn authority(name: &str, below: u8) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(below));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.distinguished_name.push(DnType::CommonName, name);
    params
}
