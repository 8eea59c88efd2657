//! Who we are to Google.

use async_trait::async_trait;
use thiserror::Error;

use crate::domain::Secret;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// There may be one later: whoever issues them does not answer.
    #[error("no access token from Google for now: {0}")]
    Unavailable(String),
    /// Someone must act first.
    #[error(
        "no access token from Google: {0}; on Google Cloud give the service a service account, \
         elsewhere run: gcloud auth application-default login"
    )]
    Refused(String),
}

/// Gives the tokens that open Google Cloud's APIs.
#[async_trait]
pub trait GoogleIdentity: Send + Sync {
    /// Returns a token that holds for some minutes yet. However many ask,
    /// one request goes out.
    ///
    /// # Errors
    /// [`IdentityError`] if there is none.
    async fn token(&self) -> Result<Secret, IdentityError>;
}
