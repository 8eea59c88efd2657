//! Accepts connections, and stops without losing a call.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::activity::Activity;
use super::settings::Settings;

/// What calls in flight get to write their answers once they were told to end.
const LAST_WORDS: Duration = Duration::from_secs(1);
/// What calls get whose connection was cut, to enter what they used.
const LAST_ENTRIES: Duration = Duration::from_millis(200);
/// How long to wait when the system has no descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The longest header block (hyper's buffer) in bytes, and the most headers.
const HEADER_BLOCK_BYTES: usize = 32 * 1024;
const HEADERS: usize = 100;

/// The end of the process: its two moments, and what it waits for.
#[derive(Clone, Debug, Default)]
pub struct Shutdown {
    /// Fires first: nothing new is accepted, `/ready` says 503.
    pub draining: CancellationToken,
    /// Fires when the time for calls in flight is over.
    pub stopping: CancellationToken,
    /// Calls that run beside their connection.
    pub calls: TaskTracker,
}

/// Serves until `shutdown.draining` fires, then lets calls in flight go on
/// for the configured time, with a connection or without, fires
/// `shutdown.stopping`, and returns when all are answered, at the latest a
/// second later.
///
/// # Errors
/// [`io::Error`] if the listener cannot be read from at all.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    settings: &Settings,
    shutdown: &Shutdown,
) -> io::Result<()> {
    let slots = Arc::new(Semaphore::new(settings.max_connections));
    let graceful = GracefulShutdown::new();
    let connections = TaskTracker::new();
    let http = Arc::new(builder(settings));
    loop {
        let accepted = tokio::select! {
            biased;
            () = shutdown.draining.cancelled() => break,
            accepted = accept(&listener, &slots) => accepted,
        };
        match accepted {
            Ok((socket, permit)) => {
                let connection = Connection {
                    http: Arc::clone(&http),
                    router: router.clone(),
                    watcher: graceful.watcher(),
                    permit,
                    first_request: Duration::from_millis(settings.header_read_timeout_ms),
                    keep_alive: Duration::from_millis(settings.keep_alive_timeout_ms),
                };
                connections.spawn(connection.run(socket));
            }
            Err(error) => {
                tracing::warn!(%error, "a connection could not be accepted");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    shutdown.calls.close();
    let drain = Duration::from_millis(settings.shutdown_drain_ms);
    let all = async {
        graceful.shutdown().await;
        shutdown.calls.wait().await;
    };
    if timeout(drain, all).await.is_err() {
        shutdown.stopping.cancel();
        // What still hangs (a client that reads nothing) is cut.
        if timeout(LAST_WORDS, connections.wait()).await.is_err() {
            tracing::warn!(open = connections.len(), "connections were cut at shutdown");
        }
    }
    shutdown.stopping.cancel();
    // Calls whose connection was cut still enter what they used.
    let _ = timeout(LAST_ENTRIES, shutdown.calls.wait()).await;
    Ok(())
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> io::Result<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(slots)
        .acquire_owned()
        .await
        .map_err(io::Error::other)?;
    let (socket, _) = listener.accept().await?;
    // With Nagle's algorithm, the second write of an answer waits 40 ms.
    socket.set_nodelay(true)?;
    Ok((socket, permit))
}

fn builder(settings: &Settings) -> Builder<TokioExecutor> {
    let mut http = Builder::new(TokioExecutor::new());
    http.http1()
        .timer(TokioTimer::new())
        // It runs from the end of one request to the header block of the
        // next, so it is the keep-alive too.
        .header_read_timeout(Duration::from_millis(settings.keep_alive_timeout_ms))
        .max_buf_size(HEADER_BLOCK_BYTES)
        .max_headers(HEADERS);
    http.http2()
        .timer(TokioTimer::new())
        .max_header_list_size(HEADER_BLOCK_BYTES as u32)
        .max_concurrent_streams(128)
        .keep_alive_interval(Duration::from_secs(20));
    http
}

struct Connection {
    http: Arc<Builder<TokioExecutor>>,
    router: Router,
    watcher: Watcher,
    permit: OwnedSemaphorePermit,
    first_request: Duration,
    keep_alive: Duration,
}

impl Connection {
    async fn run(self, socket: TcpStream) {
        let activity = Activity::new();
        let router = TowerToHyperService::new(self.router);
        let service = {
            let activity = activity.clone();
            service_fn(move |request| {
                let in_use = activity.begin();
                let response = router.call(request);
                async move { Ok::<_, Infallible>(in_use.until_written(response.await?)) }
            })
        };
        let connection = self.http.serve_connection(TokioIo::new(socket), service);
        tokio::select! {
            ended = self.watcher.watch(connection) => if let Err(error) = ended {
                // Clients go away all the time.
                tracing::debug!(%error, "a connection ended");
            },
            () = activity.ends(self.first_request, self.keep_alive) => {
                tracing::debug!("a connection that was not used was closed");
            }
        }
        drop(self.permit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn accepted_connections_do_not_wait_to_send() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slots = Arc::new(Semaphore::new(1));

        let (client, accepted) =
            tokio::join!(TcpStream::connect(address), accept(&listener, &slots));

        let (socket, _permit) = accepted.unwrap();
        assert!(socket.nodelay().unwrap());
        assert_eq!(slots.available_permits(), 0);
        drop(client);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_without_a_connection_has_the_time_of_one_with_it() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let shutdown = Shutdown::default();
        let stopping = shutdown.stopping.clone();
        let call = shutdown.calls.spawn(async move {
            let answer = sleep(Duration::from_secs(3));
            stopping.run_until_cancelled(answer).await
        });
        shutdown.draining.cancel();

        let settings = Settings::default();
        serve(listener, Router::new(), &settings, &shutdown)
            .await
            .unwrap();

        assert_eq!(call.await.unwrap(), Some(()), "it was cut");
    }
}
