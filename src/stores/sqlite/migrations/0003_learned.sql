-- What routers have learned, one row for each process instead of one for all.
-- What was in that one is dropped: it is learned again.
DROP TABLE routing_state;

CREATE TABLE routing_part (
    name BLOB PRIMARY KEY CHECK (length(name) = 16),
    version BLOB NOT NULL,        -- another one with each write
    updated_at INTEGER NOT NULL,
    state BLOB NOT NULL
) STRICT;
