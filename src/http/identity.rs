//! Who calls: the only place where a [`Caller`] is made.

mod api_keys;
mod issuer_url;
mod key_document;
mod key_set;
mod proof;
mod refusal;
mod resource;
mod ring_verifier;
mod token;

use std::sync::Arc;

use arc_swap::ArcSwap;
use axum::Extension;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::HeaderMap;
use jsonwebtoken::Algorithm;
use tokio_util::task::TaskTracker;

pub use api_keys::{ApiKeys, FreshKey};
pub(crate) use issuer_url::is_issuer_url;
pub(super) use resource::metadata;

use super::Door;
use super::settings::{AuthMode, IAP_KEYS, Settings};
use crate::domain::{AuthRefusal, Caller, Clock, KeySource, Rights};
use key_set::{KeyPlace, KeySet};
use proof::{PROOFS, Proof};
use token::{Claims, Subject, TokenVerifier};

const OIDC_ALGORITHMS: &[Algorithm] = &[Algorithm::RS256, Algorithm::ES256];
const IAP_ALGORITHMS: &[Algorithm] = &[Algorithm::ES256];
/// Who makes the assertions of Identity-Aware Proxy (Google Cloud, "Securing
/// your app with signed headers").
const IAP_ISSUER: &str = "https://cloud.google.com/iap";

/// What identity is made of.
pub struct IdentityParts<'a> {
    /// Which proofs are taken, and from whom.
    pub settings: &'a Settings,
    /// The keys of callers.
    pub api_keys: ApiKeys,
    /// Where issuers publish their keys.
    pub key_source: Arc<dyn KeySource>,
    /// The time of day, by which tokens expire.
    pub clock: Arc<dyn Clock>,
    /// What known callers may do.
    pub rights: Arc<dyn Rights>,
    /// Waits for keys that are being fetched.
    pub tasks: TaskTracker,
}

/// Finds out who calls. One for all doors.
pub struct Identity {
    modes: Modes,
    api_keys: ArcSwap<ApiKeys>,
    oidc: Option<TokenVerifier>,
    iap: Option<TokenVerifier>,
    allowed: Vec<String>,
    issuer: Option<String>,
    public_url: Option<String>,
    clock: Arc<dyn Clock>,
    rights: Arc<dyn Rights>,
}

/// The modes that are on; with none of them, everybody is let in, which
/// configuration allows on loopback alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each mode is on or off by itself"
)]
struct Modes {
    api_key: bool,
    oidc: bool,
    cloud_run_iam: bool,
    iap: bool,
}

impl Modes {
    fn new(modes: &[AuthMode]) -> Self {
        let has = |mode| modes.contains(&mode);
        Self {
            api_key: has(AuthMode::ApiKey),
            oidc: has(AuthMode::Oidc),
            cloud_run_iam: has(AuthMode::CloudRunIam),
            iap: has(AuthMode::Iap),
        }
    }

    fn are_none(self) -> bool {
        self == Self::default()
    }
}

impl Identity {
    /// Sets up the modes that are on. Fetches nothing yet.
    pub fn new(parts: IdentityParts<'_>) -> Self {
        let settings = parts.settings;
        let modes = Modes::new(&settings.auth_modes);
        let keys = |place, algorithms| {
            let source = Arc::clone(&parts.key_source);
            KeySet::new(source, place, algorithms, parts.tasks.clone())
        };
        let issuer = settings.oidc.issuer.clone().filter(|_| modes.oidc);
        let oidc = issuer.as_ref().map(|issuer| {
            let place = match &settings.oidc.jwks_url {
                Some(url) => KeyPlace::Url(url.clone()),
                None => KeyPlace::Issuer(issuer.clone()),
            };
            let keys = keys(place, OIDC_ALGORITHMS);
            TokenVerifier::new(keys, issuer, &settings.oidc.audiences, OIDC_ALGORITHMS)
        });
        let iap = modes.iap.then(|| {
            let keys = keys(KeyPlace::Url(IAP_KEYS.to_owned()), IAP_ALGORITHMS);
            TokenVerifier::new(keys, IAP_ISSUER, &settings.iap.audiences, IAP_ALGORITHMS)
        });
        Self {
            modes,
            api_keys: ArcSwap::from_pointee(parts.api_keys),
            oidc,
            iap,
            allowed: settings.oidc.allowed.clone(),
            issuer,
            public_url: settings.public_url.clone(),
            clock: parts.clock,
            rights: parts.rights,
        }
    }

    /// Replaces the keys of callers, all at once. Requests under way keep the
    /// caller that they were found to have.
    pub fn replace_api_keys(&self, keys: ApiKeys) {
        self.api_keys.store(Arc::new(keys));
    }

    /// Tells whether a caller sees everyone's figures.
    pub fn is_admin(&self, caller: &Caller) -> bool {
        self.modes.are_none() || self.rights.is_admin(caller)
    }

    /// Finds out who sent a request. The form of its proof decides the mode;
    /// a proof that fails is not tried as another.
    ///
    /// # Errors
    /// Why it is refused.
    async fn caller(&self, headers: &HeaderMap) -> Result<Caller, AuthRefusal> {
        if self.modes.are_none() {
            return Ok(Caller::new("local"));
        }
        let now = self.clock.now();
        match (Proof::find(headers, self.modes)?, &self.oidc, &self.iap) {
            (Proof::Key(key), ..) => self.api_keys.load().holder(key),
            (Proof::CheckedToken(token), ..) => {
                let claims = Claims::of_checked(token)?;
                claims.check_times(now)?;
                Ok(claims.subject()?.caller)
            }
            (Proof::OidcToken(token), Some(oidc), _) => {
                let subject = oidc.verify(token, now).await?.subject()?;
                self.admit(subject)
            }
            (Proof::IapToken(token), _, Some(iap)) => {
                Ok(iap.verify(token, now).await?.address()?.caller)
            }
            (Proof::OidcToken(_) | Proof::IapToken(_), ..) => Err(AuthRefusal::Missing),
        }
    }

    /// Lets in whom `OIDC_ALLOWED` names, or everybody if it names nobody.
    /// A domain counts for verified addresses alone.
    fn admit(&self, subject: Subject) -> Result<Caller, AuthRefusal> {
        let name = subject.caller.as_str();
        let domain = name.rsplit_once('@').map(|(_, domain)| domain);
        let is_allowed = |entry: &String| match entry.strip_prefix('@') {
            Some(allowed) => {
                subject.is_address && domain.is_some_and(|own| own.eq_ignore_ascii_case(allowed))
            }
            None => entry == name,
        };
        if self.allowed.is_empty() || self.allowed.iter().any(is_allowed) {
            Ok(subject.caller)
        } else {
            Err(AuthRefusal::Forbidden)
        }
    }
}

/// Finds out who calls, before the body is read, and writes it into the
/// request's extensions. What proved it goes no further.
pub(super) async fn identify(
    State(door): State<Door>,
    mut request: Request,
    next: Next,
) -> Response {
    match door.identity.caller(request.headers()).await {
        Ok(caller) => {
            for name in &PROOFS {
                request.headers_mut().remove(name);
            }
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        Err(reason) => refusal::refuse(&door, &request, reason, None),
    }
}

/// Lets pass who may see everyone's figures.
pub(super) async fn require_admin(
    State(door): State<Door>,
    Extension(caller): Extension<Caller>,
    request: Request,
    next: Next,
) -> Response {
    if door.identity.is_admin(&caller) {
        return next.run(request).await;
    }
    refusal::refuse(&door, &request, AuthRefusal::Forbidden, Some(&caller))
}
