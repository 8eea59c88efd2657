-- Puts rows of sums in the place of older ones. `$7` has 21 figures a row.
insert into roll_up (
    caller, grain, start, provider, model, writer,
    count, answered, failed, limited, hits, misses, input, cache_read, cache_write_5m,
    cache_write_1h, output, reasoning, cost, possible, saved, unpriced, estimated, latency_count,
    latency_sum_ns, least_latency_ns, most_latency_ns, least_cost, most_cost, latencies
)
select k.caller, k.grain, k.start, k.provider, k.model, $6::smallint,
    f[o + 1], f[o + 2], f[o + 3], f[o + 4], f[o + 5], f[o + 6], f[o + 7], f[o + 8], f[o + 9],
    f[o + 10], f[o + 11], f[o + 12], f[o + 13], f[o + 14], f[o + 15], f[o + 16], f[o + 17],
    f[o + 18], f[o + 19], f[o + 20], f[o + 21],
    k.least_cost, k.most_cost, k.latencies
from (select $7::bigint[] as f) figures,
    unnest(
        $1::text[], $2::smallint[], $3::timestamptz[], $4::text[], $5::text[],
        $8::bigint[], $9::bigint[], $10::bytea[]
    ) with ordinality
        k(caller, grain, start, provider, model, least_cost, most_cost, latencies, n),
    lateral (select (21 * (k.n - 1))::integer as o) place
on conflict (caller, grain, start, provider, model, writer) do update set
    count = excluded.count, answered = excluded.answered, failed = excluded.failed,
    limited = excluded.limited, hits = excluded.hits, misses = excluded.misses,
    input = excluded.input, cache_read = excluded.cache_read,
    cache_write_5m = excluded.cache_write_5m, cache_write_1h = excluded.cache_write_1h,
    output = excluded.output, reasoning = excluded.reasoning, cost = excluded.cost,
    possible = excluded.possible, saved = excluded.saved, unpriced = excluded.unpriced,
    estimated = excluded.estimated, latency_count = excluded.latency_count,
    latency_sum_ns = excluded.latency_sum_ns, least_latency_ns = excluded.least_latency_ns,
    most_latency_ns = excluded.most_latency_ns, least_cost = excluded.least_cost,
    most_cost = excluded.most_cost, latencies = excluded.latencies
