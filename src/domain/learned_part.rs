//! What routers have learned, in the parts that a store keeps.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;

/// Names a part. Each process has one of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartName(pub u128);

/// What a part was at one time. The store gives a part another one with each
/// write, and none of them twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PartVersion(pub u128);

/// A part as a store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptPart {
    /// Its name.
    pub name: PartName,
    /// Which version it is.
    pub version: PartVersion,
    /// How long ago it was written, by the store's clock.
    pub silent: Duration,
    /// What is in it, in a form that the router alone knows; `None` if the
    /// caller has that version.
    pub state: Option<Vec<u8>>,
}

/// What routers have learned, one part for each process. A part is written by
/// its owner alone, until others fold it into a part of the past.
#[async_trait]
pub trait RoutingStore: Send + Sync {
    /// Returns all parts as they are at one moment, those in one of the
    /// versions `known` without what is in them.
    ///
    /// # Errors
    /// [`StoreError`]; the router goes on with what it has.
    async fn load_parts(&self, known: &[PartVersion]) -> Result<Vec<KeptPart>, StoreError>;

    /// Writes a part, whether or not it is there, and returns its version.
    /// What it returned for outlives a crash of the store.
    ///
    /// # Errors
    /// [`StoreError`]; it may have been written all the same.
    async fn put_part(&self, name: PartName, state: &[u8]) -> Result<PartVersion, StoreError>;

    /// Writes a part that is there and returns its version, or `None` if it
    /// is there no more, because others have folded it.
    ///
    /// # Errors
    /// [`StoreError`]; it may have been written all the same.
    async fn replace_part(
        &self,
        name: PartName,
        state: &[u8],
    ) -> Result<Option<PartVersion>, StoreError>;

    /// Puts one part in place of several, if each of them is still in the
    /// version named and there is no other of its name; else it changes
    /// nothing and returns false.
    ///
    /// # Errors
    /// [`StoreError`]; it may have been done all the same, as a whole.
    async fn fold_parts(
        &self,
        folded: &[PartVersion],
        name: PartName,
        state: &[u8],
    ) -> Result<bool, StoreError>;
}
