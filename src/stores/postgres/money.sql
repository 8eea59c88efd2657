-- Ends holds, and books what new lines change in their budgets.
with line as (
    select request, attempt, spent, possible, budgets::bigint[] as budgets
    from unnest($1::uuid[], $2::integer[], $3::bigint[], $4::bigint[], $5::text[])
        as t (request, attempt, spent, possible, budgets)
),
gone as (
    delete from hold h using line
    where h.request = line.request and h.attempt = line.attempt
    returning h.budgets, h.amount
),
difference as (
    select id, sum(spent)::bigint as spent, sum(possible)::bigint as possible,
        sum(held)::bigint as held
    from (
        select unnest(budgets) as id, spent, possible, 0 as held from line
        union all
        select unnest(budgets), 0, 0, amount from gone
    ) t
    group by id
),
locked as materialized (
    select id from budget where id in (select id from difference) order by id for update
)
update budget b
set spent = b.spent + d.spent, possible = b.possible + d.possible, held = b.held - d.held
from difference d join locked using (id)
where b.id = d.id
