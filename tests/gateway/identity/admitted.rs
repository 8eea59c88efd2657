//! Proofs that let their callers in, at every door.

use std::fs;

use serde_json::json;
use vendor_sim::Vendor;

use super::issuer::{
    AUDIENCE, checked_by_cloud_run, claims, es256_header, now, rs256_header, with,
};
use super::visitor::{ALICES_DIGEST, ALICES_KEY, BOSS_DIGEST, BOSS_KEY, DOORS, House};
use crate::support::folder;

/// Comes in at every door but that of the figures, as `caller`.
async fn comes_in(house: &House, headers: &[(&str, &str)], caller: &str) {
    for door in &DOORS[..5] {
        let (answer, _) = house.visit(*door, headers).await;

        assert_eq!(answer.status, 200, "{door:?}: {}", answer.text);
        if ["/mcp", "/v1/chat/completions", "/v1/messages"].contains(&door.1) {
            assert!(answer.text.contains("well"), "{}", answer.text);
            assert_eq!(house.last_caller(), caller, "{door:?}");
        }
    }
    assert_eq!(house.refusals(), [] as [&str; 0]);
}

#[tokio::test(start_paused = true)]
async fn a_key_opens_every_door_in_either_header() {
    let house = House::with("api-key", &[]);
    let bearer = format!("Bearer {ALICES_KEY}");

    comes_in(&house, &[("authorization", &bearer)], "alice").await;
    comes_in(&house, &[("x-api-key", ALICES_KEY)], "alice").await;
    let both = [
        ("authorization", bearer.as_str()),
        ("x-api-key", ALICES_KEY),
    ];
    comes_in(&house, &both, "alice").await;
    comes_in(&house, &[("x-api-key", BOSS_KEY)], "boss").await;
}

#[tokio::test(start_paused = true)]
async fn a_token_opens_every_door_by_either_algorithm() {
    let house = House::with("oidc", &[]);
    let rsa = format!("Bearer {}", house.issuer.token());
    let ec = format!("Bearer {}", house.issuer.es256(&es256_header(), &claims()));

    comes_in(&house, &[("authorization", &rsa)], "alice@example.com").await;
    comes_in(&house, &[("authorization", &ec)], "alice@example.com").await;
}

#[tokio::test(start_paused = true)]
async fn an_address_counts_only_if_it_is_verified() {
    let house = House::with("oidc", &[]);
    for word in [json!(false), json!("true"), json!(1), json!(null)] {
        let claims = with(claims(), "email_verified", word);
        let answer = house
            .bearer(&house.issuer.rs256(&rs256_header(), &claims))
            .await;

        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(house.last_caller(), "subject-7");
    }
}

#[tokio::test(start_paused = true)]
async fn clocks_may_differ_by_a_minute_and_audiences_be_a_list() {
    let house = House::with("oidc", &[]);
    for (name, value) in [
        ("exp", json!(now() - 59)),
        ("exp", json!(now() as f64 - 59.5)),
        ("nbf", json!(now() + 60)),
        ("iat", json!(now() + 60)),
        ("aud", json!(["https://else.example.com", AUDIENCE])),
        ("nbf", json!(null)),
        ("iat", json!(null)),
    ] {
        let claims = with(claims(), name, value.clone());
        let answer = house
            .bearer(&house.issuer.rs256(&rs256_header(), &claims))
            .await;

        assert_eq!(answer.status, 200, "{name} {value}: {}", answer.text);
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_cloud_run_checked_opens_every_door() {
    let house = House::with("cloud-run-iam", &[]);
    let bearer = format!("Bearer {}", checked_by_cloud_run(&claims()));

    comes_in(&house, &[("authorization", &bearer)], "alice@example.com").await;
    let own = [("x-serverless-authorization", bearer.as_str())];
    comes_in(&house, &own, "alice@example.com").await;
    // Cloud Run then leaves the other header as it was sent.
    let both = [
        own[0],
        ("authorization", "Bearer something-of-the-callers-own"),
    ];
    comes_in(&house, &both, "alice@example.com").await;
}

#[tokio::test(start_paused = true)]
async fn an_assertion_of_iap_opens_every_door() {
    let house = House::with("iap", &[]);
    let assertion = house.issuer.assertion();

    let headers = [("x-goog-iap-jwt-assertion", assertion.as_str())];
    comes_in(&house, &headers, "carol@example.com").await;
}

#[tokio::test(start_paused = true)]
async fn nobody_proves_anything_in_mode_none() {
    let house = House::with("none", &[]);

    comes_in(&house, &[], "local").await;
    comes_in(&house, &[("authorization", "Bearer unused")], "local").await;
    let twice = [("authorization", "Bearer a"), ("authorization", "Basic b")];
    comes_in(&house, &twice, "local").await;
    let (figures, _) = house.visit(DOORS[5], &[]).await;
    assert_eq!(figures.status, 200);
}

#[tokio::test(start_paused = true)]
async fn the_form_of_a_proof_chooses_among_all_modes() {
    let house = House::with("api-key,oidc,cloud-run-iam,iap", &[]);
    let token = format!("Bearer {}", house.issuer.token());
    let checked = with(claims(), "email", json!("bob@example.com"));
    let checked = format!("Bearer {}", checked_by_cloud_run(&checked));
    let assertion = house.issuer.assertion();
    let key = format!("Bearer {ALICES_KEY}");

    comes_in(&house, &[("authorization", &key)], "alice").await;
    comes_in(&house, &[("authorization", &token)], "alice@example.com").await;
    comes_in(&house, &[("authorization", &checked)], "bob@example.com").await;
    let headers = [("x-goog-iap-jwt-assertion", assertion.as_str())];
    comes_in(&house, &headers, "carol@example.com").await;
}

#[tokio::test(start_paused = true)]
async fn only_whom_the_list_names_may_call() {
    let ask = async |allowed: &str, name: &str, is_verified: bool| {
        let house = House::with("oidc", &[("OIDC_ALLOWED", allowed)]);
        let claims = with(claims(), "email", json!(name));
        let claims = with(claims, "email_verified", json!(is_verified));
        let claims = with(claims, "sub", json!(name));
        let answer = house
            .bearer(&house.issuer.rs256(&rs256_header(), &claims))
            .await;
        let reasons = house.refusals();
        assert_eq!(
            answer.status == 403,
            reasons == ["forbidden"],
            "{reasons:?}"
        );
        answer.status.as_u16()
    };

    assert_eq!(ask("@example.com", "alice@EXAMPLE.com", true).await, 200);
    assert_eq!(
        ask("bob@x.com, alice@example.com", "alice@example.com", true).await,
        200
    );
    assert_eq!(ask("subject-8", "subject-8", false).await, 200);
    assert_eq!(ask("@example.com", "alice@example.com", false).await, 403);
    assert_eq!(
        ask("@example.com", "alice@sub.example.com", true).await,
        403
    );
    assert_eq!(
        ask("@example.com", "alice@example.com.evil.org", true).await,
        403
    );
    assert_eq!(
        ask("@example.com", "alice@evil@example.org", true).await,
        403
    );
    assert_eq!(
        ask("alice@example.com", "Alice@example.com", true).await,
        403
    );
}

#[tokio::test(start_paused = true)]
async fn new_keys_replace_the_old_ones_while_it_serves() {
    let keys = folder("new-keys", &[("keys", &format!("boss:{BOSS_DIGEST}"))]).join("keys");
    let in_file = [
        ("GATEWAY_API_KEYS", ""),
        ("GATEWAY_API_KEYS_FILE", keys.to_str().unwrap()),
    ];
    let house = House::with("api-key", &in_file);

    assert_eq!(house.bearer(BOSS_KEY).await.status, 200);
    fs::write(&keys, format!("alice-2:{ALICES_DIGEST}")).unwrap();
    house.rig.app.reload.read().await.unwrap();

    assert_eq!(house.bearer(BOSS_KEY).await.status, 401);
    assert_eq!(house.bearer(ALICES_KEY).await.status, 200);
    assert_eq!(house.last_caller(), "alice-2");
}

#[tokio::test(start_paused = true)]
async fn no_proof_goes_on_to_a_vendor() {
    let house = House::with("api-key,oidc,iap", &[]);
    let token = house.issuer.token();
    let assertion = house.issuer.assertion();
    let bearer = format!("Bearer {token}");

    for headers in [
        vec![("authorization", bearer.as_str())],
        vec![("x-api-key", ALICES_KEY)],
        vec![
            ("x-goog-iap-jwt-assertion", assertion.as_str()),
            ("x-serverless-authorization", bearer.as_str()),
        ],
    ] {
        for door in &DOORS[..3] {
            let (answer, _) = house.visit(*door, &headers).await;
            assert_eq!(answer.status, 200, "{}", answer.text);
        }
    }

    let requests = house.rig.simulator.requests(Vendor::OpenAi);
    assert_eq!(requests.len(), 9);
    let seen = format!("{requests:?}");
    for proof in [token.as_str(), ALICES_KEY, &assertion] {
        assert!(!seen.contains(proof));
    }
}
