use super::*;

#[tokio::test]
async fn answers_outlive_the_process() {
    let shelf: Arc<Shelf> = Arc::default();
    let before = Rig::over(Arc::clone(&shelf), Settings::default());
    before.answer(ASKED, "Slowly.").await;
    before.settle().await;
    let after = Rig::over(Arc::clone(&shelf), Settings::default());

    // Before all was read, the store is asked.
    assert_eq!(after.find(ASKED).await.unwrap().answer().text, "Slowly.");
    let after = Rig::over(Arc::clone(&shelf), Settings::default());
    after.cache.read_back().await;
    let asked = shelf.asked.load(Ordering::Relaxed);
    assert!(after.similar(ALIKE).await.0.is_some());
    assert!(after.find(ASKED).await.is_some());
    assert!(after.find(OTHER).await.is_none());
    assert_eq!(shelf.asked.load(Ordering::Relaxed), asked);
}

#[tokio::test]
async fn one_process_hits_what_another_stored() {
    let shelf = Arc::new(Shelf {
        is_shared: true,
        ..Shelf::default()
    });
    let one = Rig::over(Arc::clone(&shelf), Settings::default());
    let two = Rig::over(Arc::clone(&shelf), Settings::default());
    one.answer(ASKED, "Slowly.").await;
    one.settle().await;

    assert!(two.find(ASKED).await.is_some());
    assert!(two.similar(ALIKE).await.0.is_some());

    // What one forgets, the other has no longer than a minute.
    one.cache.evict(one.question(ask(ASKED)).place());
    let rows = std::mem::take(&mut *shelf.rows.lock().unwrap());
    assert!(two.find(ASKED).await.is_some());
    two.clock.advance(61);
    assert!(two.find(ASKED).await.is_none());

    // With the store down, an old copy is better than none.
    *shelf.rows.lock().unwrap() = rows;
    assert!(two.find(ASKED).await.is_some());
    shelf.is_down.store(true, Ordering::Relaxed);
    two.clock.advance(61);
    assert!(two.find(ASKED).await.is_some());
}

#[tokio::test]
async fn what_is_evicted_is_gone_with_its_aliases() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    rig.cache.judged(&check.unwrap(), true);
    assert_eq!(rig.find(ALIKE).await.unwrap().status, CacheStatus::Exact);

    rig.cache.evict(rig.question(ask(ASKED)).place());
    rig.settle().await;

    assert!(rig.find(ALIKE).await.is_none());
    assert!(rig.find(ASKED).await.is_none());
    assert!(rig.similar(ALIKE).await.0.is_none());
    assert!(rig.shelf.answers().is_empty());
}

#[tokio::test]
async fn a_hit_that_was_wrong_does_not_come_back() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (hit, check) = rig.similar(ALIKE).await;
    assert!(hit.is_some());

    rig.cache.judged(&check.unwrap(), false);

    assert!(rig.similar(ALIKE).await.0.is_none());
    assert!(rig.find(ASKED).await.is_some());
    assert_eq!(rig.cache.trust().1.wrong, 1);
}

#[tokio::test]
async fn too_many_wrong_hits_close_the_tier() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    let mut check = check.unwrap();
    check.key = CacheKey([9; 32]);
    check.confidence = 0.1;
    rig.cache.judged(&check, false);

    let closed = rig.cache.judged(&check, false);
    assert!(matches!(closed, Some((TrustState::Closed, _))));
    let (hit, check) = rig.similar(ALIKE).await;
    assert!(hit.is_none());
    // What it would have served is judged all the same.
    assert!(check.unwrap().is_hit);
    assert!(rig.find(ASKED).await.is_some());
}

#[tokio::test]
async fn a_callers_answers_go_with_its_key() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;

    rig.cache.evict_owner(&Caller::new("bob"));
    assert!(rig.find(ASKED).await.is_some());
    rig.cache.evict_owner(&Caller::new("alice"));
    rig.settle().await;

    assert!(rig.find(ASKED).await.is_none());
    assert!(rig.shelf.answers().is_empty());
}

#[tokio::test]
async fn a_callers_answers_go_however_much_waits() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    rig.settle().await;
    for n in 0..600_u16 {
        let scope = CacheScope([1; 32]);
        rig.cache.evict((scope, CacheKey([n as u8; 32])));
    }

    rig.cache.evict_owner(&Caller::new("alice"));
    rig.settle().await;

    assert!(rig.shelf.answers().is_empty());
}

#[tokio::test]
async fn a_start_forgets_who_left_before_it() {
    let before = Rig::new();
    before.answer(ASKED, "Slowly.").await;
    before.settle().await;
    let rig = Rig::over(before.shelf, Settings::default());

    rig.cache.keep_only(&[Caller::new("alice")]).await;
    rig.settle().await;
    assert!(rig.find(ASKED).await.is_some());
    rig.cache.keep_only(&[Caller::new("bob")]).await;
    rig.settle().await;

    assert!(rig.find(ASKED).await.is_none());
    assert!(rig.shelf.answers().is_empty());
}

#[tokio::test]
async fn what_is_read_back_is_of_nobody_who_has_left() {
    let before = Rig::new();
    before.answer(ASKED, "Slowly.").await;
    before.settle().await;
    let place = before.question(ask(ASKED)).place();
    let rig = Rig::over(before.shelf, Settings::default());
    let (waits, go) = rig.shelf.pause();

    let leave = async {
        waits.await.unwrap();
        rig.cache.evict_owner(&Caller::new("alice"));
        go.send(()).unwrap();
    };
    tokio::join!(rig.cache.read_back(), leave);

    assert!(rig.find(ASKED).await.is_none());
    assert_eq!(rig.cache.neighbours.len(rig.cache.space(place.0)), 0);
    // Whoever comes back starts anew.
    rig.answer(ASKED, "Fast.").await;
    assert!(rig.find(ASKED).await.is_some());
}

#[tokio::test]
async fn memory_stays_within_its_bound() {
    let rig = Rig::over(
        Arc::default(),
        Settings {
            max_bytes: 1 << 20,
            ..Settings::default()
        },
    );
    for n in 0..500 {
        rig.answer(
            &format!("Question number {n} of many"),
            &"long answer ".repeat(1_000),
        )
        .await;
    }
    rig.cache.answers.tidy(rig.clock.now());

    let (entries, bytes) = rig.cache.size();
    assert!(bytes <= 1 << 20, "{bytes}");
    assert!(entries > 20, "{entries}");
}

#[tokio::test]
async fn who_asks_the_same_at_once_shares_one_answer() {
    let rig = Rig::new();
    let question = rig.question(ask(ASKED));
    let Some(Joined::First(lead)) = rig.cache.join(&question) else {
        panic!("nobody asks yet");
    };
    let Some(Joined::Later(follow)) = rig.cache.join(&question) else {
        panic!("somebody does");
    };

    lead.end(|| Shared::Made(made("Slowly.").into()));

    let Some(Shared::Made(completion)) = follow.wait().await else {
        panic!("it was answered");
    };
    assert_eq!(completion.text(), "Slowly.");
}

#[tokio::test]
async fn a_new_embedder_makes_all_vectors_anew_and_loses_no_work() {
    let before = Rig::new();
    before.answer(ASKED, "Slowly.").await;
    before.settle().await;
    let place = before.question(ask(ASKED)).place();
    let shelf = before.shelf;
    {
        let mut rows = shelf.rows.lock().unwrap();
        let mut row = rows.remove(&place).unwrap();
        row.vector.as_mut().unwrap().space = VectorSpace([9; 32]);
        for n in 0..600_u16 {
            let mut key = [0; 32];
            key[..2].copy_from_slice(&n.to_be_bytes());
            let key = CacheKey(key);
            let row = StoredAnswer { key, ..row.clone() };
            rows.insert((place.0, key), row);
        }
    }
    let after = Rig::over(shelf, Settings::default());

    after.cache.read_back().await;
    after.settle().await;

    let space = after.cache.space(place.0);
    assert_eq!(after.cache.unkept(), 0);
    assert_eq!(after.cache.neighbours.len(space), 600);
    let rows = after.shelf.rows.lock().unwrap();
    let is_new = |row: &StoredAnswer| row.vector.as_ref().is_some_and(|v| v.space == space);
    assert!(rows.values().all(is_new));
}

#[test]
fn vectors_can_be_compared_whatever_the_verifier() {
    let mut without = Settings::default();
    without.semantic.enabled = false;
    let scope = CacheScope([1; 32]);

    let spaces = [Rig::new(), Rig::over(Arc::default(), without)].map(|rig| rig.cache.space(scope));

    assert_eq!(spaces[0], spaces[1]);
}

#[tokio::test]
async fn a_vector_that_comes_late_stays_away() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let place = rig.question(ask(ASKED)).place();
    let entry = rig.cache.answers.peek(place).unwrap();
    rig.cache.answers.forget(place);
    let vector = rig.embedder.embed(ASKED).await.unwrap();

    rig.cache.place(&entry, &vector);

    assert_eq!(rig.cache.neighbours.len(rig.cache.space(place.0)), 0);
}
