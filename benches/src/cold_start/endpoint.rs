//! What a function takes for DynamoDB's endpoint: it passes bytes on to the embedded engine, over TLS or not, and counts
//! the connections that it is asked for.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// An endpoint in front of the engine.
pub(super) struct Endpoint {
    /// Where it listens.
    pub(super) url: Url,
    connections: Arc<AtomicUsize>,
}

impl Endpoint {
    /// Starts it in front of `engine`, behind TLS if there is an acceptor for it. It ends with the program.
    pub(super) async fn start(engine: &Url, tls: Option<TlsAcceptor>) -> anyhow::Result<Self> {
        let engine = engine
            .socket_addrs(|| None)?
            .pop()
            .context("the engine's address")?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let port = listener.local_addr()?.port();
        // The certificate is for a name, as DynamoDB's is; what that costs to look up is part of the start.
        let url = match tls {
            Some(_) => format!("https://localhost:{port}"),
            None => format!("http://127.0.0.1:{port}"),
        };
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let tls = tls.clone();
                // What goes wrong here, the function sees as a broken connection; it also ends like that.
                tokio::spawn(async move {
                    stream.set_nodelay(true)?;
                    match tls {
                        Some(tls) => pass_on(tls.accept(stream).await?, engine).await,
                        None => pass_on(stream, engine).await,
                    }
                });
            }
        });
        Ok(Self {
            url: url.parse()?,
            connections,
        })
    }

    /// How many connections have been opened since the last time it was asked.
    pub(super) fn new_connections(&self) -> usize {
        self.connections.swap(0, Ordering::SeqCst)
    }
}

async fn pass_on(
    mut function: impl AsyncRead + AsyncWrite + Unpin,
    engine: std::net::SocketAddr,
) -> std::io::Result<()> {
    let mut engine = TcpStream::connect(engine).await?;
    engine.set_nodelay(true)?;
    copy_bidirectional(&mut function, &mut engine).await?;
    Ok(())
}
