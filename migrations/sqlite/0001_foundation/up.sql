-- The ground: users, apps, keys, sessions, sign-ons in progress, events.
-- Same tables and columns as postgres/0001_foundation; ids are text, instants are milliseconds
-- since 1970 in UTC, JSON is text. Tables whose key is not the row's place on disk are WITHOUT
-- ROWID, which saves a second tree and so a page in each write.

-- One row: what the whole database has one of. The key of the events' reference codes (store/codes.rs),
-- and the migration that a version of Avouch must know to work with the database (migrations/README.md).
CREATE TABLE installation (
    id BIGINT NOT NULL PRIMARY KEY CHECK (id = 1),
    code_key BLOB NOT NULL,
    needs_migration TEXT NOT NULL
);
INSERT INTO installation (id, code_key, needs_migration)
    VALUES (1, randomblob(32), '0001');

-- Whose everything is. One exists; nothing asks for another yet.
CREATE TABLE organisations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}'
) WITHOUT ROWID;
INSERT INTO organisations (id, name) VALUES ('default', '');

CREATE TABLE settings (
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (org_id, key)
) WITHOUT ROWID;

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
    name TEXT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}',
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    UNIQUE (name, org_id)
) WITHOUT ROWID;

CREATE TABLE permission_sets (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL DEFAULT '{}',
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    UNIQUE (name, org_id)
) WITHOUT ROWID;

-- The version of a row rises with each update of it: who changes one names the version they read, and
-- is refused when it is another by then. The same of apps.
CREATE TABLE users (
    id TEXT NOT NULL PRIMARY KEY,
    username TEXT NOT NULL,
    username_folded TEXT NOT NULL,
    display_name TEXT NOT NULL,
    given_name TEXT NOT NULL,
    family_name TEXT NOT NULL,
    email TEXT NOT NULL,
    email_verified BOOLEAN NOT NULL,
    federation_id TEXT,
    locale TEXT NOT NULL,
    time_zone TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    profile_id TEXT NOT NULL REFERENCES profiles (id),
    custom TEXT NOT NULL,
    admin_rights TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    UNIQUE (username_folded, org_id),
    UNIQUE (federation_id, org_id)
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

-- What an app is, as its developer says; whether and how an organisation uses it; and what each
-- protocol needs to know of it, in a table of the protocol's.
CREATE TABLE app_definitions (
    id TEXT NOT NULL PRIMARY KEY,
    api_name TEXT NOT NULL,
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    UNIQUE (api_name, org_id)
);

CREATE TABLE app_installs (
    app_id TEXT NOT NULL REFERENCES app_definitions (id) ON DELETE CASCADE,
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    state TEXT NOT NULL,
    policy TEXT NOT NULL,
    PRIMARY KEY (app_id, org_id)
) WITHOUT ROWID;

CREATE TABLE app_saml (
    app_id TEXT NOT NULL PRIMARY KEY REFERENCES app_definitions (id) ON DELETE CASCADE,
    entity_id TEXT NOT NULL,
    settings TEXT NOT NULL,
    metadata_xml BLOB NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id),
    UNIQUE (entity_id, org_id)
);

CREATE TABLE app_assignments (
    app_id TEXT NOT NULL REFERENCES app_definitions (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    target_id TEXT NOT NULL,
    PRIMARY KEY (app_id, kind, target_id)
) WITHOUT ROWID;

CREATE TABLE consents (
    user_id TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    app_id TEXT NOT NULL REFERENCES app_definitions (id) ON DELETE CASCADE,
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
    created_at BIGINT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id)
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

-- How the user of a session proved who they are, each time they did.
CREATE TABLE session_proofs (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    at BIGINT NOT NULL,
    method TEXT NOT NULL,
    PRIMARY KEY (session_id, at, method)
) WITHOUT ROWID;

-- Keyed by session first: what is asked of it is "which SPs has this session entered". An SP that was
-- told no name has none here.
CREATE TABLE sp_sessions (
    session_id TEXT NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    id TEXT NOT NULL,
    app_id TEXT NOT NULL,
    session_index TEXT NOT NULL,
    name_id TEXT,
    name_id_format TEXT,
    name_qualifier TEXT,
    sp_name_qualifier TEXT,
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
    expires_at BIGINT NOT NULL,
    org_id TEXT NOT NULL DEFAULT 'default' REFERENCES organisations (id)
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

-- Events outlive what they speak of, so nothing here refers to another table. Who acted, what they
-- acted on, and the app it was in or about. Without an organisation it is of the first one: every
-- sign-on writes an event, and writes nothing that is the same in each.
CREATE TABLE events (
    seq INTEGER NOT NULL PRIMARY KEY,
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    result TEXT NOT NULL,
    actor_kind TEXT,
    actor_id TEXT,
    actor_name TEXT,
    target_kind TEXT,
    target_id TEXT,
    target_name TEXT,
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
    org_id TEXT
);

-- Which events name a row: an actor, a target or an app. Not indexes: the clean-up fills it for many events
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
