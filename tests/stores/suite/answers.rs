//! Cached answers, and what the router has learned.

use std::time::Duration;

use ai_gateway::domain::{CacheKey, CacheScope, Caller, StoredAnswer};

use crate::book::{hours, now};
use crate::place::{HandClock, Place};

fn answer(scope: u8, key: u8, body: &str) -> StoredAnswer {
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

pub(crate) async fn answers_are_found_until_they_expire<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;
    let (old, new) = (answer(1, 1, "old"), answer(1, 1, "new"));
    let (scope, key) = (new.scope, new.key);
    let last = new.expires_at - Duration::from_micros(1);

    assert_eq!(store.find(scope, key, now()).await.unwrap(), None);
    store.put(&old).await.unwrap();
    store.put(&new).await.unwrap();

    let found = store.find(scope, key, last).await.unwrap();
    assert_eq!(found.as_ref(), Some(&new));
    assert_eq!(store.find(scope, key, new.expires_at).await.unwrap(), None);
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

pub(crate) async fn what_was_learned_is_replaced<P: Place>() {
    let place = P::new().await;
    let store = place.open(HandClock::at(now())).await;

    assert_eq!(store.load().await.unwrap(), None);
    store.save(b"one").await.unwrap();
    store.save(&[0; 100_000]).await.unwrap();

    assert_eq!(store.load().await.unwrap(), Some(vec![0; 100_000]));
}
