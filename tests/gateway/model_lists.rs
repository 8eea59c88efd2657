//! Lists of models that come in pages.

use std::sync::Arc;
use std::time::Duration;

use ai_gateway::domain::{Provider, ProviderError, ProviderErrorKind, Secret};
use ai_gateway::providers::{
    Anthropic, Exchange, Google, ProviderSettings, Timeouts, Transport, TransportBody,
    TransportError,
};
use async_trait::async_trait;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use serde_json::{Value, json};
use tokio::time::Instant;

/// Vendors with a list of so many pages, one model each.
struct Pages(usize);

#[async_trait]
impl Transport for Pages {
    async fn send(&self, sent: Request<Bytes>) -> Result<Response<TransportBody>, TransportError> {
        let query = sent.uri().query().unwrap_or_default();
        let token = query.split('&').find_map(|pair| {
            pair.strip_prefix("pageToken=")
                .or(pair.strip_prefix("after_id="))
        });
        // A sign that must be escaped stands before the number.
        let page = token.map_or(0, |token| {
            token.strip_prefix("%2B").unwrap().parse().unwrap()
        });
        let body = self.page(page).to_string();
        let body = Full::new(Bytes::from(body)).map_err(|never| match never {});
        Ok(Response::new(body.boxed_unsync()))
    }
}

impl Pages {
    /// A page in the form of both vendors, who read their own.
    fn page(&self, number: usize) -> Value {
        let next = number + 1;
        let mut page = json!({"data": [{"id": format!("model-{number}")}],
            "has_more": next < self.0, "last_id": format!("+{next}")});
        if next < self.0 {
            page["nextPageToken"] = json!(format!("+{next}"));
        }
        page
    }
}

async fn list(vendor: &str, pages: usize) -> Result<usize, ProviderError> {
    let settings = ProviderSettings {
        name: vendor.to_owned(),
        base_url: "http://127.0.0.1:1".to_owned(),
        api_key: Some(Secret::new("k")),
        api_version: None,
        vertex: None,
    };
    let exchange = Exchange::new(Arc::new(Pages(pages)), Timeouts::default());
    let adapter: Box<dyn Provider> = match vendor {
        "google" => Box::new(Google::try_new(&settings, exchange).unwrap()),
        _ => Box::new(Anthropic::try_new(&settings, exchange).unwrap()),
    };
    let deadline = Instant::now() + Duration::from_secs(10);
    let models = adapter.list_models(deadline).await?;
    Ok(models.len())
}

#[tokio::test(start_paused = true)]
async fn every_page_is_read() {
    for vendor in ["google", "anthropic"] {
        for pages in [1, 2, 20] {
            assert_eq!(list(vendor, pages).await.unwrap(), pages, "{vendor}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_without_end_is_broken() {
    for vendor in ["google", "anthropic"] {
        let error = list(vendor, usize::MAX).await.unwrap_err();
        assert_eq!(error.kind, ProviderErrorKind::Broken, "{vendor}");
    }
}
