//! What routers have learned, in parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use ai_gateway::domain::{KeptPart, PartName, PartVersion};
use ai_gateway::stores::Store;

use crate::book::now;
use crate::place::{HandClock, Place};

const PAST: PartName = PartName(1);
const ALICE: PartName = PartName(0xA);
const BOB: PartName = PartName(u128::MAX);

async fn open<P: Place>(place: &P) -> Arc<dyn Store> {
    place.open(HandClock::at(now())).await
}

/// What is in each part.
async fn states(store: &dyn Store) -> BTreeMap<PartName, Vec<u8>> {
    let parts = store.load_parts(&[]).await.unwrap();
    let states = parts
        .into_iter()
        .map(|part| (part.name, part.state.unwrap()));
    states.collect()
}

pub(crate) async fn parts_are_written_by_themselves<P: Place>() {
    let place = P::new().await;
    let store = open(&place).await;

    assert_eq!(store.load_parts(&[]).await.unwrap(), []);
    store.put_part(ALICE, b"one").await.unwrap();
    store.put_part(BOB, b"two").await.unwrap();
    let first = store.put_part(ALICE, &[0; 100_000]).await.unwrap();
    let second = store.replace_part(ALICE, &[1; 100_000]).await.unwrap();

    assert_ne!(second, Some(first));
    let wanted = BTreeMap::from([(ALICE, vec![1; 100_000]), (BOB, b"two".to_vec())]);
    assert_eq!(states(&*store).await, wanted);
}

pub(crate) async fn a_version_that_is_known_is_not_read_again<P: Place>() {
    let place = P::new().await;
    let store = open(&place).await;
    let alice = store.put_part(ALICE, b"one").await.unwrap();
    let bob = store.put_part(BOB, b"two").await.unwrap();
    let bob_later = store.replace_part(BOB, b"three").await.unwrap().unwrap();

    let known = store.load_parts(&[alice, bob]).await.unwrap();

    let seen = |part: &KeptPart| (part.name, part.version, part.state.clone());
    let seen: Vec<_> = known.iter().map(seen).collect();
    let wanted = [
        (ALICE, alice, None),
        (BOB, bob_later, Some(b"three".to_vec())),
    ];
    assert_eq!(seen, wanted);
}

pub(crate) async fn a_part_that_is_gone_is_not_replaced<P: Place>() {
    let place = P::new().await;
    let store = open(&place).await;
    store.put_part(BOB, b"two").await.unwrap();

    assert_eq!(store.replace_part(ALICE, b"one").await.unwrap(), None);

    assert_eq!(
        states(&*store).await,
        BTreeMap::from([(BOB, b"two".to_vec())])
    );
}

pub(crate) async fn parts_that_are_as_they_were_read_are_folded<P: Place>() {
    let place = P::new().await;
    let store = open(&place).await;
    let alice = store.put_part(ALICE, b"one").await.unwrap();
    store.put_part(BOB, b"two").await.unwrap();

    assert!(store.fold_parts(&[alice], PAST, b"past").await.unwrap());
    let parts = store.load_parts(&[]).await.unwrap();
    let all: Vec<PartVersion> = parts.iter().map(|part| part.version).collect();
    assert!(store.fold_parts(&all, PAST, b"all").await.unwrap());

    assert_eq!(store.replace_part(BOB, b"more").await.unwrap(), None);
    assert_eq!(
        states(&*store).await,
        BTreeMap::from([(PAST, b"all".to_vec())])
    );
}

pub(crate) async fn a_fold_of_what_has_changed_does_nothing<P: Place>() {
    let place = P::new().await;
    let store = open(&place).await;
    let alice = store.put_part(ALICE, b"one").await.unwrap();
    let bob = store.put_part(BOB, b"two").await.unwrap();
    let before = states(&*store).await;

    // Its owner writes between reading and folding.
    let later = store.replace_part(BOB, b"two").await.unwrap().unwrap();
    assert!(
        !store
            .fold_parts(&[alice, bob], PAST, b"past")
            .await
            .unwrap()
    );
    assert!(
        !store
            .fold_parts(&[bob, alice], PAST, b"past")
            .await
            .unwrap()
    );
    assert_eq!(states(&*store).await, before);

    // Another has folded them, or begun a past of which this one knows nothing.
    assert!(store.fold_parts(&[alice], PAST, b"past").await.unwrap());
    assert!(
        !store
            .fold_parts(&[alice, later], PAST, b"again")
            .await
            .unwrap()
    );
    assert!(!store.fold_parts(&[later], PAST, b"again").await.unwrap());
    let wanted = BTreeMap::from([(PAST, b"past".to_vec()), (BOB, b"two".to_vec())]);
    assert_eq!(states(&*store).await, wanted);
}

pub(crate) async fn of_two_folds_at_once_one_is_done<P: Place>() {
    let place = P::new().await;
    let one = open(&place).await;
    let other = if P::IS_SHARED {
        open(&place).await
    } else {
        Arc::clone(&one)
    };
    for round in 0..20_u8 {
        let alice = one.put_part(ALICE, b"one").await.unwrap();
        let parts = one.load_parts(&[]).await.unwrap();
        let mut all: Vec<PartVersion> = parts.iter().map(|part| part.version).collect();
        assert!(all.contains(&alice));
        let left = [1, round];
        let right = [2, round];
        let reversed: Vec<PartVersion> = all.iter().copied().rev().collect();
        all.rotate_left(1);

        let (left_is_done, right_is_done) = tokio::join!(
            one.fold_parts(&all, PAST, &left),
            other.fold_parts(&reversed, PAST, &right),
        );

        let is_left = left_is_done.unwrap();
        assert_ne!(is_left, right_is_done.unwrap());
        let wanted = if is_left { left } else { right };
        assert_eq!(
            states(&*one).await,
            BTreeMap::from([(PAST, wanted.to_vec())])
        );
    }
}

/// Owners add bytes to their parts, and begin anew where they were folded;
/// others join parts to one of the past meanwhile.
pub(crate) async fn whatever_owners_and_folds_do_at_once_nothing_is_lost<P: Place>() {
    const OWNERS: u8 = 4;
    const BYTES: u8 = 25;
    let place = P::new().await;
    let first = open(&place).await;
    let mut owners = Vec::new();
    for owner in 0..OWNERS {
        let store = if P::IS_SHARED {
            open(&place).await
        } else {
            Arc::clone(&first)
        };
        owners.push(async move {
            let (name, mut part) = (PartName(u128::from(owner) + 10), Vec::new());
            for byte in 0..BYTES {
                let new = owner * BYTES + byte;
                part.push(new);
                let is_there =
                    part.len() > 1 && store.replace_part(name, &part).await.unwrap().is_some();
                if !is_there {
                    part = vec![new];
                    store.put_part(name, &part).await.unwrap();
                }
                for _ in 0..(byte * 7 + owner * 5) % 4 {
                    tokio::task::yield_now().await;
                }
            }
        });
    }
    let folds = async {
        for _ in 0..3 * BYTES {
            let parts = first.load_parts(&[]).await.unwrap();
            let versions: Vec<PartVersion> = parts.iter().map(|part| part.version).collect();
            let all: Vec<u8> = parts
                .into_iter()
                .flat_map(|part| part.state.unwrap())
                .collect();
            first.fold_parts(&versions, PAST, &all).await.unwrap();
        }
    };

    tokio::join!(futures_util::future::join_all(owners), folds);

    let mut all: Vec<u8> = states(&*first).await.into_values().flatten().collect();
    all.sort_unstable();
    let wanted: Vec<u8> = (0..OWNERS * BYTES).collect();
    assert_eq!(all, wanted);
}
