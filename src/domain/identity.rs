//! Who may come in: why a proof was refused, and the ports that identity
//! needs from outside.

use async_trait::async_trait;
use thiserror::Error;

use super::Caller;

/// Why a request was refused before anyone looked at what it asks.
///
/// The caller never learns which; operators do, from the log and a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AuthRefusal {
    /// It carries no proof of a mode that is on.
    #[error("no proof")]
    Missing,
    /// It carries several proofs that could mean several callers.
    #[error("more than one proof")]
    Ambiguous,
    /// The proof is no key and no token by its form.
    #[error("not a key or token")]
    Malformed,
    /// No caller has this key.
    #[error("unknown key")]
    UnknownKey,
    /// The token asks to be checked in a way that is not ours: its algorithm
    /// is not its key's, or it brings its own key.
    #[error("algorithm or header not accepted")]
    Algorithm,
    /// The issuer has no key of the token's name.
    #[error("signed with a key that the issuer does not publish")]
    UnknownSigner,
    /// The signature does not fit.
    #[error("bad signature")]
    Signature,
    /// Another issuer made the token.
    #[error("wrong issuer")]
    Issuer,
    /// The token is meant for another service.
    #[error("wrong audience")]
    Audience,
    /// The token has expired, or does not say when it does.
    #[error("expired")]
    Expired,
    /// The token begins to hold later, or was made in the future.
    #[error("not yet valid")]
    NotYetValid,
    /// The token names nobody, or by a name that cannot be one.
    #[error("names no caller")]
    Nameless,
    /// The token should have lost its signature at Cloud Run's door, and has
    /// it: nobody checked it.
    #[error("not checked by Cloud Run")]
    Unchecked,
    /// The caller is known and may not do this.
    #[error("not allowed")]
    Forbidden,
}

impl AuthRefusal {
    /// Returns the word for logs and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Ambiguous => "ambiguous",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Algorithm => "algorithm",
            Self::UnknownSigner => "unknown_signer",
            Self::Signature => "signature",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::Nameless => "nameless",
            Self::Unchecked => "unchecked",
            Self::Forbidden => "forbidden",
        }
    }
}

/// What known callers may do beyond calling.
pub trait Rights: Send + Sync {
    /// Tells whether a caller sees everyone's figures.
    fn is_admin(&self, caller: &Caller) -> bool;
}

/// A document of a token issuer that could not be had, in words that show
/// neither address nor content.
#[derive(Clone, Debug, Error)]
#[error("{0}")]
pub struct KeySourceError(pub String);

/// Where token issuers publish their keys.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// Fetches a JSON document. Follows no redirect, and ends within seconds
    /// and bounds of its own.
    ///
    /// # Errors
    /// [`KeySourceError`] for anything but a whole answer with status 200.
    async fn fetch(&self, url: &str) -> Result<Vec<u8>, KeySourceError>;
}
