//! What attempts did not use goes back, in groups.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};

use super::fault::Fault;
use super::limits::Buckets;
use super::pool::{BACKGROUND, Pool};
use super::words::{bounded, uuid};
use crate::domain::{AttemptId, Draw, Hold, LimitScope, Measure, NanoUsd, Settlement};

/// How long the first of a group waits for others: well below the 100 ms
/// within which freed money is seen.
const GROUP: Duration = Duration::from_millis(20);
/// How long to wait after a failure.
const PAUSE: Duration = Duration::from_millis(250);
/// When a hold that was not found is looked for again: the server has ended
/// the statement that may have made it by then (2 s).
const AGAIN: Duration = Duration::from_millis(2500);
/// The most buckets and the most holds that wait. What is beyond it flows in
/// by itself, or is swept.
const CAPACITY: usize = 10_000;

/// What waits to be given back.
#[derive(Debug, Default)]
pub(super) struct GiveBack {
    pending: Mutex<Pending>,
    is_pending: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    refunds: BTreeMap<(LimitScope, Measure), (Draw, i64)>,
    releases: Vec<Release>,
}

/// A hold that is to end without a cost.
#[derive(Debug)]
struct Release {
    id: AttemptId,
    /// What goes back to buckets if the hold is there.
    draws: Vec<Draw>,
    /// When to look for it; twice at most.
    due: Instant,
    is_last_try: bool,
}

impl GiveBack {
    /// Takes what is left of a hold's tokens, and the whole of it if it cost
    /// nothing. What it cost is booked with the ledger's line.
    pub(super) fn settle(&self, settlement: Settlement) {
        let Settlement { hold, tokens, .. } = settlement;
        let spent = settlement.cost.saturating_add(settlement.possible);
        {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            for draw in &hold.draws {
                pending.refund(draw, bounded(draw.amount).saturating_sub(bounded(tokens)));
            }
            if !hold.budgets.is_empty() && spent <= NanoUsd::ZERO {
                pending.release(Release {
                    id: hold.id,
                    draws: Vec::new(),
                    due: Instant::now(),
                    is_last_try: true,
                });
            }
        }
        self.is_pending.notify_one();
    }

    /// Gives back what comes in, for ever.
    pub(super) async fn run(&self, pool: &Arc<Pool>) {
        loop {
            match self.next_due() {
                Some(due) => tokio::select! {
                    () = self.is_pending.notified() => sleep(GROUP).await,
                    () = tokio::time::sleep_until(due) => {}
                },
                None => {
                    self.is_pending.notified().await;
                    sleep(GROUP).await;
                }
            }
            if self.flush(pool, BACKGROUND).await.is_err() {
                sleep(PAUSE).await;
                self.is_pending.notify_one();
            }
        }
    }

    /// Gives back all that is due.
    ///
    /// # Errors
    /// [`Fault`]; what was not given back still waits.
    pub(super) async fn flush(&self, pool: &Arc<Pool>, limit: Duration) -> Result<(), Fault> {
        let (refunds, releases) = self.take_due();
        let refunded = if refunds.is_empty() {
            Ok(())
        } else {
            refund(pool, &refunds, limit).await
        };
        if refunded.as_ref().is_err_and(Fault::is_unknown) {
            // What is refunded twice lets a caller exceed its rate; what is
            // not refunded flows in within a minute.
            tracing::debug!(buckets = refunds.len(), "tokens were not given back");
        }
        let released = self.release(pool, releases, limit).await;
        if matches!(refunded, Err(Fault::Busy(_))) {
            let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
            for (draw, delta) in &refunds {
                pending.refund(draw, *delta);
            }
        }
        refunded.and(released)
    }

    async fn release(
        &self,
        pool: &Arc<Pool>,
        mut releases: Vec<Release>,
        limit: Duration,
    ) -> Result<(), Fault> {
        if releases.is_empty() {
            return Ok(());
        }
        let outcome = release(pool, &releases, limit).await;
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        match &outcome {
            Ok(found) => {
                for mut release in releases {
                    let is_found = found.contains(&(uuid(release.id), release.id.attempt));
                    if is_found {
                        for draw in &release.draws {
                            pending.refund(draw, bounded(draw.amount));
                        }
                    } else if !release.is_last_try {
                        release.is_last_try = true;
                        release.due = Instant::now() + AGAIN;
                        pending.release(release);
                    }
                }
                if !pending.refunds.is_empty() {
                    self.is_pending.notify_one();
                }
            }
            // A hold is released once, however often it is asked for.
            Err(_) => {
                releases.truncate(CAPACITY.saturating_sub(pending.releases.len()));
                pending.releases.append(&mut releases);
            }
        }
        outcome.map(|_| ())
    }

    fn take_due(&self) -> (Vec<(Draw, i64)>, Vec<Release>) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        let refunds = mem::take(&mut pending.refunds).into_values().collect();
        let now = Instant::now();
        let (due, later) = mem::take(&mut pending.releases)
            .into_iter()
            .partition(|release| release.due <= now);
        pending.releases = later;
        (refunds, due)
    }

    fn next_due(&self) -> Option<Instant> {
        let pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        pending.releases.iter().map(|release| release.due).min()
    }
}

impl Pending {
    fn refund(&mut self, draw: &Draw, delta: i64) {
        if draw.measure == Measure::Requests || delta == 0 {
            return;
        }
        let key = (draw.scope.clone(), draw.measure);
        if let Some((_, sum)) = self.refunds.get_mut(&key) {
            *sum = sum.saturating_add(delta);
        } else if self.refunds.len() < CAPACITY {
            self.refunds.insert(key, (draw.clone(), delta));
        }
    }

    fn release(&mut self, release: Release) {
        if self.releases.len() < CAPACITY {
            self.releases.push(release);
        }
    }
}

/// A reservation of which nobody knows whether it was granted. Dropped, it is
/// released.
pub(super) struct Unknown<'a> {
    give_back: &'a GiveBack,
    hold: Option<&'a Hold>,
}

impl<'a> Unknown<'a> {
    /// Watches over a hold that the server is asked for.
    pub(super) fn new(give_back: &'a GiveBack, hold: &'a Hold) -> Self {
        let hold = (!hold.budgets.is_empty()).then_some(hold);
        Self { give_back, hold }
    }

    /// Ends the watch if the server has answered.
    pub(super) fn known_by<T>(mut self, outcome: &Result<T, Fault>) {
        if !outcome.as_ref().is_err_and(Fault::is_unknown) {
            self.hold = None;
        }
    }
}

impl Drop for Unknown<'_> {
    fn drop(&mut self) {
        if let Some(hold) = self.hold {
            let release = Release {
                id: hold.id,
                draws: hold.draws.clone(),
                due: Instant::now(),
                is_last_try: false,
            };
            let give_back = self.give_back;
            let pending = give_back.pending.lock();
            pending
                .unwrap_or_else(PoisonError::into_inner)
                .release(release);
            give_back.is_pending.notify_one();
        }
    }
}

async fn refund(pool: &Arc<Pool>, refunds: &[(Draw, i64)], limit: Duration) -> Result<(), Fault> {
    let mut buckets = Buckets::default();
    for (draw, delta) in refunds {
        buckets.push(draw, *delta);
    }
    let mut lease = pool.lease(limit).await.map_err(Fault::undone)?;
    let query = sqlx::query("select gateway_refund($1, $2, $3, $4, $5)")
        .bind(&buckets.scopes)
        .bind(&buckets.measures)
        .bind(&buckets.rates)
        .bind(&buckets.bursts)
        .bind(&buckets.amounts);
    let outcome = timeout_at(lease.until, query.execute(&mut lease.connection)).await;
    lease.end(outcome).map(|_| ())
}

/// Returns which of the holds were there.
async fn release(
    pool: &Arc<Pool>,
    releases: &[Release],
    limit: Duration,
) -> Result<Vec<(uuid::Uuid, u32)>, Fault> {
    let ids: Vec<_> = releases.iter().map(|release| uuid(release.id)).collect();
    let attempts: Vec<i32> = releases
        .iter()
        .map(|release| release.id.attempt.cast_signed())
        .collect();
    let mut lease = pool.lease(limit).await?;
    let query = sqlx::query_as::<_, (uuid::Uuid, i32)>(
        "select request_id, attempt_number from gateway_release($1, $2)",
    )
    .bind(&ids)
    .bind(&attempts);
    let outcome = timeout_at(lease.until, query.fetch_all(&mut lease.connection)).await;
    let found = lease.end(outcome)?;
    Ok(found
        .into_iter()
        .map(|(id, n)| (id, n.cast_unsigned()))
        .collect())
}
