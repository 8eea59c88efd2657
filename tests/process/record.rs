//! What a gateway has stored, seen from outside.

use std::collections::HashSet;
use std::path::PathBuf;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, PgConnection};

/// Rows of sums that differ from what the lines of the ledger come to, in
/// either direction. What stands in braces is what a store calls it.
const BROKEN_SUMS: &str = "
with lines as (
    select caller, provider, model, count(*) as n, sum(coalesce(cost, 0)) as cost,
        sum({possible}) as possible, sum(input) as input, sum(output) as output
    from ledger where provider is not null group by caller, provider, model
    union all
    select caller, '', '', count(*), 0, 0, 0, 0
    from ledger where {call_latency} is not null group by caller
),
expected as (
    select caller, provider, model, n, cost, possible, input, output from lines
    union all
    select '', provider, model, sum(n), sum(cost), sum(possible), sum(input), sum(output)
    from lines group by provider, model
),
due as (
    select grain, e.* from expected e cross join (select 0 as grain union select 1 union select 2) g
),
found as (
    select grain, caller, provider, model, sum(count) as n, sum(cost) as cost,
        sum({possible}) as possible, sum(input) as input, sum(output) as output
    from {sums} group by grain, caller, provider, model
),
broken as (
    select 'missing' as what, d.* from (select * from due except select * from found) d
    union all
    select 'wrong', f.* from (select * from found except select * from due) f
)
select what || ' ' || grain || ' ' || caller || ' ' || model || ' ' || n || ' ' || cost
from broken
";

/// Attempts with two lines, and budgets of callers that differ from the
/// lines. A budget must have been there from the first line on, and never end.
const BROKEN_MONEY: &str = "
select 'two lines ' || attempt from ledger group by request, attempt having count(*) > 1
union all
select 'spent ' || scope from budget b where scope like 'caller:%' and spent <>
    (select coalesce(sum(cost), 0) from ledger l where 'caller:' || l.caller = b.scope)
union all
select 'possible ' || scope from budget b where scope like 'caller:%' and possible <>
    (select coalesce(sum({possible}), 0) from ledger l where 'caller:' || l.caller = b.scope)
";

/// A store.
#[derive(Clone)]
pub(crate) enum Record {
    Sqlite(PathBuf),
    Postgres(String),
}

impl Record {
    /// Returns the ids of all calls with a line, as 32 hexadecimal digits.
    pub(crate) async fn calls(&self) -> HashSet<String> {
        let ids = match self {
            Self::Sqlite(_) => "select lower(hex(request)) from ledger",
            Self::Postgres(_) => "select replace(request::text, '-', '') from ledger",
        };
        self.texts(ids).await.into_iter().collect()
    }

    /// Tells whether each of some calls has a line.
    pub(crate) async fn has(&self, calls: &[String]) -> bool {
        let stored = self.calls().await;
        calls.iter().all(|id| stored.contains(id))
    }

    pub(crate) async fn assert_consistent(&self, when: &str) {
        let mut broken = self.texts(BROKEN_SUMS).await;
        broken.extend(self.texts(BROKEN_MONEY).await);
        assert!(broken.is_empty(), "{when}: {broken:#?}");
    }

    /// Returns what the lines of a caller cost, or may have, in nano-dollars.
    pub(crate) async fn spent(&self, caller: &str) -> i64 {
        let sum = format!(
            "select cast(coalesce(sum(coalesce(cost, 0) + {{possible}}), 0) as text) \
             from ledger where caller = '{caller}'"
        );
        self.texts(&sum).await[0].parse().unwrap()
    }

    /// Runs a query whose rows are one text.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        let (possible, sums, latency) = match self {
            Self::Sqlite(_) => ("possible_cost", "rollup", "call_latency"),
            Self::Postgres(_) => ("possible", "roll_up", "call_latency_ns"),
        };
        let query = query
            .replace("{possible}", possible)
            .replace("{sums}", sums)
            .replace("{call_latency}", latency);
        let query = AssertSqlSafe(query);
        match self {
            Self::Sqlite(path) => {
                let options = SqliteConnectOptions::new().filename(path);
                let mut connection = options.connect().await.unwrap();
                let rows = sqlx::query_scalar(query)
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
                rows
            }
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let rows = sqlx::query_scalar(query)
                    .fetch_all(&mut connection)
                    .await
                    .unwrap();
                connection.close().await.unwrap();
                rows
            }
        }
    }
}
