//! The vendors on a local port.

use std::convert::Infallible;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

use crate::delivery::{ConnectionFault, ResetsWithinBody};
use crate::simulator::Simulator;
use crate::vendor::Vendor;

/// A running simulator. Dropping it ends all its connections.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    tasks: JoinSet<()>,
}

impl Server {
    /// Serves `simulator` on a free port of 127.0.0.1.
    ///
    /// # Errors
    ///
    /// If no port can be bound.
    pub async fn start(simulator: Simulator) -> io::Result<Self> {
        Self::start_at(simulator, (Ipv4Addr::LOCALHOST, 0).into()).await
    }

    /// Serves `simulator` at `address`; port 0 takes a free one.
    ///
    /// # Errors
    ///
    /// If the address cannot be bound.
    pub async fn start_at(simulator: Simulator, address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let mut tasks = JoinSet::new();
        tasks.spawn(accept(listener, simulator.router()));
        Ok(Self { address, tasks })
    }

    /// Returns where the server listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns what a client of `vendor` takes as its base URL:
    /// `http://127.0.0.1:4000/openai/v1`, without a slash at the end.
    pub fn base_url(&self, vendor: Vendor) -> String {
        format!("http://{}{}", self.address, vendor.base_path())
    }

    /// Closes the port and every connection, and waits until they are closed.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// How long to wait after a failed accept: the process is out of descriptors,
/// and asking again at once would only burn its time. Chosen.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

async fn accept(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(serve(stream, router.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn serve(stream: TcpStream, router: Router) {
    // Without it, small pieces of a stream wait for the client's
    // acknowledgement; the connection works either way.
    let _ = stream.set_nodelay(true);
    let reset = Arc::new(AtomicBool::new(false));
    let socket = Socket {
        stream,
        reset: Arc::clone(&reset),
    };
    let service = service_fn(move |request| answer(router.clone(), request, Arc::clone(&reset)));
    // The error is either the client's or the one we asked for.
    let _ = auto::Builder::new(TokioExecutor::new())
        .serve_connection(TokioIo::new(socket), service)
        .await;
}

/// The reason why a connection ends without an answer. Returned to hyper,
/// which then closes it.
#[derive(Debug)]
struct ConnectionEnds;

impl fmt::Display for ConnectionEnds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a simulated fault ends the connection")
    }
}

impl std::error::Error for ConnectionEnds {}

async fn answer(
    router: Router,
    request: http::Request<Incoming>,
    reset: Arc<AtomicBool>,
) -> Result<Response, ConnectionEnds> {
    let response = match router.oneshot(request.map(Body::new)).await {
        Ok(response) => response,
        Err(never) => {
            let never: Infallible = never;
            match never {}
        }
    };
    let fault = response.extensions().get::<ConnectionFault>().copied();
    let breaks = response.extensions().get::<ResetsWithinBody>().is_some();
    if breaks || fault == Some(ConnectionFault::Reset) {
        reset.store(true, Ordering::Relaxed);
    }
    match fault {
        Some(_) => Err(ConnectionEnds),
        None => Ok(response),
    }
}

/// A socket that can end in a reset instead of an orderly close.
struct Socket {
    stream: TcpStream,
    reset: Arc<AtomicBool>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.reset.load(Ordering::Relaxed) {
            // No time to linger makes the kernel send RST. If that fails, the
            // client sees an early end instead, which is a fault as well.
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, buffer)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.reset.load(Ordering::Relaxed) {
            // An orderly close first would hide the reset.
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
