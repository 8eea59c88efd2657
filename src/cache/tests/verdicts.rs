use super::*;

#[tokio::test]
async fn a_near_miss_leaves_the_questions_own_answer_alone() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    rig.answer(ALIKE, "With care.").await;

    rig.cache.judged(&check.unwrap(), true);
    rig.settle().await;

    assert_eq!(rig.find(ALIKE).await.unwrap().answer().text, "With care.");
    let rows = rig.shelf.rows.lock().unwrap();
    let row = &rows[&rig.question(ask(ALIKE)).place()];
    assert!(row.alias_of.is_none() && row.vector.is_some());
}

#[tokio::test]
async fn an_alias_takes_the_vector_with_it_whose_place_it_took() {
    let rig = Rig::new();
    rig.answer(ALIKE, "With care.").await;
    rig.clock.advance(43_200);
    rig.answer(ASKED, "Slowly.").await;
    rig.clock.advance(43_200);
    // The first answer has ended, and was not dropped yet.
    let (_, check) = rig.similar(ALIKE).await;
    rig.cache.judged(&check.unwrap(), true);
    assert_eq!(rig.find(ALIKE).await.unwrap().answer().text, "Slowly.");

    let asked = rig.question(ask(ASKED)).place();
    rig.cache.evict(asked);

    assert_eq!(rig.cache.neighbours.len(rig.cache.space(asked.0)), 0);
}

/// Two processes that share a store, the first with an answer, the second
/// with a hit on it that was not judged yet.
async fn a_hit_elsewhere() -> (Rig, Rig, Check) {
    let shelf = Arc::new(Shelf {
        is_shared: true,
        ..Shelf::default()
    });
    let one = Rig::over(Arc::clone(&shelf), Settings::default());
    let two = Rig::over(shelf, Settings::default());
    one.answer(ASKED, "Slowly.").await;
    one.settle().await;
    let (_, check) = two.similar(ALIKE).await;
    (one, two, check.unwrap())
}

#[tokio::test]
async fn a_verdict_on_what_was_evicted_brings_nothing_back() {
    for fits in [true, false] {
        let (one, two, check) = a_hit_elsewhere().await;
        one.cache.evict(one.question(ask(ASKED)).place());
        one.settle().await;

        two.cache.judged(&check, fits);
        two.settle().await;

        assert!(two.shelf.answers().is_empty());
        assert!(two.find(ASKED).await.is_none() && two.find(ALIKE).await.is_none());
    }
}

#[tokio::test]
async fn a_verdict_on_what_was_replaced_says_nothing_of_the_new_answer() {
    for fits in [true, false] {
        let (one, two, check) = a_hit_elsewhere().await;
        one.clock.advance(1);
        one.answer(ASKED, "Fast.").await;
        one.settle().await;

        two.cache.judged(&check, fits);
        two.settle().await;

        assert_eq!(two.find(ASKED).await.unwrap().answer().text, "Fast.");
        assert!(two.find(ALIKE).await.is_none());
        assert!(two.similar(ALIKE).await.0.is_some());
    }
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    rig.clock.advance(1);
    rig.answer(ASKED, "Fast.").await;

    rig.cache.judged(&check.unwrap(), false);

    assert!(rig.similar(ALIKE).await.0.is_some());
}

#[tokio::test]
async fn verdicts_of_two_processes_add_up() {
    let (one, two, check) = a_hit_elsewhere().await;
    let of_two = Check {
        key: CacheKey([9; 32]),
        confidence: 0.1,
        ..check.clone()
    };
    one.cache.judged(&check, false);
    one.settle().await;

    two.cache.judged(&of_two, false);
    two.settle().await;

    let place = one.question(ask(ASKED)).place();
    let entry = Entry::from_stored(&two.shelf.rows.lock().unwrap()[&place]).unwrap();
    assert!((entry.bar - check.confidence).abs() < 1e-9);
    assert_eq!(entry.refused, [check.key, of_two.key]);
}

#[tokio::test]
async fn a_higher_bar_leaves_the_stored_aliases() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    let check = check.unwrap();
    rig.cache.judged(&check, true);
    let other = Check {
        key: CacheKey([9; 32]),
        ..check
    };
    rig.settle().await;

    rig.cache.judged(&other, false);
    rig.settle().await;

    let after = Rig::over(rig.shelf, Settings::default());
    assert_eq!(after.find(ALIKE).await.unwrap().status, CacheStatus::Exact);
}

#[tokio::test]
async fn an_entry_knows_its_aliases_and_no_others() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    let check = check.unwrap();
    let (place, answers) = (rig.question(ask(ASKED)).place(), &rig.cache.answers);
    for n in 0..40 {
        let key = CacheKey([n; 32]);
        let check = Check {
            key,
            ..check.clone()
        };
        rig.cache.judged(&check, true);
        rig.cache.judged(&check, true);
    }
    assert_eq!(answers.aliases(place).len(), 32);

    answers.forget((place.0, CacheKey([0; 32])));
    let own = Entry::clone(&answers.peek(place).unwrap());
    let own = Entry {
        key: CacheKey([1; 32]),
        ..own
    };
    answers.put(Arc::new(own), rig.clock.now());
    answers.tidy(rig.clock.now());

    let left: Vec<_> = (2..32).map(|n| CacheKey([n; 32])).collect();
    assert_eq!(answers.aliases(place), left);
    rig.answer(ASKED, "Fast.").await;
    assert_eq!(answers.aliases(place), []);
    assert!(answers.peek((place.0, CacheKey([2; 32]))).is_none());
    assert!(answers.peek((place.0, CacheKey([1; 32]))).is_some());
}
