//! What callers used.

use std::time::Duration;

use jiff::SignedDuration;

use super::Gateway;
use crate::domain::{Caller, Error, ErrorKind, StoreError, StoreState, UsageQuery};
use crate::usage::UsageReport;

/// When to ask a store again that did not answer (chosen).
const STORE_AWAY: Duration = Duration::from_secs(1);

/// What to report.
#[derive(Clone, Debug)]
pub struct UsageWish {
    /// How far back.
    pub span: Duration,
    /// One provider alone.
    pub provider: Option<String>,
    /// One caller alone; only administrators name others.
    pub of: Option<Caller>,
}

impl Gateway {
    /// Reports what was used: by everybody for an administrator who names no
    /// one, else by the caller itself.
    ///
    /// # Errors
    /// `policy_blocked` for a caller who asks for another's figures;
    /// `gateway_overloaded` while the store does not answer.
    pub async fn usage(&self, caller: &Caller, wish: &UsageWish) -> Result<UsageReport, Error> {
        let sees_all = self.sees_all(caller);
        let of = match &wish.of {
            Some(other) if other != caller && !sees_all => {
                let message = "only an administrator sees the usage of others";
                return Err(Error::new(ErrorKind::PolicyBlocked, message));
            }
            Some(other) => Some(other.clone()),
            None if sees_all => None,
            None => Some(caller.clone()),
        };
        let to = self.clock.now();
        let back = SignedDuration::try_from(wish.span).unwrap_or(SignedDuration::MAX);
        let query = UsageQuery {
            from: to.checked_sub(back).unwrap_or(to),
            to,
            caller: of,
        };
        let store = &self.usage_store;
        let sums = store.usage(&query).await.map_err(store_away)?;
        let mut report = UsageReport::new(&sums, wish.provider.as_deref());
        if sees_all && query.caller.is_none() && wish.provider.is_none() {
            let callers = store.callers(query.from, query.to).await;
            report.callers = callers.map_err(store_away)?;
        }
        Ok(report)
    }

    /// Tells how the store is.
    pub fn store_state(&self) -> StoreState {
        self.usage_store.state()
    }
}

fn store_away(fault: StoreError) -> Error {
    tracing::warn!(%fault, "usage could not be read");
    let message = "the store does not answer just now";
    Error {
        is_retryable: true,
        retry_after: Some(STORE_AWAY),
        ..Error::new(ErrorKind::GatewayOverloaded, message)
    }
}
