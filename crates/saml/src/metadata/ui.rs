//! What metadata says for people: names, logos, addresses, contacts.
//!
//! All of it is foreign text: pages escape it. URLs are kept only where they are http or https (a
//! logo may be an inline image), so that no page can be made to link to a script.
//!
//! Spec: sstc-saml-metadata-ui §2, saml-metadata-2.0 §2.3.2.

use super::entity::{Notes, Untidy, shorten, trim};
use crate::ids::is_web_url;
use crate::xml::names::{MD, MDUI, XML};
use crate::xml::reader::Element;

/// Text in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Localized {
    /// The language tag as stated; empty when missing.
    pub lang: String,
    /// The text.
    pub text: String,
}

/// A logo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logo {
    /// Where it is: an http or https address, or `data:image/…`.
    pub url: String,
    /// Its language, when it has words.
    pub lang: Option<String>,
    /// Width in pixels; 0 when not stated.
    pub width: u32,
    /// Height in pixels; 0 when not stated.
    pub height: u32,
}

/// `mdui:UIInfo`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UiInfo {
    /// Names.
    pub display_names: Vec<Localized>,
    /// Descriptions.
    pub descriptions: Vec<Localized>,
    /// Keywords, separated by spaces.
    pub keywords: Vec<Localized>,
    /// Pages about it.
    pub information_urls: Vec<Localized>,
    /// Privacy statements.
    pub privacy_statement_urls: Vec<Localized>,
    /// Logos.
    pub logos: Vec<Logo>,
}

/// `md:Organization`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Organization {
    /// Names.
    pub names: Vec<Localized>,
    /// Names for people.
    pub display_names: Vec<Localized>,
    /// Home pages.
    pub urls: Vec<Localized>,
}

/// What a contact is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ContactKind {
    /// Technical.
    Technical,
    /// Support.
    Support,
    /// Administrative.
    Administrative,
    /// Billing.
    Billing,
    /// Security: `other` with the REFEDS security contact type.
    Security,
    /// Anything else.
    Other,
}

/// `md:ContactPerson`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// What for.
    pub kind: ContactKind,
    /// Company.
    pub company: Option<String>,
    /// Given name.
    pub given_name: Option<String>,
    /// Surname.
    pub surname: Option<String>,
    /// Mail addresses without `mailto:`.
    pub emails: Vec<String>,
    /// Telephone numbers.
    pub telephones: Vec<String>,
}

/// The namespace of the REFEDS contact type.
pub const REMD: &str = "http://refeds.org/metadata";
/// The REFEDS security contact type.
pub const REMD_SECURITY: &str = "http://refeds.org/metadata/contactType/security";

/// The text in the first language there is: an exact tag, then the same primary language, then
/// English, then the first.
pub fn choose_text<'t>(texts: &'t [Localized], languages: &[&str]) -> Option<&'t str> {
    let primary = |tag: &str| tag.split('-').next().unwrap_or("").to_ascii_lowercase();
    let wanted = languages.iter().copied().chain(["en"]);
    for language in wanted {
        let exact = texts.iter().find(|t| t.lang.eq_ignore_ascii_case(language));
        let near = || texts.iter().find(|t| primary(&t.lang) == primary(language));
        if let Some(found) = exact.or_else(near) {
            return Some(&found.text);
        }
    }
    texts.first().map(|t| t.text.as_str())
}

/// Reads the `UIInfo` of a role's Extensions.
pub(super) fn read_ui(extensions: Option<&Element>, notes: &mut Notes) -> UiInfo {
    let mut ui = UiInfo::default();
    for info in extensions.into_iter().flat_map(|e| e.all(MDUI, "UIInfo")) {
        for element in info.elements() {
            if &*element.ns != MDUI {
                notes.ignore(element);
                continue;
            }
            match &*element.local {
                "DisplayName" => ui.display_names.extend(localized(element, notes)),
                "Description" => ui.descriptions.extend(localized(element, notes)),
                "Keywords" => ui.keywords.extend(localized(element, notes)),
                "InformationURL" => ui.information_urls.extend(localized_url(element, notes)),
                "PrivacyStatementURL" => {
                    ui.privacy_statement_urls
                        .extend(localized_url(element, notes));
                }
                "Logo" => ui.logos.extend(read_logo(element, notes)),
                _ => notes.ignore(element),
            }
        }
    }
    ui
}

/// Reads an Organization.
pub(super) fn read_organization(element: &Element, notes: &mut Notes) -> Organization {
    let mut organization = Organization::default();
    for child in element.elements() {
        if child.is(MD, "OrganizationName") {
            organization.names.extend(localized(child, notes));
        } else if child.is(MD, "OrganizationDisplayName") {
            organization.display_names.extend(localized(child, notes));
        } else if child.is(MD, "OrganizationURL") {
            organization.urls.extend(localized_url(child, notes));
        }
    }
    organization
}

/// Reads a ContactPerson.
pub(super) fn read_contact(element: &Element, notes: &mut Notes) -> Contact {
    let kind = match element.attr("contactType").unwrap_or("") {
        "technical" => ContactKind::Technical,
        "support" => ContactKind::Support,
        "administrative" => ContactKind::Administrative,
        "billing" => ContactKind::Billing,
        _ if element.attr_ns(REMD, "contactType") == Some(REMD_SECURITY) => ContactKind::Security,
        _ => ContactKind::Other,
    };
    let mut contact = Contact {
        kind,
        company: None,
        given_name: None,
        surname: None,
        emails: Vec::new(),
        telephones: Vec::new(),
    };
    for child in element.elements().filter(|e| &*e.ns == MD) {
        if &*child.local == "Extensions" {
            continue;
        }
        let Some(text) = notes.text(child) else {
            continue;
        };
        match &*child.local {
            "Company" => contact.company = Some(text.to_owned()),
            "GivenName" => contact.given_name = Some(text.to_owned()),
            "SurName" => contact.surname = Some(text.to_owned()),
            "EmailAddress" => {
                let address = text.strip_prefix("mailto:").unwrap_or(text);
                contact.emails.push(address.to_owned());
            }
            "TelephoneNumber" => contact.telephones.push(text.to_owned()),
            _ => notes.ignore(child),
        }
    }
    contact
}

/// Text with its language.
pub(super) fn localized(element: &Element, notes: &mut Notes) -> Option<Localized> {
    let text = notes.text(element)?.to_owned();
    Some(Localized {
        lang: lang(element).unwrap_or_default(),
        text,
    })
}

fn localized_url(element: &Element, notes: &mut Notes) -> Option<Localized> {
    let found = localized(element, notes)?;
    if is_web_address(&found.text) {
        return Some(found);
    }
    notes.warn(
        element,
        Untidy::UrlDropped {
            element: element.local.to_string(),
            url: shorten(&found.text),
        },
    );
    None
}

/// Whether a page may link to `url`: http or https, in one reading; a fragment is harmless here.
pub fn is_web_address(url: &str) -> bool {
    is_web_url(url.split('#').next().unwrap_or(""))
        && !url.contains(|c: char| c.is_whitespace() || c.is_control())
}

fn read_logo(element: &Element, notes: &mut Notes) -> Option<Logo> {
    let text = notes.text(element)?;
    // Inline images are often folded; white space means nothing in base64.
    let url: String = if text.starts_with("data:") {
        text.split_ascii_whitespace().collect()
    } else {
        text.to_owned()
    };
    if !(is_web_address(&url) || is_inline_image(&url)) {
        notes.warn(
            element,
            Untidy::UrlDropped {
                element: "Logo".to_owned(),
                url: shorten(&url),
            },
        );
        return None;
    }
    let pixels = |name| {
        let value = element.attr(name).and_then(|v| trim(v).parse().ok());
        value.unwrap_or(0)
    };
    let (width, height) = (pixels("width"), pixels("height"));
    if width == 0 || height == 0 {
        notes.warn(element, Untidy::Incomplete("size of the Logo".to_owned()));
    }
    Some(Logo {
        url,
        lang: lang(element),
        width,
        height,
    })
}

/// An inline raster image. SVG is a document that can carry scripts, so it is not one.
pub fn is_inline_image(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("data:image/") else {
        return false;
    };
    let Some((kind, data)) = rest.split_once(";base64,") else {
        return false;
    };
    matches!(
        kind,
        "png" | "jpeg" | "jpg" | "gif" | "webp" | "x-icon" | "vnd.microsoft.icon" | "bmp"
    ) && data
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='))
}

fn lang(element: &Element) -> Option<String> {
    let tag = trim(element.attr_ns(XML, "lang")?);
    let plain = tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (plain && !tag.is_empty() && tag.len() <= 64).then(|| tag.to_owned())
}
