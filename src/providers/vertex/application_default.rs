//! Application Default Credentials: the machine's own identity.

use std::sync::{Mutex, PoisonError};

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
    credentials: Mutex<Option<AccessTokenCredentials>>,
}

impl ApplicationDefault {
    fn credentials(&self) -> Result<AccessTokenCredentials, IdentityError> {
        let mut kept = self
            .credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(credentials) = kept.as_ref() {
            return Ok(credentials.clone());
        }
        let builder = Builder::default().with_scopes([SCOPE]);
        let credentials = builder
            .build_access_token_credentials()
            .map_err(|fault| IdentityError::Refused(fault.to_string()))?;
        *kept = Some(credentials.clone());
        Ok(credentials)
    }

    /// Looks for credentials anew when next asked: those that met a refusal
    /// never ask again by themselves.
    fn forget(&self) {
        *self
            .credentials
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = None;
    }
}

#[async_trait]
impl GoogleIdentity for ApplicationDefault {
    async fn token(&self) -> Result<Secret, IdentityError> {
        match self.credentials()?.access_token().await {
            Ok(token) => Ok(Secret::new(token.token)),
            Err(fault) if fault.is_transient() => {
                Err(IdentityError::Unavailable(fault.to_string()))
            }
            Err(fault) => {
                self.forget();
                Err(IdentityError::Refused(fault.to_string()))
            }
        }
    }
}
