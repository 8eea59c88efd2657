//! The wire to the simulated vendors, with a record of what went over it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ai_gateway::providers::{Transport, TransportBody, TransportError};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tokio::time::Instant;
use vendor_sim::{Simulator, Vendor};

use crate::simulated_wire::Wire;

pub(crate) struct Watched {
    wire: Wire,
    record: Arc<Record>,
}

/// One attempt at a vendor.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) vendor: Vendor,
    pub(crate) model: String,
    pub(crate) began: Duration,
    /// When the status came, and which.
    pub(crate) head: Option<(Duration, u16)>,
    /// When nobody listened any more.
    pub(crate) ended: Option<Duration>,
    /// What was read of the answer.
    pub(crate) body: Vec<u8>,
    /// How much that was, for what is too long to be kept.
    pub(crate) read_bytes: usize,
}

/// The longest answer that is kept.
const KEPT_BYTES: usize = 64 << 10;

struct Record {
    start: Instant,
    exchanges: Mutex<Vec<Exchange>>,
    open: Mutex<usize>,
}

impl Watched {
    pub(crate) fn new(simulator: &Simulator) -> Self {
        Self {
            wire: Wire(simulator.router()),
            record: Arc::new(Record {
                start: Instant::now(),
                exchanges: Mutex::default(),
                open: Mutex::default(),
            }),
        }
    }

    /// Returns every attempt so far, in the order of their beginnings.
    pub(crate) fn attempts(&self) -> Vec<Exchange> {
        lock(&self.record.exchanges).clone()
    }

    /// Returns how many attempts were made.
    pub(crate) fn count(&self) -> usize {
        lock(&self.record.exchanges).len()
    }

    /// Returns how many exchanges are under way, probes included.
    pub(crate) fn open(&self) -> usize {
        *lock(&self.record.open)
    }
}

#[async_trait]
impl Transport for Watched {
    async fn send(
        &self,
        request: Request<Bytes>,
    ) -> Result<Response<TransportBody>, TransportError> {
        let guard = self.record.begin(&request);
        let response = self.wire.send(request).await?;
        guard.note(|exchange, now| exchange.head = Some((now, response.status().as_u16())));
        Ok(response.map(|body| {
            let watched = body.map_frame(move |frame| {
                guard.note(|exchange, _| {
                    let data = frame.data_ref().map_or(&[][..], |data| data);
                    exchange.read_bytes += data.len();
                    if exchange.body.len() + data.len() <= KEPT_BYTES {
                        exchange.body.extend_from_slice(data);
                    }
                });
                frame
            });
            watched.boxed_unsync()
        }))
    }
}

impl Record {
    fn begin(self: &Arc<Self>, request: &Request<Bytes>) -> Guard {
        *lock(&self.open) += 1;
        let mut index = None;
        if request.method() == Method::POST {
            let mut path = request.uri().path().splitn(3, '/');
            let vendor = path.nth(1).unwrap().parse().unwrap();
            let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
            let model = match body["model"].as_str() {
                Some(model) => model.to_owned(),
                None => {
                    let last = path.next().unwrap().rsplit('/').next().unwrap();
                    last.split(':').next().unwrap().to_owned()
                }
            };
            let mut exchanges = lock(&self.exchanges);
            index = Some(exchanges.len());
            exchanges.push(Exchange {
                vendor,
                model,
                began: self.start.elapsed(),
                head: None,
                ended: None,
                body: Vec::new(),
                read_bytes: 0,
            });
        }
        Guard {
            record: Arc::clone(self),
            index,
        }
    }
}

/// An exchange under way; it ends when the gateway drops it.
struct Guard {
    record: Arc<Record>,
    index: Option<usize>,
}

impl Guard {
    fn note(&self, note: impl FnOnce(&mut Exchange, Duration)) {
        if let Some(index) = self.index {
            let now = self.record.start.elapsed();
            note(&mut lock(&self.record.exchanges)[index], now);
        }
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        *lock(&self.record.open) -= 1;
        self.note(|exchange, now| exchange.ended = Some(now));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
