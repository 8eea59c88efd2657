//! Documents of token issuers: where their keys are, and the keys.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::issuer_url::is_issuer_url;

/// The most keys of one issuer; the largest publish about ten.
const MAX_KEYS: usize = 32;

/// A key and the one algorithm that it is for.
#[derive(Debug)]
pub(super) struct IssuerKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// Keys by the name that tokens call them (`kid`).
pub(super) type IssuerKeys = HashMap<String, Arc<IssuerKey>>;

/// Returns where an issuer's discovery document is (OpenID Connect Discovery
/// 1.0, section 4).
pub(super) fn discovery_url(issuer: &str) -> String {
    let base = issuer.trim_end_matches('/');
    format!("{base}/.well-known/openid-configuration")
}

/// Reads where the keys are from a discovery document.
///
/// # Errors
/// A sentence if it is another issuer's, or names no address that may be
/// asked.
pub(super) fn keys_url(document: &[u8], issuer: &str) -> Result<String, String> {
    #[derive(Deserialize)]
    struct Discovery {
        issuer: String,
        jwks_uri: String,
    }
    let discovery: Discovery = serde_json::from_slice(document)
        .map_err(|_| "the discovery document has no issuer or jwks_uri".to_owned())?;
    if discovery.issuer != issuer {
        return Err("the discovery document is another issuer's".to_owned());
    }
    if !is_issuer_url(&discovery.jwks_uri) {
        return Err("jwks_uri is neither https nor http on loopback".to_owned());
    }
    Ok(discovery.jwks_uri)
}

/// Reads a key set (RFC 7517), keeping the named keys that check signatures
/// by one of `algorithms`; the first of two with the same name counts.
///
/// # Errors
/// A sentence if it is no key set, has too many keys or none of use.
pub(super) fn keys(document: &[u8], algorithms: &[Algorithm]) -> Result<IssuerKeys, String> {
    #[derive(Deserialize)]
    struct KeySet {
        keys: Vec<Value>,
    }
    let set: KeySet =
        serde_json::from_slice(document).map_err(|_| "this is no set of keys".to_owned())?;
    if set.keys.len() > MAX_KEYS {
        return Err(format!("there are more than {MAX_KEYS} keys"));
    }
    let mut keys = IssuerKeys::new();
    let known = set
        .keys
        .into_iter()
        .filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
    for jwk in known {
        let algorithm = algorithm(&jwk).filter(|algorithm| algorithms.contains(algorithm));
        let (Some(algorithm), Some(name)) = (algorithm, jwk.common.key_id.clone()) else {
            continue;
        };
        if let Ok(key) = DecodingKey::from_jwk(&jwk) {
            keys.entry(name)
                .or_insert_with(|| Arc::new(IssuerKey { algorithm, key }));
        }
    }
    if keys.is_empty() {
        return Err("no key of the set can check RS256 or ES256".to_owned());
    }
    Ok(keys)
}

/// Returns the algorithm that a key is for: by its kind, and what it says of
/// itself must agree.
fn algorithm(jwk: &Jwk) -> Option<Algorithm> {
    let (algorithm, said) = match &jwk.algorithm {
        AlgorithmParameters::RSA(_) => (Algorithm::RS256, KeyAlgorithm::RS256),
        AlgorithmParameters::EllipticCurve(point) if point.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        _ => return None,
    };
    let common = &jwk.common;
    let is_for_signatures = matches!(common.public_key_use, None | Some(PublicKeyUse::Signature));
    let agrees = common.key_algorithm.is_none_or(|own| own == said);
    (is_for_signatures && agrees).then_some(algorithm)
}
