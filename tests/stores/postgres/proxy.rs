//! A way to the server that can fall silent.

use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// Forwards a port to the server, until it falls silent: then it keeps what
/// is open, takes what comes, and says nothing.
pub(crate) struct Proxy {
    /// The database by way of this port.
    pub(crate) url: String,
    is_silent: Arc<watch::Sender<bool>>,
    _accepting: JoinSet<()>,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Proxy {
    pub(crate) async fn start(database: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut url = url::Url::parse(database).unwrap();
        let server = url.clone();
        url.set_host(Some("127.0.0.1")).unwrap();
        url.set_port(Some(listener.local_addr().unwrap().port()))
            .unwrap();
        url.set_query(None);
        let is_silent = Arc::new(watch::Sender::new(false));
        let silence = Arc::clone(&is_silent);
        let mut accepting = JoinSet::new();
        accepting.spawn(async move {
            let mut forwarding = JoinSet::new();
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = server.clone();
                let silence = silence.subscribe();
                forwarding.spawn(async move { forward(client, &server, silence).await });
            }
        });
        Self {
            url: url.into(),
            is_silent,
            _accepting: accepting,
        }
    }

    pub(crate) fn fall_silent(&self) {
        self.is_silent.send_replace(true);
    }

    /// Forwards what is opened from now on.
    pub(crate) fn speak(&self) {
        self.is_silent.send_replace(false);
    }
}

async fn forward(mut client: TcpStream, server: &url::Url, mut silence: watch::Receiver<bool>) {
    if !*silence.borrow_and_update() {
        let mut server = connect(server).await;
        tokio::select! {
            _ = copy_bidirectional(&mut client, &mut server) => return,
            _ = silence.changed() => {}
        }
        // Both sockets stay open.
        std::future::pending::<()>().await;
    }
    std::future::pending().await
}

async fn connect(server: &url::Url) -> Box<dyn Stream> {
    let folder = server.query_pairs().find(|(name, _)| name == "host");
    match folder {
        Some((_, folder)) if folder.starts_with('/') => {
            let path = format!("{folder}/.s.PGSQL.{}", server.port().unwrap_or(5432));
            Box::new(UnixStream::connect(path).await.unwrap())
        }
        _ => {
            let host = server.host_str().unwrap_or("localhost");
            let address = (host, server.port().unwrap_or(5432));
            Box::new(TcpStream::connect(address).await.unwrap())
        }
    }
}
