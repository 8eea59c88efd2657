//! Rates and budgets.
//!
//! Limits are not enforced yet: configuration that sets one is refused, so
//! the store here has nothing to hold anyone to.

use async_trait::async_trait;

use crate::domain::{Caller, Error, LimitStore, NanoUsd, Reservation, Usage};

/// A limit store without limits.
#[derive(Clone, Copy, Debug, Default)]
pub struct Unlimited;

#[async_trait]
impl LimitStore for Unlimited {
    async fn take_request(&self, _caller: &Caller) -> Result<(), Error> {
        Ok(())
    }

    async fn reserve(
        &self,
        _caller: &Caller,
        _tokens: u64,
        _cost: NanoUsd,
    ) -> Result<Box<dyn Reservation>, Error> {
        Ok(Box::new(NothingHeld))
    }
}

struct NothingHeld;

impl Reservation for NothingHeld {
    fn settle(self: Box<Self>, _usage: &Usage, _cost: NanoUsd, _possible: NanoUsd) {}
}
