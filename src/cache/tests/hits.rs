use super::*;

#[tokio::test]
async fn the_same_question_is_answered_by_what_was_stored() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    rig.clock.advance(30);

    let hit = rig
        .find("  how do I WRITE a cover letter, please?")
        .await
        .unwrap();

    assert_eq!(hit.status, CacheStatus::Exact);
    assert_eq!(hit.answer().text, "Slowly.");
    assert_eq!(hit.age, Duration::from_secs(30));
    assert!(rig.find(OTHER).await.is_none());
    assert!(rig.find(ALIKE).await.is_none());
}

#[tokio::test]
async fn a_question_of_the_same_meaning_is_answered_too() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;

    let (hit, check) = rig.similar(ALIKE).await;

    let hit = hit.unwrap();
    assert_eq!(hit.answer().text, "Slowly.");
    let CacheStatus::Semantic {
        similarity,
        confidence,
    } = hit.status
    else {
        panic!("{:?}", hit.status);
    };
    assert!((similarity - 0.96).abs() < 1e-6 && confidence > 0.8);
    assert_eq!(check.unwrap().stored(), (ASKED, "Slowly."));
    assert!(rig.similar(OTHER).await.0.is_none());
}

#[tokio::test]
async fn callers_raise_the_bar_and_never_lower_it() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    for (least, hits) in [(0.0, true), (1.0, false)] {
        let mut draft = ask(ALIKE);
        draft.requirements.cache_min_confidence = Some(least);
        let mut question = rig.question(draft);
        let (hit, _) = rig.cache.find_similar(&mut question, &|_| true).await;
        assert_eq!(hit.is_some(), hits, "{least}");
    }
    // The negation is a veto at any confidence.
    rig.answer("Should I salt the egg water?", "Yes.").await;
    let mut draft = ask("Should I not salt the egg water?");
    draft.requirements.cache_min_confidence = Some(0.0);
    let mut question = rig.question(draft);
    assert!(
        rig.cache
            .find_similar(&mut question, &|_| true)
            .await
            .0
            .is_none()
    );
}

#[tokio::test]
async fn an_answer_ends_with_its_time_and_for_some_callers_before() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    rig.clock.advance(3_600);
    let mut draft = ask(ASKED);
    draft.requirements.cache_max_age_seconds = Some(3_599);
    let fresh = rig.question(draft);

    assert!(rig.cache.find(&fresh, &|_| true).await.is_none());
    assert!(rig.find(ASKED).await.is_some());
    rig.clock.advance(86_400 - 3_600);
    assert!(rig.find(ASKED).await.is_none());
    assert!(rig.similar(ALIKE).await.0.is_none());
}

#[tokio::test]
async fn whatever_fails_is_a_miss() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    rig.embedder.is_broken.store(true, Ordering::Relaxed);

    assert!(rig.similar(ALIKE).await.0.is_none());
    assert!(rig.find(ASKED).await.is_some());
    rig.shelf.is_down.store(true, Ordering::Relaxed);
    rig.answer(OTHER, "Low heat.").await;
    rig.settle().await;
    assert!(rig.find(OTHER).await.is_some());
}

#[tokio::test]
async fn only_whole_answers_are_kept() {
    let rig = Rig::new();
    let cut = Completion {
        finish: Some(FinishReason::Length),
        ..made("Half")
    };
    let filtered = Completion {
        finish: Some(FinishReason::ContentFilter),
        ..made("")
    };
    let aborted = Completion {
        finish_is_unknown: true,
        ..made("Half")
    };
    let huge = made(&"x".repeat(300 << 10));
    let refused = made("I'm sorry, but I can't help with that.");
    for bad in [cut, filtered, aborted, huge, refused, made("  ")] {
        let _ = rig.cache.store(rig.question(ask(ASKED)), &bad);
        assert!(rig.find(ASKED).await.is_none());
    }
}

#[tokio::test]
async fn a_fresh_answer_replaces_the_stored_one() {
    let rig = Rig::new();
    rig.answer(ASKED, "Old").await;
    let mut draft = ask(ASKED);
    draft.cache = CacheMode::Refresh;
    let mut question = rig.question(draft);

    assert!(rig.cache.find(&question, &|_| true).await.is_none());
    assert!(
        rig.cache
            .find_similar(&mut question, &|_| true)
            .await
            .0
            .is_none()
    );
    assert!(rig.cache.join(&question).is_none());
    let _ = rig.cache.store(question, &made("New"));
    assert_eq!(rig.find(ASKED).await.unwrap().answer().text, "New");
}

#[tokio::test]
async fn who_may_not_have_a_model_gets_no_answer_of_it() {
    let rig = Rig::new();
    rig.answer(ASKED, "Slowly.").await;
    let mut question = rig.question(ask(ALIKE));

    assert!(
        rig.cache
            .find(&rig.question(ask(ASKED)), &|_| false)
            .await
            .is_none()
    );
    assert!(
        rig.cache
            .find_similar(&mut question, &|_| false)
            .await
            .0
            .is_none()
    );
}

#[test]
fn who_shares_answers_has_those_of_callers_with_the_same_models() {
    let place = |share, models: &[&str]| {
        let settings = Settings {
            share,
            ..Settings::default()
        };
        let rig = Rig::over(Arc::default(), settings);
        let mut question = rig.question(ask(ASKED));
        let models = models.iter().map(|name| (*name).to_owned());
        rig.cache.narrow(&mut question, || models.collect());
        question.place()
    };

    for share in [Share::Everyone, Share::Group] {
        assert_eq!(place(share, &["a/x", "b/y"]), place(share, &["b/y", "a/x"]));
        assert_ne!(place(share, &["a/x"]), place(share, &["a/x", "b/y"]));
    }
    assert_eq!(place(Share::Caller, &["a/x"]), place(Share::Caller, &[]));
}
