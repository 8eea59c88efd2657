//! Who is let in, and who is not.

mod admitted;
mod fetches;
pub(crate) mod issuer;
mod metadata;
mod refused;
mod refused_tokens;
pub(crate) mod visitor;
