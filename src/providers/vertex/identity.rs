//! Who we are to Google.

use async_trait::async_trait;
use thiserror::Error;

use crate::domain::Secret;

/// Why there is no token. The cause is for the log alone: it may name files
/// and accounts of the machine, which are no caller's business.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum IdentityError {
    /// There may be one later: whoever issues them does not answer.
    #[error("no access token from Google for now")]
    Unavailable,
    /// Someone must act first.
    #[error(
        "no access token from Google; on Google Cloud give the service a service account, \
         elsewhere run: gcloud auth application-default login"
    )]
    Refused,
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

    /// Says that an API took this token for none, so that it is not given
    /// again.
    fn refused(&self, token: &Secret);
}
