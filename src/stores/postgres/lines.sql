-- Writes ledger lines and returns those that are new. A line that is there
-- already changes nothing, unless it stands for a hold that was swept: then it
-- is replaced, and what it had booked is returned with it.
--
-- `old` must not lock: this statement changes the same rows, and rows that it
-- has changed itself are skipped silently. The holds were locked by a
-- statement before this one, so nobody can sweep them meanwhile.
with line as (
    select request, attempt, started_at, caller, team, provider, model, effort, outcome,
        input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage_state,
        cost, cost_is_incomplete, possible, latency_ns,
        cache, cache_similarity, cache_confidence, cache_age_us, cache_saved,
        call_latency_ns, budgets::bigint[] as budgets
    from unnest(
        $1::uuid[], $2::integer[], $3::timestamptz[], $4::text[], $5::text[],
        $6::text[], $7::text[], $8::text[], $9::text[],
        $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[],
        $16::smallint[], $17::bigint[], $18::boolean[], $19::bigint[], $20::bigint[],
        $21::text[], $22::real[], $23::real[], $24::bigint[], $25::bigint[],
        $26::bigint[], $27::text[]
    ) as t (
        request, attempt, started_at, caller, team, provider, model, effort, outcome,
        input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage_state,
        cost, cost_is_incomplete, possible, latency_ns,
        cache, cache_similarity, cache_confidence, cache_age_us, cache_saved,
        call_latency_ns, budgets
    )
),
old as (
    select l.request, l.attempt, coalesce(l.cost, 0) as cost, l.possible
    from ledger l join line using (request, attempt)
    where l.source = 1
),
booked as (
    insert into ledger as l (
        request, attempt, started_at, caller, team, provider, model, effort, outcome,
        input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage_state,
        cost, cost_is_incomplete, possible, latency_ns,
        cache, cache_similarity, cache_confidence, cache_age_us, cache_saved,
        call_latency_ns, budgets)
    select * from line
    on conflict (request, attempt) do update set
        source = 0, started_at = excluded.started_at, caller = excluded.caller,
        team = excluded.team, provider = excluded.provider, model = excluded.model,
        effort = excluded.effort, outcome = excluded.outcome, input = excluded.input,
        cache_read = excluded.cache_read, cache_write_5m = excluded.cache_write_5m,
        cache_write_1h = excluded.cache_write_1h, output = excluded.output,
        reasoning = excluded.reasoning, usage_state = excluded.usage_state,
        cost = excluded.cost, cost_is_incomplete = excluded.cost_is_incomplete,
        possible = excluded.possible, latency_ns = excluded.latency_ns,
        cache = excluded.cache, cache_similarity = excluded.cache_similarity,
        cache_confidence = excluded.cache_confidence, cache_age_us = excluded.cache_age_us,
        cache_saved = excluded.cache_saved, call_latency_ns = excluded.call_latency_ns,
        budgets = excluded.budgets
    where l.source = 1
    returning l.request, l.attempt
)
select booked.request, booked.attempt, coalesce(old.cost, 0), coalesce(old.possible, 0)
from booked left join old using (request, attempt)
