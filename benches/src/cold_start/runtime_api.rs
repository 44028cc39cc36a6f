//! Lambda's Runtime API, as far as a function needs it: `GET …/invocation/next` and `POST …/invocation/ID/response`.
//!
//! It does as little as it can, since what it takes is part of every figure: one connection, answers in one write, no
//! waiting for acknowledgements.

use std::net::Ipv4Addr;
use std::time::Instant;

use anyhow::{Context, bail};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Where functions will ask for events.
pub(super) struct RuntimeApi {
    listener: TcpListener,
    /// `HOST:PORT`, for `AWS_LAMBDA_RUNTIME_API`.
    pub(super) address: String,
}

/// A function that waits for its next event.
pub(super) struct Waiting {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// When it asked.
    pub(super) since: Instant,
}

/// What a function answered.
pub(super) struct Answered {
    /// When the answer was here.
    pub(super) at: Instant,
    /// The status code of the HTTP answer inside.
    pub(super) status: u64,
}

impl RuntimeApi {
    /// Listens on a free port.
    pub(super) async fn start() -> anyhow::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?.to_string();
        Ok(Self { listener, address })
    }

    /// The function that connects next, once it asks for its first event.
    pub(super) async fn ready(&self) -> anyhow::Result<Waiting> {
        let (stream, _) = self.listener.accept().await?;
        stream.set_nodelay(true)?;
        let mut buffer = Vec::with_capacity(16 * 1024);
        let (stream, since) = next(stream, &mut buffer).await?;
        Ok(Waiting {
            stream,
            buffer,
            since,
        })
    }
}

impl Waiting {
    /// Hands the function an event, and comes back once it waits for the next.
    pub(super) async fn handle(mut self, event: &str) -> anyhow::Result<(Answered, Self)> {
        let given = format!(
            "HTTP/1.1 200 OK\r\nLambda-Runtime-Aws-Request-Id: 1\r\nLambda-Runtime-Deadline-Ms: 4102444800000\r\n\
             Lambda-Runtime-Invoked-Function-Arn: arn:aws:lambda:local:0:function:f\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{event}",
            event.len()
        );
        self.stream.write_all(given.as_bytes()).await?;
        let (line, body) = read_request(&mut self.stream, &mut self.buffer).await?;
        let at = Instant::now();
        if !line.starts_with("POST ") || !line.contains("/response ") {
            bail!("the function answered by {line}");
        }
        let answer: Value = serde_json::from_slice(&body).context("the function's answer")?;
        let status = answer["statusCode"].as_u64().unwrap_or_default();
        self.stream
            .write_all(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
            .await?;
        let (stream, since) = next(self.stream, &mut self.buffer).await?;
        let waiting = Self {
            stream,
            buffer: self.buffer,
            since,
        };
        Ok((Answered { at, status }, waiting))
    }
}

/// Reads up to the question for the next event.
async fn next(mut stream: TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<(TcpStream, Instant)> {
    let (line, _) = read_request(&mut stream, buffer).await?;
    if !line.starts_with("GET /2018-06-01/runtime/invocation/next ") {
        bail!("the function asked {line}");
    }
    Ok((stream, Instant::now()))
}

/// The request line and the body of a request. What comes after it stays in `buffer`.
async fn read_request(
    stream: &mut TcpStream,
    buffer: &mut Vec<u8>,
) -> anyhow::Result<(String, Vec<u8>)> {
    let end_of_head = loop {
        if let Some(at) = buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            break at + 4;
        }
        read_more(stream, buffer).await?;
    };
    let head = String::from_utf8_lossy(&buffer[..end_of_head]).into_owned();
    let length = head
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .map_or(Ok(0), |(_, length)| length.trim().parse())
        .context("the function's Content-Length")?;
    while buffer.len() < end_of_head + length {
        read_more(stream, buffer).await?;
    }
    let body = buffer[end_of_head..end_of_head + length].to_vec();
    buffer.drain(..end_of_head + length);
    Ok((head.lines().next().unwrap_or_default().to_owned(), body))
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> anyhow::Result<()> {
    if stream.read_buf(buffer).await? == 0 {
        bail!("the function closed its connection to the Runtime API");
    }
    Ok(())
}
