//! What a function takes for DynamoDB's endpoint: it passes bytes on to the embedded engine, over TLS or not, counts the
//! connections that it is asked for, and takes the time that answers take.

use std::io;
use std::mem;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use url::Url;

/// An endpoint in front of the engine.
pub(super) struct Endpoint {
    /// Where it listens.
    pub(super) url: Url,
    connections: Arc<AtomicUsize>,
    work: Work,
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
        let work = Work::default();
        let observed = work.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                let tls = tls.clone();
                let work = observed.clone();
                // What goes wrong here, the function sees as a broken connection; it also ends like that.
                tokio::spawn(async move {
                    stream.set_nodelay(true)?;
                    match tls {
                        Some(tls) => pass_on(tls.accept(stream).await?, engine, &work).await,
                        None => pass_on(stream, engine, &work).await,
                    }
                });
            }
        });
        Ok(Self {
            url: url.parse()?,
            connections,
            work,
        })
    }

    /// How many connections have been opened since the last time it was asked.
    pub(super) fn new_connections(&self) -> usize {
        self.connections.swap(0, Ordering::SeqCst)
    }

    /// How long it had requests to answer since the last time it was asked.
    pub(super) fn time_of_answers(&self) -> Duration {
        mem::take(&mut self.work.lock().taken)
    }
}

/// The time in which there was something to answer. Requests at the same time take it once.
#[derive(Clone, Default)]
struct Work(Arc<Mutex<Answering>>);

#[derive(Default)]
struct Answering {
    requests: usize,
    since: Option<Instant>,
    taken: Duration,
}

impl Work {
    fn lock(&self) -> MutexGuard<'_, Answering> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begins(&self) {
        let mut work = self.lock();
        work.requests += 1;
        work.since.get_or_insert_with(Instant::now);
    }

    fn ends(&self) {
        let mut work = self.lock();
        work.requests = work.requests.saturating_sub(1);
        if work.requests == 0
            && let Some(since) = work.since.take()
        {
            work.taken += since.elapsed();
        }
    }
}

/// Passes on what comes from either side. What comes in one piece is a request, and the next piece its answer: both are
/// small, and a client of HTTP/1.1 waits for an answer before it sends the next request.
async fn pass_on(
    function: impl AsyncRead + AsyncWrite + Unpin,
    engine: SocketAddr,
    work: &Work,
) -> io::Result<()> {
    let (mut from_function, mut to_function) = split(function);
    let engine = TcpStream::connect(engine).await?;
    engine.set_nodelay(true)?;
    let (mut from_engine, mut to_engine) = engine.into_split();
    let is_asked = AtomicBool::new(false);
    let requests = async {
        let mut piece = vec![0; PIECE];
        loop {
            let size = from_function.read(&mut piece).await?;
            if size == 0 {
                return Ok(());
            }
            if !is_asked.swap(true, Ordering::SeqCst) {
                work.begins();
            }
            to_engine.write_all(&piece[..size]).await?;
        }
    };
    let answers = async {
        let mut piece = vec![0; PIECE];
        loop {
            let size = from_engine.read(&mut piece).await?;
            if size == 0 {
                return Ok(());
            }
            if is_asked.swap(false, Ordering::SeqCst) {
                work.ends();
            }
            to_function.write_all(&piece[..size]).await?;
            to_function.flush().await?;
        }
    };
    let ended = tokio::select! {
        ended = requests => ended,
        ended = answers => ended,
    };
    // Whoever hangs up waits for nothing more.
    if is_asked.into_inner() {
        work.ends();
    }
    ended
}

/// More than any request or answer here.
const PIECE: usize = 64 * 1024;
