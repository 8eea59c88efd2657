-- The record of calls.

create table ledger (
    request uuid not null,
    attempt integer not null,
    source smallint not null default 0,  -- 0 recorded, 1 booked for a hold that nobody settled
    started_at timestamptz not null,
    caller text not null,
    team text,
    provider text,
    model text,
    effort text,
    outcome text not null,               -- answered, abandoned, or what failed
    input bigint not null,
    cache_read bigint not null,
    cache_write_5m bigint not null,
    cache_write_1h bigint not null,
    output bigint not null,
    reasoning bigint not null,
    usage_state smallint not null,       -- 1 estimated, 2 inconsistent, 3 both
    cost bigint,                         -- nano-dollars; null if no price is known
    cost_is_incomplete boolean not null,
    possible bigint not null,
    latency_ns bigint not null,
    cache text not null,                 -- exact, semantic, miss or bypass
    cache_similarity real,
    cache_confidence real,
    cache_age_us bigint,
    cache_saved bigint,
    call_latency_ns bigint,              -- on the line that ends its call
    budgets bigint[] not null,
    primary key (request, attempt)
);
create index ledger_start on ledger using brin (started_at) with (autosummarize = on);

-- What lines come to, by the minute, hour and day. Each writer has rows of its
-- own: a row that everybody adds to would be locked while a commit waits for
-- the disk, twenty times a second for every instance.
create table roll_up (
    caller text collate "C" not null,    -- '' is everybody
    grain smallint not null,             -- 0 minute, 1 hour, 2 day; 3 minute, without lines
    start timestamptz not null,
    provider text collate "C" not null,  -- '' and '' are the sums over calls
    model text collate "C" not null,
    writer smallint not null,
    count bigint not null,
    answered bigint not null,
    failed bigint not null,
    limited bigint not null,
    hits bigint not null,
    misses bigint not null,
    input bigint not null,
    cache_read bigint not null,
    cache_write_5m bigint not null,
    cache_write_1h bigint not null,
    output bigint not null,
    reasoning bigint not null,
    cost bigint not null,
    possible bigint not null,
    saved bigint not null,
    unpriced bigint not null,
    estimated bigint not null,
    latency_count bigint not null,
    latency_sum_ns bigint not null,
    least_latency_ns bigint not null,
    most_latency_ns bigint not null,
    least_cost bigint,
    most_cost bigint,
    latencies bytea not null,            -- a sketch, empty if there is none
    primary key (caller, grain, start, provider, model, writer)
) with (fillfactor = 70);
create index roll_up_age on roll_up (grain, start);

-- Sums that were added without their lines, so that they are added once.
create table merged (
    id uuid primary key,
    added_at timestamptz not null default now()
);

-- What was removed.
create table upkeep (
    id smallint primary key check (id = 1),
    lines_from timestamptz not null      -- lines that began before this are gone
);

-- Who shares the database.
create table instance (
    id uuid primary key,
    writer smallint not null unique,
    seen_at timestamptz not null
);

-- Notes that an instance lives, and returns its number among the writers and
-- how many instances live.
create function gateway_beat(instance_id uuid, out number smallint, out alive bigint)
language plpgsql as $$
begin
    perform pg_advisory_xact_lock(1095191888, 0);
    delete from instance where seen_at < clock_timestamp() - interval '60 s';
    insert into instance (id, writer, seen_at)
    select instance_id, min(n), clock_timestamp()
    from generate_series(1, 1 + (select count(*) from instance)) n
    where n not in (select writer from instance)
    on conflict (id) do update set seen_at = excluded.seen_at;
    select writer into number from instance where id = instance_id;
    select count(*) into alive from instance
    where seen_at > clock_timestamp() - interval '30 s';
end $$;

create table cache_entry (
    scope bytea not null,
    key bytea not null,
    body bytea not null,
    stored_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (scope, key)
);
create index cache_entry_expiry on cache_entry (expires_at);

create table routing_state (
    id smallint primary key check (id = 1),
    state bytea not null,
    saved_at timestamptz not null
);

-- Begins the transaction that books lines. Locks their holds, so that a
-- sweeper is waited for, and the rows of sums of one writer. Returns the ids of
-- budgets; those that are not there are made, for a crash of the server may
-- have forgotten them.
create function gateway_begin_booking(
    writer integer, requests uuid[], attempts integer[],
    scopes text[], spans smallint[], starts timestamptz[],
    out ids bigint[]
) language plpgsql as $$
begin
    -- Whoever adds up all sums anew takes this one for itself.
    perform pg_advisory_xact_lock_shared(1095191888, -1);
    perform pg_advisory_xact_lock(1095191888, writer);
    perform from hold h
    join unnest(requests, attempts) x(request, attempt)
        on h.request = x.request and h.attempt = x.attempt
    order by h.request, h.attempt for update of h;
    loop
        select array_agg(b.id order by d.n) into ids
        from unnest(scopes, spans, starts) with ordinality d(scope, span, start, n)
        join budget b on b.scope = d.scope and b.span = d.span and b.start = d.start;
        exit when coalesce(cardinality(ids), 0) = cardinality(scopes);
        insert into budget (scope, span, start)
        select * from unnest(scopes, spans, starts) d(scope, span, start)
        order by d.scope collate "C", d.span, d.start
        on conflict do nothing;
    end loop;
end $$;

-- Books holds that nobody settled in time at their estimate, as a possible
-- cost, and returns how many and how much.
create function gateway_sweep(
    grace interval, most integer, out swept bigint, out amount bigint
) language sql as $$
with dead as (
    select request, attempt from hold where expires_at + grace < clock_timestamp()
    order by request, attempt for update skip locked limit most
),
gone as (
    delete from hold h using dead
    where h.request = dead.request and h.attempt = dead.attempt returning h.*
),
booked as (
    insert into ledger (
        request, attempt, source, started_at, caller, outcome,
        input, cache_read, cache_write_5m, cache_write_1h, output, reasoning, usage_state,
        cost, cost_is_incomplete, possible, latency_ns, cache, budgets)
    select request, attempt, 1, made_at, caller, 'abandoned',
        0, 0, 0, 0, 0, 0, 1, 0, false, estimate, 0, 'bypass', budgets
    from gone
    on conflict (request, attempt) do nothing
    returning possible, budgets
),
difference as (
    select id, sum(possible)::bigint as possible, sum(held)::bigint as held
    from (
        select unnest(budgets) as id, possible, 0 as held from booked
        union all select unnest(budgets), 0, gone.amount from gone
    ) t group by id
),
locked as materialized (
    select id from budget where id in (select id from difference) order by id for update
),
changed as (
    update budget b set held = b.held - d.held, possible = b.possible + d.possible
    from difference d join locked using (id) where b.id = d.id
)
select count(*), coalesce(sum(possible), 0)::bigint from booked;
$$;
