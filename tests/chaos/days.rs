//! The scenarios in virtual time.

use crate::run::Run;
use crate::runner::hold;
use crate::scenario::ALWAYS;
use crate::scenarios;

#[tokio::test(start_paused = true)]
async fn a_black_hole_and_failing_others_reach_nobody() {
    let (_, well) = hold(scenarios::well()).await;
    let (_, bad) = hold(scenarios::black_hole()).await;

    for share in [0.5, 0.95, 0.99, 1.0] {
        let took = |run: &Run| run.quantile(&ALWAYS, share).as_millis();
        let added = took(&bad).saturating_sub(took(&well));
        println!("  added at p{}: {added} ms", share * 100.0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_black_hole_and_failing_others_reach_few_streams() {
    hold(scenarios::black_hole_streamed()).await;
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_refuses_connections_is_left_alone() {
    hold(scenarios::refusing()).await;
}

#[tokio::test(start_paused = true)]
async fn a_vendor_that_hangs_costs_the_first_callers_a_wait() {
    hold(scenarios::hanging()).await;
}

#[tokio::test(start_paused = true)]
async fn a_slow_vendor_is_no_failing_one() {
    hold(scenarios::slow()).await;
}

#[tokio::test(start_paused = true)]
async fn a_dripping_vendor_holds_nobody() {
    hold(scenarios::dripping()).await;
}

#[tokio::test(start_paused = true)]
async fn a_flapping_vendor_is_tried_ever_more_seldom() {
    hold(scenarios::flapping()).await;
}

#[tokio::test(start_paused = true)]
async fn a_revoked_key_costs_one_call_and_comes_back() {
    hold(scenarios::revoked()).await;
}

#[tokio::test(start_paused = true)]
async fn a_used_up_quota_costs_one_call_and_comes_back() {
    hold(scenarios::penniless()).await;
}

#[tokio::test(start_paused = true)]
async fn when_all_are_down_each_call_is_told_and_all_recover() {
    hold(scenarios::all_down()).await;
}

#[tokio::test(start_paused = true)]
async fn when_all_hang_each_call_ends_in_time_and_all_recover() {
    hold(scenarios::all_hanging()).await;
}
