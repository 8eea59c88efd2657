use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::ratings::MAX_FEEDBACK;
use super::*;
use crate::domain::{KeptPart, ModelId, ProviderName, Target, TaskLabel};
use crate::routing::{Features, ReportedTokens};

mod orders;
mod shares;

fn day(day: i64) -> Timestamp {
    Timestamp::from_second((20_000 + day) * 86_400).unwrap()
}

fn feedback(call: u128, score: f32, now: Timestamp) -> Feedback {
    Feedback {
        call,
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
        task: TaskLabel::Code,
        caller: 0,
        score,
        at_s: now.as_second(),
        features: Arc::new(Features::read("a prompt", None)),
    }
}

fn learn(state: &mut RouterState, now: Timestamp) {
    let target = Target {
        provider: ProviderName::new("openai"),
        model: ModelId::new("m"),
        effort: None,
    };
    let tokens = ReportedTokens {
        input: 20,
        estimated_input: 10,
        visible: 5,
        thinking: 0,
        is_cut: false,
    };
    let lesson = AnswerLesson {
        target: &target,
        task: TaskLabel::Code,
        caller: 1,
        tokens: Some(tokens),
        is_usable: Some(true),
    };
    state.learn(&lesson, now);
}

/// How many answers it has learned from, more or less: the factor is
/// 2^(n / (n + 4)).
fn answers(state: &RouterState, now: Timestamp) -> f64 {
    let (provider, model) = (ProviderName::new("openai"), ModelId::new("m"));
    let share = state
        .experience()
        .input(&provider, &model, now)
        .factor
        .log2();
    4.0 * share / (1.0 - share)
}

fn assert_answers(state: &RouterState, now: Timestamp, wanted: f64) {
    let answers = answers(state, now);
    assert!((answers - wanted).abs() < 1e-6, "{answers}");
}

/// A store as the port describes it.
#[derive(Clone, Default)]
struct Table {
    rows: BTreeMap<PartName, (PartVersion, Timestamp, Vec<u8>)>,
    writes: u128,
}

impl Table {
    fn load(&self, known: &[PartVersion], now: Timestamp) -> Vec<KeptPart> {
        let rows = self.rows.iter();
        rows.map(|(name, (version, at, state))| KeptPart {
            name: *name,
            version: *version,
            silent: Duration::try_from(now.duration_since(*at)).unwrap(),
            state: (!known.contains(version)).then(|| state.clone()),
        })
        .collect()
    }

    fn put(&mut self, name: PartName, state: Vec<u8>, now: Timestamp) -> PartVersion {
        self.writes += 1;
        let version = PartVersion(self.writes);
        self.rows.insert(name, (version, now, state));
        version
    }

    fn fold(&mut self, fold: &Fold, now: Timestamp) -> bool {
        let mut rest = self.rows.clone();
        rest.retain(|_, (version, ..)| !fold.folded.contains(version));
        let is_there = rest.len() + fold.folded.len() == self.rows.len();
        if !is_there || rest.contains_key(&fold.name) {
            return false;
        }
        self.rows = rest;
        self.put(fold.name, fold.state.clone(), now);
        true
    }

    /// Keeps what is new, and returns whether that began another part.
    fn save(&mut self, state: &mut RouterState, now: Timestamp) -> bool {
        let mut is_begun = false;
        while let Some(unsaved) = state.unsaved(now) {
            if unsaved.is_kept && !self.rows.contains_key(&unsaved.name) {
                state.was_folded(now);
                is_begun = true;
                continue;
            }
            let version = self.put(unsaved.name, unsaved.to_bytes().unwrap(), now);
            state.was_saved(version);
        }
        is_begun
    }

    /// Reads what others have, and returns what there is to fold.
    fn read(&self, state: &mut RouterState, now: Timestamp) -> Option<Fold> {
        let kept = self.load(&state.known(), now);
        let others = state.reader().read(kept, now);
        let fold = others.fold(now);
        state.take_in(others, now);
        fold
    }
}

#[test]
fn what_was_learned_outlives_the_process() {
    let mut table = Table::default();
    let mut state = RouterState::new(1);
    learn(&mut state, day(0));
    state.take(feedback(7, 0.2, day(0)), day(0));
    assert_eq!(state.unsaved_since(), Some(day(0)));

    table.save(&mut state, day(0));
    let mut again = RouterState::new(1 << 64);
    table.read(&mut again, day(0));

    assert_eq!(state.unsaved_since(), None);
    assert_eq!(again.feedback(), state.feedback());
    assert_answers(&again, day(0), 1.0);
}

#[test]
fn two_processes_learn_from_each_other_and_count_nothing_twice() {
    let mut table = Table::default();
    let mut states = [1 << 64, 2 << 64].map(RouterState::new);
    for round in 0..20 {
        for state in &mut states {
            learn(state, day(0));
            state.take(feedback(round, 0.5, day(0)), day(0));
            table.save(state, day(0));
            table.read(state, day(0));
        }
    }

    table.read(&mut states[0], day(0));

    assert_answers(&states[0], day(0), 40.0);
    assert_eq!(states[0].feedback().len(), 20, "a call has one feedback");
    let unknown = table.load(&states[0].known(), day(0));
    assert!(unknown.iter().all(|part| part.state.is_none()));
}

#[test]
fn who_was_silent_for_long_finds_its_part_in_the_past_and_loses_nothing() {
    for does_read in [true, false] {
        let mut table = Table::default();
        let (mut silent, mut other) = (RouterState::new(1 << 64), RouterState::new(2 << 64));
        learn(&mut silent, day(0));
        silent.take(feedback(7, 0.2, day(0)), day(0));
        table.save(&mut silent, day(0));
        assert_eq!(table.read(&mut other, day(1)), None);
        learn(&mut silent, day(2));
        silent.take(feedback(8, 0.2, day(2)), day(2));

        let fold = table.read(&mut other, day(2)).unwrap();
        assert!(table.fold(&fold, day(2)));
        if does_read {
            table.read(&mut silent, day(2));
        }
        assert_eq!(table.save(&mut silent, day(2)), !does_read);

        table.read(&mut other, day(2));
        table.read(&mut silent, day(2));
        let kept = (-2.0_f64 / 7.0).exp2();
        for state in [&silent, &other] {
            assert_answers(state, day(2), 1.0 + kept);
            assert_eq!(state.feedback().len(), 2);
        }
        assert_eq!(table.rows.len(), 2);
    }
}

#[test]
fn a_part_that_was_written_since_it_was_read_is_not_folded() {
    let mut table = Table::default();
    let (mut silent, mut other) = (RouterState::new(1 << 64), RouterState::new(2 << 64));
    learn(&mut silent, day(0));
    table.save(&mut silent, day(0));
    let fold = table.read(&mut other, day(2)).unwrap();
    learn(&mut silent, day(2));
    table.save(&mut silent, day(2));

    assert!(!table.fold(&fold, day(2)));

    assert_eq!(table.read(&mut other, day(2)), None);
    assert_answers(&other, day(2), 1.0 + (-2.0_f64 / 7.0).exp2());
}

#[test]
fn parts_that_others_wrote_or_broke_are_left_out_alone() {
    let mut table = Table::default();
    let mut state = RouterState::new(1 << 64);
    learn(&mut state, day(0));
    table.save(&mut state, day(0));
    let later = br#"{"form": 99, "parts": {}}"#.to_vec();
    table.put(PartName(3 << 64), later.clone(), day(0));
    let sound = String::from_utf8(table.rows[&PartName(1 << 64)].2.clone()).unwrap();
    let absurd = sound.replace(r#""usable":1.0"#, r#""usable":1e300"#);
    assert_ne!(absurd, sound);
    table.put(PartName(5 << 64), absurd.into_bytes(), day(0));
    for broken in [&b"\xff{"[..], b"", br#"{"form": 0}"#, br#"{"form": 1}"#] {
        table.put(PartName(table.writes << 72), broken.to_vec(), day(0));
    }
    let mut other = RouterState::new(2 << 64);

    let fold = table.read(&mut other, day(2)).unwrap();

    assert_answers(&other, day(2), (-2.0_f64 / 7.0).exp2());
    assert!(table.fold(&fold, day(2)));
    assert_eq!(table.rows.len(), 2);
    assert_eq!(table.rows[&PartName(3 << 64)].2, later);
    let mut again = RouterState::new(4 << 64);
    table.read(&mut again, day(2));
    assert_answers(&again, day(2), (-2.0_f64 / 7.0).exp2());
}

#[test]
fn a_past_that_a_later_program_wrote_is_not_folded() {
    let mut table = Table::default();
    let mut state = RouterState::new(1 << 64);
    learn(&mut state, day(0));
    table.save(&mut state, day(0));
    let mut other = RouterState::new(2 << 64);
    let name = table.read(&mut other, day(2)).unwrap().name;

    table.put(name, br#"{"form": 99}"#.to_vec(), day(0));

    assert_eq!(table.read(&mut other, day(2)), None);
}

#[test]
fn what_could_not_be_kept_is_kept_the_next_time() {
    let mut table = Table::default();
    let mut state = RouterState::new(1 << 64);
    learn(&mut state, day(0));
    // A save that failed.
    assert!(state.unsaved(day(0)).is_some());
    state.take(feedback(7, 0.2, day(1)), day(1));
    assert_eq!(state.unsaved_since(), Some(day(0)));

    table.save(&mut state, day(1));
    let mut again = RouterState::new(2 << 64);
    table.read(&mut again, day(1));

    assert_eq!(again.feedback().len(), 1);
    assert_answers(&again, day(0), (-1.0_f64 / 7.0).exp2());
}

#[test]
fn processes_that_come_and_go_leave_few_parts() {
    let mut table = Table::default();
    for hour in 0..=96 {
        let now = day(0) + Duration::from_hours(hour);
        let mut state = RouterState::new(u128::from(hour + 1) << 64);
        if let Some(fold) = table.read(&mut state, now) {
            assert!(table.fold(&fold, now));
        }
        learn(&mut state, now);
        table.save(&mut state, now);
        assert!(table.rows.len() <= 18, "{}", table.rows.len());
    }
    let mut last = RouterState::new(1 << 100);

    table.read(&mut last, day(4));

    let counted: f64 = (0..=96)
        .map(|hours| (-f64::from(hours) / 168.0).exp2())
        .sum();
    assert_answers(&last, day(4), counted);
}

#[test]
fn who_gives_most_feedback_loses_the_oldest_of_it() {
    let mut table = Table::default();
    let mut states = [1 << 64, 2 << 64].map(RouterState::new);
    states[0].take(feedback(1, 0.5, day(0)), day(0));
    for call in 0..MAX_FEEDBACK + 9 {
        let flood = Feedback {
            caller: 7,
            ..feedback(call as u128 + 10, 1.0, day(1))
        };
        states[call % 2].take(flood, day(1));
    }

    for state in &mut states {
        table.save(state, day(1));
    }
    for state in &mut states {
        table.read(state, day(1));
        let all = state.feedback();
        assert_eq!(all.len(), MAX_FEEDBACK);
        assert!(all.iter().any(|given| given.call == 1));
        assert!(!all.iter().any(|given| given.call == 19), "the oldest");
    }
}

#[test]
fn all_parts_together_are_bounded_and_the_faded_go() {
    let mut table = Table::default();
    for name in 1..4 {
        let mut state = RouterState::new(name << 64);
        for call in 0..MAX_FEEDBACK / 2 {
            let call = call as u128 + 10_000 * name;
            state.take(feedback(call, 0.5, day(0)), day(0));
        }
        table.save(&mut state, day(0));
    }
    let mut last = RouterState::new(9 << 64);

    table.read(&mut last, day(1));
    let given: usize = last.others.parts().map(|part| part.feedback.len()).sum();
    assert_eq!(given, MAX_FEEDBACK);
    table.read(&mut last, day(90));
    assert_eq!(last.feedback().len(), 0);
}

#[test]
fn feedback_is_bounded() {
    let mut state = RouterState::new(1);
    for call in 0..MAX_FEEDBACK + 5 {
        let now = day(i64::try_from(call).unwrap());
        state.take(feedback(call as u128, 0.5, now), now);
    }

    let all = state.feedback();
    assert_eq!(all.len(), MAX_FEEDBACK);
    assert_eq!(all.first().map(|given| given.call), Some(5));
}

#[test]
fn what_is_said_last_counts_also_within_a_second() {
    let mut table = Table::default();
    let mut state = RouterState::new(1 << 64);
    state.take(feedback(7, 0.2, day(0)), day(0));
    table.save(&mut state, day(0));
    let mut other = RouterState::new(2 << 64);
    assert!(table.fold(&table.read(&mut other, day(2)).unwrap(), day(2)));
    state.take(feedback(7, 0.9, day(0)), day(2));

    table.read(&mut state, day(2));

    let scores: Vec<f32> = state.feedback().iter().map(|given| given.score).collect();
    assert_eq!(scores, [0.9]);
}
