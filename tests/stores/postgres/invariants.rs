//! What holds at any moment, whatever happens (reliability, section 7).

use ai_gateway::domain::NanoUsd;
use sqlx::PgConnection;

/// Budgets that break an invariant, by its name. I4, one hold and one line an
/// attempt, is kept by primary keys; what is left of it is that no attempt has
/// both.
const BROKEN: &str = "
select 'I1' as broken, id from budget where spent + possible + held > $1
union all
select 'I2', b.id from budget b
where held <> (select coalesce(sum(amount), 0) from hold h where b.id = any(h.budgets))
union all
select 'I3 spent', b.id from budget b
where spent <> (select coalesce(sum(cost), 0) from ledger l where b.id = any(l.budgets))
union all
select 'I3 possible', b.id from budget b
where possible <> (select coalesce(sum(possible), 0) from ledger l where b.id = any(l.budgets))
union all
select 'I4', h.attempt from hold h join ledger l using (request, attempt)
";

/// Asserts I1 to I4 for budgets that all have the same cap.
pub(crate) async fn assert_hold(connection: &mut PgConnection, cap: NanoUsd) {
    let broken: Vec<(String, i64)> = sqlx::query_as(BROKEN)
        .bind(cap.nanos())
        .fetch_all(connection)
        .await
        .unwrap();
    assert!(broken.is_empty(), "{broken:?}");
}

/// Returns spent, possible and held of all budgets together.
pub(crate) async fn totals(connection: &mut PgConnection) -> (NanoUsd, NanoUsd, NanoUsd) {
    let (spent, possible, held): (i64, i64, i64) = sqlx::query_as(
        "select coalesce(sum(spent), 0)::bigint, coalesce(sum(possible), 0)::bigint, \
         coalesce(sum(held), 0)::bigint from budget",
    )
    .fetch_one(connection)
    .await
    .unwrap();
    (
        NanoUsd::new(spent),
        NanoUsd::new(possible),
        NanoUsd::new(held),
    )
}
