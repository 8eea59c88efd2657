use super::*;

/// Looks for an answer, and does `meanwhile` while the store's is on its way.
async fn find_while(rig: &Rig, meanwhile: impl FnOnce()) -> Option<Hit> {
    let (waits, go) = rig.shelf.pause();
    let meanwhile = async {
        waits.await.unwrap();
        meanwhile();
        go.send(()).unwrap();
    };
    tokio::join!(rig.find(ASKED), meanwhile).0
}

/// A rig over a store that has an answer.
async fn over_an_answer() -> Rig {
    let before = Rig::new();
    before.answer(ASKED, "Old").await;
    before.settle().await;
    Rig::over(before.shelf, Settings::default())
}

#[tokio::test]
async fn an_answer_made_meanwhile_stays() {
    for rig in [over_an_answer().await, Rig::new()] {
        let make = || drop(rig.cache.store(rig.question(ask(ASKED)), &made("New")));

        let hit = find_while(&rig, make).await;
        rig.settle().await;

        assert_eq!(hit.unwrap().answer().text, "New");
        assert_eq!(rig.find(ASKED).await.unwrap().answer().text, "New");
        let rows = rig.shelf.rows.lock().unwrap();
        let row = &rows[&rig.question(ask(ASKED)).place()];
        assert!(row.body.windows(3).any(|part| part == b"New"));
    }
}

#[tokio::test]
async fn an_answer_forgotten_meanwhile_does_not_come_back() {
    let rig = over_an_answer().await;
    let place = rig.question(ask(ASKED)).place();
    let stored = rig.shelf.rows.lock().unwrap()[&place].clone();
    let entry = Arc::new(Entry::from_stored(&stored).unwrap());
    let shared = Arc::new(Shelf {
        is_shared: true,
        rows: Mutex::new(BTreeMap::from([(place, stored)])),
        ..Shelf::default()
    });
    let rig = Rig::over(shared, Settings::default());
    rig.cache.answers.put(entry, rig.clock.now());
    rig.clock.advance(61);

    let hit = find_while(&rig, || rig.cache.evict(place)).await;

    assert!(hit.is_none());
    assert!(rig.cache.answers.peek(place).is_none());
}

#[tokio::test]
async fn an_answer_whose_owner_leaves_meanwhile_stays_away() {
    let rig = over_an_answer().await;

    let hit = find_while(&rig, || rig.cache.evict_owner(&Caller::new("alice"))).await;

    assert!(hit.is_none());
    assert_eq!(rig.cache.answers.list(|_| true), []);
}

/// Two processes that share a store without a search. Both hold an answer,
/// and the second has it by the meaning of a question.
async fn a_hit_in_memory() -> (Rig, Rig, Check) {
    let shelf = Arc::new(Shelf {
        is_shared: true,
        has_no_search: true,
        ..Shelf::default()
    });
    let one = Rig::over(Arc::clone(&shelf), Settings::default());
    let two = Rig::over(shelf, Settings::default());
    two.answer(ASKED, "Slowly.").await;
    two.settle().await;
    one.find(ASKED).await.unwrap();
    let (hit, check) = two.similar(ALIKE).await;
    assert!(hit.is_some());
    (one, two, check.unwrap())
}

#[tokio::test]
async fn what_another_process_forgot_is_soon_no_semantic_hit() {
    let (one, two, _) = a_hit_in_memory().await;
    let place = one.question(ask(ASKED)).place();
    one.cache.evict(place);
    one.settle().await;
    two.clock.advance(61);

    assert!(two.similar(ALIKE).await.0.is_none());
    assert_eq!(two.cache.neighbours.len(two.cache.space(place.0)), 0);
}

#[tokio::test]
async fn what_another_process_replaced_or_refuted_is_soon_no_semantic_hit() {
    let (one, two, _) = a_hit_in_memory().await;
    one.clock.advance(1);
    one.answer(ASKED, "Fast.").await;
    one.settle().await;
    two.clock.advance(61);
    assert!(two.similar(ALIKE).await.0.is_none());
    // From then on it is the new answer.
    let (hit, _) = two.similar(ALIKE).await;
    assert_eq!(hit.unwrap().answer().text, "Fast.");

    let (one, two, check) = a_hit_in_memory().await;
    one.cache.judged(&check, false);
    one.settle().await;
    two.clock.advance(61);
    assert!(two.similar(ALIKE).await.0.is_none());
}
