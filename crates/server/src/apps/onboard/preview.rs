//! What SP metadata would become, before anything is stored.

use avouch_saml::metadata::attributes::RequestedAttribute;
use avouch_saml::metadata::ui::{ContactKind, choose_text};
use avouch_saml::metadata::{MetadataError, Reading, SpMetadata};
use avouch_saml::name_id::NameIdFormat;
use avouch_saml::time::Timestamp;

use crate::apps::api_name::api_name_from;
use crate::apps::draft::Draft;
use crate::apps::link::{is_held_logo, is_link, is_logo};
use crate::apps::row::{FORMAT_UNSPECIFIED, check_names, default_format};
use crate::apps::saml::{AttributeRow, SamlSettings, Source, SubjectType, UserField};
use crate::apps::{Definition, LocalPolicy};

/// What a metadata document was understood to say, and what would be stored.
#[derive(Debug, Clone)]
pub struct Preview {
    /// All of it that has an effect, with warnings and the names of what has none.
    pub sp: SpMetadata,
    /// What would be stored: releases nothing but the identifier, admits nobody.
    pub draft: Draft,
    /// What the SP asks to know, with the row that would tell it.
    pub proposals: Vec<Proposal>,
    /// The NameID format it lists that would tell it who a user is, if it lists one.
    pub identifying: Option<NameIdFormat>,
}

/// An attribute the SP asks for.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// The SP's words.
    pub requested: RequestedAttribute,
    /// The row that would release it; `None` for a name nobody here knows.
    pub row: Option<AttributeRow>,
}

impl Preview {
    /// Reads one SP's metadata.
    ///
    /// # Errors
    /// [`MetadataError`]: the line and the reason. Nothing of the document may be used.
    pub fn read(document: &[u8], now: Timestamp) -> Result<Self, MetadataError> {
        Ok(Self::of(SpMetadata::parse(document, &Reading::at(now))?))
    }

    /// The preview of metadata that was read.
    pub fn of(sp: SpMetadata) -> Self {
        let draft = draft(&sp);
        let mut proposals: Vec<Proposal> = Vec::new();
        for requested in sp
            .attribute_consuming_services
            .iter()
            .flat_map(|service| &service.requested)
        {
            let known = proposals.iter().any(|p| {
                p.requested.name == requested.name
                    && p.requested.name_format == requested.name_format
            });
            if !known {
                proposals.push(Proposal {
                    requested: requested.clone(),
                    row: propose(requested),
                });
            }
        }
        Self {
            identifying: identifying(&sp.name_id_formats),
            sp,
            draft,
            proposals,
        }
    }

    /// Letters of the entity ID that may be taken for others, such as `і (U+0456)`; empty for an
    /// entity ID of plain ASCII.
    pub fn lookalikes(&self) -> String {
        let letters = self.sp.entity_id.as_str().chars();
        let named: Vec<String> = letters
            .filter(|c| !c.is_ascii())
            .map(|c| format!("{c} (U+{:04X})", u32::from(c)))
            .collect();
        named.join(", ")
    }

    /// Lets the SP have the identifying NameID it lists: always when it lists no other that can be
    /// issued, else when a request names it. For an admin who said so, and for `avouch dev`.
    pub fn accept_identifying(&mut self) {
        let Some(format) = &self.identifying else {
            return;
        };
        let saml = &mut self.draft.definition.saml;
        if self.sp.name_id_formats.iter().any(is_private) {
            saml.allowed_name_id_formats.push(format.uri().to_owned());
            return;
        }
        let own = std::mem::replace(&mut saml.name_id_format, format.uri().to_owned());
        saml.allowed_name_id_formats.insert(0, own);
        saml.subject_type = match format {
            NameIdFormat::EmailAddress => SubjectType::Email,
            _ => SubjectType::Username,
        };
    }

    /// Adds to the draft every row the SP asks for and somebody here knows. For an admin who said
    /// so, and for `avouch dev`.
    pub fn accept_proposals(&mut self) {
        let rows = &mut self.draft.definition.saml.attributes;
        for row in self.proposals.iter().filter_map(|p| p.row.as_ref()) {
            if !rows
                .iter()
                .any(|r| r.name == row.name && r.name_format == row.name_format)
            {
                rows.push(row.clone());
            }
        }
    }
}

const LANGUAGES: &[&str] = &["en"];

fn draft(sp: &SpMetadata) -> Draft {
    let name = plain(sp.display_name(LANGUAGES), 200);
    let (subject_type, name_id_format) = subject(sp);
    let defaults = SamlSettings::default();
    let allowed_name_id_formats = std::iter::once(&defaults.name_id_format)
        .chain(&defaults.allowed_name_id_formats)
        .filter(|format| **format != name_id_format)
        .cloned()
        .collect();
    let shown = |texts| choose_text(texts, LANGUAGES).map(|text| plain(text, 1000));
    Draft {
        api_name: api_name_from(&name),
        definition: Definition {
            description: shown(&sp.ui.descriptions).unwrap_or_default(),
            contact: contact(sp),
            logo_url: logo(sp),
            info_url: choose_text(&sp.ui.information_urls, LANGUAGES)
                .filter(|url| is_link(url))
                .map(str::to_owned),
            start_url: None,
            saml: SamlSettings {
                subject_type,
                name_id_format,
                allowed_name_id_formats,
                ..defaults
            },
        },
        name,
        policy: LocalPolicy::default(),
    }
}

/// The NameID to begin with: of those in the SP's list that say nothing about the user the one that
/// lasts, since the order of the list prefers none and an SP that lists both can know its users again.
///
/// Without one, an SP that states which subject identifier it needs knows its users by that
/// attribute, and its NameID serves logout alone, as saml2int has it (SDP-IDP12): transient.
/// Any other SP has nothing but the NameID to know its users by, so theirs must last: persistent.
fn subject(sp: &SpMetadata) -> (SubjectType, String) {
    let otherwise = match sp.subject_id_requirement {
        Some(_) => &NameIdFormat::Transient,
        None => &NameIdFormat::Persistent,
    };
    let lists = |format: &NameIdFormat| sp.name_id_formats.contains(format);
    let mut private = [&NameIdFormat::Persistent, &NameIdFormat::Transient].into_iter();
    let format = private.find(|format| lists(format)).unwrap_or(otherwise);
    let subject = match format {
        NameIdFormat::Transient => SubjectType::Transient,
        _ => SubjectType::Persistent,
    };
    (subject, format.uri().to_owned())
}

const fn is_private(format: &NameIdFormat) -> bool {
    matches!(format, NameIdFormat::Persistent | NameIdFormat::Transient)
}

/// `unspecified` counts only when nothing else is listed, since it says nothing.
fn identifying(listed: &[NameIdFormat]) -> Option<NameIdFormat> {
    let mail = NameIdFormat::EmailAddress;
    if listed.contains(&mail) {
        return Some(mail);
    }
    let unspecified = NameIdFormat::Unspecified;
    let only = listed.contains(&unspecified) && !listed.iter().any(is_private);
    only.then_some(unspecified)
}

/// Whom to ask: the contact most likely to answer an admin, then any that has an address.
fn contact(sp: &SpMetadata) -> String {
    [
        ContactKind::Support,
        ContactKind::Technical,
        ContactKind::Administrative,
    ]
    .iter()
    .flat_map(|kind| sp.contacts.iter().filter(move |c| c.kind == *kind))
    .chain(&sp.contacts)
    .find_map(|contact| contact.emails.first())
    .map_or_else(String::new, |mail| plain(mail, 200))
}

/// The logo nearest to what a tile shows; one that the metadata itself holds before others, since
/// only such a one is shown.
fn logo(sp: &SpMetadata) -> Option<String> {
    const TILE: u32 = 96;
    sp.ui
        .logos
        .iter()
        .filter(|logo| is_logo(&logo.url))
        .min_by_key(|logo| (!is_held_logo(&logo.url), logo.height.abs_diff(TILE)))
        .map(|logo| logo.url.clone())
}

/// Foreign text on one line: no controls, no marks that turn the reading direction, bounded.
fn plain(text: &str, characters: usize) -> String {
    let turns = |c: char| matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
    let kept: String = text
        .chars()
        .filter(|c| c.is_whitespace() || !(c.is_control() || turns(*c)))
        .collect();
    let words: Vec<&str> = kept.split_whitespace().collect();
    words.join(" ").chars().take(characters).collect()
}

/// Well-known attributes: every name they go by, the usual short name, and where the values come
/// from. What a user has no field for comes from a custom attribute of the short name.
const KNOWN: &[(&[&str], &str, Option<UserField>)] = &[
    (
        &[
            "urn:oid:0.9.2342.19200300.100.1.3",
            "urn:mace:dir:attribute-def:mail",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
            "mail",
            "email",
            "emailaddress",
        ],
        "mail",
        Some(UserField::Email),
    ),
    (
        &[
            "urn:oid:2.5.4.42",
            "urn:mace:dir:attribute-def:givenName",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
            "givenname",
            "firstname",
            "first_name",
        ],
        "givenName",
        Some(UserField::GivenName),
    ),
    (
        &[
            "urn:oid:2.5.4.4",
            "urn:mace:dir:attribute-def:sn",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
            "sn",
            "surname",
            "lastname",
            "last_name",
        ],
        "sn",
        Some(UserField::FamilyName),
    ),
    (
        &[
            "urn:oid:2.16.840.1.113730.3.1.241",
            "urn:mace:dir:attribute-def:displayName",
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
            "http://schemas.microsoft.com/identity/claims/displayname",
            "displayname",
            "name",
        ],
        "displayName",
        Some(UserField::DisplayName),
    ),
    (
        &["urn:oid:2.5.4.3", "urn:mace:dir:attribute-def:cn", "cn"],
        "cn",
        Some(UserField::DisplayName),
    ),
    (
        &[
            "urn:oid:0.9.2342.19200300.100.1.1",
            "urn:mace:dir:attribute-def:uid",
            "uid",
            "username",
        ],
        "uid",
        Some(UserField::Username),
    ),
    (
        &[
            "urn:oid:2.16.840.1.113730.3.1.39",
            "urn:mace:dir:attribute-def:preferredLanguage",
            "preferredlanguage",
        ],
        "preferredLanguage",
        Some(UserField::Locale),
    ),
    (
        &[
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.6",
            "urn:mace:dir:attribute-def:eduPersonPrincipalName",
            "edupersonprincipalname",
            "eppn",
        ],
        "eduPersonPrincipalName",
        None,
    ),
    (
        &[
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.9",
            "urn:mace:dir:attribute-def:eduPersonScopedAffiliation",
            "edupersonscopedaffiliation",
        ],
        "eduPersonScopedAffiliation",
        None,
    ),
    (
        &[
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.1",
            "urn:mace:dir:attribute-def:eduPersonAffiliation",
            "edupersonaffiliation",
        ],
        "eduPersonAffiliation",
        None,
    ),
    (
        &[
            "urn:oid:1.3.6.1.4.1.5923.1.1.1.7",
            "urn:mace:dir:attribute-def:eduPersonEntitlement",
            "edupersonentitlement",
        ],
        "eduPersonEntitlement",
        None,
    ),
    (
        &[
            "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
            "upn",
            "userprincipalname",
        ],
        "userPrincipalName",
        None,
    ),
    (
        &[
            "http://schemas.xmlsoap.org/claims/group",
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
            "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
            "groups",
            "group",
            "memberof",
            "ismemberof",
        ],
        "groups",
        None,
    ),
    (
        &[
            "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
            "roles",
            "role",
        ],
        "roles",
        None,
    ),
];

/// The row that would release what is asked for: the SP's own name and format, our source. The
/// friendly name identifies nothing, so it is never looked at.
fn propose(requested: &RequestedAttribute) -> Option<AttributeRow> {
    let name = requested.name.as_str();
    let identifier = match name {
        "urn:oasis:names:tc:SAML:attribute:subject-id" => Some(("subject-id", Source::SubjectId)),
        "urn:oasis:names:tc:SAML:attribute:pairwise-id" => {
            Some(("pairwise-id", Source::PairwiseId))
        }
        _ => None,
    };
    let (friendly, source) = identifier.or_else(|| {
        let (_, friendly, field) = KNOWN.iter().find(|(names, ..)| {
            names.contains(&name)
                || (!name.contains(':') && names.contains(&name.to_lowercase().as_str()))
        })?;
        Some(match field {
            Some(field) => (*friendly, Source::User(*field)),
            None => (*friendly, Source::Custom((*friendly).to_owned())),
        })
    })?;
    let row = |name_format: &str| AttributeRow {
        friendly_name: Some(
            requested
                .friendly_name
                .as_deref()
                .map_or_else(|| friendly.to_owned(), |name| plain(name, 100)),
        ),
        ..AttributeRow::new(name, name_format, source.clone())
    };
    // Where the SP leaves the format open or states one that its name does not have, the name
    // tells.
    let stated = row(&requested.name_format);
    Some(
        if requested.name_format == FORMAT_UNSPECIFIED || check_names(&stated).is_err() {
            row(default_format(name))
        } else {
            stated
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apps::PermittedUsers;
    use crate::apps::onboard::typed::{Typed, typed_to_metadata};

    const NOW: Timestamp = Timestamp::from_millis(1_772_460_309_250);

    fn document(role: &str) -> String {
        format!(
            "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
             xmlns:mdui=\"urn:oasis:names:tc:SAML:metadata:ui\" \
             entityID=\"https://sp.example.org/saml\">\
             <md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
             {role}\
             </md:SPSSODescriptor></md:EntityDescriptor>"
        )
    }

    const ACS: &str = "<md:AssertionConsumerService index=\"0\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://sp.example.org/acs\"/>";

    fn read(role: &str) -> Preview {
        Preview::read(document(role).as_bytes(), NOW).expect("good metadata")
    }

    #[test]
    fn typed_fields_read_back() {
        let certificate = include_str!("../../../../../certs/dev/sp-signing.cert.pem").to_owned();
        let typed = Typed {
            entity_id: " https://sp.example.org/saml ".into(),
            name: "Ünï & <sons>".into(),
            acs: vec![
                "https://sp.example.org/acs".into(),
                "https://sp.example.org/acs2".into(),
            ],
            signing_certificates: vec![certificate],
            signs_requests: true,
            ..Typed::default()
        };
        let xml = typed_to_metadata(&typed).expect("complete");
        let preview = Preview::read(&xml, NOW).expect("its own reader takes it");
        assert_eq!(preview.sp.warnings, []);
        assert_eq!(preview.sp.entity_id.as_str(), "https://sp.example.org/saml");
        assert_eq!(preview.draft.name, "Ünï & <sons>");
        assert_eq!(preview.draft.api_name, "n-sons");
        assert_eq!(preview.sp.acs.len(), 2);
        assert_eq!(preview.sp.acs[0].is_default(), Some(true));
        assert!(preview.sp.authn_requests_signed);
        assert!(preview.sp.keys.len() == 1 && !preview.sp.keys[0].usage.encrypts());
        assert_eq!(
            preview.draft.definition.saml.subject_type,
            SubjectType::Persistent
        );
    }

    #[test]
    fn typed_locations_pass_the_same_checks() {
        for (location, good) in [
            ("https://sp.example.org/acs", true),
            ("javascript:alert(1)", false),
            ("https://sp.example.org/acs?SAMLResponse=x", false),
            ("sp.example.org/acs", false),
        ] {
            let typed = Typed {
                entity_id: "https://sp.example.org".into(),
                acs: vec![location.into()],
                ..Typed::default()
            };
            let xml = typed_to_metadata(&typed).expect("writable");
            assert_eq!(Preview::read(&xml, NOW).is_ok(), good, "{location}");
        }
    }

    /// Proves AV-MDC-14 for names: mdui by language, then ServiceName, then the host.
    #[test]
    fn av_mdc_14_the_name_comes_from_the_first_that_has_one() {
        let ui = "<md:Extensions><mdui:UIInfo>\
            <mdui:DisplayName xml:lang=\"de\">Wiki (de)</mdui:DisplayName>\
            <mdui:DisplayName xml:lang=\"en\">The \u{202E} Wiki</mdui:DisplayName>\
            <mdui:Logo width=\"16\" height=\"16\">https://sp.example.org/16.png</mdui:Logo>\
            <mdui:Logo width=\"80\" height=\"80\">https://sp.example.org/80.png</mdui:Logo>\
            <mdui:Logo width=\"96\" height=\"96\">javascript:alert(1)</mdui:Logo>\
            <mdui:InformationURL xml:lang=\"en\">javascript:alert(1)</mdui:InformationURL>\
            </mdui:UIInfo></md:Extensions>";
        let service = "<md:AttributeConsumingService index=\"0\">\
            <md:ServiceName xml:lang=\"en\">The service</md:ServiceName>\
            <md:RequestedAttribute Name=\"mail\"/></md:AttributeConsumingService>";
        let full = read(&format!("{ui}{ACS}{service}"));
        assert_eq!(full.draft.name, "The Wiki");
        assert_eq!(
            full.draft.definition.logo_url.as_deref(),
            Some("https://sp.example.org/80.png")
        );
        assert_eq!(full.draft.definition.info_url, None);
        assert_eq!(read(&format!("{ACS}{service}")).draft.name, "The service");
        let bare = read(ACS);
        assert_eq!(bare.draft.name, "sp.example.org");
        assert_eq!(bare.draft.api_name, "sp-example-org");
    }

    #[test]
    fn the_first_format_that_suits_everybody_is_taken() {
        let format = |uris: &[NameIdFormat]| {
            let listed: String = uris
                .iter()
                .map(|f| format!("<md:NameIDFormat>{}</md:NameIDFormat>", f.uri()))
                .collect();
            let saml = read(&format!("{listed}{ACS}")).draft.definition.saml;
            assert!(!saml.allowed_name_id_formats.contains(&saml.name_id_format));
            (
                saml.subject_type,
                NameIdFormat::from_uri(&saml.name_id_format),
            )
        };
        use NameIdFormat as F;
        assert_eq!(format(&[]), (SubjectType::Persistent, F::Persistent));
        assert_eq!(
            format(&[F::Unspecified, F::Transient]),
            (SubjectType::Transient, F::Transient)
        );
        for listed in [&[F::Unspecified][..], &[F::EmailAddress, F::Unspecified]] {
            assert_eq!(format(listed), (SubjectType::Persistent, F::Persistent));
        }
        assert_eq!(
            format(&[F::EmailAddress, F::Transient]),
            (SubjectType::Transient, F::Transient)
        );
        for both in [
            &[F::Transient, F::Persistent],
            &[F::Persistent, F::Transient],
        ] {
            assert_eq!(format(both), (SubjectType::Persistent, F::Persistent));
        }
        assert_eq!(
            format(&[F::Other("urn:x:kerberos".into())]),
            (SubjectType::Persistent, F::Persistent)
        );
    }

    /// Proves AV-SEC-49: a format that says who the user is takes an admin's word.
    #[test]
    fn av_sec_49_identifying_formats_are_not_had_for_the_asking() {
        use NameIdFormat as F;
        let listing = |formats: &[F]| {
            let listed: String = formats
                .iter()
                .map(|f| format!("<md:NameIDFormat>{}</md:NameIDFormat>", f.uri()))
                .collect();
            read(&format!("{listed}{ACS}"))
        };
        for (listed, identifying, accepted) in [
            (&[][..], None, (SubjectType::Persistent, F::Persistent)),
            (
                &[F::EmailAddress],
                Some(F::EmailAddress),
                (SubjectType::Email, F::EmailAddress),
            ),
            (
                &[F::EmailAddress, F::Transient],
                Some(F::EmailAddress),
                (SubjectType::Transient, F::Transient),
            ),
            (
                &[F::Unspecified],
                Some(F::Unspecified),
                (SubjectType::Username, F::Unspecified),
            ),
            (
                &[F::Unspecified, F::Persistent],
                None,
                (SubjectType::Persistent, F::Persistent),
            ),
        ] {
            let mut preview = listing(listed);
            assert_eq!(preview.identifying, identifying, "{listed:?}");
            let saml = &preview.draft.definition.saml;
            let uris = [F::EmailAddress, F::Unspecified];
            for uri in uris.iter().map(F::uri) {
                assert!(saml.name_id_format != uri, "{listed:?}");
                assert!(!saml.allowed_name_id_formats.iter().any(|a| a == uri));
            }
            preview.accept_identifying();
            let saml = &preview.draft.definition.saml;
            let own = F::from_uri(&saml.name_id_format);
            assert_eq!((saml.subject_type.clone(), own), accepted, "{listed:?}");
            if let Some(format) = identifying {
                let mut all = saml
                    .allowed_name_id_formats
                    .iter()
                    .chain([&saml.name_id_format]);
                assert!(all.any(|uri| uri == format.uri()), "{listed:?}");
            }
        }
    }

    /// Proves SDP-IDP12: an SP that knows its users by a subject identifier gets a transient NameID,
    /// unless it lists another.
    #[test]
    fn sdp_idp12_an_sp_with_a_subject_identifier_gets_a_transient_name_id() {
        let role = |formats: &str| format!("{formats}{ACS}");
        let persistent = "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>";
        for (signal, formats, subject) in [
            (Some("pairwise-id"), "", SubjectType::Transient),
            (Some("none"), "", SubjectType::Transient),
            (Some("any"), persistent, SubjectType::Persistent),
            (None, "", SubjectType::Persistent),
        ] {
            let extensions = signal.map_or_else(String::new, |signal| {
                format!(
                    "<md:Extensions><mdattr:EntityAttributes xmlns:mdattr=\"urn:oasis:names:tc:SAML:metadata:attribute\">\
                     <saml:Attribute xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
                     Name=\"urn:oasis:names:tc:SAML:profiles:subject-id:req\" \
                     NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\">\
                     <saml:AttributeValue>{signal}</saml:AttributeValue></saml:Attribute>\
                     </mdattr:EntityAttributes></md:Extensions><md:SPSSODescriptor "
                )
            });
            let xml = document(&role(formats));
            let xml = if extensions.is_empty() {
                xml
            } else {
                xml.replacen("<md:SPSSODescriptor ", &extensions, 1)
            };
            let preview = Preview::read(xml.as_bytes(), NOW).expect("good metadata");
            assert_eq!(
                preview.draft.definition.saml.subject_type, subject,
                "{signal:?} {formats}"
            );
        }
    }

    /// Proves SDP-IDP18 for proposals: a URI is proposed in the URI format, whatever the SP left out.
    #[test]
    fn sdp_idp18_a_proposal_names_a_uri_as_one() {
        let asked = "<md:AttributeConsumingService index=\"0\">\
            <md:ServiceName xml:lang=\"en\">S</md:ServiceName>\
            <md:RequestedAttribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\"/>\
            <md:RequestedAttribute Name=\"mail\" \
             NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\"/>\
            <md:RequestedAttribute Name=\"sn\" \
             NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"/>\
            </md:AttributeConsumingService>";
        let formats: Vec<String> = read(&format!("{ACS}{asked}"))
            .proposals
            .iter()
            .map(|p| p.row.as_ref().expect("known").name_format.clone())
            .collect();
        use crate::apps::row::{FORMAT_BASIC, FORMAT_URI};
        assert_eq!(formats, [FORMAT_URI, FORMAT_BASIC, FORMAT_BASIC]);
    }

    /// Proves AV-ATT-05 for the default: asking is not getting.
    #[test]
    fn av_att_05_a_new_app_is_told_nothing_and_admits_nobody() {
        let asked = "<md:AttributeConsumingService index=\"0\">\
            <md:ServiceName xml:lang=\"en\">S</md:ServiceName>\
            <md:RequestedAttribute Name=\"urn:oid:0.9.2342.19200300.100.1.3\" isRequired=\"true\" \
             NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:uri\"/>\
            <md:RequestedAttribute Name=\"Sn\" \
             NameFormat=\"urn:oasis:names:tc:SAML:2.0:attrname-format:basic\"/>\
            <md:RequestedAttribute Name=\"urn:x:unheard-of\" FriendlyName=\"mail\"/>\
            <md:RequestedAttribute Name=\"urn:oid:1.3.6.1.4.1.5923.1.1.1.9\"/>\
            </md:AttributeConsumingService>";
        let mut preview = read(&format!("{ACS}{asked}"));
        assert_eq!(preview.draft.definition.saml.attributes, []);
        assert_eq!(
            preview.draft.policy.permitted_users,
            PermittedUsers::AdminApproved
        );
        let sources: Vec<Option<Source>> = preview
            .proposals
            .iter()
            .map(|p| p.row.as_ref().map(|row| row.source.clone()))
            .collect();
        assert_eq!(
            sources,
            [
                Some(Source::User(UserField::Email)),
                Some(Source::User(UserField::FamilyName)),
                None,
                Some(Source::Custom("eduPersonScopedAffiliation".into())),
            ]
        );
        preview.accept_proposals();
        preview.accept_proposals();
        assert_eq!(preview.draft.definition.saml.attributes.len(), 3);
        let row = preview.proposals[1].row.as_ref().expect("known");
        assert_eq!(row.name, "Sn");
        assert!(row.name_format.ends_with(":basic"));
    }
}
