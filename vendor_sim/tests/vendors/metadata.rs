//! The metadata server, as its clients ask it.

use std::time::Duration;

use axum::body::Body;
use http::{Method, Request, StatusCode};
use serde_json::{Value, json};
use vendor_sim::{Fault, Simulator, Vendor};

use crate::client::{self, TOKEN, get};

#[tokio::test(start_paused = true)]
async fn a_token_comes_with_its_lifetime() {
    let simulator = Simulator::new(1);

    let first = get(&simulator, Vendor::Metadata, TOKEN).await;
    let scoped = format!("{TOKEN}?scopes=https://www.googleapis.com/auth/cloud-platform");
    let second = get(&simulator, Vendor::Metadata, &scoped).await;
    simulator.set_token_lifetime(Duration::from_secs(5));
    let short = get(&simulator, Vendor::Metadata, TOKEN).await;

    assert_eq!(first.header("metadata-flavor"), Some("Google"));
    assert_eq!(
        (first.at("/expires_in"), first.at("/token_type")),
        (json!(3_599), json!("Bearer"))
    );
    assert_ne!(first.at("/access_token"), second.at("/access_token"));
    assert_eq!(short.at("/expires_in"), 5);
    assert_eq!(simulator.requests(Vendor::Metadata).len(), 3);
}

#[tokio::test(start_paused = true)]
async fn facts_are_told_as_text() {
    let simulator = Simulator::new(1);
    let email = "simulated@simulated-project.iam.gserviceaccount.com";
    for (path, told) in [
        ("/v1/project/project-id", "simulated-project"),
        ("/v1/universe/universe-domain", "googleapis.com"),
        (
            "/v1/instance/zone",
            "projects/123456789012/zones/us-central1-a",
        ),
        ("/v1/instance/service-accounts/default/email", email),
        (
            "/v1/instance/service-accounts/default/scopes",
            "https://www.googleapis.com/auth/cloud-platform\n\
             https://www.googleapis.com/auth/userinfo.email\n",
        ),
    ] {
        let answer = get(&simulator, Vendor::Metadata, path).await;

        assert_eq!(answer.text(), told);
        assert_eq!(answer.header("metadata-flavor"), Some("Google"));
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_is_told_as_a_whole() {
    let simulator = Simulator::new(1);
    let path = "/v1/instance/service-accounts/default/?recursive=true";

    let account = get(&simulator, Vendor::Metadata, path).await;

    assert_eq!(account.at("/aliases"), json!(["default"]));
    assert!(account.at("/email").is_string() && account.at("/scopes").is_array());
}

async fn status(method: Method, path: &str, headers: &[(&str, &str)]) -> StatusCode {
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(Body::empty()).unwrap();
    let answer = client::send(&Simulator::new(1), request).await.unwrap();
    answer.status
}

#[tokio::test(start_paused = true)]
async fn requests_from_elsewhere_are_refused() {
    let token = "/computeMetadata/v1/instance/service-accounts/default/token";
    let flavor = ("metadata-flavor", "Google");
    let passed_on = ("x-forwarded-for", "10.0.0.1");

    assert_eq!(status(Method::GET, token, &[flavor]).await, 200);
    assert_eq!(status(Method::GET, token, &[]).await, 403);
    assert_eq!(
        status(Method::GET, token, &[("metadata-flavor", "AWS")]).await,
        403
    );
    assert_eq!(status(Method::GET, token, &[flavor, passed_on]).await, 403);
    assert_eq!(status(Method::POST, token, &[flavor]).await, 405);
    for path in ["instance/x", "instance/service-accounts/other/token", "x"] {
        let path = format!("/computeMetadata/v1/{path}");
        assert_eq!(status(Method::GET, &path, &[flavor]).await, 404, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_ping_of_the_root_finds_the_flavor() {
    let request = Request::builder().uri("/").body(Body::empty()).unwrap();

    let answer = client::send(&Simulator::new(1), request).await.unwrap();

    assert_eq!(
        (answer.status.as_u16(), answer.header("metadata-flavor")),
        (200, Some("Google"))
    );
}

#[tokio::test(start_paused = true)]
async fn troubles_are_pages() {
    let simulator = Simulator::new(1);
    simulator.push_many(
        Vendor::Metadata,
        [Fault::Overloaded, Fault::Status { status: 500 }],
    );

    let overloaded = get(&simulator, Vendor::Metadata, TOKEN).await;
    let broken = get(&simulator, Vendor::Metadata, TOKEN).await;

    assert_eq!(
        (overloaded.status.as_u16(), broken.status.as_u16()),
        (503, 500)
    );
    assert_eq!(broken.json(), Value::Null);
}

#[tokio::test(start_paused = true)]
async fn the_lifetime_is_set_from_outside() {
    let simulator = Simulator::new(1);
    let order = json!({"vendor": "computeMetadata", "token_lifetime_s": 7});
    let request = Request::post("/_sim/faults").body(Body::from(order.to_string()));

    let ordered = client::send(&simulator, request.unwrap()).await.unwrap();
    let token = get(&simulator, Vendor::Metadata, TOKEN).await;

    assert_eq!(ordered.status, 204);
    assert_eq!(token.at("/expires_in"), 7);
}
