use super::*;

/// Runs the cache beside what a test does.
async fn beside<T>(rig: &Rig, work: impl Future<Output = T>) -> T {
    let stop = CancellationToken::new();
    let work = async {
        let done = work.await;
        stop.cancel();
        done
    };
    tokio::join!(rig.cache.run(stop.clone()), work).1
}

#[tokio::test(start_paused = true)]
async fn answers_are_stored_at_once_and_their_vectors_when_there_is_time() {
    let rig = Rig::new();
    rig.embedder.is_busy.store(true, Ordering::Relaxed);
    beside(&rig, async {
        for n in 0..600 {
            rig.answer(&format!("How does river {n} flow?"), "Downhill.")
                .await;
        }
        rig.answer(ASKED, "Slowly.").await;
        tokio::time::sleep(Duration::from_millis(10)).await;

        let rows = rig.shelf.answers();
        assert_eq!((rows.len(), rig.cache.unkept()), (601, 0));
        assert!(rows.iter().all(|row| row.vector.is_none()));

        rig.embedder.is_busy.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let rows = rig.shelf.answers();
        assert!(rows.iter().all(|row| row.vector.is_some()));
        assert!(rig.similar(ALIKE).await.0.is_some());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_refuted_hit_stays_away_from_the_next_process_without_a_vector() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    rig.embedder.is_busy.store(true, Ordering::Relaxed);
    rig.cache.judged(&check.unwrap(), false);
    rig.settle().await;

    let after = Rig::over(rig.shelf, Settings::default());
    after.cache.read_back().await;

    assert!(after.find(ASKED).await.is_some());
    assert!(after.similar(ALIKE).await.0.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_verdict_that_the_store_did_not_take_is_kept_later() {
    for is_shared in [false, true] {
        let shelf = Arc::new(Shelf {
            is_shared,
            ..Shelf::default()
        });
        let rig = Rig::over(Arc::clone(&shelf), Settings::default());
        rig.answer(ASKED, "Slowly.").await;
        rig.settle().await;
        let (_, check) = rig.similar(ALIKE).await;
        beside(&rig, async {
            shelf.is_down.store(true, Ordering::Relaxed);
            rig.cache.judged(&check.unwrap(), false);
            tokio::time::sleep(Duration::from_secs(1)).await;
            assert!(rig.cache.waiting() > 0);
            shelf.is_down.store(false, Ordering::Relaxed);

            tokio::time::sleep(Duration::from_secs(61)).await;

            assert_eq!(rig.cache.waiting(), 0);
        })
        .await;
        let after = Rig::over(shelf, Settings::default());
        after.cache.read_back().await;
        assert!(after.similar(ALIKE).await.0.is_none());
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_store_does_not_take_is_counted() {
    let rig = Rig::new();
    rig.shelf.is_down.store(true, Ordering::Relaxed);
    rig.answer(ASKED, "Slowly.").await;

    rig.settle().await;

    assert_eq!(rig.cache.unkept(), 1);
}

/// Two processes that share a store.
fn pair() -> (Rig, Rig) {
    let shelf = Arc::new(Shelf {
        is_shared: true,
        ..Shelf::default()
    });
    let one = Rig::over(Arc::clone(&shelf), Settings::default());
    (one, Rig::over(shelf, Settings::default()))
}

#[tokio::test(start_paused = true)]
async fn an_answer_is_visible_to_the_other_process_before_it_is_returned() {
    let (one, two) = pair();
    beside(&one, async {
        let question = one.question(ask(ASKED));

        let keeping = one.cache.store(question, &made("Slowly.")).unwrap();
        keeping.visible().await;

        assert!(two.find(ASKED).await.is_some());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_store_that_hangs_holds_up_an_answer_for_a_moment_alone() {
    let (one, _) = pair();
    let start = tokio::time::Instant::now();

    // Nobody does the work.
    let question = one.question(ask(ASKED));
    let keeping = one.cache.store(question, &made("Slowly.")).unwrap();
    keeping.visible().await;

    assert_eq!(start.elapsed(), Duration::from_millis(50));
    let alone = Rig::new();
    let question = alone.question(ask(ASKED));
    let keeping = alone.cache.store(question, &made("Slowly.")).unwrap();
    keeping.visible().await;
    assert_eq!(start.elapsed(), Duration::from_millis(50));
}

#[tokio::test]
async fn the_questions_own_answer_is_no_semantic_hit() {
    let (one, two) = pair();
    one.answer(ASKED, "Slowly.").await;
    one.settle().await;

    // As if it had come after the look for an exact one.
    let (hit, check) = two.similar(ASKED).await;

    assert_eq!(hit.unwrap().status, CacheStatus::Exact);
    assert!(check.is_none());
}

#[tokio::test]
async fn what_is_stored_replaces_what_a_clock_ahead_made() {
    let (ahead, other) = pair();
    ahead.clock.advance(300);
    ahead.answer(ASKED, "Old").await;
    ahead.settle().await;
    other.answer(ASKED, "New").await;
    other.settle().await;

    ahead.clock.advance(61);

    assert_eq!(ahead.find(ASKED).await.unwrap().answer().text, "New");
}
