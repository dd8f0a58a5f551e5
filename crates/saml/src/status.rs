//! What a response says of its request (saml-core §3.2.2.2).

use std::borrow::Cow;

/// The top-level codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TopStatus {
    /// The request succeeded.
    Success,
    /// The requester made an error.
    Requester,
    /// The responder could not or would not.
    Responder,
    /// The request's version is not supported.
    VersionMismatch,
}

macro_rules! second_level {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// The second-level codes of saml-core §3.2.2.2; each one's URI ends in its name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum SecondStatus {
            $($(#[$doc])* $name,)*
        }

        impl SecondStatus {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code's URI.
            pub const fn uri(self) -> &'static str {
                match self {
                    $(Self::$name => concat!("urn:oasis:names:tc:SAML:2.0:status:", stringify!($name)),)*
                }
            }
        }
    };
}

second_level! {
    /// Login failed.
    AuthnFailed,
    /// Unexpected or invalid content in an attribute or its value.
    InvalidAttrNameOrValue,
    /// The NameIDPolicy cannot be met.
    InvalidNameIDPolicy,
    /// The requested authentication context cannot be met.
    NoAuthnContext,
    /// None of the identity providers listed is available.
    NoAvailableIDP,
    /// Passive login is impossible.
    NoPassive,
    /// None of the identity providers listed is supported.
    NoSupportedIDP,
    /// Not every session participant could be logged out.
    PartialLogout,
    /// The proxy count does not allow going on.
    ProxyCountExceeded,
    /// Understood and refused.
    RequestDenied,
    /// The kind of request is not supported.
    RequestUnsupported,
    /// The request's version is too old and deprecated.
    RequestVersionDeprecated,
    /// The request's version is too high.
    RequestVersionTooHigh,
    /// The request's version is too low.
    RequestVersionTooLow,
    /// The resource is not recognized.
    ResourceNotRecognized,
    /// More responses than can be returned.
    TooManyResponses,
    /// The attribute profile is unknown.
    UnknownAttrProfile,
    /// The principal is unknown.
    UnknownPrincipal,
    /// The binding cannot be used for the answer.
    UnsupportedBinding,
}

impl TopStatus {
    /// The code's URI.
    pub const fn uri(self) -> &'static str {
        match self {
            Self::Success => "urn:oasis:names:tc:SAML:2.0:status:Success",
            Self::Requester => "urn:oasis:names:tc:SAML:2.0:status:Requester",
            Self::Responder => "urn:oasis:names:tc:SAML:2.0:status:Responder",
            Self::VersionMismatch => "urn:oasis:names:tc:SAML:2.0:status:VersionMismatch",
        }
    }

    /// Reads a top-level code.
    pub fn from_uri(uri: &str) -> Option<Self> {
        [
            Self::Success,
            Self::Requester,
            Self::Responder,
            Self::VersionMismatch,
        ]
        .into_iter()
        .find(|code| code.uri() == uri)
    }
}

impl SecondStatus {
    /// Reads a second-level code; one this crate does not know is `None`.
    pub fn from_uri(uri: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.uri() == uri)
    }
}

/// The status of an answer that is not a success. The message is text of ours: nothing of the
/// request is echoed into signed output (AV-RSP-19).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// Who is at fault, broadly.
    pub top: TopStatus,
    /// What went wrong.
    pub second: Option<SecondStatus>,
    /// A sentence for people.
    pub message: Option<Cow<'static, str>>,
}

impl Status {
    /// A status with a second-level code and a sentence.
    pub const fn new(top: TopStatus, second: SecondStatus, message: &'static str) -> Self {
        Self {
            top,
            second: Some(second),
            message: Some(Cow::Borrowed(message)),
        }
    }

    /// The requester is at fault, without a second-level code.
    pub const fn requester(message: &'static str) -> Self {
        Self {
            top: TopStatus::Requester,
            second: None,
            message: Some(Cow::Borrowed(message)),
        }
    }

    /// The responder is at fault, without a second-level code.
    pub const fn responder(message: &'static str) -> Self {
        Self {
            top: TopStatus::Responder,
            second: None,
            message: Some(Cow::Borrowed(message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_read_back() {
        for code in SecondStatus::ALL {
            assert_eq!(SecondStatus::from_uri(code.uri()), Some(*code));
        }
        assert_eq!(
            TopStatus::from_uri(TopStatus::Responder.uri()),
            Some(TopStatus::Responder)
        );
        assert_eq!(TopStatus::from_uri("urn:x"), None);
    }
}
