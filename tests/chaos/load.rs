//! Makes the calls of a load, each at its time.

use std::cell::RefCell;

use futures_util::future::join_all;
use tokio::time::{Instant, sleep_until};

use crate::question::{End, Question};
use crate::run::Call;
use crate::scenario::{Load, Pace, secs};

/// Makes every call of a load that began at `start`, by way of `ask`.
pub(crate) async fn make(
    load: &Load,
    seed: u64,
    start: Instant,
    ask: impl AsyncFn(&Question) -> End,
) -> Vec<Call> {
    let calls = RefCell::new(Vec::with_capacity(load.calls));
    let call = async |number: usize| {
        let began = Instant::now();
        let end = ask(&Question::of(load, seed, number)).await;
        calls.borrow_mut().push(Call {
            number,
            began: began - start,
            took: began.elapsed(),
            end,
        });
    };
    match load.pace {
        Pace::Clients(clients) => {
            let numbers = RefCell::new(0..load.calls);
            let next = || numbers.borrow_mut().next();
            join_all((0..clients).map(async |_| {
                while let Some(number) = next() {
                    call(number).await;
                }
            }))
            .await;
        }
        Pace::PerSecond(count) => {
            let gap = secs(1) / count;
            join_all((0..load.calls).map(async |number| {
                let turn = u32::try_from(number).unwrap_or(u32::MAX);
                sleep_until(start + gap.saturating_mul(turn)).await;
                call(number).await;
            }))
            .await;
        }
    }
    calls.into_inner()
}
