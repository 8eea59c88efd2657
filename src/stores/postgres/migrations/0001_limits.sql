-- Rates, budgets and holds. Locks are always taken in this order: buckets by
-- (scope, measure), holds by (request, attempt), budgets by id.

create table bucket (
    scope text collate "C" not null,
    measure smallint not null,           -- 0 requests, 1 tokens
    level bigint not null,               -- in millionths; below 0 if more was used than drawn
    filled_at timestamptz not null,
    primary key (scope, measure)
) with (fillfactor = 50);

create table budget (
    id bigint generated always as identity primary key,
    scope text collate "C" not null,
    span smallint not null,              -- 0 hour, 1 day, 2 month, 3 for ever
    start timestamptz not null,
    spent bigint not null default 0,     -- all money is in nano-dollars
    possible bigint not null default 0,
    held bigint not null default 0,
    unique (scope, span, start)
) with (fillfactor = 50);

create table hold (
    request uuid not null,
    attempt integer not null,
    caller text not null,
    amount bigint not null,
    estimate bigint not null,
    budgets bigint[] not null,
    made_at timestamptz not null,
    expires_at timestamptz not null,
    primary key (request, attempt)
);
create index hold_expiry on hold (expires_at);

-- Locks buckets and returns what each holds at the moment of the last lock.
-- Buckets that are not there are made full.
create function gateway_lock_buckets(
    scopes text[], measures smallint[], rates bigint[], bursts bigint[],
    out levels bigint[], out at timestamptz
) language plpgsql as $$
declare
    fills timestamptz[];
    full_at bigint;
begin
    loop
        select array_agg(l.level order by l.n), array_agg(l.filled_at order by l.n)
        into levels, fills
        from (
            select d.n, b.level, b.filled_at
            from unnest(scopes, measures) with ordinality d(scope, measure, n)
            join bucket b on b.scope = d.scope and b.measure = d.measure
            order by b.scope, b.measure
            for update of b
        ) l;
        exit when cardinality(levels) = cardinality(scopes);
        insert into bucket (scope, measure, level, filled_at)
        select d.scope, d.measure, d.burst * 1000000, clock_timestamp()
        from unnest(scopes, measures, bursts) d(scope, measure, burst)
        order by d.scope collate "C", d.measure
        on conflict do nothing;
    end loop;
    -- Read under the locks, the clock of one bucket never runs backwards
    -- unless somebody sets the server's; then nothing flows in once.
    at := clock_timestamp();
    for i in 1 .. cardinality(scopes) loop
        full_at := bursts[i] * 1000000;
        levels[i] := least(full_at::float8, levels[i] + floor(
            greatest(0, extract(epoch from at - fills[i])::float8) * 1e6 * rates[i] / 60));
    end loop;
end $$;

-- Takes from all buckets and sets money aside in all budgets, or does
-- nothing. `verdict` is 0 if it was granted, n if draw n holds too little, and
-- -n if budget n does. `levels` and `free` are what is left afterwards.
create function gateway_reserve(
    scopes text[], measures smallint[], rates bigint[], bursts bigint[], draws bigint[],
    budget_scopes text[], spans smallint[], caps bigint[],
    request_id uuid, attempt_number integer, caller_name text,
    bound bigint, guess bigint, lasts interval,
    out verdict integer, out levels bigint[], out at timestamptz,
    out starts timestamptz[], out free bigint[], out holds bigint[]
) language plpgsql as $$
declare
    ids bigint[];
begin
    verdict := 0;
    at := clock_timestamp();
    if cardinality(scopes) > 0 then
        select l.levels, l.at into levels, at
        from gateway_lock_buckets(scopes, measures, rates, bursts) l;
        for i in 1 .. cardinality(scopes) loop
            if levels[i] < draws[i] * 1000000 then
                verdict := i;
                return;
            end if;
        end loop;
    end if;
    if cardinality(budget_scopes) > 0 then
        for i in 1 .. cardinality(spans) loop
            starts[i] := case spans[i]
                when 0 then date_trunc('hour', at, 'UTC')
                when 1 then date_trunc('day', at, 'UTC')
                when 2 then date_trunc('month', at, 'UTC')
                else 'epoch' end;
        end loop;
        loop
            select array_agg(l.id order by l.n),
                array_agg(caps[l.n] - l.spent - l.possible - l.held order by l.n),
                array_agg(l.held order by l.n)
            into ids, free, holds
            from (
                select d.n, b.*
                from unnest(budget_scopes, spans, starts) with ordinality d(scope, span, start, n)
                join budget b on b.scope = d.scope and b.span = d.span and b.start = d.start
                order by b.id
                for update of b
            ) l;
            exit when cardinality(ids) = cardinality(spans);
            insert into budget (scope, span, start)
            select * from unnest(budget_scopes, spans, starts) d(scope, span, start)
            order by d.scope collate "C", d.span, d.start
            on conflict do nothing;
        end loop;
        for i in 1 .. cardinality(spans) loop
            if free[i] < bound then
                verdict := -i;
                return;
            end if;
            free[i] := free[i] - bound;
        end loop;
        -- A second hold of one attempt fails here, and with it everything.
        insert into hold values
            (request_id, attempt_number, caller_name, bound, guess, ids, at, at + lasts);
        update budget set held = held + bound where id = any(ids);
    end if;
    if cardinality(scopes) > 0 then
        for i in 1 .. cardinality(scopes) loop
            levels[i] := levels[i] - draws[i] * 1000000;
        end loop;
        update bucket b set level = d.level, filled_at = at
        from unnest(scopes, measures, levels) d(scope, measure, level)
        where b.scope = d.scope and b.measure = d.measure;
    end if;
end $$;

-- Puts back what was drawn and not used, or draws what was used beyond that.
create function gateway_refund(
    scopes text[], measures smallint[], rates bigint[], bursts bigint[], deltas bigint[]
) returns void language plpgsql as $$
declare
    l record;
begin
    select * into l from gateway_lock_buckets(scopes, measures, rates, bursts);
    update bucket b
    set level = least(d.burst::numeric, d.level::numeric + d.delta) , filled_at = l.at
    from (
        select scope, measure, burst * 1000000 as burst, level, delta * 1000000 as delta
        from unnest(scopes, measures, bursts, l.levels, deltas) u(scope, measure, burst, level, delta)
    ) d
    where b.scope = d.scope and b.measure = d.measure;
end $$;

-- Ends holds of attempts that were never made, and returns them.
create function gateway_release(requests uuid[], attempts integer[])
returns table (request_id uuid, attempt_number integer) language plpgsql as $$
begin
    -- Waits for a sweeper; what follows sees what it did.
    perform from hold h
    join unnest(requests, attempts) x(request, attempt)
        on h.request = x.request and h.attempt = x.attempt
    order by h.request, h.attempt for update of h;
    return query
    with gone as (
        delete from hold h using unnest(requests, attempts) x(request, attempt)
        where h.request = x.request and h.attempt = x.attempt
        returning h.request, h.attempt, h.budgets, h.amount
    ),
    difference as (
        select b.id, sum(gone.amount)::bigint as held
        from gone, unnest(gone.budgets) b(id) group by b.id
    ),
    locked as materialized (
        select id from budget where id in (select id from difference) order by id for update
    ),
    freed as (
        update budget b set held = b.held - d.held
        from difference d join locked using (id) where b.id = d.id
    )
    select gone.request, gone.attempt from gone;
end $$;
