//! What every store promises. Each function is one test, for any store.

pub(crate) mod answers;
pub(crate) mod learned;
pub(crate) mod lines;
pub(crate) mod model;
pub(crate) mod nearest;
pub(crate) mod outage;
pub(crate) mod restart;

/// Makes the tests of a store: `of!(name: Place)`.
macro_rules! of {
    ($store:ident: $place:ty) => {
        crate::suite::of_answers! { $store: $place =>
            lines::writing_twice_changes_nothing,
            lines::roll_ups_are_the_sums_of_the_lines,
            lines::a_month_is_days_and_edges,
            lines::callers_see_their_own_and_the_operator_everything,
            lines::spent_money_counts_against_its_periods,
            lines::merged_lines_are_added_once,
            lines::rebuilding_gives_the_same_sums,
            lines::tidying_changes_no_answer,
            lines::quantiles_are_within_one_percent,
            learned::parts_are_written_by_themselves,
            learned::a_version_that_is_known_is_not_read_again,
            learned::a_part_that_is_gone_is_not_replaced,
            learned::parts_that_are_as_they_were_read_are_folded,
            learned::a_fold_of_what_has_changed_does_nothing,
            learned::of_two_folds_at_once_one_is_done,
            learned::whatever_owners_and_folds_do_at_once_nothing_is_lost,
            outage::a_store_that_comes_back_gets_everything,
            outage::a_long_outage_costs_detail_but_no_money,
            restart::reopening_finds_everything,
            restart::two_that_share_a_store_add_up,
        }
    };
}
pub(crate) use of;

/// Makes the tests of what a store does with answers, and others.
macro_rules! of_answers {
    ($store:ident: $place:ty => $($group:ident::$test:ident,)*) => {
        crate::suite::tests! { $store: $place =>
            answers::answers_are_found_until_they_expire,
            answers::answers_stay_in_their_scope,
            answers::expired_answers_are_removed,
            answers::aliases_end_with_their_entry,
            answers::the_same_answer_keeps_its_aliases_and_its_vector,
            answers::an_owner_is_forgotten_whole,
            answers::the_oldest_answers_make_room,
            answers::one_that_shares_a_store_sees_what_the_other_does,
            answers::a_closed_store_says_so,
            model::whatever_is_done_to_answers_they_are_as_in_a_map,
            nearest::the_nearest_are_found_exactly_and_within_their_space,
            nearest::what_cannot_be_compared_is_passed_over,
            $($group::$test,)*
        }
    };
}
pub(crate) use of_answers;

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
