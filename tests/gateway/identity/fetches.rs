//! When an issuer is asked for its keys, and what then counts.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::task::yield_now;
use tokio::time::advance;

use super::issuer::{
    DISCOVERY_URL, IAP_KEYS_URL, ISSUER, KEYS_URL, claims, es256_header, rs256_header, with,
};
use super::visitor::House;

fn token_of(house: &House, kid: &str) -> String {
    let header = with(rs256_header(), "kid", json!(kid));
    house.issuer.rs256(&header, &claims())
}

#[tokio::test(start_paused = true)]
async fn keys_are_looked_up_once_and_by_discovery() {
    let house = House::with("oidc", &[]);
    assert_eq!(house.rig.published.asked(), [] as [&str; 0]);

    for _ in 0..3 {
        assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    }

    assert_eq!(house.rig.published.asked(), [DISCOVERY_URL, KEYS_URL]);
}

#[tokio::test(start_paused = true)]
async fn a_named_address_of_keys_needs_no_discovery() {
    let house = House::with("oidc,iap", &[("OIDC_JWKS_URL", "http://127.0.0.1:9/keys")]);
    house
        .rig
        .published
        .set("http://127.0.0.1:9/keys", house.issuer.key_set());

    assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    let assertion = house.issuer.assertion();
    let headers = [("x-goog-iap-jwt-assertion", assertion.as_str())];
    let (answer, _) = house.visit(("GET", "/v1/models"), &headers).await;

    assert_eq!(answer.status, 200);
    assert_eq!(
        house.rig.published.asked(),
        ["http://127.0.0.1:9/keys", IAP_KEYS_URL]
    );
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_unknown_keys_costs_one_fetch_in_thirty_seconds() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    for number in 0..200 {
        let answer = house.bearer(&token_of(&house, &format!("k{number}"))).await;
        assert_eq!(answer.status, 401);
    }
    advance(Duration::from_millis(29_990)).await;
    house.bearer(&token_of(&house, "x")).await;
    assert_eq!(house.rig.published.asked().len(), 1);

    // The keys that are known go on counting, and need no fetch.
    assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    advance(Duration::from_millis(20)).await;
    for _ in 0..200 {
        house.bearer(&token_of(&house, "x")).await;
    }

    assert_eq!(house.rig.published.asked().len(), 2);
    assert_eq!(house.refusals().len(), 401);
}

#[tokio::test(start_paused = true)]
async fn a_new_key_counts_as_soon_as_its_first_token_comes() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    let renamed = with(house.issuer.rsa_key(), "kid", json!("rsa-2"));
    house
        .rig
        .published
        .set(KEYS_URL, json!({"keys": [renamed]}));

    let too_soon = house.bearer(&token_of(&house, "rsa-2")).await;
    advance(Duration::from_secs(30)).await;
    let in_time = house.bearer(&token_of(&house, "rsa-2")).await;
    let old = house.bearer(&house.issuer.token()).await;

    assert_eq!(
        (too_soon.status.as_u16(), in_time.status.as_u16()),
        (401, 200)
    );
    assert_eq!(old.status, 401, "the issuer has withdrawn it");
}

#[tokio::test(start_paused = true)]
async fn a_withdrawn_key_ends_to_count_within_an_hour_of_use() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    house
        .rig
        .published
        .set(KEYS_URL, json!({"keys": [house.issuer.ec_key()]}));

    advance(Duration::from_secs(3_601)).await;
    let last = house.bearer(&house.issuer.token()).await;
    yield_now().await;
    let after = house.bearer(&house.issuer.token()).await;

    assert_eq!((last.status.as_u16(), after.status.as_u16()), (200, 401));
}

#[tokio::test(start_paused = true)]
async fn a_fetch_that_fails_keeps_the_keys() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    let many: Vec<Value> = (0..33)
        .map(|number| with(house.issuer.rsa_key(), "kid", json!(format!("k{number}"))))
        .collect();
    let useless = json!({"kty": "oct", "kid": "rsa-1", "k": "AAAA"});
    for document in [
        json!({"keys": many}),
        json!({"keys": []}),
        json!({"keys": [useless]}),
        json!({"keys": "none"}),
        json!("<html>"),
    ] {
        house.rig.published.set(KEYS_URL, document);
        advance(Duration::from_secs(31)).await;
        assert_eq!(house.bearer(&token_of(&house, "k1")).await.status, 401);
        assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    }
    house.rig.published.withdraw();
    advance(Duration::from_secs(31)).await;
    assert_eq!(house.bearer(&token_of(&house, "k1")).await.status, 401);

    assert_eq!(house.bearer(&house.issuer.token()).await.status, 200);
    assert_eq!(house.rig.published.asked().len(), 7);
}

#[tokio::test(start_paused = true)]
async fn requests_that_come_together_share_one_fetch_and_do_not_pile_up() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    house.rig.published.hold();
    let token = house.issuer.token();

    let requests = join_all((0..300).map(|_| house.bearer(&token)));
    let answer = async {
        yield_now().await;
        house.rig.published.answer();
    };
    let (answers, ()) = tokio::join!(requests, answer);

    let admitted = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(admitted.count(), 256);
    assert_eq!(house.rig.published.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_does_not_take_the_keys_along() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    house.rig.published.hold();
    let token = house.issuer.token();

    {
        let leaving = house.bearer(&token);
        tokio::pin!(leaving);
        assert!(futures_util::poll!(leaving.as_mut()).is_pending());
        yield_now().await;
    }
    house.rig.published.answer();

    assert_eq!(house.bearer(&token).await.status, 200);
    assert_eq!(house.rig.published.asked().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_issuer_that_never_answers_holds_nobody_for_long() {
    let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
    house.rig.published.hold();
    let began = tokio::time::Instant::now();

    let answer = house.bearer(&house.issuer.token()).await;

    assert_eq!(answer.status, 401);
    assert!(began.elapsed() <= Duration::from_secs(13));
}

#[tokio::test(start_paused = true)]
async fn discovery_is_believed_about_its_own_issuer_alone() {
    for document in [
        json!({"issuer": "https://evil.example.com", "jwks_uri": KEYS_URL}),
        json!({"issuer": ISSUER, "jwks_uri": "http://keys.example.com/jwks"}),
        json!({"issuer": ISSUER, "jwks_uri": "file:///etc/passwd"}),
        json!({"issuer": ISSUER}),
    ] {
        let house = House::with("oidc", &[]);
        house.rig.published.set(DISCOVERY_URL, document);

        let answer = house.bearer(&house.issuer.token()).await;

        assert_eq!(answer.status, 401);
        assert_eq!(house.rig.published.asked(), [DISCOVERY_URL]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_serves_only_what_it_says_it_is_for() {
    for (name, value) in [
        ("use", json!("enc")),
        ("alg", json!("RS512")),
        ("kid", Value::Null),
        ("kty", json!("oct")),
    ] {
        let house = House::with("oidc", &[("OIDC_JWKS_URL", KEYS_URL)]);
        let key = with(house.issuer.rsa_key(), name, value);
        let keys = json!({"keys": [key, house.issuer.ec_key()]});
        house.rig.published.set(KEYS_URL, keys);

        let rsa = house.bearer(&house.issuer.token()).await;
        let ec = house.issuer.es256(&es256_header(), &claims());
        let ec = house.bearer(&ec).await;

        assert_eq!(
            (rsa.status.as_u16(), ec.status.as_u16()),
            (401, 200),
            "{name}"
        );
    }
}
