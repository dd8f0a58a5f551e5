//! Texts of the administration of connected apps.

use super::texts;

texts! {
    /// The list of connected apps.
    AppList {
        title = "Connected apps";
        add = "Add an app";
        search = "Search by name or entity ID";
        name = "App";
        entity_id = "Entity ID";
        state = "State";
        last_used = "Last sign-on";
        never = "never";
        installed = "In use";
        blocked = "Blocked";
        uninstalled = "Not installed";
        key_expired = "A certificate has expired";
        key_expiring = "A certificate expires on {}";
        total = "{} apps";
        one = "1 app";
        empty = "No app is connected yet.";
        empty_hint = "Connect the first one with the metadata file of its service provider.";
        no_match = "No app matches “{}”.";
    }
}

texts! {
    /// Adding an app, or replacing what is known of its service provider.
    AppNew {
        title = "Add an app";
        title_replace = "Replace the metadata of {}";
        intro = "Tell Avouch about the service provider in one of three ways. Nothing is saved \
            yet: first you see what was understood.";
        intro_replace = "Give the new metadata in one of three ways. Nothing is saved yet: first \
            you see what would change. Your own settings of the app stay.";
        file_title = "Upload its metadata file";
        file_hint = "The best way, if you have the file. A file with many service providers lets \
            you pick one.";
        file = "Metadata file";
        file_submit = "Read the file";
        paste_title = "Paste its metadata";
        paste_hint = "If the app shows its metadata as text.";
        paste = "Metadata XML";
        paste_submit = "Read the text";
        signed_by = "Signed by (optional)";
        signed_by_hint = "The certificate, PEM, of whoever publishes the metadata, had from them by \
            another way. The metadata is then refused unless that key signed it and it ends within \
            30 days.";
        typed_title = "Type it in";
        typed_hint = "If the app has no metadata, its documentation names these values.";
        name = "Name";
        name_hint = "What people here call the app.";
        entity_id = "Entity ID";
        entity_id_hint = "The service provider's own name in SAML, also called Issuer or \
            Audience. Every character counts, a final slash too.";
        acs_urls = "Assertion Consumer Service URLs";
        acs_urls_hint = "Where sign-ins are posted to, also called ACS URL, reply URL or single \
            sign-on URL of the app. One in each line; the first is used unless a request names \
            another.";
        typed_hint_replace = "What the form does not show, such as requested attributes and \
            contacts, stays as the metadata has it.";
        certificates = "Signing certificates of the app";
        certificates_hint = "PEM or bare base64, one after the other. Needed only if it signs its \
            requests.";
        encryption_certificates = "Encryption certificates of the app";
        encryption_certificates_hint = "PEM or bare base64, one after the other. Needed only if \
            it wants assertions encrypted. It may be the same as for signing.";
        requests_signed = "It signs all its requests";
        requests_signed_hint = "Requests without a good signature are then refused.";
        typed_submit = "Check what I typed";
        choose_title = "Choose a service provider";
        choose_intro = "The file describes {} service providers. Choose the one to add.";
        choose_search = "Search the file";
        choose_no_match = "Nothing in the file matches that search.";
        choose_taken = "already connected";
    }
}

texts! {
    /// What a metadata file was understood to say, before anything is saved.
    AppPreview {
        title = "Is this right?";
        title_replace = "Change this?";
        intro = "This is what was understood. Nothing is saved yet.";
        intro_replace = "This is what the new metadata says, and what it would change. Nothing \
            is saved yet.";
        warnings = "Please look at this";
        warning_expired = "The certificate {} has expired. It is still used, since SAML goes by \
            the key.";
        warning_logo = "The metadata names a logo on another server. People's browsers are not \
            sent there: pages show the first letter of the name. To show the logo, paste it as a \
            data: image into the app's settings.";
        warning_not_verified = "The metadata carries a signature, which was not verified: no trust \
            key was given. Go back and give the publisher's certificate, or make sure that it \
            comes from the app's owner.";
        warning_identifying = "It lists the NameID format {}, which tells it who the user is. It \
            gets an identifier of its own instead, unless that is ticked below or set later under \
            “How the app recognises a user”; either takes the right to say what is released.";
        warning_lookalikes = "The entity ID has letters that can be taken for others: {}. Make sure \
            that it is the one you know.";
        warning_claims = "What it says of itself (entity attributes, who registered it) can widen \
            what is released. You may not decide that, so it will not be saved.";
        signature = "Signature of the metadata";
        signature_none = "none";
        signature_not_verified = "there is one, not verified: no trust key was given";
        signature_verified = "verified by the key of the certificate {}";
        identifying = "NameID: who the user is";
        changes_keys = "Keys changed: compare the fingerprints with the app's owner";
        changes_risky = "Changes to check with the app's owner";
        changes_safe = "Harmless changes";
        changes_none = "The new metadata says the same as the old.";
        change_before = "before";
        change_after = "after";
        about = "The app";
        name = "Name";
        name_hint = "What people here call the app. You can change it.";
        description = "Description";
        entity_id = "Entity ID";
        organisation = "Organisation";
        contacts = "Contacts";
        info_url = "Information";
        privacy_url = "Privacy statement";
        categories = "Categories";
        valid_until = "Valid until";
        endpoints = "Where sign-ins are sent";
        endpoints_hint = "Avouch sends to these addresses and to no others.";
        endpoint_url = "Address";
        endpoint_binding = "Binding";
        endpoint_index = "Index";
        endpoint_default = "default";
        endpoint_unusable = "not used: Avouch answers by HTTP-POST";
        keys = "Certificates";
        keys_none = "The service provider publishes no certificate. Its requests cannot be \
            checked and assertions cannot be encrypted for it.";
        key_signing = "signing";
        key_encryption = "encryption";
        key_both = "signing and encryption";
        key_subject = "Subject";
        key_fingerprint = "SHA-256 fingerprint";
        key_expires = "Expires";
        key_ignored = "not used: {}";
        requested = "What it asks to know";
        requested_none = "It asks for no attributes. Nothing but an identifier is released until \
            you add attributes.";
        requested_hint = "Asking is not getting: after saving, you choose what is released.";
        will_release = "Release";
        signatures = "Signatures";
        requests_signed = "Its requests are signed";
        assertions_signed = "It wants assertions signed";
        formats = "NameID formats it names";
        ignored = "Not used";
        ignored_hint = "The metadata also holds this, which Avouch does not need or does not \
            support.";
        save = "Save this app";
        save_replace = "Replace the metadata";
        discard = "Discard";
        save_hint = "A new app starts closed: only users whose profile or permission set lists \
            it may use it. You can change that next.";
    }
}

texts! {
    /// An app's settings.
    AppSettings {
        contents = "On this page";
        saved = "Your changes are saved and in force.";
        created = "The app is saved. Give the values below to the service provider, and choose \
            who may use it.";
        state_uninstalled = "This app is not installed: every sign-on is refused. Its settings \
            are kept; installed again, it begins closed.";
        install = "Install this app";
        uninstall_title = "Uninstall";
        uninstall_text = "Refuses everybody and forgets who may use it. What is known of its \
            service provider stays.";
        uninstall = "Uninstall this app";
        state_blocked = "This app is blocked: every sign-on is refused.";
        in_force = "In force: {}";
        from_here = "set here";
        from_metadata = "from the app's metadata";
        from_organisation = "from the organisation";
        from_default = "default";
        its_events = "Sign-on events";
        simulate = "Try a user";

        info_title = "SAML login information";
        info_intro = "What the service provider needs to know about Avouch. Most need only the \
            metadata URL.";
        info_metadata = "Metadata URL";
        info_app_metadata = "Metadata URL for this app";
        info_until = "Metadata is valid until";
        info_until_hint = "Served anew each day with a later end. An app that is handed a file once \
            and never reads it again needs the one without an end, and a new one when keys change.";
        info_endless = "Download without an end";
        info_entity_id = "Entity ID of Avouch";
        info_sso_redirect = "Sign-on URL, HTTP-Redirect";
        info_sso_post = "Sign-on URL, HTTP-POST";
        info_launch = "Launch URL";
        info_certificate = "Certificate";
        info_fingerprint = "SHA-256 fingerprint";
        info_sha1 = "SHA-1 fingerprint (just to compare)";
        info_expires = "Expires";

        basics_title = "About the app";

        sp_title = "Service provider";
        sp_intro = "From the app's metadata. To change it, replace the metadata: you see the \
            differences before they take effect.";
        sp_replace = "Replace metadata";
        sp_valid_until = "Valid until";
        sp_keep = "Take these values over as typed here";
        sp_keep_hint = "What the metadata says stays in force, without an end, until metadata takes its \
            place again. For an app that does not publish its metadata anew; its next change of keys \
            or addresses has to be entered here. It is written to the events.";

        access_title = "Who may use it";
        profiles = "Profiles";
        permission_sets = "Permission sets";
        assigned_hint = "A user may enter if any ticked profile or permission set is theirs.";
        assigned_none = "There is none yet.";

        start_title = "Starting it";

        subject_title = "How the app recognises a user";
        subject_attribute = "Name of the custom attribute";
        subject_attribute_hint = "Only for the subject type Custom attribute. Users without a \
            value are refused.";

        attributes_title = "What the app is told";
        attributes_intro = "One row for each attribute. Nothing is released that is not a row.";
        attributes_none = "No attributes are released.";
        attribute_row = "Attribute {}";
        attribute_name = "SAML name";
        attribute_name_short_hint = "A short name. Federations expect URI names, such as \
            urn:oid:0.9.2342.19200300.100.1.3 for mail.";
        attribute_friendly = "Friendly name";
        attribute_format = "Name format";
        attribute_format_uri = "URI";
        attribute_format_basic = "basic";
        attribute_format_unspecified = "unspecified";
        attribute_source = "Source";
        attribute_value = "Value";
        attribute_value_hint = "For Custom attribute its name; for Constant one value in each \
            line; for Text with fields something like ${given_name} ${family_name}. Otherwise \
            leave it empty.";
        attribute_missing = "Without a value";
        attribute_missing_omit = "leave it out";
        attribute_missing_empty = "send it empty";
        attribute_missing_refuse = "refuse the sign-on";
        attribute_when = "Release";
        attribute_when_always = "always";
        attribute_when_requested = "only if the metadata requests it";
        attribute_when_required = "only if the metadata requires it";
        attribute_only_for = "Only with entity attribute";
        attribute_only_for_hint = "name=value that the app's metadata must carry, for instance a \
            category. Usually empty.";
        attribute_allowed_values = "Only these values";
        attribute_allowed_values_hint = "One in each line. Other values stay here. Empty, together \
            with the next field: every value is released.";
        attribute_allowed_prefixes = "Only values that begin with";
        attribute_allowed_prefixes_hint = "One beginning in each line. Values of the field above \
            are released as well.";
        attribute_remove = "Remove {}";
        attribute_remove_short = "Remove";
        attribute_add = "Add";
        attribute_preset = "New row";
        attribute_preset_empty = "empty";
        source_field_id = "User: ID";
        source_field_username = "User: username";
        source_field_display_name = "User: display name";
        source_field_given_name = "User: given name";
        source_field_family_name = "User: family name";
        source_field_email = "User: e-mail address";
        source_field_federation_id = "User: federation ID";
        source_field_locale = "User: locale";
        source_field_time_zone = "User: time zone";
        source_custom = "User: custom attribute";
        source_profile = "Profile name";
        source_permission_sets = "Permission set names";
        source_organisation_name = "Organisation: name";
        source_organisation_url = "Organisation: URL";
        source_constant = "Constant";
        source_template = "Text with fields";
        source_subject_id = "subject-id";
        source_pairwise_id = "pairwise-id";

        signing_title = "How answers are signed";

        requests_title = "Requests of the app";

        encryption_title = "Encryption";

        time_title = "Time limits";

        block_title = "Block";
        block_text = "Refuses every sign-on at once. Settings and assignments stay.";
        block = "Block this app";
        unblock_text = "Nobody can sign in to this app until it is unblocked.";
        unblock = "Unblock this app";
        remove_title = "Remove";
        remove_text = "Deletes the app with all its settings. Events about it stay.";
        remove = "Remove this app";
    }
}

texts! {
    /// What an app's form and the app itself became while the form was filled in.
    AppConflict {
        title = "Somebody else saved meanwhile";
        intro = "Nothing of what you typed is saved yet, and nothing of it is lost. The app was \
            changed after you opened its settings: look at both and choose what to keep.";
        since = "Changed meanwhile";
        choose = "What to keep";
        choose_hint = "Settings that are the same are not listed. What only one of you changed is \
            chosen already.";
        nothing_differs = "What you typed is what is there by now.";
        changed_by_you = "Changed by you";
        changed_by_them = "Changed meanwhile";
        changed_by_both = "Changed by both: choose";
        before = "Before";
        theirs = "Theirs, as it is now";
        mine = "Yours, as you typed it";
        empty = "nothing";
        not_known = "not known";
        undecided = "Choose which one to keep.";
        save = "Save what is chosen";
        discard = "Discard mine";
        discard_hint = "Discarding leads back to the app as it is now.";
    }
}

texts! {
    /// Removing an app.
    AppRemove {
        title = "Remove {}?";
        text = "Nobody will be able to sign in to it through Avouch. Its settings, its \
            assignments and the persistent IDs of its users are deleted and cannot be brought \
            back. Events about it stay.";
        instead = "To close it for a while, block it instead: that keeps everything.";
        submit = "Remove this app";
        uninstall_title = "Uninstall {}?";
        uninstall_text = "Nobody will be able to sign in to it. Who may use it, its place in the \
            launcher and its consent switch go back to the defaults; what is known of its \
            service provider stays. Installed again, it begins closed.";
        uninstall_submit = "Uninstall this app";
        cancel = "Keep it";
    }
}

texts! {
    /// What an app would be told of a user.
    AppSimulate {
        title = "Try a user";
        lead = "Would this user be let in now, and what exactly would {} receive? Nothing is sent \
            and nothing is recorded.";
        username = "Username";
        submit = "Try";
        allowed = "The user would be let in.";
        consent = "First the consent page would ask the user once.";
        refused = "The user would be refused.";
        name_id = "NameID";
        name_id_none = "none";
        attributes = "Attributes";
        attributes_none = "No attributes would be sent.";
        attributes_empty = "sent without a value";
        held_back = "Held back";
        assertion = "The assertion";
        assertion_hint = "As it would be sent, but for identifiers and times, and without its \
            signature.";
        checks = "Why";
    }
}
