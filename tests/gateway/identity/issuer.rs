//! Token issuers whose keys the tests hold.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard};

use ai_gateway::domain::{KeySource, KeySourceError};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::rsa::{KeyPairComponents, PublicKeyComponents};
use ring::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, RSA_PKCS1_SHA256, RsaKeyPair,
};
use serde_json::{Value, json};
use tokio::sync::Semaphore;

pub(crate) const ISSUER: &str = "https://issuer.example.com/tenant";
pub(crate) const KEYS_URL: &str = "https://keys.example.com/jwks";
pub(crate) const DISCOVERY_URL: &str =
    "https://issuer.example.com/tenant/.well-known/openid-configuration";
pub(crate) const AUDIENCE: &str = "https://gateway.example.com/mcp";
pub(crate) const IAP_KEYS_URL: &str = "https://www.gstatic.com/iap/verify/public_key-jwk";
pub(crate) const IAP_ISSUER: &str = "https://cloud.google.com/iap";
pub(crate) const IAP_AUDIENCE: &str = "/projects/7/locations/us-central1/services/gateway";

/// The moment at which the tests' calendar stands, in seconds.
pub(crate) fn now() -> i64 {
    let now: jiff::Timestamp = "2026-11-25T12:00:00Z".parse().unwrap();
    now.as_second()
}

pub(crate) fn encoded(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn member(key: &Value, name: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap()
}

fn fresh_ec_key() -> Vec<u8> {
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &SystemRandom::new());
    pkcs8.unwrap().as_ref().to_vec()
}

/// One key for RS256 and one for ES256.
pub(crate) struct Issuer {
    rsa: RsaKeyPair,
    rsa_public: Value,
    ec: EcdsaKeyPair,
}

impl Issuer {
    /// Returns the issuer that is trusted, with the same keys each time.
    pub(crate) fn new() -> Self {
        static EC: LazyLock<Vec<u8>> = LazyLock::new(fresh_ec_key);
        Self::of(&EC)
    }

    /// Returns one whose EC key nobody knows.
    pub(crate) fn stranger() -> Self {
        Self::of(&fresh_ec_key())
    }

    fn of(ec: &[u8]) -> Self {
        let text = include_str!("rsa_test_key.json");
        let key: Value = serde_json::from_str(text).unwrap();
        let part = |name| member(&key, name);
        let (n, e, d) = (part("n"), part("e"), part("d"));
        let (p, q, dp, dq, qi) = (part("p"), part("q"), part("dp"), part("dq"), part("qi"));
        let rsa = RsaKeyPair::from_components(&KeyPairComponents {
            public_key: PublicKeyComponents { n: &n, e: &e },
            d: &d,
            p: &p,
            q: &q,
            dP: &dp,
            dQ: &dq,
            qInv: &qi,
        });
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        Self {
            rsa: rsa.unwrap(),
            rsa_public: json!({"kty": "RSA", "kid": "rsa-1", "alg": "RS256", "use": "sig",
                "n": key["n"], "e": key["e"]}),
            ec: EcdsaKeyPair::from_pkcs8(algorithm, ec, &SystemRandom::new()).unwrap(),
        }
    }

    /// Returns the modulus, which everybody may know.
    pub(crate) fn rsa_modulus(&self) -> Vec<u8> {
        member(&self.rsa_public, "n")
    }

    pub(crate) fn rsa_key(&self) -> Value {
        self.rsa_public.clone()
    }

    pub(crate) fn ec_key(&self) -> Value {
        let point = self.ec.public_key().as_ref();
        json!({"kty": "EC", "crv": "P-256", "kid": "ec-1", "use": "sig",
            "x": encoded(&point[1..33]), "y": encoded(&point[33..])})
    }

    pub(crate) fn key_set(&self) -> Value {
        json!({"keys": [self.rsa_key(), self.ec_key()]})
    }

    /// Signs with the RSA key, whatever the header says.
    pub(crate) fn rs256(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let mut signature = vec![0; self.rsa.public().modulus_len()];
        let random = SystemRandom::new();
        let signed = self.rsa.sign(
            &RSA_PKCS1_SHA256,
            &random,
            message.as_bytes(),
            &mut signature,
        );
        signed.unwrap();
        format!("{message}.{}", encoded(signature))
    }

    /// Signs with the EC key, whatever the header says.
    pub(crate) fn es256(&self, header: &Value, claims: &Value) -> String {
        let message = message(header, claims);
        let signature = self.ec.sign(&SystemRandom::new(), message.as_bytes());
        format!("{message}.{}", encoded(signature.unwrap()))
    }

    /// Returns a good token of the issuer.
    pub(crate) fn token(&self) -> String {
        self.rs256(&rs256_header(), &claims())
    }

    /// Returns a good assertion of IAP.
    pub(crate) fn assertion(&self) -> String {
        self.es256(&es256_header(), &iap_claims())
    }
}

pub(crate) fn rs256_header() -> Value {
    json!({"alg": "RS256", "typ": "JWT", "kid": "rsa-1"})
}

pub(crate) fn es256_header() -> Value {
    json!({"alg": "ES256", "typ": "JWT", "kid": "ec-1"})
}

pub(crate) fn claims() -> Value {
    json!({"iss": ISSUER, "aud": AUDIENCE, "sub": "subject-7", "iat": now() - 60,
        "nbf": now() - 60, "exp": now() + 3_600,
        "email": "alice@example.com", "email_verified": true})
}

pub(crate) fn iap_claims() -> Value {
    json!({"iss": IAP_ISSUER, "aud": IAP_AUDIENCE, "sub": "accounts.google.com:7",
        "email": "carol@example.com", "iat": now() - 60, "exp": now() + 540})
}

/// Returns `claims` with one member other, or without it if `value` is null.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    if value.is_null() {
        claims.as_object_mut().unwrap().remove(name);
    } else {
        claims[name] = value;
    }
    claims
}

/// Returns the part of a token that is signed.
pub(crate) fn message(header: &Value, claims: &Value) -> String {
    format!(
        "{}.{}",
        encoded(header.to_string()),
        encoded(claims.to_string())
    )
}

/// Returns a token as Cloud Run leaves it.
pub(crate) fn checked_by_cloud_run(claims: &Value) -> String {
    let message = message(&rs256_header(), claims);
    format!("{message}.SIGNATURE_REMOVED_BY_GOOGLE")
}

/// What issuers publish, and who asked for it.
pub(crate) struct Published {
    documents: Mutex<HashMap<String, Value>>,
    asked: Mutex<Vec<String>>,
    gate: Semaphore,
}

impl Published {
    pub(crate) fn new() -> Self {
        Self {
            documents: Mutex::default(),
            asked: Mutex::default(),
            gate: Semaphore::new(Semaphore::MAX_PERMITS),
        }
    }

    /// Publishes the keys of an issuer, for OIDC and for IAP.
    pub(crate) fn publish(&self, issuer: &Issuer) {
        let discovery = json!({"issuer": ISSUER, "jwks_uri": KEYS_URL});
        self.set(DISCOVERY_URL, discovery);
        self.set(KEYS_URL, issuer.key_set());
        self.set(IAP_KEYS_URL, issuer.key_set());
    }

    pub(crate) fn set(&self, url: &str, document: Value) {
        lock(&self.documents).insert(url.to_owned(), document);
    }

    /// Lets every fetch fail from now on.
    pub(crate) fn withdraw(&self) {
        lock(&self.documents).clear();
    }

    /// Lets every fetch wait until [`Published::answer`].
    pub(crate) fn hold(&self) {
        self.gate.forget_permits(Semaphore::MAX_PERMITS);
    }

    pub(crate) fn answer(&self) {
        self.gate.add_permits(100);
    }

    /// Lists the addresses that were asked, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        lock(&self.asked).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap()
}

#[async_trait]
impl KeySource for Published {
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySourceError> {
        lock(&self.asked).push(url.to_owned());
        let _permit = self.gate.acquire().await.unwrap();
        match lock(&self.documents).get(url) {
            Some(document) => Ok(document.to_string().into_bytes()),
            None => Err(KeySourceError("status 503".to_owned())),
        }
    }
}
