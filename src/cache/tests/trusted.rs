use super::*;

/// Has judges say of the hits of a process that they were wrong, until its
/// tier closes.
async fn close(rig: &Rig) {
    rig.answer(ASKED, "Slowly.").await;
    let (_, check) = rig.similar(ALIKE).await;
    let check = check.unwrap();
    for n in 0..2 {
        let key = CacheKey([n; 32]);
        let _ = rig.cache.judged(
            &Check {
                key,
                ..check.clone()
            },
            false,
        );
    }
    rig.cache.remember_trust().await;
    rig.settle().await;
}

fn state(rig: &Rig) -> TrustState {
    rig.cache.trust().0.unwrap()
}

#[tokio::test]
async fn a_closed_tier_stays_closed_whoever_has_a_key() {
    let mut rig = Rig::new();
    close(&rig).await;
    for _ in 0..3 {
        rig = Rig::over(rig.shelf, Settings::default());
        rig.cache.keep_only(&[Caller::new("bob")]).await;
        rig.settle().await;

        assert_eq!(state(&rig), TrustState::Closed);
        assert!(rig.shelf.answers().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_at_the_start_opens_nothing() {
    let before = Rig::new();
    close(&before).await;
    let rig = Rig::over(before.shelf, Settings::default());
    rig.shelf.is_down.store(true, Ordering::Relaxed);
    let stop = CancellationToken::new();
    let work = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        rig.answer(ASKED, "Slowly.").await;
        let (_, check) = rig.similar(ALIKE).await;
        rig.shelf.is_down.store(false, Ordering::Relaxed);
        let _ = rig.cache.judged(&check.unwrap(), true);
        rig.cache.remember_trust().await;
        assert_eq!(state(&rig), TrustState::Closed);
        stop.cancel();
    };
    tokio::join!(rig.cache.run(stop.clone()), work);

    let after = Rig::over(rig.shelf, Settings::default());
    after.settle().await;
    assert_eq!(state(&after), TrustState::Closed);
    assert_eq!(after.cache.trust().1.judged, 1);
}

#[tokio::test(start_paused = true)]
async fn what_judges_left_is_asked_for_until_the_store_answers() {
    let before = Rig::new();
    close(&before).await;
    let rig = Rig::over(before.shelf, Settings::default());
    rig.shelf.is_down.store(true, Ordering::Relaxed);
    let stop = CancellationToken::new();
    let work = async {
        tokio::time::sleep(Duration::from_secs(3)).await;
        rig.shelf.is_down.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(2)).await;
        assert_eq!(state(&rig), TrustState::Closed);
        stop.cancel();
    };
    tokio::join!(rig.cache.run(stop.clone()), work);
}

#[tokio::test]
async fn one_process_does_not_open_for_the_next_what_another_closed() {
    let shelf: Arc<Shelf> = Arc::default();
    let fresh = Rig::over(Arc::clone(&shelf), Settings::default());
    fresh.settle().await;
    let closing = Rig::over(Arc::clone(&shelf), Settings::default());
    close(&closing).await;

    fresh.answer(ASKED, "Slowly.").await;
    let (_, check) = fresh.similar(ALIKE).await;
    let _ = fresh.cache.judged(&check.unwrap(), true);
    fresh.cache.remember_trust().await;

    let next = Rig::over(shelf, Settings::default());
    next.settle().await;
    assert_eq!(state(&next), TrustState::Closed);
}
