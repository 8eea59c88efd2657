//! A closed loop of clients, and what it saw.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::Fault;
use crate::process::Server;
use crate::wire::{Connection, Door};

/// How long to load before measuring.
const WARM_UP: Duration = Duration::from_millis(150);

/// What is asked, and by how many clients at once.
#[derive(Clone, Copy)]
pub(crate) struct Load {
    pub(crate) door: Door,
    pub(crate) model: &'static str,
    pub(crate) clients: usize,
    /// One prompt over and over.
    pub(crate) repeats: bool,
}

/// What one stretch of load came to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Round {
    /// CPU time of the server per request, in µs.
    pub(crate) cpu_us: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
    /// To the first text.
    pub(crate) first_p50_ms: f64,
    pub(crate) per_second: f64,
}

/// Loads `server` for `span` after a warm-up.
///
/// # Errors
/// The first answer that is not right.
pub(crate) async fn measure(server: &Server, load: Load, span: Duration) -> Result<Round, Fault> {
    let begin = Instant::now() + WARM_UP;
    let end = begin + span;
    let mut clients = JoinSet::new();
    for _ in 0..load.clients {
        clients.spawn(keep_asking(server.address, load, begin, end));
    }
    sleep_until(begin).await;
    let (cpu_before, started) = (server.cpu_time()?, Instant::now());
    sleep_until(end).await;
    let (cpu_after, elapsed) = (server.cpu_time()?, started.elapsed());
    let (mut latencies, mut firsts) = (Vec::new(), Vec::new());
    while let Some(seen) = clients.join_next().await {
        for (latency, first) in seen?? {
            latencies.push(latency);
            firsts.push(first);
        }
    }
    latencies.sort_unstable();
    firsts.sort_unstable();
    let requests = latencies.len().max(1) as f64;
    Ok(Round {
        cpu_us: cpu_after.saturating_sub(cpu_before).as_secs_f64() * 1e6 / requests,
        p50_ms: quantile_ms(&latencies, 0.50),
        p99_ms: quantile_ms(&latencies, 0.99),
        first_p50_ms: quantile_ms(&firsts, 0.50),
        per_second: requests / elapsed.as_secs_f64(),
    })
}

/// Makes `count` calls without measuring anything.
pub(crate) async fn make(address: SocketAddr, load: Load, count: usize) -> Result<(), Fault> {
    let mut clients = JoinSet::new();
    for _ in 0..load.clients {
        clients.spawn(async move {
            let mut connection = Connection::open(address).await?;
            for _ in 0..count / load.clients {
                connection.ask(load.door, load.model, load.repeats).await?;
            }
            Ok::<(), Fault>(())
        });
    }
    while let Some(done) = clients.join_next().await {
        done??;
    }
    Ok(())
}

/// Returns how long the calls took, and their first text, that ended between `begin` and `end`.
async fn keep_asking(
    address: SocketAddr,
    load: Load,
    begin: Instant,
    end: Instant,
) -> Result<Vec<(Duration, Duration)>, Fault> {
    let mut connection = Connection::open(address).await?;
    let mut latencies = Vec::with_capacity(16 * 1024);
    loop {
        let asked = Instant::now();
        if asked >= end {
            return Ok(latencies);
        }
        let first = connection.ask(load.door, load.model, load.repeats).await?;
        let answered = Instant::now();
        if answered >= begin && answered <= end {
            latencies.push((answered - asked, first));
        }
    }
}

/// Returns the latency that a share `quantile` of the sorted ones stays under.
fn quantile_ms(sorted: &[Duration], quantile: f64) -> f64 {
    let last = sorted.len().saturating_sub(1);
    let at = (last as f64 * quantile).round() as usize;
    sorted.get(at).map_or(f64::NAN, |it| it.as_secs_f64() * 1e3)
}
