use futures_util::FutureExt as _;
use proptest::prelude::*;
use tokio::time::advance;

use super::*;
use crate::domain::{
    CacheOutcome, ContentPart, Cost, ErrorKind, FinishReason, ModelId, NanoUsd, ProviderName,
    RequestId, RoutingReport, TaskGuess, TaskLabel, TokenUsage, Usage,
};

const KEPT: Duration = Duration::from_secs(600);

fn key(name: &str) -> CallKey {
    key_of("alice", name)
}

fn key_of(caller: &str, name: &str) -> CallKey {
    CallKey {
        caller: Caller::new(caller),
        key: name.to_owned(),
    }
}

fn answer(text: &str) -> Completion {
    Completion {
        request_id: RequestId::from_bits(1),
        content: vec![ContentPart::Text(text.to_owned())],
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
        finish: Some(FinishReason::Stop),
        finish_is_unknown: false,
        stop_sequence: None,
        usage: Usage::estimated(TokenUsage::default()),
        cost: Cost::Priced {
            amount: NanoUsd::ZERO,
            is_incomplete: false,
        },
        latency: Duration::ZERO,
        cache: CacheOutcome::BYPASS,
        allowance: crate::domain::Allowance::default(),
        dropped_parameters: Vec::new(),
        routing: RoutingReport {
            task: TaskGuess {
                label: TaskLabel::General,
                confidence: 0.0,
            },
            reason: String::new(),
            candidates: Vec::new(),
            attempts: Vec::new(),
            decision: None,
        },
    }
}

fn first(joined: Joined) -> (Ticket, Waiter) {
    match joined {
        Joined::First(ticket, waiter) => (ticket, waiter),
        other => panic!("not the first: {other:?}"),
    }
}

fn later(joined: Joined) -> Waiter {
    match joined {
        Joined::Later(waiter) => waiter,
        other => panic!("not later: {other:?}"),
    }
}

fn text(waiter: Waiter) -> (String, bool) {
    let ended = waiter.wait().now_or_never().expect("it has ended");
    let kept = ended.unwrap().unwrap();
    let (completion, is_first) = kept.deliver();
    (completion.text(), is_first)
}

#[tokio::test(start_paused = true)]
async fn who_comes_later_collects_and_one_alone_is_told_the_cost() {
    let calls = SharedCalls::new(10, KEPT);
    let (ticket, waiter) = first(calls.join(key("a"), [1; 32]));
    let meanwhile = later(calls.join(key("a"), [1; 32]));

    ticket.end(Ok(answer("yes")));
    advance(KEPT - Duration::from_secs(1)).await;
    let afterwards = later(calls.join(key("a"), [1; 32]));

    assert_eq!(text(waiter), ("yes".to_owned(), true));
    assert_eq!(text(meanwhile), ("yes".to_owned(), false));
    assert_eq!(text(afterwards), ("yes".to_owned(), false));
}

#[tokio::test(start_paused = true)]
async fn a_name_belongs_to_one_question_and_one_caller() {
    let calls = SharedCalls::new(10, KEPT);
    let _alices = first(calls.join(key("a"), [1; 32]));

    let other = calls.join(key("a"), [2; 32]);
    let bobs = CallKey {
        caller: Caller::new("bob"),
        ..key("a")
    };

    assert!(matches!(other, Joined::Mismatch));
    assert!(matches!(calls.join(bobs, [1; 32]), Joined::First(..)));
}

#[tokio::test(start_paused = true)]
async fn after_an_error_or_a_loss_the_next_one_tries_anew() {
    let calls = SharedCalls::new(10, KEPT);
    let (ticket, waiter) = first(calls.join(key("a"), [1; 32]));
    ticket.end(Err(Error::new(ErrorKind::ProviderTimeout, "late")));
    assert!(waiter.wait().await.unwrap().is_err());

    let (ticket, waiter) = first(calls.join(key("a"), [1; 32]));
    drop(ticket);

    assert!(waiter.wait().await.is_none(), "nobody waits for ever");
    assert!(matches!(calls.join(key("a"), [1; 32]), Joined::First(..)));
}

#[tokio::test(start_paused = true)]
async fn kept_answers_make_room_and_calls_under_way_do_not() {
    let calls = SharedCalls::new(2, KEPT);
    let (ticket, _) = first(calls.join(key("kept"), [1; 32]));
    ticket.end(Ok(answer("yes")));
    let _one = first(calls.join(key_of("bob", "one"), [1; 32]));
    let _two = first(calls.join(key_of("carol", "two"), [1; 32]));

    assert!(matches!(calls.join(key("three"), [1; 32]), Joined::Full(2)));
}

#[tokio::test(start_paused = true)]
async fn one_caller_leaves_room_for_others() {
    let calls = SharedCalls::new(16, KEPT);
    let (ticket, _) = first(calls.join(key("one"), [1; 32]));
    let _two = first(calls.join(key("two"), [1; 32]));

    let third = calls.join(key("three"), [1; 32]);
    let others = calls.join(key_of("bob", "three"), [1; 32]);
    ticket.end(Ok(answer("yes")));
    let next = calls.join(key("three"), [1; 32]);

    assert!(matches!(third, Joined::Full(2)), "an eighth");
    assert!(matches!(others, Joined::First(..)));
    assert!(matches!(next, Joined::First(..)));
}

#[derive(Clone, Debug)]
enum Step {
    Join(u8),
    End(usize, bool),
    Lose(usize),
    Wait(u64),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0_u8..6).prop_map(Step::Join),
        2 => (any::<usize>(), any::<bool>()).prop_map(|(which, ok)| Step::End(which, ok)),
        1 => any::<usize>().prop_map(Step::Lose),
        1 => (0_u64..900).prop_map(Step::Wait),
    ]
}

proptest! {
    /// Whatever happens, the map holds calls under way and kept answers and
    /// nothing else, within its bound, and is empty in the end.
    #[test]
    fn nothing_leaks(steps in prop::collection::vec(step(), 0..120)) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_time()
            .start_paused(true)
            .build()
            .unwrap();
        runtime.block_on(async {
            let calls = SharedCalls::new(4 * PART_OF_ONE, KEPT);
            let mut tickets: Vec<Ticket> = Vec::new();
            for step in steps {
                match step {
                    Step::Join(name) => {
                        if let Joined::First(ticket, _) = calls.join(key(&name.to_string()), [0; 32]) {
                            tickets.push(ticket);
                        }
                    }
                    Step::End(which, is_ok) if !tickets.is_empty() => {
                        let ticket = tickets.swap_remove(which % tickets.len());
                        ticket.end(if is_ok { Ok(answer("yes")) } else { Err(Error::invalid("no")) });
                    }
                    Step::Lose(which) if !tickets.is_empty() => {
                        drop(tickets.swap_remove(which % tickets.len()));
                    }
                    Step::End(..) | Step::Lose(_) => {}
                    Step::Wait(seconds) => advance(Duration::from_secs(seconds)).await,
                }
                let map = lock(&calls.calls);
                assert!(tickets.len() <= 4);
                assert_eq!(map.under_way.values().sum::<usize>(), tickets.len());
                assert_eq!(map.entries.len(), tickets.len() + map.ended.len());
                assert_eq!(map.bytes, map.ended.iter().map(|(.., bytes)| bytes).sum::<usize>());
            }
            tickets.clear();
            advance(KEPT).await;
            let (ticket, _) = first(calls.join(key("last"), [0; 32]));
            drop(ticket);
            let map = lock(&calls.calls);
            assert!(map.entries.is_empty() && map.ended.is_empty() && map.under_way.is_empty());
            assert_eq!(map.bytes, 0);
        });
    }
}
