-- Money in nano-dollars, latencies and ages in nanoseconds, moments in
-- microseconds since the epoch, starts of roll-ups in seconds since the epoch.

-- Append-only. Lines stand in the order of time: new ones share a few pages,
-- where an index of random ids would touch a page for each (a sixth of the CPU
-- per line, measured), and old ones are found without a second index. A line
-- keeps its start, so that it is found again by it.
CREATE TABLE ledger (
    started_at INTEGER NOT NULL,
    request BLOB NOT NULL,
    attempt INTEGER NOT NULL,
    caller TEXT NOT NULL,
    caller_group TEXT,
    provider TEXT,
    model TEXT,
    effort TEXT,
    outcome TEXT NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    is_estimated INTEGER NOT NULL,
    is_inconsistent INTEGER NOT NULL,
    cost INTEGER,
    cost_is_incomplete INTEGER NOT NULL,
    possible_cost INTEGER NOT NULL,
    latency INTEGER NOT NULL,
    cache_status TEXT NOT NULL,
    similarity REAL,
    confidence REAL,
    cache_age INTEGER,
    saved INTEGER,
    call_latency INTEGER,
    PRIMARY KEY (started_at, request, attempt)
) STRICT, WITHOUT ROWID;

-- Before which moment lines may have been removed; no row if none were.
CREATE TABLE ledger_cut (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    before INTEGER NOT NULL
) STRICT;

-- Sums over the ledger. `caller` is empty for everybody together; `provider`
-- and `model` are empty for calls; grain 0, 1, 2 is a minute, hour, day.
CREATE TABLE rollup (
    caller TEXT NOT NULL,
    grain INTEGER NOT NULL,
    start INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    count INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    limited INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    possible_cost INTEGER NOT NULL,
    least_cost INTEGER,
    most_cost INTEGER,
    saved INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    latency_count INTEGER NOT NULL,
    latency_sum INTEGER NOT NULL,
    least_latency INTEGER NOT NULL,
    most_latency INTEGER NOT NULL,
    latencies BLOB NOT NULL,
    PRIMARY KEY (caller, grain, start, provider, model)
) STRICT, WITHOUT ROWID;

CREATE INDEX rollup_age ON rollup (grain, start);

-- Sums of lines that are not in the ledger, for the store was away for too
-- long. `batch` names those that were written together.
CREATE TABLE merged (
    batch BLOB NOT NULL,
    caller TEXT NOT NULL,
    start INTEGER NOT NULL,
    provider TEXT NOT NULL,
    model TEXT NOT NULL,
    count INTEGER NOT NULL,
    answered INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    limited INTEGER NOT NULL,
    hits INTEGER NOT NULL,
    misses INTEGER NOT NULL,
    input INTEGER NOT NULL,
    cache_read INTEGER NOT NULL,
    cache_write_5m INTEGER NOT NULL,
    cache_write_1h INTEGER NOT NULL,
    output INTEGER NOT NULL,
    reasoning INTEGER NOT NULL,
    cost INTEGER NOT NULL,
    possible_cost INTEGER NOT NULL,
    least_cost INTEGER,
    most_cost INTEGER,
    saved INTEGER NOT NULL,
    unpriced INTEGER NOT NULL,
    estimated INTEGER NOT NULL,
    latency_count INTEGER NOT NULL,
    latency_sum INTEGER NOT NULL,
    least_latency INTEGER NOT NULL,
    most_latency INTEGER NOT NULL,
    latencies BLOB NOT NULL,
    PRIMARY KEY (batch, caller, start, provider, model)
) STRICT, WITHOUT ROWID;

-- What periods of budgets have spent. `start` is in microseconds.
CREATE TABLE budget (
    scope TEXT NOT NULL,
    period TEXT NOT NULL,
    start INTEGER NOT NULL,
    spent INTEGER NOT NULL,
    possible INTEGER NOT NULL,
    PRIMARY KEY (scope, period, start)
) STRICT, WITHOUT ROWID;

CREATE TABLE cache_entry (
    scope BLOB NOT NULL,
    key BLOB NOT NULL,
    body BLOB NOT NULL,
    stored_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    PRIMARY KEY (scope, key)
) STRICT;

CREATE INDEX cache_entry_age ON cache_entry (expires_at);

CREATE TABLE routing_state (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    state BLOB NOT NULL
) STRICT;
