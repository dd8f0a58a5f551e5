//! The tables, as both migration sets make them. `tests/conformance` compares this with what
//! SQLite and PostgreSQL really have.

diesel::table! {
    installation (id) {
        id -> BigInt,
        code_key -> Binary,
        needs_migration -> Text,
    }
}

diesel::table! {
    organisations (id) {
        id -> Text,
        name -> Text,
        settings -> Text,
    }
}

diesel::table! {
    settings (org_id, key) {
        org_id -> Text,
        key -> Text,
        value -> Binary,
    }
}

diesel::table! {
    state (id) {
        id -> BigInt,
        apps -> BigInt,
        keys -> BigInt,
        profiles -> BigInt,
    }
}

diesel::table! {
    profiles (id) {
        id -> Text,
        name -> Text,
        settings -> Text,
        org_id -> Text,
    }
}

diesel::table! {
    permission_sets (id) {
        id -> Text,
        name -> Text,
        settings -> Text,
        org_id -> Text,
    }
}

diesel::table! {
    users (id) {
        id -> Text,
        username -> Text,
        username_folded -> Text,
        display_name -> Text,
        given_name -> Text,
        family_name -> Text,
        email -> Text,
        email_verified -> Bool,
        federation_id -> Nullable<Text>,
        locale -> Text,
        time_zone -> Text,
        active -> Bool,
        profile_id -> Text,
        custom -> Text,
        admin_rights -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        org_id -> Text,
    }
}

diesel::table! {
    user_permission_sets (user_id, permission_set_id) {
        user_id -> Text,
        permission_set_id -> Text,
    }
}

diesel::table! {
    passwords (user_id) {
        user_id -> Text,
        hash -> Text,
        changed_at -> BigInt,
    }
}

diesel::table! {
    app_definitions (id) {
        id -> Text,
        api_name -> Text,
        name -> Text,
        definition -> Text,
        created_at -> BigInt,
        updated_at -> BigInt,
        version -> BigInt,
        org_id -> Text,
    }
}

diesel::table! {
    app_installs (app_id, org_id) {
        app_id -> Text,
        org_id -> Text,
        state -> Text,
        policy -> Text,
    }
}

diesel::table! {
    app_saml (app_id) {
        app_id -> Text,
        entity_id -> Text,
        settings -> Text,
        metadata_xml -> Binary,
        org_id -> Text,
    }
}

diesel::table! {
    app_assignments (app_id, kind, target_id) {
        app_id -> Text,
        kind -> Text,
        target_id -> Text,
    }
}

diesel::table! {
    consents (user_id, app_id) {
        user_id -> Text,
        app_id -> Text,
        attributes_hash -> Text,
        at -> BigInt,
    }
}

diesel::table! {
    signing_keys (id) {
        id -> Text,
        purpose -> Text,
        algorithm -> Text,
        private_key -> Binary,
        certificate -> Binary,
        state -> Text,
        created_at -> BigInt,
        org_id -> Text,
    }
}

diesel::table! {
    sessions (id) {
        id -> Text,
        token_hash -> Text,
        user_id -> Text,
        authn_instant -> BigInt,
        authn_context -> Text,
        created_at -> BigInt,
        last_seen -> BigInt,
        idle_expires -> BigInt,
        absolute_expires -> BigInt,
        address -> Text,
        user_agent -> Text,
    }
}

diesel::table! {
    session_proofs (session_id, at, method) {
        session_id -> Text,
        at -> BigInt,
        method -> Text,
    }
}

diesel::table! {
    sp_sessions (session_id, id) {
        session_id -> Text,
        id -> Text,
        app_id -> Text,
        session_index -> Text,
        name_id -> Nullable<Text>,
        name_id_format -> Nullable<Text>,
        name_qualifier -> Nullable<Text>,
        sp_name_qualifier -> Nullable<Text>,
        created_at -> BigInt,
        not_on_or_after -> BigInt,
    }
}

diesel::table! {
    pending (id) {
        id -> Text,
        browser_hash -> Nullable<Text>,
        app_id -> Text,
        stage -> Text,
        request -> Text,
        status -> Text,
        created_at -> BigInt,
        expires_at -> BigInt,
        org_id -> Text,
    }
}

diesel::table! {
    replay (issued_at, issuer, message_id) {
        issued_at -> BigInt,
        issuer -> Text,
        message_id -> Text,
        pending_id -> Nullable<Text>,
    }
}

diesel::table! {
    events (seq) {
        seq -> BigInt,
        at -> BigInt,
        kind -> Text,
        result -> Text,
        actor_kind -> Nullable<Text>,
        actor_id -> Nullable<Text>,
        actor_name -> Nullable<Text>,
        target_kind -> Nullable<Text>,
        target_id -> Nullable<Text>,
        target_name -> Nullable<Text>,
        app_id -> Nullable<Text>,
        app_name -> Nullable<Text>,
        entity_id -> Nullable<Text>,
        address -> Text,
        user_agent -> Text,
        initiated_by -> Text,
        protocol -> Text,
        binding -> Text,
        reason -> Text,
        checks -> Text,
        request_id -> Text,
        org_id -> Nullable<Text>,
    }
}

diesel::table! {
    event_mentions (row_id, seq) {
        row_id -> Text,
        seq -> BigInt,
    }
}

diesel::table! {
    events_indexed (id) {
        id -> BigInt,
        seq -> BigInt,
    }
}

diesel::table! {
    throttle (key) {
        key -> Text,
        failures -> BigInt,
        window_start -> BigInt,
        blocked_until -> BigInt,
    }
}

diesel::joinable!(users -> profiles (profile_id));
diesel::joinable!(sessions -> users (user_id));
diesel::joinable!(user_permission_sets -> users (user_id));
diesel::joinable!(user_permission_sets -> permission_sets (permission_set_id));
diesel::joinable!(passwords -> users (user_id));
diesel::joinable!(app_installs -> app_definitions (app_id));
diesel::joinable!(app_saml -> app_definitions (app_id));

diesel::allow_tables_to_appear_in_same_query!(event_mentions, events);

diesel::allow_tables_to_appear_in_same_query!(
    app_definitions,
    app_installs,
    app_saml,
    passwords,
    permission_sets,
    profiles,
    sessions,
    state,
    user_permission_sets,
    users,
);
