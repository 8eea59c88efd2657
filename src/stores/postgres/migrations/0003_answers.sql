-- Answers with their owners and their aliases. Nothing wrote any in the form
-- before. The vectors of their questions are in a table of their own, which is
-- there where pgvector is.
drop table cache_entry;

create table cache_entry (
    scope bytea not null check (octet_length(scope) = 32),
    key bytea not null check (octet_length(key) = 32),
    alias_of bytea,                      -- the entry that it repeats, and that it ends with
    owner text collate "C" not null,
    stored_at timestamptz not null,
    expires_at timestamptz not null,
    size_bytes bigint not null,          -- with the vector, about
    body bytea not null,
    primary key (scope, key),
    foreign key (scope, alias_of) references cache_entry (scope, key) on delete cascade
);
-- Not packed by the server, so that sizes are what they take.
alter table cache_entry alter column body set storage external;
create index cache_entry_expiry on cache_entry (expires_at);
-- Serves walks, and sums of sizes without a look at the entries.
create index cache_entry_age on cache_entry (stored_at, scope, key) include (size_bytes);
create index cache_entry_owner on cache_entry (owner);
create index cache_entry_alias on cache_entry (scope, alias_of) where alias_of is not null;
