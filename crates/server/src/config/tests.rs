//! The configuration as an operator meets it.

use avouch_saml::security::algorithm::{Purpose, SignatureAlgorithm};

use super::*;

const NONE: [(&str, &str); 0] = [];

fn load(text: &str) -> Result<Settings, ConfigError> {
    load_with(text, NONE)
}

fn load_with<const N: usize>(
    text: &str,
    environment: [(&str, &str); N],
) -> Result<Settings, ConfigError> {
    Settings::from_text(text, "avouch.toml", &Environment::from_pairs(environment))
}

fn problems(result: Result<Settings, ConfigError>) -> Vec<String> {
    match result {
        Ok(_) => Vec::new(),
        Err(ConfigError::Problems(problems)) => problems.iter().map(ToString::to_string).collect(),
        Err(other) => vec![other.to_string()],
    }
}

#[test]
fn an_empty_file_is_a_good_configuration_for_this_machine() {
    let settings = load("").unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(settings.server.base_url.as_str(), "http://localhost:8080");
    assert_eq!(
        settings.idp.entity_id.as_str(),
        "http://localhost:8080/saml/metadata"
    );
    assert_eq!(settings.saml.defaults.clock_skew_seconds, 180);
    assert!(settings.server.listen.iter().all(|a| a.ip().is_loopback()));
    assert!(settings.warnings().is_empty());
}

#[test]
fn each_value_can_come_from_the_environment() {
    let settings = load_with(
        "[server]\nbase_url = 'https://file.example.org'\nworkers = 1\n",
        [
            ("AVOUCH_SERVER_BASE_URL", "https://env.example.org"),
            ("AVOUCH_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, 192.0.2.1"),
            ("AVOUCH_SAML_HIDE_STATUS_DETAIL", "true"),
            ("AVOUCH_LOGIN_HASH_PASSES", "3"),
            ("AVOUCH_LOGS_FORMAT", "json"),
            (
                "AVOUCH_IDP_DISPLAY_NAMES",
                "{ en = 'Sample', de = 'Beispiel' }",
            ),
            (
                "AVOUCH_IDP_CONTACTS",
                "[{ kind = 'technical', email = 'it@example.org' }]",
            ),
            (
                "DATABASE_URL",
                "postgres://avouch:secret@db.example.org/avouch",
            ),
        ],
    )
    .unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(settings.server.base_url.as_str(), "https://env.example.org");
    assert_eq!(settings.server.workers, Some(1));
    assert_eq!(settings.server.trusted_proxies.len(), 2);
    assert!(settings.saml.hide_status_detail);
    assert_eq!(settings.login.hash_cost.passes, 3);
    assert_eq!(settings.logs.format, logs::LogFormat::Json);
    assert_eq!(settings.idp.display_names["de"], "Beispiel");
    assert_eq!(settings.idp.contacts[0].email, "it@example.org");
    assert_eq!(
        settings.database.address.shown(),
        "postgres://avouch@db.example.org/avouch"
    );
}

#[test]
fn every_problem_is_told_at_once_with_its_place() {
    let told = problems(load_with(
        "[server]\nbase_url = 'ftp://x'\nworkers = 'many'\n\n[saml]\nclock_skew_seconds = 1000\n",
        [("AVOUCH_LOGS_LEVEL", "loud")],
    ));
    assert_eq!(told.len(), 4, "{told:#?}");
    assert!(told[0].starts_with("server.base_url (avouch.toml line 2): expected an https"));
    assert!(told[1].starts_with("server.workers (avouch.toml line 3): expected a whole number"));
    assert!(told[2].contains("saml.clock_skew_seconds (avouch.toml line 6)"));
    assert!(told[2].contains("from 0 to 600; got 1000"));
    assert!(told[3].starts_with("logs.level (AVOUCH_LOGS_LEVEL): expected one of"));
}

/// Each misspelling that fingers make: a letter missing, doubled, two swapped, a hyphen for the
/// underscore, another letter case, another section.
fn misspellings(key: &str) -> Vec<String> {
    let chars: Vec<char> = key.chars().collect();
    let middle = chars.len() / 2;
    let mut missing = chars.clone();
    missing.remove(middle);
    let mut doubled = chars.clone();
    doubled.insert(middle, chars[middle]);
    let mut swapped = chars.clone();
    swapped.swap(middle, middle - 1);
    [missing, doubled, swapped]
        .into_iter()
        .map(String::from_iter)
        .chain([key.replace('_', "-"), key.to_uppercase(), format!("{key}s")])
        .filter(|misspelt| misspelt != key)
        .collect()
}

/// Proves AV-SEC-73. Every setting, so every security switch, is refused when misspelt, in the file
/// and in the environment, and the right name is told.
#[test]
fn av_sec_73_a_misspelt_setting_refuses_to_start() {
    let keys = Settings::keys();
    assert!(keys.len() > 50, "{}", keys.len());
    for (section, key) in &keys {
        for misspelt in misspellings(key) {
            if keys.contains(&(section, misspelt.as_str())) {
                continue;
            }
            let told = problems(load(&format!("[{section}]\n{misspelt} = true\n")));
            assert_eq!(told.len(), 1, "{section}.{misspelt}: {told:?}");
            assert!(
                told[0].contains(&format!(
                    "{section}.{misspelt} (avouch.toml line 2): no such setting"
                )) && told[0].contains("did you mean"),
                "{told:?}"
            );
            let variable =
                format!("AVOUCH_{}_{}", section, misspelt.replace('-', "_")).to_uppercase();
            if keys
                .iter()
                .any(|(s, k)| variable == format!("AVOUCH_{s}_{k}").to_uppercase())
            {
                continue;
            }
            let told = problems(load_with("", [(variable.as_str(), "true")]));
            assert_eq!(told.len(), 1, "{variable}: {told:?}");
            assert!(told[0].contains(&variable) && told[0].contains("did you mean"));
        }
    }
    for (wrong, right) in [
        ("sever", "server"),
        ("databse", "database"),
        ("log", "logs"),
    ] {
        let told = problems(load(&format!("[{wrong}]\nx = 1\n")));
        assert!(
            told[0].contains(&format!("did you mean `{right}`?")),
            "{told:?}"
        );
        let variable = format!("AVOUCH_{}_URL", wrong.to_uppercase());
        let told = problems(load_with("", [(variable.as_str(), "x")]));
        assert_eq!(told.len(), 1, "{told:?}");
    }
    assert!(matches!(
        Settings::load(
            Some(Path::new("no/such/avouch.toml")),
            &Environment::default()
        ),
        Err(ConfigError::File { .. })
    ));
    assert!(matches!(load("[server\n"), Err(ConfigError::Toml { .. })));
}

#[test]
fn variables_of_others_are_let_be() {
    let told = problems(load_with(
        "",
        [
            ("AVOUCH_BIN", "/usr/bin/avouch"),
            ("AVOUCH_SERVICE_HOST", "10.0.0.1"),
            ("AVOUCH_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
            ("AVOUCH_CONFIG", "avouch.toml"),
        ],
    ));
    assert!(told.is_empty(), "{told:?}");
}

#[test]
fn values_of_the_wrong_kind_are_refused() {
    for (text, expected) in [
        (
            "[saml]\nhide_status_detail = 'yes'",
            "expected true or false; got \"yes\"",
        ),
        (
            "[saml]\nhide_status_detail = 1",
            "expected true or false; got 1",
        ),
        ("[server]\nbase_url = 1", "expected text; got a number"),
        (
            "[server]\nlisten = ['0.0.0.0:8080']",
            "expected a loopback address",
        ),
        (
            "[server]\nlisten = ['127.0.0.1:8080', '[::]:8080']",
            "whoever reaches [::]:8080",
        ),
        ("[server]\nlisten = ['nowhere']", "an IP address and port"),
        ("[login]\nhash_passes = 1.5", "got a float or a date"),
        ("[idp]\ncontacts = [{ kind = 'technical' }]", "a `kind` of"),
        (
            "[idp]\ncontacts = [{ knd = 'technical', email = 'a@b' }]",
            "did you mean `kind`?",
        ),
        ("server = 1", "expected a section"),
    ] {
        let told = problems(load(text)).join("\n");
        assert!(told.contains(expected), "{text}: {told}");
    }
    let told = problems(load_with("", [("AVOUCH_SAML_HIDE_STATUS_DETAIL", "ture")])).join("\n");
    assert!(told.contains("expected true or false"), "{told}");
}

#[test]
fn a_plain_http_base_url_is_for_loopback_or_by_explicit_choice() {
    for good in [
        "http://localhost:1234",
        "http://127.0.0.1:8080",
        "http://[::1]:8080",
        "http://idp.localhost",
        "https://login.example.org",
        "https://login.example.org:8443/",
    ] {
        let told = problems(load(&format!("[server]\nbase_url = '{good}'")));
        assert!(told.is_empty(), "{good}: {told:?}");
    }
    let lab = "[server]\nbase_url = 'http://idp.test:8080'\n";
    let told = problems(load(lab)).join("\n");
    assert!(told.contains("insecure_http"), "{told}");
    let settings = load(&format!("{lab}insecure_http = true")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(settings.warnings().len(), 1);
    for bad in [
        "http://localhost.example.org",
        "http://127.0.0.1.example.org",
        "https://user@login.example.org",
        "https://login.example.org/idp",
        "https://",
        "login.example.org",
        "https://login.example.org?x",
    ] {
        let told = problems(load(&format!("[server]\nbase_url = '{bad}'")));
        assert!(!told.is_empty(), "{bad}");
    }
}

/// Proves SDP-G02, SDP-G04.
#[test]
fn sdp_g02_sdp_g04_an_entity_id_is_an_absolute_uri_of_at_most_256_characters() {
    let longest = format!("urn:x:{}", "a".repeat(250));
    for good in [
        "https://idp.example.org/saml",
        "urn:mace:example.org:idp",
        longest.as_str(),
    ] {
        let settings =
            load(&format!("[idp]\nentity_id = '{good}'")).unwrap_or_else(|e| panic!("{good}: {e}"));
        assert_eq!(settings.idp.entity_id.as_str(), good);
    }
    let too_long = format!("{longest}a");
    for bad in [
        "idp.example.org",
        "/saml",
        ":x",
        "urn:",
        "https://a b",
        too_long.as_str(),
    ] {
        let told = problems(load(&format!("[idp]\nentity_id = '{bad}'"))).join("\n");
        assert!(
            told.contains("an absolute URI of at most 256 characters"),
            "{bad}: {told}"
        );
    }
}

/// Proves AV-MDP-07, SDP-MD10, SDP-MD12: what metadata cannot say is refused with key, expected and
/// received, before anybody asks for it.
#[test]
fn av_mdp_07_what_metadata_cannot_say_is_refused_at_load() {
    let https = "[server]\nbase_url = 'https://login.example.org'\n";
    let png = "data:image/png;base64,AAAA";
    let logo = |url: &str, width: &str, height: &str| {
        format!("[[idp.logos]]\nurl = '{url}'\n{width}{height}")
    };
    let (w, h) = ("width = 16\n", "height = 16\n");
    for good in [
        logo("https://login.example.org/logo.png", w, h),
        logo(png, w, h),
        "[idp]\ndisplay_names = { en = 'One', de = 'Eins', de-CH = 'Eis' }".to_owned(),
        "[idp]\nerror_url = 'https://example.org/help#errors'".to_owned(),
        "[idp]\nprivacy_urls = { en = 'https://example.org/privacy' }".to_owned(),
    ] {
        load(&format!("{https}{good}")).unwrap_or_else(|e| panic!("{good}: {e}"));
    }
    for (bad, key, expected, received) in [
        (
            logo(png, "width = 0\n", h),
            "idp.logos",
            "a `width` of at least 1",
            "got 0",
        ),
        (
            logo(png, w, "height = 0\n"),
            "idp.logos",
            "a `height` of at least 1",
            "got 0",
        ),
        (
            logo(png, w, ""),
            "idp.logos",
            "a `height` in pixels",
            "got none",
        ),
        (
            logo("data:image/png,raw", w, h),
            "idp.logos",
            "an https URL or data:image",
            "data:image/png,raw",
        ),
        (
            logo("data:image/svg+xml;base64,AAAA", w, h),
            "idp.logos",
            "a raster image",
            "svg+xml",
        ),
        (
            logo("http://login.example.org/logo.png", w, h),
            "idp.logos",
            "an https URL",
            "http://login",
        ),
        (
            "[idp]\nerror_url = 'http://example.org/help'".to_owned(),
            "idp.error_url",
            "an absolute https URL",
            "http://example.org/help",
        ),
        (
            "[idp]\ninformation_urls = { en = 'http://example.org/' }".to_owned(),
            "idp.information_urls",
            "an absolute https URL for `en`",
            "http://example.org/",
        ),
        (
            "[idp]\nprivacy_urls = { en = 'http://example.org/' }".to_owned(),
            "idp.privacy_urls",
            "an absolute https URL for `en`",
            "http://example.org/",
        ),
        (
            "[idp]\ndisplay_names = { en = 'One', EN = 'Two' }".to_owned(),
            "idp.display_names",
            "each language once",
            "`en` beside `EN`",
        ),
        (
            "[idp]\ndescriptions = { 'in English' = 'One' }".to_owned(),
            "idp.descriptions",
            "a language",
            "in English",
        ),
        (
            "[idp]\nkeywords = { en = \"a\\u0001b\" }".to_owned(),
            "idp.keywords",
            "characters that XML can carry",
            "\\u{1}",
        ),
        (
            "[idp]\nlanguage = 'english (UK)'".to_owned(),
            "idp.language",
            "a language",
            "english (UK)",
        ),
    ] {
        let told = problems(load(&format!("{https}{bad}"))).join("\n");
        for part in [key, expected, received] {
            assert!(told.contains(part), "{bad}: {told}");
        }
    }
}

/// Proves SDP-G01.
#[test]
fn sdp_g01_clock_skew_is_three_minutes_unless_set() {
    let skew = |text| load(text).map(|s| s.saml.defaults.clock_skew_seconds).ok();
    assert_eq!(skew(""), Some(180));
    assert_eq!(skew("[saml]\nclock_skew_seconds = 300"), Some(300));
    assert_eq!(skew("[saml]\nclock_skew_seconds = -1"), None);
}

/// Proves IIP-ALG08, in its half about configuration.
#[test]
fn iip_alg08_selecting_a_blocked_algorithm_is_refused_at_load() {
    let sha512 = SignatureAlgorithm::RsaSha512.uri();
    let blocked = format!("[saml]\nblocked_signatures = ['{sha512}']\n");
    let settings = load(&blocked).unwrap_or_else(|e| panic!("{e}"));
    assert!(
        !settings
            .saml
            .defaults
            .algorithms
            .permits_signature(SignatureAlgorithm::RsaSha512)
    );
    assert!(
        settings
            .saml
            .defaults
            .algorithms
            .permits_signature(SignatureAlgorithm::RsaSha256)
    );
    assert!(load("[saml]\nrsa_signature = 'rsa-sha512'").is_ok());
    let told = problems(load(&format!("{blocked}rsa_signature = 'rsa-sha512'"))).join("\n");
    assert!(
        told.contains("blocked by `saml.blocked_signatures`"),
        "{told}"
    );

    for (text, expected) in [
        (
            "blocked_digests = ['http://www.w3.org/2001/04/xmlenc#sha256']",
            "blocked by `saml.blocked_digests`",
        ),
        (
            "blocked_encryption = ['http://www.w3.org/2009/xmlenc11#aes128-gcm']",
            "blocked by `saml.blocked_encryption`",
        ),
        (
            "blocked_signatures = ['rsa-sha512']",
            "expected the identifier",
        ),
        ("rsa_signature = 'rsa-sha1'", "expected one of rsa-sha256"),
        ("rsa_signature = 'rsa-md5'", "expected one of rsa-sha256"),
    ] {
        let told = problems(load(&format!("[saml]\n{text}"))).join("\n");
        assert!(told.contains(expected), "{text}: {told}");
    }
    let policy = load("")
        .map(|s| s.saml.defaults.algorithms)
        .unwrap_or_else(|e| panic!("{e}"));
    for (purpose, uri) in [
        (
            Purpose::Signature,
            "http://www.w3.org/2001/04/xmldsig-more#rsa-md5",
        ),
        (
            Purpose::Signature,
            "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        ),
        (
            Purpose::KeyTransport,
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        ),
    ] {
        assert!(!policy.permits_uri(purpose, uri), "{uri}");
    }
}

#[test]
fn secrets_are_never_quoted() {
    let told = problems(load_with(
        "[keys]\nmaster = 'hush'\n[server]\nworkers = -1\n",
        [
            ("DATABASE_URL", "mysql://avouch:hush@db.example.org/avouch"),
            ("AVOUCH_SERVER_WORKERS", "x"),
        ],
    ))
    .join("\n");
    assert!(
        told.contains("DATABASE_URL") && !told.contains("hush"),
        "{told}"
    );
}

#[test]
fn tls_takes_both_halves_and_an_https_base_url() {
    let both = "tls_certificate = 'a.pem'\ntls_key = 'a.key'\n";
    assert!(load(&format!("[server]\nbase_url = 'https://localhost'\n{both}")).is_ok());
    let told = problems(load(&format!("[server]\n{both}"))).join("\n");
    assert!(told.contains("expected an https URL"), "{told}");
    let told = problems(load("[server]\ntls_key = 'a.key'\n")).join("\n");
    assert!(told.contains("expected both halves"), "{told}");
}

#[test]
fn the_manual_names_every_setting() {
    let manual = include_str!("../../../../docs/configuration.md");
    let mut section = String::new();
    let mut named = Vec::new();
    for line in manual.lines() {
        if let Some(name) = line
            .strip_prefix("## `[")
            .and_then(|rest| rest.strip_suffix("]`"))
        {
            section = name.to_owned();
        } else if let Some(rest) = line.strip_prefix("| `")
            && let Some((key, _)) = rest.split_once('`')
        {
            named.push((section.clone(), key.to_owned()));
        }
    }
    let known: Vec<(String, String)> = Settings::keys()
        .into_iter()
        .map(|(s, k)| (s.to_owned(), k.to_owned()))
        .collect();
    for key in &known {
        assert!(named.contains(key), "docs/configuration.md lacks {key:?}");
    }
    for key in &named {
        assert!(
            known.contains(key),
            "docs/configuration.md has {key:?}, which does not exist"
        );
    }
}

#[test]
fn the_example_is_a_good_configuration() {
    let settings = load(include_str!("../../../../examples/avouch.toml"))
        .unwrap_or_else(|error| panic!("{error}"));
    assert!(!settings.idp.contacts.is_empty());
    assert!(settings.warnings().is_empty());
}
