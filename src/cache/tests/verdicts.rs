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
