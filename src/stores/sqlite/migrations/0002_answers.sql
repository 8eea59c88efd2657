-- Answers with their owners, their aliases and the vectors of their questions.
-- Nothing wrote any in the form before.
DROP TABLE cache_entry;

CREATE TABLE cache_entry (
    scope BLOB NOT NULL CHECK (length(scope) = 32),
    key BLOB NOT NULL CHECK (length(key) = 32),
    alias_of BLOB,          -- the entry that it repeats, and that it ends with
    owner TEXT NOT NULL,
    stored_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    size INTEGER NOT NULL,  -- in bytes, about
    space BLOB,             -- what the vector may be compared with
    vector BLOB,            -- 32-bit floats, the lowest byte first
    body BLOB NOT NULL,
    PRIMARY KEY (scope, key),
    FOREIGN KEY (scope, alias_of) REFERENCES cache_entry (scope, key) ON DELETE CASCADE
) STRICT;

CREATE INDEX cache_entry_expiry ON cache_entry (expires_at);
-- Serves walks, and sums of sizes without a look at the entries.
CREATE INDEX cache_entry_age ON cache_entry (stored_at, scope, key, size);
CREATE INDEX cache_entry_owner ON cache_entry (owner);
CREATE INDEX cache_entry_alias ON cache_entry (scope, alias_of) WHERE alias_of IS NOT NULL;
