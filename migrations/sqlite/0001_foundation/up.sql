-- The ground: users, apps, keys, sessions, sign-ons in progress, events.
-- Same tables and columns as postgres/0001_foundation; ids are text, instants are milliseconds
-- since 1970 in UTC, JSON is text. Tables whose key is not the row's place on disk are WITHOUT
-- ROWID, which saves a second tree and so a page in each write.

CREATE TABLE settings (
    key TEXT NOT NULL PRIMARY KEY,
    value BLOB NOT NULL
) WITHOUT ROWID;
-- The key of the events' reference codes; see store/codes.rs.
INSERT INTO settings (key, value) VALUES ('event-codes', randomblob(32));

-- One row. Each version rises with every change of its kind, and tells every node whether what it has
-- cached of it is still true. Users have a version each, in their rows.
CREATE TABLE state (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    apps BIGINT NOT NULL,
    keys BIGINT NOT NULL,
    -- Of permission sets too.
    profiles BIGINT NOT NULL
);
INSERT INTO state (id, apps, keys, profiles) VALUES (1, 1, 1, 1);

CREATE TABLE profiles (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) WITHOUT ROWID;

CREATE TABLE permission_sets (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) WITHOUT ROWID;

-- The version of a row rises with each update of it: who changes one names the version they read, and
-- is refused when it is another by then. The same of apps.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL UNIQUE,
    display_name TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_verified BOOLEAN NOT NULL,
    federation_id TEXT UNIQUE,
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    profile_id TEXT NOT NULL REFERENCES profiles (id),
    custom TEXT NOT NULL,
    admin_rights TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX users_by_profile ON users (profile_id);

CREATE TABLE user_permission_sets (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    permission_set_id TEXT NOT NULL REFERENCES permission_sets (id) ON DELETE CASCADE,
    PRIMARY KEY (user_id, permission_set_id)
) WITHOUT ROWID;

CREATE TABLE passwords (
    user_id TEXT NOT NULL PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    hash TEXT NOT NULL,
    changed_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE apps (
    id TEXT NOT NULL PRIMARY KEY,
    api_name TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    entity_id TEXT NOT NULL UNIQUE,
    state TEXT NOT NULL,
    definition TEXT NOT NULL,
    policy TEXT NOT NULL,
    metadata_xml BLOB NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL
);

CREATE TABLE app_assignments (
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    PRIMARY KEY (app_id, kind, target_id)
) WITHOUT ROWID;

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    attributes_hash TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (user_id, app_id)
) WITHOUT ROWID;

CREATE TABLE signing_keys (
    id TEXT NOT NULL PRIMARY KEY,
    purpose TEXT NOT NULL,
    algorithm TEXT NOT NULL,
    private_key BLOB NOT NULL,
    certificate BLOB NOT NULL,
    state TEXT NOT NULL,
    created_at BIGINT NOT NULL
) WITHOUT ROWID;

CREATE TABLE sessions (
    id TEXT NOT NULL PRIMARY KEY,
    token_hash TEXT NOT NULL UNIQUE,
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    authn_instant BIGINT NOT NULL,
    authn_context TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_seen BIGINT NOT NULL,
    idle_expires BIGINT NOT NULL,
    absolute_expires BIGINT NOT NULL,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX sessions_by_user ON sessions (user_id);
CREATE INDEX sessions_by_end ON sessions (idle_expires);

-- Keyed by session first: what is asked of it is "which SPs has this session entered".
CREATE TABLE sp_sessions (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    session_index TEXT NOT NULL,
    name_id TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    not_on_or_after BIGINT NOT NULL,
    PRIMARY KEY (session_id, id)
) WITHOUT ROWID;

CREATE TABLE pending (
    id TEXT NOT NULL PRIMARY KEY,
    browser_hash TEXT,
    app_id TEXT NOT NULL,
    stage TEXT NOT NULL,
    request TEXT NOT NULL,
    status TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX pending_by_end ON pending (expires_at);

-- Keyed by the message's own instant first: the same message has the same, whoever sees it when, and
-- new messages come in about the order of it, so that they are appended and forgotten as a range.
CREATE TABLE replay (
    issued_at BIGINT NOT NULL,
    issuer TEXT NOT NULL,
    message_id TEXT NOT NULL,
    pending_id TEXT,
    PRIMARY KEY (issued_at, issuer, message_id)
) WITHOUT ROWID;

-- Events outlive what they speak of, so nothing here refers to another table.
CREATE TABLE events (
    seq INTEGER NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    result TEXT NOT NULL,
    user_id TEXT,
    username TEXT,
    app_id TEXT,
    app_name TEXT,
    entity_id TEXT,
    address TEXT NOT NULL,
    user_agent TEXT NOT NULL,
    initiated_by TEXT NOT NULL,
    protocol TEXT NOT NULL,
    binding TEXT NOT NULL,
    reason TEXT NOT NULL,
    checks TEXT NOT NULL,
    request_id TEXT NOT NULL,
    acting TEXT
);

-- Which events name a user or an app, by its row. Not indexes: the clean-up fills it for many events
-- at a time, up to the one in events_indexed, and those after are few enough to be looked at one by one.
CREATE TABLE event_mentions (
    row_id TEXT NOT NULL,
    seq BIGINT NOT NULL,
    PRIMARY KEY (row_id, seq)
) WITHOUT ROWID;

CREATE TABLE events_indexed (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    seq BIGINT NOT NULL
);
INSERT INTO events_indexed (id, seq) VALUES (1, 0);

CREATE TABLE throttle (
    key TEXT NOT NULL PRIMARY KEY,
    failures BIGINT NOT NULL,
    window_start BIGINT NOT NULL,
    blocked_until BIGINT NOT NULL
) WITHOUT ROWID;
CREATE INDEX throttle_by_end ON throttle (blocked_until);
