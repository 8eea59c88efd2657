//! The requests that a vendor has received.

use std::collections::VecDeque;

use http::{HeaderMap, Method};
use serde::{Serialize, Serializer};
use serde_json::Value;

/// Requests kept; older ones are dropped.
const MAX_REQUESTS: usize = 1_000;
/// Bytes of bodies kept; older requests are dropped. Chosen: a run of large
/// prompts must not exhaust the machine.
const MAX_BYTES: usize = 64 << 20;

/// One request as it came.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReceivedRequest {
    /// Its number at the vendor, from 1.
    pub number: u64,
    /// The method.
    #[serde(serialize_with = "method_name")]
    pub method: Method,
    /// The path below the vendor's name: `/v1/messages`.
    pub path: String,
    /// The query without its question mark; empty if there is none.
    pub query: String,
    /// The headers.
    #[serde(serialize_with = "header_pairs")]
    pub headers: HeaderMap,
    /// The body, if it is JSON.
    pub body: Option<Value>,
    /// The body's length.
    pub body_bytes: usize,
    /// The name of the fault that befell it, if one did.
    pub fault: Option<&'static str>,
}

impl ReceivedRequest {
    /// Returns the header's value, or nothing if it is absent or not text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

fn method_name<S: Serializer>(method: &Method, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(method.as_str())
}

fn header_pairs<S: Serializer>(headers: &HeaderMap, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(
        headers
            .iter()
            .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes()))),
    )
}

/// A bounded list of requests.
#[derive(Debug, Default)]
pub(crate) struct RequestLog {
    requests: VecDeque<ReceivedRequest>,
    bytes: usize,
}

impl RequestLog {
    pub(crate) fn push(&mut self, request: ReceivedRequest) {
        self.bytes += request.body_bytes;
        self.requests.push_back(request);
        while self.requests.len() > MAX_REQUESTS || self.bytes > MAX_BYTES {
            let Some(oldest) = self.requests.pop_front() else {
                return;
            };
            self.bytes -= oldest.body_bytes;
        }
    }

    pub(crate) fn to_vec(&self) -> Vec<ReceivedRequest> {
        self.requests.iter().cloned().collect()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(number: u64, body_bytes: usize) -> ReceivedRequest {
        ReceivedRequest {
            number,
            method: Method::GET,
            path: "/v1/models".to_owned(),
            query: String::new(),
            headers: HeaderMap::new(),
            body: None,
            body_bytes,
            fault: None,
        }
    }

    #[test]
    fn the_oldest_requests_make_room() {
        let mut log = RequestLog::default();

        for number in 1..=1_002 {
            log.push(request(number, 1));
        }
        let by_count = log.to_vec();
        log.push(request(1_003, MAX_BYTES - 2));
        let by_bytes = log.to_vec();

        assert_eq!((by_count.len(), by_count[0].number), (1_000, 3));
        assert_eq!((by_bytes.len(), by_bytes[0].number), (3, 1_001));
    }
}
