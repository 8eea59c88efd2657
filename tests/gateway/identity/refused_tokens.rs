//! Tokens that let nobody in.

use ring::hmac;
use serde_json::{Value, json};

use super::issuer::{
    Issuer, claims, encoded, es256_header, iap_claims, message, now, rs256_header, with,
};
use super::refused::refuse;

async fn refuse_bearers(modes: &str, cases: Vec<(&str, String, &str)>) {
    for (name, token, reason) in cases {
        let headers = vec![("authorization", format!("Bearer {token}"))];
        refuse(name, modes, headers, reason).await;
    }
}

fn hs256(header: &Value, claims: &Value, secret: &[u8]) -> String {
    let message = message(header, claims);
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    format!(
        "{message}.{}",
        encoded(hmac::sign(&key, message.as_bytes()))
    )
}

#[tokio::test(start_paused = true)]
async fn claims_that_do_not_hold_let_nobody_in() {
    let issuer = Issuer::new();
    let header = rs256_header();
    let other = |name: &str, value: Value| issuer.rs256(&header, &with(claims(), name, value));
    let cases = vec![
        ("expired", other("exp", json!(now() - 60)), "expired"),
        ("without end", other("exp", Value::Null), "expired"),
        (
            "end as text",
            other("exp", json!("9999999999")),
            "malformed",
        ),
        ("end of another sign", other("exp", json!(-1)), "expired"),
        ("not yet", other("nbf", json!(now() + 61)), "not_yet_valid"),
        (
            "made in the future",
            other("iat", json!(now() + 86_400)),
            "not_yet_valid",
        ),
        (
            "another issuer",
            other("iss", json!("https://issuer.example.com")),
            "issuer",
        ),
        (
            "issuer with a slash",
            other("iss", json!("https://issuer.example.com/tenant/")),
            "issuer",
        ),
        (
            "issuers",
            other("iss", json!(["https://issuer.example.com/tenant"])),
            "malformed",
        ),
        ("no issuer", other("iss", Value::Null), "issuer"),
        (
            "another audience",
            other("aud", json!("https://else.example.com")),
            "audience",
        ),
        (
            "other audiences",
            other("aud", json!(["a", "b"])),
            "audience",
        ),
        ("no audience", other("aud", Value::Null), "audience"),
        ("empty audiences", other("aud", json!([])), "audience"),
        (
            "audience as object",
            other("aud", json!({"a": 1})),
            "audience",
        ),
        (
            "nobody",
            issuer.rs256(
                &header,
                &with(with(claims(), "sub", Value::Null), "email", Value::Null),
            ),
            "nameless",
        ),
        (
            "a name of two lines",
            issuer.rs256(
                &header,
                &with(
                    with(claims(), "email", Value::Null),
                    "sub",
                    json!("a\nevent=\"x\""),
                ),
            ),
            "nameless",
        ),
        (
            "the gateway's own name",
            issuer.rs256(
                &header,
                &with(
                    with(claims(), "email", Value::Null),
                    "sub",
                    json!("gateway:background"),
                ),
            ),
            "nameless",
        ),
        (
            "a name of 10 kB",
            other("email", json!("a".repeat(10_000))),
            "nameless",
        ),
        (
            "a list for claims",
            issuer.rs256(&header, &json!([])),
            "malformed",
        ),
    ];
    refuse_bearers("oidc", cases).await;
}

#[tokio::test(start_paused = true)]
async fn headers_and_signatures_that_do_not_fit_let_nobody_in() {
    let issuer = Issuer::new();
    let stranger = Issuer::stranger();
    let good = issuer.token();
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let header =
        |name: &str, value: Value| issuer.rs256(&with(rs256_header(), name, value), &claims());
    let none = |alg: &str| message(&json!({"alg": alg, "kid": "rsa-1"}), &claims());
    let confused = json!({"alg": "HS256", "typ": "JWT", "kid": "rsa-1"});
    let mut tampered = signature.as_bytes().to_vec();
    tampered[10] = if tampered[10] == b'A' { b'B' } else { b'A' };
    let tampered = String::from_utf8(tampered).unwrap();
    let other_claims = message(
        &rs256_header(),
        &with(claims(), "email", json!("boss@example.com")),
    );
    let own_key = json!({"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"});
    let cases = vec![
        ("alg none", format!("{}.", none("none")), "algorithm"),
        (
            "alg None",
            format!("{}.{signature}", none("None")),
            "algorithm",
        ),
        ("no alg", header("alg", Value::Null), "algorithm"),
        (
            "HS256 with the public key",
            hs256(&confused, &claims(), &issuer.rsa_modulus()),
            "algorithm",
        ),
        (
            "HS256 with the published key as text",
            hs256(
                &confused,
                &claims(),
                issuer.rsa_key().to_string().as_bytes(),
            ),
            "algorithm",
        ),
        ("RS512", header("alg", json!("RS512")), "algorithm"),
        (
            "ES256 under the RSA key's name",
            header("alg", json!("ES256")),
            "algorithm",
        ),
        (
            "signed by EC under the RSA key's name",
            issuer.es256(&rs256_header(), &claims()),
            "signature",
        ),
        (
            "jku",
            header("jku", json!("https://evil.example.com/jwks")),
            "algorithm",
        ),
        ("jwk", header("jwk", own_key), "algorithm"),
        (
            "x5u",
            header("x5u", json!("https://evil.example.com/x")),
            "algorithm",
        ),
        ("crit", header("crit", json!(["exp"])), "algorithm"),
        ("crit of nothing", header("crit", json!([])), "algorithm"),
        ("no kid", header("kid", Value::Null), "unknown_signer"),
        (
            "unknown kid",
            header("kid", json!("rsa-2")),
            "unknown_signer",
        ),
        (
            "kid as path",
            header("kid", json!("../../etc/passwd")),
            "unknown_signer",
        ),
        (
            "kid as SQL",
            header("kid", json!("' OR 1=1 --")),
            "unknown_signer",
        ),
        (
            "wrong key",
            stranger.es256(&es256_header(), &claims()),
            "signature",
        ),
        (
            "tampered signature",
            format!("{signed}.{tampered}"),
            "signature",
        ),
        (
            "other claims",
            format!("{other_claims}.{signature}"),
            "signature",
        ),
        ("no signature", format!("{signed}."), "signature"),
        ("truncated", good[..good.len() - 2].to_owned(), "signature"),
        ("two parts", signed.to_owned(), "malformed"),
        ("four parts", format!("{good}.{signature}"), "malformed"),
        ("padded", format!("{good}=="), "malformed"),
        (
            "100 kB",
            format!("{good}{}", "A".repeat(100_000)),
            "malformed",
        ),
        (
            "no JSON",
            format!("eyJhbGci.eyJzdWIi.{signature}"),
            "malformed",
        ),
    ];
    refuse_bearers("oidc", cases).await;
}

#[tokio::test(start_paused = true)]
async fn assertions_that_iap_did_not_make_let_nobody_in() {
    let issuer = Issuer::new();
    let stranger = Issuer::stranger();
    let header = es256_header();
    let other = |name: &str, value: Value| issuer.es256(&header, &with(iap_claims(), name, value));
    let good = issuer.assertion();
    let cases = vec![
        (
            "RS256",
            issuer.rs256(&rs256_header(), &iap_claims()),
            "algorithm",
        ),
        (
            "RS256 under its key's name",
            {
                let header = json!({"alg": "RS256", "kid": "ec-1"});
                issuer.rs256(&header, &iap_claims())
            },
            "algorithm",
        ),
        (
            "RS256 said ES256",
            {
                let header = json!({"alg": "ES256", "kid": "rsa-1"});
                issuer.rs256(&header, &iap_claims())
            },
            "unknown_signer",
        ),
        (
            "another key",
            stranger.es256(&header, &iap_claims()),
            "signature",
        ),
        (
            "another audience",
            other("aud", json!("/projects/8/x")),
            "audience",
        ),
        (
            "another issuer",
            other("iss", json!("https://accounts.google.com")),
            "issuer",
        ),
        ("expired", other("exp", json!(now() - 60)), "expired"),
        ("without address", other("email", Value::Null), "nameless"),
        ("a token of the OIDC issuer", issuer.token(), "algorithm"),
    ];
    for (name, assertion, reason) in cases {
        let headers = vec![("x-goog-iap-jwt-assertion", assertion)];
        refuse(name, "iap", headers, reason).await;
    }
    let in_the_wrong_header = vec![("authorization", format!("Bearer {good}"))];
    refuse(
        "in the wrong header",
        "iap",
        in_the_wrong_header,
        "malformed",
    )
    .await;
    let twice = vec![
        ("x-goog-iap-jwt-assertion", good.clone()),
        ("x-goog-iap-jwt-assertion", good.clone()),
    ];
    refuse("twice", "iap", twice, "ambiguous").await;
    // A proof that fails is not tried as another: alice's key would do.
    let beside_a_key = vec![
        ("x-goog-iap-jwt-assertion", issuer.token()),
        ("x-api-key", super::visitor::ALICES_KEY.to_owned()),
    ];
    refuse(
        "beside a good key",
        "iap,api-key",
        beside_a_key,
        "algorithm",
    )
    .await;
}
