//! Endpoints: where an SP can be answered, and which of them answers a request.

use percent_encoding::percent_decode_str;

use super::entity::{Fault, MetadataError, Notes, Untidy, shorten, trim};
use crate::ids::AcsUrl;
use crate::url::same_address;
use crate::xml::reader::Element;

/// A protocol binding, by its URI.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Binding {
    /// HTTP-POST.
    HttpPost,
    /// HTTP-Redirect.
    HttpRedirect,
    /// HTTP-Artifact.
    HttpArtifact,
    /// HTTP-POST-SimpleSign.
    HttpPostSimpleSign,
    /// PAOS, for enhanced clients.
    Paos,
    /// SOAP.
    Soap,
    /// Any other, SAML 1.1's among them.
    Other(String),
}

impl Binding {
    /// The binding's URI.
    pub fn uri(&self) -> &str {
        match self {
            Self::HttpPost => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST",
            Self::HttpRedirect => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect",
            Self::HttpArtifact => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact",
            Self::HttpPostSimpleSign => "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST-SimpleSign",
            Self::Paos => "urn:oasis:names:tc:SAML:2.0:bindings:PAOS",
            Self::Soap => "urn:oasis:names:tc:SAML:2.0:bindings:SOAP",
            Self::Other(uri) => uri,
        }
    }

    /// The binding a URI names, compared byte for byte.
    pub fn from_uri(uri: &str) -> Self {
        for known in [
            Self::HttpPost,
            Self::HttpRedirect,
            Self::HttpArtifact,
            Self::HttpPostSimpleSign,
            Self::Paos,
            Self::Soap,
        ] {
            if known.uri() == uri {
                return known;
            }
        }
        Self::Other(uri.to_owned())
    }
}

/// The bindings a Response can be sent by today.
pub const RESPONSE_BINDINGS: &[Binding] = &[Binding::HttpPost];

/// Why a location is not one an answer may go to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationFault {
    /// It could run code in our pages, or rewrite what is sent: whoever wrote it means harm or
    /// made a grave mistake, so nothing of the entity is used.
    #[error("{0}")]
    Unsafe(&'static str),
    /// It cannot be used, but is harmless.
    #[error("{0}")]
    Unusable(&'static str),
}

/// Schemes that a browser does not go to but acts on.
const HARMFUL_SCHEMES: [&str; 7] = [
    "javascript",
    "vbscript",
    "data",
    "blob",
    "file",
    "filesystem",
    "view-source",
];

/// Checks a location that comes from metadata or from a form.
///
/// # Errors
/// [`LocationFault`].
pub fn check_location(location: &str) -> Result<AcsUrl, LocationFault> {
    if let Some((scheme, _)) = location.split_once(':') {
        // Browsers pass over what cannot be seen in one.
        let scheme: String = scheme
            .chars()
            .filter(|c| !c.is_whitespace() && !c.is_control())
            .collect();
        let is = |known: &&str| scheme.eq_ignore_ascii_case(known);
        if HARMFUL_SCHEMES.iter().any(is) {
            return Err(LocationFault::Unsafe(
                "such an address runs code or opens what is the user's own",
            ));
        }
        if !["https", "http"].iter().any(is) {
            return Err(LocationFault::Unusable(
                "only http and https addresses can be answered",
            ));
        }
    }
    // A parameter of the endpoint's own address would stand beside ours and might be read first.
    let query = location.split_once('?').map_or("", |(_, query)| query);
    if query.split(['&', ';']).any(is_saml_parameter) {
        return Err(LocationFault::Unsafe(
            "its query holds a parameter that SAML messages travel in",
        ));
    }
    AcsUrl::parse(location).map_err(|_| {
        LocationFault::Unusable(
            "not an absolute http or https address without user info, fragment, spaces or control characters",
        )
    })
}

fn is_saml_parameter(pair: &str) -> bool {
    let name = pair.split('=').next().unwrap_or("");
    // Some servers fold case, some cut at a bracket, all decode escapes.
    let decoded = percent_decode_str(name).decode_utf8_lossy();
    let name = decoded.trim().split('[').next().unwrap_or("");
    [
        "SAMLResponse",
        "SAMLRequest",
        "SAMLart",
        "RelayState",
        "SAMLEncoding",
        "SigAlg",
        "Signature",
    ]
    .iter()
    .any(|reserved| name.eq_ignore_ascii_case(reserved))
}

/// A registered assertion consumer service: the only kind of place a Response can go to.
///
/// It is made from registered metadata, or by [`AcsEndpoint::register`] from what an administrator
/// typed, under the same checks; never from a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcsEndpoint {
    binding: Binding,
    location: AcsUrl,
    index: Option<u16>,
    is_default: Option<bool>,
}

impl AcsEndpoint {
    /// Registers an endpoint that an administrator typed in, or one loaded from the store.
    ///
    /// # Errors
    /// [`LocationFault`]: tell the administrator.
    pub fn register(
        binding: Binding,
        location: &str,
        index: Option<u16>,
        is_default: Option<bool>,
    ) -> Result<Self, LocationFault> {
        Ok(Self {
            binding,
            location: check_location(location)?,
            index,
            is_default,
        })
    }

    /// How the answer travels.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Where the answer goes.
    pub fn location(&self) -> &AcsUrl {
        &self.location
    }

    /// The number a request can choose it by.
    pub fn index(&self) -> Option<u16> {
        self.index
    }

    /// `isDefault`, when stated.
    pub fn is_default(&self) -> Option<bool> {
        self.is_default
    }
}

/// An endpoint that is not an ACS: SingleLogoutService and its kin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    binding: Binding,
    location: AcsUrl,
    response_location: Option<AcsUrl>,
}

impl Endpoint {
    /// Registers an endpoint that an administrator typed in, or one loaded from the store.
    ///
    /// # Errors
    /// [`LocationFault`]: tell the administrator.
    pub fn register(
        binding: Binding,
        location: &str,
        response_location: Option<&str>,
    ) -> Result<Self, LocationFault> {
        Ok(Self {
            binding,
            location: check_location(location)?,
            response_location: response_location.map(check_location).transpose()?,
        })
    }

    /// How messages travel.
    pub fn binding(&self) -> &Binding {
        &self.binding
    }

    /// Where requests go.
    pub fn location(&self) -> &AcsUrl {
        &self.location
    }

    /// Where responses go: ResponseLocation, or Location without one (SAML errata E41).
    pub fn response_location(&self) -> &AcsUrl {
        self.response_location.as_ref().unwrap_or(&self.location)
    }

    /// ResponseLocation as stated.
    pub fn stated_response_location(&self) -> Option<&AcsUrl> {
        self.response_location.as_ref()
    }
}

/// What a request says about where it wants its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AcsSelector<'r> {
    /// `AssertionConsumerServiceURL`.
    pub url: Option<&'r str>,
    /// `AssertionConsumerServiceIndex`.
    pub index: Option<u16>,
    /// `ProtocolBinding`.
    pub protocol_binding: Option<&'r str>,
}

/// Why no endpoint was chosen. All but the first two name a registered endpoint at which the
/// refusal can be delivered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AcsError<'e> {
    /// The URL asked for is none of the SP's: show a page, send nothing (AV-ST-16).
    #[error("the requested ACS URL is not registered for this service provider")]
    NotRegistered,
    /// No registered endpoint takes a response by a binding served here: show a page.
    #[error("no registered ACS can be answered by a supported binding")]
    NoneServed,
    /// The index is none of the SP's: Requester.
    #[error("no registered ACS has the index {index}")]
    UnknownIndex {
        /// The index asked for.
        index: u16,
        /// Where to say so.
        answer_at: &'e AcsEndpoint,
    },
    /// The binding asked for is not served, or not at that endpoint: Requester /
    /// UnsupportedBinding.
    #[error("a response by {binding} is not possible")]
    UnsupportedBinding {
        /// The binding asked for, or the only one of the endpoint asked for.
        binding: String,
        /// Where to say so.
        answer_at: &'e AcsEndpoint,
    },
    /// An index together with a URL or binding: Requester.
    #[error(
        "AssertionConsumerServiceIndex cannot stand with AssertionConsumerServiceURL or ProtocolBinding"
    )]
    Conflicting {
        /// Where to say so.
        answer_at: &'e AcsEndpoint,
    },
}

impl<'e> AcsError<'e> {
    /// The registered endpoint at which the SP can be told, if there is one.
    pub fn answer_at(&self) -> Option<&'e AcsEndpoint> {
        match self {
            Self::NotRegistered | Self::NoneServed => None,
            Self::UnknownIndex { answer_at, .. }
            | Self::UnsupportedBinding { answer_at, .. }
            | Self::Conflicting { answer_at } => Some(answer_at),
        }
    }
}

/// Picks where the response goes. The result is always one of `endpoints`, all of them registered
/// for the SP that asks; the request only selects among them.
///
/// `served` are the bindings responses can be sent by, [`RESPONSE_BINDINGS`]. HTTP-Redirect is
/// never one of them, whatever the caller says: a Response does not fit and must not leak there.
///
/// # Errors
/// [`AcsError`]; [`AcsError::answer_at`] says whether the SP may hear of it.
///
/// Spec: saml-core-2.0 §3.4.1, saml-profiles-2.0 §4.1.4.1, saml-metadata-2.0 §2.2.3.
pub fn choose_acs<'e>(
    endpoints: &'e [AcsEndpoint],
    selector: &AcsSelector<'_>,
    served: &[Binding],
) -> Result<&'e AcsEndpoint, AcsError<'e>> {
    let can_serve =
        |e: &AcsEndpoint| e.binding != Binding::HttpRedirect && served.contains(&e.binding);

    let at_url: Option<Vec<&AcsEndpoint>> = selector.url.map(|url| {
        // Spellings of one address are the same, and nothing looser: that is how assertions get stolen
        // (AV-SEC-53). The answer goes to the registered text. Where that very text is registered, it
        // alone is meant.
        let exact = |e: &&AcsEndpoint| e.location.as_str() == url;
        let found: Vec<&AcsEndpoint> = endpoints.iter().filter(exact).collect();
        if !found.is_empty() {
            return found;
        }
        let same = |e: &&AcsEndpoint| same_address(e.location.as_str(), url);
        endpoints.iter().filter(same).collect()
    });
    if at_url.as_ref().is_some_and(Vec::is_empty) {
        return Err(AcsError::NotRegistered);
    }
    let default =
        default_endpoint(endpoints.iter().filter(|e| can_serve(e))).ok_or(AcsError::NoneServed)?;

    if let Some(index) = selector.index {
        if selector.url.is_some() || selector.protocol_binding.is_some() {
            return Err(AcsError::Conflicting { answer_at: default });
        }
        let with_index = || endpoints.iter().filter(|e| e.index == Some(index));
        return match (with_index().find(|e| can_serve(e)), with_index().next()) {
            (Some(found), _) => Ok(found),
            (None, Some(other)) => Err(AcsError::UnsupportedBinding {
                binding: other.binding.uri().to_owned(),
                answer_at: default,
            }),
            (None, None) => Err(AcsError::UnknownIndex {
                index,
                answer_at: default,
            }),
        };
    }

    let wanted = selector.protocol_binding.map(Binding::from_uri);
    let matches =
        |e: &&AcsEndpoint| can_serve(e) && wanted.as_ref().is_none_or(|b| e.binding == *b);
    match at_url {
        Some(at_url) => {
            let found = at_url.iter().copied().find(matches);
            found.ok_or_else(|| AcsError::UnsupportedBinding {
                binding: match (&wanted, at_url.first()) {
                    (Some(wanted), _) => shorten(wanted.uri()),
                    (None, Some(other)) => other.binding.uri().to_owned(),
                    (None, None) => String::new(),
                },
                answer_at: at_url
                    .iter()
                    .copied()
                    .find(|e| can_serve(e))
                    .unwrap_or(default),
            })
        }
        None => default_endpoint(endpoints.iter().filter(matches)).ok_or_else(|| {
            AcsError::UnsupportedBinding {
                binding: wanted.as_ref().map_or("", Binding::uri).to_owned(),
                answer_at: default,
            }
        }),
    }
}

/// First with isDefault true, else first without isDefault, else first (saml-metadata §2.2.3).
fn default_endpoint<'e>(
    candidates: impl Iterator<Item = &'e AcsEndpoint> + Clone,
) -> Option<&'e AcsEndpoint> {
    candidates
        .clone()
        .find(|e| e.is_default == Some(true))
        .or_else(|| candidates.clone().find(|e| e.is_default.is_none()))
        .or_else(|| candidates.clone().next())
}

/// Reads the `AssertionConsumerService` elements of a role, in order.
pub(super) fn read_acs<'e>(
    elements: impl Iterator<Item = &'e Element>,
    notes: &mut Notes,
) -> Result<Vec<AcsEndpoint>, MetadataError> {
    let mut endpoints: Vec<AcsEndpoint> = Vec::new();
    let mut read_from = Vec::new();
    for element in elements {
        let Some((binding, location)) = read_location(element, "Location", notes)? else {
            continue;
        };
        // Index and default are judged among elements of this name only (SAML errata E37).
        let index = read_index(element, endpoints.iter().map(|e| e.index), notes);
        let is_default = notes.boolean(element, "isDefault", false);
        endpoints.push(AcsEndpoint {
            binding,
            location,
            index,
            is_default,
        });
        read_from.push(element);
    }
    // Other bindings beside one that is served are nothing to remark on.
    if !endpoints
        .iter()
        .any(|acs| RESPONSE_BINDINGS.contains(&acs.binding))
    {
        for (element, acs) in read_from.into_iter().zip(&endpoints) {
            notes.warn(
                element,
                Untidy::BindingNotServed {
                    location: shorten(acs.location.as_str()),
                    binding: shorten(acs.binding.uri()),
                },
            );
        }
    }
    Ok(endpoints)
}

/// Reads endpoints without an index, in order.
pub(super) fn read_endpoints<'e>(
    elements: impl Iterator<Item = &'e Element>,
    notes: &mut Notes,
) -> Result<Vec<Endpoint>, MetadataError> {
    let mut endpoints = Vec::new();
    for element in elements {
        let Some((binding, location)) = read_location(element, "Location", notes)? else {
            continue;
        };
        let response_location = match element.attr("ResponseLocation") {
            None => None,
            Some(stated) if trim(stated).is_empty() => None,
            Some(_) => match read_location(element, "ResponseLocation", notes)? {
                Some((_, location)) => Some(location),
                // Responses must not go where the SP does not want them: drop it whole.
                None => continue,
            },
        };
        endpoints.push(Endpoint {
            binding,
            location,
            response_location,
        });
    }
    Ok(endpoints)
}

fn read_location(
    element: &Element,
    attribute: &'static str,
    notes: &mut Notes,
) -> Result<Option<(Binding, AcsUrl)>, MetadataError> {
    let stated = element.attr(attribute).unwrap_or("");
    let location = trim(stated);
    if location.len() != stated.len() {
        notes.warn(element, Untidy::Space(attribute));
    }
    let dropped = |reason: String| Untidy::EndpointDropped {
        element: element.local.to_string(),
        location: shorten(stated),
        reason,
    };
    let binding = trim(element.attr("Binding").unwrap_or(""));
    if binding.is_empty() {
        notes.warn(element, dropped("it has no Binding".to_owned()));
        return Ok(None);
    }
    match check_location(location) {
        Ok(url) => {
            if url.as_str().starts_with("http:") {
                notes.warn(
                    element,
                    Untidy::PlainHttp {
                        element: element.local.to_string(),
                        location: shorten(stated),
                    },
                );
            }
            Ok(Some((Binding::from_uri(binding), url)))
        }
        Err(LocationFault::Unusable(reason)) => {
            notes.warn(element, dropped(reason.to_owned()));
            Ok(None)
        }
        Err(LocationFault::Unsafe(reason)) => Err(MetadataError::new(
            element,
            Fault::UnsafeLocation {
                element: element.local.to_string(),
                location: shorten(stated),
                reason,
            },
        )),
    }
}

pub(super) fn read_index(
    element: &Element,
    mut earlier: impl Iterator<Item = Option<u16>>,
    notes: &mut Notes,
) -> Option<u16> {
    let problem = match element.attr("index").map(trim) {
        None => "no index".to_owned(),
        Some(text) => match parse_index(text) {
            None => format!("the index {:?}", shorten(text)),
            Some(index) if earlier.any(|taken| taken == Some(index)) => {
                format!("the index {index} of an earlier one")
            }
            Some(index) => return Some(index),
        },
    };
    notes.warn(
        element,
        Untidy::Index {
            element: element.local.to_string(),
            problem,
        },
    );
    None
}

/// `xs:unsignedShort`, which may carry a plus sign and leading zeros.
pub(super) fn parse_index(text: &str) -> Option<u16> {
    let digits = text.strip_prefix('+').unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        .then(|| digits.trim_start_matches('0'))
        .and_then(|digits| {
            if digits.is_empty() {
                Some(0)
            } else {
                digits.parse().ok()
            }
        })
}
