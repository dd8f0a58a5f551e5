//! Metadata made to do harm. Each attack has its harmless twin, which is read.

use avouch_saml::metadata::entity::Untidy;
use avouch_saml::metadata::{AcsEndpoint, Binding, Fault, Reading, SpMetadata, for_each_sp};
use avouch_saml::xml::limits::Limits;
use avouch_saml::xml::reader::XmlErrorKind;

use super::{NAMESPACES, POST, REDIRECT, Sample, acs, now, parse, reading};
use crate::work::Work;

/// The sample after something in the prolog.
fn after(prolog: &str) -> String {
    format!(
        "<?xml version='1.0' encoding='UTF-8'?>\n{prolog}\n{}",
        Sample::default().xml()
    )
}

fn refused(document: &[u8]) -> XmlErrorKind {
    match SpMetadata::parse(document, &reading())
        .expect_err("refused")
        .fault
    {
        Fault::Xml(kind) => kind,
        other => panic!("{other}"),
    }
}

/// Proves AV-SEC-38, AV-SEC-39, IIP-G03 for metadata: no DTD, so no entity is ever looked at.
#[test]
fn av_sec_38_av_sec_39_no_dtd_no_entities() {
    parse(&after("<!-- DOCTYPE -->")).expect("a comment is harmless");
    let laughs: String = (1..20)
        .map(|n| format!("<!ENTITY l{n} '{}'>", format!("&l{};", n - 1).repeat(10)))
        .collect();
    for doctype in [
        "<!DOCTYPE md:EntityDescriptor>".to_owned(),
        "<!DOCTYPE md:EntityDescriptor []>".to_owned(),
        "<!DOCTYPE md:EntityDescriptor SYSTEM 'file:///etc/passwd'>".to_owned(),
        "<!DOCTYPE md:EntityDescriptor PUBLIC '-//x//y' 'http://127.0.0.1:9/x.dtd'>".to_owned(),
        "<!DOCTYPE md:EntityDescriptor [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>".to_owned(),
        "<!DOCTYPE md:EntityDescriptor [<!ENTITY e SYSTEM 'netdoc:///etc/passwd'>]>".to_owned(),
        "<!DOCTYPE md:EntityDescriptor [<!ENTITY % p SYSTEM 'http://127.0.0.1:9/p'> %p;]>"
            .to_owned(),
        format!("<!DOCTYPE md:EntityDescriptor [<!ENTITY l0 'ha'>{laughs}]>"),
        format!(
            "<!DOCTYPE md:EntityDescriptor [<!ENTITY a '{}'>]>",
            "x".repeat(100_000)
        ),
    ] {
        let work = Work::begin();
        assert_eq!(
            refused(after(&doctype).as_bytes()),
            XmlErrorKind::Doctype,
            "{doctype:.60}"
        );
        assert!(work.spent().as_millis() < 500);
    }
    let reference = Sample::default().xml().replace("/acs'", "/&e;'");
    assert!(matches!(
        refused(reference.as_bytes()),
        XmlErrorKind::Entity(_)
    ));
}

/// Proves AV-SEC-40: what asks to be fetched is left alone; the crate has no network to do it with.
#[test]
fn av_sec_40_nothing_is_fetched_for_metadata() {
    let sample = Sample {
        entity: "entityID='https://sp.example.org/saml' \
                 xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' \
                 xsi:schemaLocation='urn:x http://127.0.0.1:9/x.xsd'"
            .to_owned(),
        entity_extensions: "<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' \
                            href='http://127.0.0.1:9/x' parse='text'/>"
            .to_owned(),
        after_role: "<md:AdditionalMetadataLocation namespace='urn:x'>http://127.0.0.1:9/more\
                     </md:AdditionalMetadataLocation>"
            .to_owned(),
        ..Sample::default()
    };
    let stylesheet = "<?xml-stylesheet href='http://127.0.0.1:9/x.xsl' type='text/xsl'?>";
    let sp = parse(&format!("{stylesheet}{}", sample.xml())).expect("harmless");
    assert!(
        sp.ignored
            .contains(&"{http://www.w3.org/2001/XInclude}include".to_owned())
    );
    assert!(
        sp.ignored
            .iter()
            .any(|name| name.ends_with("AdditionalMetadataLocation"))
    );
}

/// Proves AV-SEC-24, AV-SEC-17 for metadata: one encoding, one root.
#[test]
fn av_sec_24_av_sec_17_encodings_and_roots() {
    let xml = Sample::default().xml();
    parse(&format!("\u{FEFF}{xml}")).expect("a UTF-8 mark is harmless");
    let utf16: Vec<u8> = xml.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let utf16 = [b"\xFF\xFE".to_vec(), utf16].concat();
    for (what, document) in [
        ("UTF-16", utf16),
        (
            "declared UTF-16",
            format!("<?xml version='1.0' encoding='UTF-16'?>{xml}").into_bytes(),
        ),
        (
            "declared UTF-7",
            format!("<?xml version='1.0' encoding='UTF-7'?>{xml}").into_bytes(),
        ),
        ("NUL", xml.replace("/acs'", "/a\0cs'").into_bytes()),
        ("overlong", [xml.as_bytes(), b"<!-- \xC0\xAF -->"].concat()),
        ("escape", xml.replace("/acs'", "/a&#27;cs'").into_bytes()),
        ("two roots", format!("{xml}{xml}").into_bytes()),
        ("text after", format!("{xml}text").into_bytes()),
        ("instruction after", format!("{xml}<?x y?>").into_bytes()),
    ] {
        assert!(SpMetadata::parse(&document, &reading()).is_err(), "{what}");
    }
}

/// Proves AV-SEC-23 for metadata: names are read by namespace, never by prefix.
#[test]
fn av_sec_23_namespace_tricks() {
    let md = "urn:oasis:names:tc:SAML:2.0:metadata";
    let xml = Sample::default().xml();
    let renamed = xml
        .replace("<md:", "<x:")
        .replace("</md:", "</x:")
        .replace("xmlns:md=", "xmlns:x=");
    assert_eq!(
        parse(&renamed).expect("another prefix").acs,
        parse(&xml).unwrap().acs
    );
    let twin = Sample {
        acs: acs(
            POST,
            "https://evil.example.net/acs",
            "index='0' isDefault='true' xmlns:md='urn:x'",
        ) + &acs(POST, "https://sp.example.org/acs", "index='0'"),
        ..Sample::default()
    };
    let sp = twin.good();
    assert_eq!(
        sp.acs.len(),
        1,
        "the twin in another namespace is not an endpoint"
    );
    assert_eq!(sp.acs[0].location().as_str(), "https://sp.example.org/acs");
    for bad in [
        xml.replace(&format!("xmlns:md='{md}'"), ""),
        xml.replace("xmlns:ds=", "xmlns:xml='urn:x' xmlns:ds="),
        xml.replace("xmlns:ds=", "xmlns:xmlns='urn:x' xmlns:ds="),
        xml.replace(
            "<md:AssertionConsumerService",
            "<md:AssertionConsumerService q:x='1'",
        ),
    ] {
        assert!(parse(&bad).is_err(), "{bad:.120}");
    }
}

/// Proves AV-SEC-12 for the reader of metadata: an ID stands once, whatever it is spelt.
#[test]
fn av_sec_12_ids_stand_once() {
    let with = |second: &str| {
        let sample = Sample {
            entity: "entityID='https://sp.example.org/saml' ID='_one'".to_owned(),
            role: second.to_owned(),
            ..Sample::default()
        };
        sample.read()
    };
    assert!(with("ID='_two'").is_ok());
    for twin in ["ID='_one'", "id='_one'", "Id='_one'", "xml:id='_one'"] {
        let error = with(twin).expect_err(twin);
        assert_eq!(
            error.fault,
            Fault::Xml(XmlErrorKind::DuplicateId("_one".to_owned()))
        );
    }
}

/// Proves AV-SEC-42 for metadata: depth, attributes, namespaces, text and keys, refused quickly.
#[test]
fn av_sec_42_metadata_bombs() {
    let deep = Sample {
        entity_extensions: "<x>".repeat(100_000) + &"</x>".repeat(100_000),
        ..Sample::default()
    };
    let numbered = |what: &str, n: usize| {
        (0..n)
            .map(|i| format!("{what}{i}='u{i}' "))
            .collect::<String>()
    };
    let wide = Sample {
        role: numbered("a", 100_000),
        ..Sample::default()
    };
    let declared = Sample {
        role: numbered("xmlns:n", 10_000),
        ..Sample::default()
    };
    for (what, sample) in [("deep", deep), ("wide", wide), ("declared", declared)] {
        let work = Work::begin();
        assert!(
            matches!(
                refused(sample.xml().as_bytes()),
                XmlErrorKind::OverLimit { .. }
            ),
            "{what}"
        );
        assert!(work.spent().as_secs() < 5, "{what}");
    }
    let small = Reading {
        limits: Limits {
            bytes: 4096,
            ..Limits::METADATA
        },
        ..Reading::at(now())
    };
    let long = after(&format!("<!-- {} -->", "x".repeat(5000)));
    assert!(SpMetadata::parse(long.as_bytes(), &small).is_err());
    assert!(SpMetadata::parse(Sample::default().xml().as_bytes(), &small).is_ok());
    let keys = Sample {
        keys: "<md:KeyDescriptor><ds:KeyInfo><ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
            .repeat(5_000),
        ..Sample::default()
    };
    let work = Work::begin();
    assert!(keys.good().keys.is_empty());
    assert!(work.spent().as_secs() < 5);
    // Good keys are taken up to a number: each costs a forged message one digest.
    for (published, taken) in [(100, 100), (101, 100), (5_000, 100)] {
        let good = crate::security::support::dev_certificate("sp-signing");
        let keys = Sample {
            keys: super::keys::descriptor("use='signing'", &good).repeat(published),
            ..Sample::default()
        };
        let sp = keys.good();
        assert_eq!(sp.keys.len(), taken);
        let dropped = sp
            .warnings
            .iter()
            .any(|w| format!("{w:?}").contains("100 keys"));
        assert_eq!(dropped, published > taken);
    }
}

/// A RetrievalMethod that names itself, and key encrypted by itself: nothing follows them.
#[test]
fn av_sec_44_references_are_never_followed() {
    let sample = Sample {
        keys: "<md:KeyDescriptor><ds:KeyInfo Id='k'><ds:RetrievalMethod URI='#k'/>\
               <xenc:EncryptedKey xmlns:xenc='http://www.w3.org/2001/04/xmlenc#'><ds:KeyInfo>\
               <ds:RetrievalMethod URI='#k'/></ds:KeyInfo></xenc:EncryptedKey></ds:KeyInfo></md:KeyDescriptor>"
            .to_owned(),
        ..Sample::default()
    };
    let sp = sample.good();
    assert!(sp.keys.is_empty());
    assert!(matches!(sp.warnings[0].what, Untidy::KeyDropped(_)));
}

const SCRIPTS: [&str; 7] = [
    "javascript:alert(1)",
    "JavaScript:alert(1)",
    "java&#10;script:alert(1)",
    " javascript:alert(1)",
    "data:text/html,&lt;script>alert(1)&lt;/script>",
    "vbscript:x",
    "file:///etc/passwd",
];

/// A slip in a template, or an address that is none: alone it is refused with itself and the reason.
#[test]
fn field_10_field_11_bad_locations_are_named_with_the_reason() {
    for bad in [
        "https:/sp.example.org/acs",
        "/acs",
        "acs/post",
        "sp.example.org/acs",
    ] {
        let alone = Sample {
            acs: acs(POST, bad, "index='1'"),
            ..Sample::default()
        };
        let told = alone.read().expect_err(bad).to_string();
        assert!(told.contains(&format!("{bad:?} is left out: ")), "{told}");
        assert!(!told.ends_with("is left out: "), "{told}");
    }
}

/// An endpoint of another scheme does no harm beside good ones: it is left out, and told. Alone it is
/// nowhere to answer.
#[test]
fn field_34_one_odd_endpoint_does_not_sink_a_file() {
    for odd in [
        "ftp://sp.example.org/",
        "x-app://open",
        "https:/sp.example.org/acs",
    ] {
        let good = acs(POST, "https://sp.example.org/acs", "index='0'");
        let beside = Sample {
            acs: format!("{good}\n{}", acs(POST, odd, "index='1'")),
            before_acs: format!("<md:SingleLogoutService Binding='{REDIRECT}' Location='{odd}'/>"),
            ..Sample::default()
        };
        let sp = beside.good();
        assert_eq!(sp.acs.len(), 1, "{odd}");
        assert!(sp.slo.is_empty());
        let dropped = sp.warnings.iter().filter(|warning| {
            matches!(&warning.what, Untidy::EndpointDropped { location, .. } if location == odd)
        });
        assert_eq!(dropped.count(), 2, "{:?}", sp.warnings);
        let alone = Sample {
            acs: acs(POST, odd, "index='1'"),
            ..Sample::default()
        };
        let error = alone.read().expect_err(odd);
        let told = error.to_string();
        assert!(told.contains(odd) && told.contains("line 1"), "{told}");
    }
}

/// Proves AV-SEC-54: an endpoint that runs code refuses the entity with line and reason; a link or logo
/// of one is dropped.
#[test]
fn av_sec_54_script_locations() {
    for script in SCRIPTS {
        let as_acs = Sample {
            acs: acs(POST, "https://sp.example.org/acs", "index='0'")
                + "\n"
                + &acs(POST, script, "index='1'"),
            ..Sample::default()
        };
        let slo = |attributes: &str| Sample {
            before_acs: format!("<md:SingleLogoutService Binding='{REDIRECT}' {attributes}/>"),
            ..Sample::default()
        };
        let as_slo = slo(&format!("Location='{script}'"));
        let as_response = slo(&format!(
            "Location='https://sp.example.org/slo' ResponseLocation='{script}'"
        ));
        for (sample, line) in [(as_acs, 2), (as_slo, 1), (as_response, 1)] {
            let error = sample.read().expect_err(script);
            assert!(
                matches!(error.fault, Fault::UnsafeLocation { .. }),
                "{script}"
            );
            assert_eq!(error.line, line);
            assert!(
                error
                    .to_string()
                    .contains("runs code or opens what is the user's own")
            );
        }
        let decorations = Sample {
            role: format!("errorURL='{script}'"),
            role_extensions: format!(
                "<mdui:UIInfo><mdui:InformationURL xml:lang='en'>{script}</mdui:InformationURL>\
                 <mdui:PrivacyStatementURL xml:lang='en'>{script}</mdui:PrivacyStatementURL>\
                 <mdui:Logo width='1' height='1'>{script}</mdui:Logo></mdui:UIInfo>"
            ),
            after_role: format!(
                "<md:Organization><md:OrganizationURL xml:lang='en'>{script}</md:OrganizationURL></md:Organization>"
            ),
            ..Sample::default()
        };
        let sp = decorations.good();
        assert_eq!(sp.error_url, None);
        assert!(sp.ui.information_urls.is_empty() && sp.ui.privacy_statement_urls.is_empty());
        assert!(sp.ui.logos.is_empty() && sp.organization.unwrap().urls.is_empty());
        assert_eq!(sp.warnings.len(), 5, "{script}");
        assert!(AcsEndpoint::register(Binding::HttpPost, script, None, None).is_err());
    }
    let typed = AcsEndpoint::register(Binding::HttpPost, "https://sp.example.org/acs", None, None);
    assert!(typed.is_ok());

    // What is only useless is dropped, and the entity refused when nothing is left.
    for useless in [
        "",
        "/acs",
        "//sp.example.org/acs",
        "https://",
        "https://u@sp.example.org/",
        "https://sp.example.org/#f",
    ] {
        let beside = Sample {
            acs: acs(POST, useless, "index='0'")
                + &acs(POST, "https://sp.example.org/acs", "index='1'"),
            ..Sample::default()
        };
        let sp = beside.good();
        assert_eq!(sp.acs.len(), 1);
        assert!(
            matches!(sp.warnings[0].what, Untidy::EndpointDropped { .. }),
            "{useless}"
        );
        let alone = Sample {
            acs: acs(POST, useless, "index='0'"),
            ..Sample::default()
        };
        // Whoever has to mend it learns which, on which line and why.
        let error = alone.read().expect_err(useless);
        let Fault::NoAcs { dropped } = &error.fault else {
            panic!("{useless}: {error}");
        };
        assert_eq!(dropped.len(), 1, "{useless}");
        assert_eq!(dropped[0], sp.warnings[0], "{useless}");
        assert!(error.to_string().contains(&dropped[0].to_string()));
    }
    // An inline SVG is a document with scripts.
    let svg = Sample {
        role_extensions: "<mdui:UIInfo><mdui:Logo width='1' height='1'>data:image/svg+xml;base64,AAAA</mdui:Logo></mdui:UIInfo>".to_owned(),
        ..Sample::default()
    };
    assert!(svg.good().ui.logos.is_empty());
}

/// Proves AV-SEC-56: an endpoint must not bring the parameters of a message itself.
#[test]
fn av_sec_56_endpoints_without_saml_parameters() {
    for query in [
        "SAMLResponse=x&amp;RelayState=y",
        "a=b&amp;SAMLResponse=x",
        "RelayState",
        "samlresponse=x",
        "SAMLResponse[]=x",
        "%53AMLResponse=x",
        "a=b;SAMLart=x",
        "Signature=x",
        "SAMLRequest=x",
    ] {
        let location = format!("https://sp.example.org/acs?{query}");
        let sample = Sample {
            acs: acs(POST, &location, "index='0'"),
            ..Sample::default()
        };
        let error = sample.read().expect_err(query);
        assert!(
            matches!(error.fault, Fault::UnsafeLocation { .. }),
            "{query}"
        );
    }
    let harmless = "https://sp.example.org/acs?tenant=1&amp;next=SAMLResponse";
    let sample = Sample {
        acs: acs(POST, harmless, "index='0'"),
        ..Sample::default()
    };
    assert_eq!(
        sample.good().acs[0].location().as_str(),
        "https://sp.example.org/acs?tenant=1&next=SAMLResponse"
    );
}

/// Proves AV-SEC-55 for what metadata carries: markup stays text, to the letter, for pages to
/// escape.
#[test]
fn av_sec_55_markup_stays_text() {
    let markup = "&lt;script>alert('x')&lt;/script>\"&gt;&lt;img src=x onerror=alert(1)&gt;";
    let plain = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>";
    let sample = Sample {
        role_extensions: format!(
            "<mdui:UIInfo><mdui:DisplayName xml:lang='en'>{markup}</mdui:DisplayName></mdui:UIInfo>"
        ),
        ..Sample::default()
    };
    let sp = sample.good();
    assert_eq!(sp.display_name(&["en"]), plain);
    // A language tag or a logo's address cannot carry any.
    let attributes = Sample {
        role_extensions: "<mdui:UIInfo><mdui:DisplayName xml:lang='en\"onload=\"x'>Name</mdui:DisplayName>\
                          <mdui:Logo width='1' height='1'>https://sp.example.org/\"onerror=\"x</mdui:Logo></mdui:UIInfo>"
            .to_owned(),
        ..Sample::default()
    };
    let sp = attributes.good();
    assert_eq!(sp.ui.display_names[0].lang, "");
    assert!(sp.ui.logos.is_empty());
    let error = format!(
        "{}",
        Sample {
            acs: acs(POST, "javascript:&lt;b>", "index='0'"),
            ..Sample::default()
        }
        .read()
        .unwrap_err()
    );
    assert!(
        error.contains("javascript:<b>"),
        "errors are text too: {error}"
    );
}

/// Text before a comment is not the text: identifiers split by one refuse, names are dropped.
#[test]
fn av_sec_21_text_split_by_comments() {
    let format = |text: &str| Sample {
        before_acs: format!("<md:NameIDFormat>{text}</md:NameIDFormat>"),
        ..Sample::default()
    };
    assert!(format("urn:example:a").read().is_ok());
    assert!(format("urn:example:a<!-- -->.b").read().is_err());
    let name = |text: &str| Sample {
        role_extensions: format!(
            "<mdui:UIInfo><mdui:DisplayName xml:lang='en'>{text}</mdui:DisplayName></mdui:UIInfo>"
        ),
        ..Sample::default()
    };
    assert_eq!(name("Good").good().display_name(&[]), "Good");
    assert_eq!(
        name("Good<!-- -->bad").good().display_name(&[]),
        "sp.example.org"
    );
}

/// A duplicate attribute, element or file of the wrong shape never panics: random damage to a good
/// file is read or refused, nothing else.
#[test]
fn damaged_files_are_read_or_refused() {
    let xml = format!(
        "<md:EntitiesDescriptor {NAMESPACES}>{}</md:EntitiesDescriptor>",
        Sample::default().xml()
    );
    let mut seed = 1_u64;
    for _ in 0..3_000 {
        let mut bytes = xml.clone().into_bytes();
        for _ in 0..3 {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let at = usize::try_from(seed >> 33).unwrap() % bytes.len();
            bytes[at] = b"<>&'\"/ =x\0\xC3"[usize::try_from(seed >> 20).unwrap() % 11];
        }
        // Reaching the end is the proof.
        drop(for_each_sp(&bytes, &reading(), |_| {}));
    }
}
