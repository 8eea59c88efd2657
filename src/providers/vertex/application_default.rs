//! Application Default Credentials: the machine's own identity.

use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use google_cloud_auth::credentials::{AccessTokenCredentials, Builder};

use super::identity::{GoogleIdentity, IdentityError};
use crate::domain::Secret;

/// The only scope that Vertex AI has.
const SCOPE: &str = "https://www.googleapis.com/auth/cloud-platform";

/// Finds the credentials as all of Google's own libraries do: the file that
/// `GOOGLE_APPLICATION_CREDENTIALS` names, the one that `gcloud auth
/// application-default login` leaves, else the metadata server, whose address
/// `GCE_METADATA_HOST` may change.
///
/// Nothing is read before the first token is asked for. Tokens are renewed in
/// the background four minutes before they expire.
#[derive(Default)]
pub struct ApplicationDefault {
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    credentials: Option<AccessTokenCredentials>,
    /// Counts the credentials that were found, so that a late failure of
    /// older ones does not end newer ones.
    generation: u64,
    /// The token that was given last.
    token: Option<Secret>,
}

impl ApplicationDefault {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn credentials(&self) -> Result<(AccessTokenCredentials, u64), IdentityError> {
        let mut kept = self.kept();
        if let Some(credentials) = &kept.credentials {
            return Ok((credentials.clone(), kept.generation));
        }
        let builder = Builder::default().with_scopes([SCOPE]);
        let credentials = builder.build_access_token_credentials().map_err(|cause| {
            tracing::warn!(%cause, "Google's credentials cannot be read");
            IdentityError::Refused
        })?;
        kept.generation += 1;
        kept.credentials = Some(credentials.clone());
        Ok((credentials, kept.generation))
    }

    /// Looks for credentials anew when next asked: those that met a refusal
    /// never ask again by themselves.
    fn forget(&self, generation: u64) {
        let mut kept = self.kept();
        if kept.generation == generation {
            kept.credentials = None;
        }
    }
}

#[async_trait]
impl GoogleIdentity for ApplicationDefault {
    async fn token(&self) -> Result<Secret, IdentityError> {
        let (credentials, generation) = self.credentials()?;
        match credentials.access_token().await {
            Ok(token) => {
                let token = Secret::new(token.token);
                self.kept().token = Some(token.clone());
                Ok(token)
            }
            Err(cause) => {
                tracing::warn!(%cause, "Google gives no access token");
                if cause.is_transient() {
                    return Err(IdentityError::Unavailable);
                }
                self.forget(generation);
                Err(IdentityError::Refused)
            }
        }
    }

    fn refused(&self, token: &Secret) {
        let mut kept = self.kept();
        let is_last = kept.token.as_ref().map(Secret::expose) == Some(token.expose());
        if is_last {
            (kept.credentials, kept.token) = (None, None);
        }
    }
}
