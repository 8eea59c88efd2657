//! Cached answers.

use std::time::Duration;

use ai_gateway::domain::{
    CacheKey, CacheScope, Caller, NearestQuery, NearestSearch, StoredAnswer, StoredVector,
    VectorSpace, WalkMark,
};
use ai_gateway::stores::Store;

use crate::book::{hours, now};
use crate::place::{HandClock, Place};

/// An answer to Alice, kept for an hour.
pub(crate) fn answer(scope: u8, key: u8, body: &str) -> StoredAnswer {
    StoredAnswer {
        scope: CacheScope([scope; 32]),
        key: CacheKey([key; 32]),
        alias_of: None,
        owner: Caller::new("alice"),
        body: body.into(),
        vector: None,
        stored_at: now(),
        expires_at: now() + hours(1),
    }
}

fn alias(scope: u8, key: u8, of: u8) -> StoredAnswer {
    StoredAnswer {
        alias_of: Some(CacheKey([of; 32])),
        ..answer(scope, key, "alias")
    }
}

/// Returns an answer that takes the place of another.
fn later(older: &StoredAnswer) -> StoredAnswer {
    StoredAnswer {
        stored_at: older.stored_at + Duration::from_micros(1),
        ..older.clone()
    }
}

/// Tells whether an answer is there.
async fn has(store: &dyn Store, wanted: &StoredAnswer) -> bool {
    let found = store.find(wanted.scope, wanted.key, now()).await.unwrap();
    found.is_some()
}

/// Reads all answers that have not expired at `now`, in pages of `page`.
pub(crate) async fn walk(store: &dyn Store, page: u32, now: jiff::Timestamp) -> Vec<StoredAnswer> {
    let mut all: Vec<StoredAnswer> = Vec::new();
    loop {
        let mark = all.last().map(|last| WalkMark {
            stored_at: last.stored_at,
            scope: last.scope,
            key: last.key,
        });
        let more = store.walk(mark, page, now).await.unwrap();
        let is_last = more.len() < page as usize;
        all.extend(more);
        if is_last {
            return all;
        }
    }
}

pub(crate) async fn answers_are_found_until_they_expire<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let (old, new) = (answer(1, 1, "old"), answer(1, 1, "new"));
    let new = StoredAnswer {
        owner: Caller::new("bob"),
        ..new
    };
    let (scope, key) = (new.scope, new.key);
    let last = new.expires_at - Duration::from_micros(1);

    assert_eq!(store.find(scope, key, now()).await.unwrap(), None);
    store.put(&old).await.unwrap();
    store.put(&new).await.unwrap();

    let found = store.find(scope, key, last).await.unwrap();
    assert_eq!(found.as_ref(), Some(&new));
    assert_eq!(store.find(scope, key, new.expires_at).await.unwrap(), None);
    assert_eq!(walk(&*store, 9, last).await, std::slice::from_ref(&new));
    assert_eq!(walk(&*store, 9, new.expires_at).await, []);
    store.evict(scope, key).await.unwrap();
    store.evict(scope, key).await.unwrap();
    assert_eq!(store.find(scope, key, now()).await.unwrap(), None);
}

pub(crate) async fn answers_stay_in_their_scope<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let (one, other) = (answer(1, 1, "one"), answer(2, 1, "other"));
    store.put(&one).await.unwrap();
    let (scope, key) = (other.scope, other.key);

    assert_eq!(store.find(scope, key, now()).await.unwrap(), None);
    store.put(&other).await.unwrap();
    store.evict(scope, key).await.unwrap();

    let found = store.find(one.scope, one.key, now()).await.unwrap();
    assert_eq!(found, Some(one));
}

pub(crate) async fn expired_answers_are_removed<P: Place>() {
    let place = P::new().await;
    let clock = HandClock::at(now());
    let store = place.open(clock.clone()).await;
    let (old, new) = (answer(1, 1, "old"), answer(1, 2, "new"));
    let new = StoredAnswer {
        expires_at: now() + hours(5),
        ..new
    };
    store.put(&old).await.unwrap();
    store.put(&new).await.unwrap();
    clock.advance(hours(2));

    store.tidy().await.unwrap();

    // Even the past would not find it any more.
    let found = store.find(old.scope, old.key, now()).await.unwrap();
    assert_eq!(found, None);
    let found = store.find(new.scope, new.key, now()).await.unwrap();
    assert_eq!(found, Some(new));
}

pub(crate) async fn aliases_end_with_their_entry<P: Place>() {
    let place = P::new().await;
    let clock = HandClock::at(now());
    let store = place.open(clock.clone()).await;
    let entry = answer(1, 1, "entry");
    let aliases = [alias(1, 2, 1), alias(1, 3, 1)];
    let elsewhere = [answer(2, 1, "entry"), alias(2, 2, 1)];
    for stored in [
        &entry,
        &aliases[0],
        &aliases[1],
        &elsewhere[0],
        &elsewhere[1],
    ] {
        store.put(stored).await.unwrap();
    }
    let found = store
        .find(entry.scope, aliases[0].key, now())
        .await
        .unwrap();
    assert_eq!(found.as_ref(), Some(&aliases[0]));

    // An alias ends alone.
    store.evict(entry.scope, aliases[0].key).await.unwrap();
    assert!(has(&*store, &entry).await && has(&*store, &aliases[1]).await);

    // Those of an entry end with it: replaced, evicted, expired.
    let entry = later(&entry);
    store.put(&entry).await.unwrap();
    assert!(has(&*store, &entry).await && !has(&*store, &aliases[1]).await);
    store.put(&aliases[0]).await.unwrap();
    store.evict(entry.scope, entry.key).await.unwrap();
    assert!(!has(&*store, &aliases[0]).await);
    assert!(has(&*store, &elsewhere[1]).await);

    // An alias of what is not there is none.
    store.put(&aliases[0]).await.unwrap();
    assert!(!has(&*store, &aliases[0]).await);

    store.put(&entry).await.unwrap();
    let lasting = StoredAnswer {
        expires_at: now() + hours(9),
        ..aliases[0].clone()
    };
    store.put(&lasting).await.unwrap();
    clock.advance(hours(2));
    store.tidy().await.unwrap();
    assert!(!has(&*store, &lasting).await);
}

pub(crate) async fn the_same_answer_keeps_its_aliases_and_its_vector<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let vector = (P::SEARCH != NearestSearch::Missing).then(|| StoredVector {
        space: VectorSpace([7; 32]),
        values: vec![0.6, 0.8],
    });
    let entry = StoredAnswer {
        vector: vector.clone(),
        ..answer(1, 1, "entry")
    };
    let alias = alias(1, 2, 1);
    store.put(&entry).await.unwrap();
    store.put(&alias).await.unwrap();
    let stricter = StoredAnswer {
        body: b"stricter".to_vec(),
        ..entry.clone()
    };

    let without = StoredAnswer {
        vector: None,
        ..stricter.clone()
    };
    store.put(&without).await.unwrap();
    store.put(&alias).await.unwrap();

    assert_eq!(
        walk(&*store, 9, now()).await,
        [alias.clone(), stricter.clone()]
    );
    let turned = StoredAnswer {
        vector: vector.map(|vector| StoredVector {
            values: vec![0.8, 0.6],
            ..vector
        }),
        ..stricter
    };
    store.put(&turned).await.unwrap();
    assert_eq!(walk(&*store, 9, now()).await, [alias, turned]);
}

pub(crate) async fn an_owner_is_forgotten_whole<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let (alice, bob) = (Caller::new("alice"), Caller::new("bob"));
    // More than are removed at once, every third an alias of the one before.
    for number in 0..1_300_u16 {
        let mut key = [0; 32];
        key[..2].copy_from_slice(&number.to_be_bytes());
        let mut before = key;
        before[..2].copy_from_slice(&number.saturating_sub(1).to_be_bytes());
        let stored = StoredAnswer {
            key: CacheKey(key),
            alias_of: (number % 3 == 1).then_some(CacheKey(before)),
            ..answer(1, 0, "of Alice")
        };
        store.put(&stored).await.unwrap();
    }
    let of_bob = StoredAnswer {
        owner: bob.clone(),
        ..answer(2, 1, "of Bob")
    };
    store.put(&of_bob).await.unwrap();
    assert_eq!(walk(&*store, 500, now()).await.len(), 1_301);

    let mut owners = store.owners().await.unwrap();
    owners.sort_unstable();
    assert_eq!(owners, [alice.clone(), bob.clone()]);

    store.evict_owner(&alice).await.unwrap();

    assert_eq!(store.owners().await.unwrap(), std::slice::from_ref(&bob));
    assert_eq!(walk(&*store, 500, now()).await, [of_bob]);
    store.evict_owner(&bob).await.unwrap();
    store.evict_owner(&bob).await.unwrap();
    assert_eq!(walk(&*store, 500, now()).await, []);
}

pub(crate) async fn the_oldest_answers_make_room<P: Place>() {
    let place = P::new().await;
    let clock = HandClock::at(now());
    let store = place.open_bounded(clock, 256 << 10).await;
    let body = "x".repeat(2_000);
    for number in 0..200_u8 {
        // The last one put is the oldest.
        let stored = StoredAnswer {
            stored_at: now() - Duration::from_secs(number.into()),
            ..answer(1, number, &body)
        };
        store.put(&stored).await.unwrap();
    }

    let own = StoredAnswer {
        owner: Caller::new("gateway:trust"),
        stored_at: now() - Duration::from_secs(3_000),
        ..answer(2, 1, "what judges said")
    };
    store.put(&own).await.unwrap();

    store.tidy().await.unwrap();

    let mut left = walk(&*store, 7, now()).await;
    // The gateway's own notes are no answers, however old.
    assert_eq!(left.pop().as_ref(), Some(&own));
    // 15/16 of the bound hold so many with what a row takes besides.
    assert_eq!(left.len(), 97);
    let keys: Vec<u8> = left.iter().map(|answer| answer.key.0[0]).collect();
    let latest: Vec<u8> = (0..left.len() as u8).collect();
    assert_eq!(keys, latest);
}

pub(crate) async fn one_that_shares_a_store_sees_what_the_other_does<P: Place>() {
    if !P::IS_SHARED {
        return;
    }
    let place = P::new().await;
    let one = place.open(HandClock::at(now())).await;
    let other = place.open(HandClock::at(now())).await;
    let stored = StoredAnswer {
        vector: (P::SEARCH != NearestSearch::Missing).then(|| StoredVector {
            space: VectorSpace([7; 32]),
            values: vec![0.6, 0.8],
        }),
        ..answer(1, 1, "shared")
    };
    let query = NearestQuery {
        space: VectorSpace([7; 32]),
        vector: &[0.8, 0.6],
        floor: 0.9,
        limit: 5,
        now: now(),
    };

    one.put(&stored).await.unwrap();
    one.put(&alias(1, 2, 1)).await.unwrap();

    assert!(has(&*other, &stored).await && has(&*other, &alias(1, 2, 1)).await);
    let walked = walk(&*other, 1, now()).await;
    assert_eq!(walked, [alias(1, 2, 1), stored.clone()]);
    let nearest = other.nearest(query).await.unwrap();
    assert_eq!(
        nearest.len(),
        usize::from(P::SEARCH == NearestSearch::Shared)
    );
    let stored = later(&stored);
    other.put(&stored).await.unwrap();
    assert!(!has(&*one, &alias(1, 2, 1)).await);
    other.evict(stored.scope, stored.key).await.unwrap();
    assert!(!has(&*one, &stored).await);
    assert_eq!(one.nearest(query).await.unwrap(), []);
    // Both at once, over and over, leave one of them.
    for _ in 0..20 {
        let (left, right) = tokio::join!(one.put(&stored), other.put(&stored));
        left.unwrap();
        right.unwrap();
    }
    assert_eq!(walk(&*one, 9, now()).await, [stored]);
}

pub(crate) async fn a_closed_store_says_so<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let stored = answer(1, 1, "late");
    store.close().await;

    let (scope, key) = (stored.scope, stored.key);
    store.find(scope, key, now()).await.unwrap_err();
    store.put(&stored).await.unwrap_err();
    store.evict(scope, key).await.unwrap_err();
    store.owners().await.unwrap_err();
    store.evict_owner(&stored.owner).await.unwrap_err();
    store.walk(None, 9, now()).await.unwrap_err();
    let query = NearestQuery {
        space: VectorSpace([7; 32]),
        vector: &[1.0],
        floor: 0.0,
        limit: 5,
        now: now(),
    };
    let nearest = store.nearest(query).await;
    assert_eq!(nearest.is_err(), P::SEARCH == NearestSearch::Shared);
}
