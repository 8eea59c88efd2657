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
        let make = || rig.cache.store(rig.question(ask(ASKED)), &made("New"));

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
