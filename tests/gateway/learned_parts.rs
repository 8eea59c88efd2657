//! Several instances learn over one store, and lose nothing to each other.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ai_gateway::domain::{KeptPart, PartName, PartVersion, RoutingStore, StoreError};
use async_trait::async_trait;
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::Rig;

/// Longer than any work takes here, and no time at all for a clock that waits
/// for it.
const MOMENT: Duration = Duration::from_millis(1);
const DAY: Duration = Duration::from_hours(25);

/// A store of what routers learn.
#[derive(Default)]
pub(crate) struct Parts(Mutex<Table>);

#[derive(Clone, Default)]
struct Table {
    parts: BTreeMap<PartName, KeptPart>,
    writes: u128,
}

impl Table {
    fn put(&mut self, name: PartName, state: &[u8]) -> PartVersion {
        self.writes += 1;
        let version = PartVersion(self.writes);
        let part = KeptPart {
            name,
            version,
            silent: Duration::ZERO,
            state: Some(state.to_vec()),
        };
        self.parts.insert(name, part);
        version
    }
}

impl Parts {
    /// Lets time pass in which nobody writes.
    fn age(&self, by: Duration) {
        let mut table = self.0.lock().unwrap();
        table.parts.values_mut().for_each(|part| part.silent += by);
    }

    fn states(&self) -> Vec<Value> {
        let table = self.0.lock().unwrap();
        let states = table
            .parts
            .values()
            .map(|part| part.state.as_ref().unwrap());
        states
            .map(|state| serde_json::from_slice(state).unwrap())
            .collect()
    }

    /// Adds up the ratings in all parts.
    fn ratings(&self) -> usize {
        let states = self.states();
        let given = states
            .iter()
            .map(|state| state["feedback"].as_array().unwrap().len());
        given.sum()
    }

    /// Adds up the answers in all parts.
    fn answers(&self) -> f64 {
        fn all<'a>(value: &'a Value, found: &mut Vec<&'a Value>) {
            match value {
                Value::Object(map) => {
                    found.extend(map.get("answers"));
                    map.values().for_each(|value| all(value, found));
                }
                Value::Array(values) => values.iter().for_each(|value| all(value, found)),
                _ => {}
            }
        }
        let (states, mut found) = (self.states(), Vec::new());
        states.iter().for_each(|state| all(state, &mut found));
        found.iter().map(|count| count.as_f64().unwrap()).sum()
    }
}

#[async_trait]
impl RoutingStore for Parts {
    async fn load_parts(&self, known: &[PartVersion]) -> Result<Vec<KeptPart>, StoreError> {
        let mut parts: Vec<_> = self.0.lock().unwrap().parts.values().cloned().collect();
        let known = parts
            .iter_mut()
            .filter(|part| known.contains(&part.version));
        known.for_each(|part| part.state = None);
        Ok(parts)
    }

    async fn put_part(&self, name: PartName, state: &[u8]) -> Result<PartVersion, StoreError> {
        Ok(self.0.lock().unwrap().put(name, state))
    }

    async fn replace_part(
        &self,
        name: PartName,
        state: &[u8],
    ) -> Result<Option<PartVersion>, StoreError> {
        let mut table = self.0.lock().unwrap();
        let is_there = table.parts.contains_key(&name);
        Ok(is_there.then(|| table.put(name, state)))
    }

    async fn fold_parts(
        &self,
        folded: &[PartVersion],
        name: PartName,
        state: &[u8],
    ) -> Result<bool, StoreError> {
        let mut table = self.0.lock().unwrap();
        let mut after = table.clone();
        after
            .parts
            .retain(|_, part| !folded.contains(&part.version));
        let is_there = after.parts.len() + folded.len() == table.parts.len();
        if !is_there || after.parts.contains_key(&name) {
            return Ok(false);
        }
        after.put(name, state);
        *table = after;
        Ok(true)
    }
}

/// How one instance reaches the store: each of its requests waits for a turn.
struct Door {
    parts: Arc<Parts>,
    turns: Semaphore,
}

impl Door {
    fn to(parts: &Arc<Parts>) -> Arc<Self> {
        Arc::new(Self {
            parts: Arc::clone(parts),
            turns: Semaphore::new(0),
        })
    }

    async fn turn(&self) -> &Parts {
        self.turns.acquire().await.unwrap().forget();
        &self.parts
    }
}

#[async_trait]
impl RoutingStore for Door {
    async fn load_parts(&self, known: &[PartVersion]) -> Result<Vec<KeptPart>, StoreError> {
        self.turn().await.load_parts(known).await
    }

    async fn put_part(&self, name: PartName, state: &[u8]) -> Result<PartVersion, StoreError> {
        self.turn().await.put_part(name, state).await
    }

    async fn replace_part(
        &self,
        name: PartName,
        state: &[u8],
    ) -> Result<Option<PartVersion>, StoreError> {
        self.turn().await.replace_part(name, state).await
    }

    async fn fold_parts(
        &self,
        folded: &[PartVersion],
        name: PartName,
        state: &[u8],
    ) -> Result<bool, StoreError> {
        self.turn().await.fold_parts(folded, name, state).await
    }
}

/// A process that keeps what it learns.
struct Instance {
    rig: Rig,
    door: Arc<Door>,
    keeping: JoinHandle<()>,
    stop: CancellationToken,
}

impl Instance {
    fn over(parts: &Arc<Parts>) -> Self {
        let door = Door::to(parts);
        let rig = Rig::remembering(Arc::clone(&door) as _);
        let (keeping, stop) = keep(&rig);
        Self {
            rig,
            door,
            keeping,
            stop,
        }
    }

    /// Lets it do one thing to the store, if it wants to.
    async fn step(&self) {
        if self.door.turns.available_permits() == 0 {
            self.door.turns.add_permits(1);
        }
        tokio::time::sleep(MOMENT).await;
    }

    /// Cuts what it does off, and begins to read again.
    fn begin_again(&mut self) {
        self.keeping.abort();
        (self.keeping, self.stop) = keep(&self.rig);
    }

    async fn learn(&self) {
        let asked = json!({"prompt": "Explain how a hash map works.", "model": "gpt-6-luna"});
        let answer = self.rig.complete(asked).await;
        let given = json!({"request_id": answer["request_id"], "score": 0.5});
        let result = self.rig.tool("submit_feedback", given).await;
        assert_eq!(result["isError"], false, "{result:#}");
    }

    /// Ends it in order.
    async fn end(&mut self) {
        self.stop.cancel();
        self.door.turns.add_permits(9);
        (&mut self.keeping).await.unwrap();
        assert_eq!(self.rig.app.gateway.learning_unsaved_since(), None);
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the test decides when it goes on, and when it is cut off"
)]
fn keep(rig: &Rig) -> (JoinHandle<()>, CancellationToken) {
    let stop = CancellationToken::new();
    let (gateway, stopped) = (Arc::clone(&rig.app.gateway), stop.clone());
    (
        tokio::spawn(async move { gateway.keep_learning(stopped).await }),
        stop,
    )
}

/// Numbers that look like chance (Knuth's MMIX generator).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005);
        self.0 = self.0.wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

#[tokio::test(start_paused = true)]
async fn whatever_two_instances_do_in_whatever_order_nothing_is_lost() {
    let mut folds = 0;
    for seed in 0..12 {
        let mut chance = Chance(seed);
        let parts = Arc::new(Parts::default());
        let mut instances = [Instance::over(&parts), Instance::over(&parts)];
        let mut lessons = 0;
        for _ in 0..60 {
            let instance = &mut instances[chance.below(2)];
            match chance.below(8) {
                0 => {
                    instance.learn().await;
                    lessons += 1;
                }
                1 => instance.begin_again(),
                2 => parts.age(DAY),
                _ => instance.step().await,
            }
            let table = parts.0.lock().unwrap();
            folds += usize::from(table.parts.contains_key(&PartName(1)));
        }

        for instance in &mut instances {
            instance.end().await;
        }

        assert_eq!(parts.ratings(), lessons, "seed {seed}");
        let answers = parts.answers();
        assert!(
            (answers - lessons as f64).abs() < 1e-6,
            "seed {seed}: {answers}"
        );
    }
    assert!(folds > 50, "the past is part of it: {folds}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_the_end_is_kept_without_a_word_of_others() {
    let parts = Arc::new(Parts::default());
    let mut instance = Instance::over(&parts);
    // It still waits for its turn to read.
    instance.learn().await;
    tokio::time::sleep(MOMENT).await;
    assert!(instance.rig.app.gateway.learning_unsaved_since().is_some());

    instance.stop.cancel();
    tokio::time::sleep(MOMENT).await;
    instance.step().await;

    let ended = tokio::time::timeout(MOMENT, &mut instance.keeping).await;
    ended.unwrap().unwrap();
    assert_eq!(parts.ratings(), 1);
    assert_eq!(instance.rig.app.gateway.learning_unsaved_since(), None);
}

#[tokio::test(start_paused = true)]
async fn what_one_has_learned_the_next_one_knows() {
    let parts = Arc::new(Parts::default());
    for lives in 1..=20 {
        let mut instance = Instance::over(&parts);
        for _ in 0..4 {
            instance.step().await;
        }
        instance.learn().await;
        let told = instance.rig.app.gateway.learning_unsaved_since();
        assert!(told.is_some());
        instance.end().await;
        parts.age(Duration::from_mins(30));

        assert_eq!(parts.ratings(), lives);
        assert!(parts.states().len() <= 18);
    }
}
