//! What every store promises. Each function is one test, for any store.

pub(crate) mod answers;
pub(crate) mod lines;
pub(crate) mod outage;
pub(crate) mod restart;

/// Makes the tests of a store: `of!(name: Place)`.
macro_rules! of {
    ($store:ident: $place:ty) => {
        crate::suite::tests! { $store: $place =>
            lines::writing_twice_changes_nothing,
            lines::roll_ups_are_the_sums_of_the_lines,
            lines::a_month_is_days_and_edges,
            lines::callers_see_their_own_and_the_operator_everything,
            lines::spent_money_counts_against_its_periods,
            lines::merged_lines_are_added_once,
            lines::rebuilding_gives_the_same_sums,
            lines::tidying_changes_no_answer,
            lines::quantiles_are_within_one_percent,
            answers::answers_are_found_until_they_expire,
            answers::answers_stay_in_their_scope,
            answers::expired_answers_are_removed,
            answers::what_was_learned_is_replaced,
            outage::a_store_that_comes_back_gets_everything,
            outage::a_long_outage_costs_detail_but_no_money,
            restart::reopening_finds_everything,
            restart::two_that_share_a_store_add_up,
        }
    };
}
pub(crate) use of;

macro_rules! tests {
    ($store:ident: $place:ty => $($group:ident::$test:ident,)*) => {
        mod $store {
            $(
                #[tokio::test]
                async fn $test() {
                    if <$place as crate::place::Place>::is_there() {
                        crate::suite::$group::$test::<$place>().await;
                    }
                }
            )*
        }
    };
}
pub(crate) use tests;
