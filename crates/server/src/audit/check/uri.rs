//! URIs that stand in nearly every event, each stored as a short id.

macro_rules! uris {
    ($($variant:ident = $id:literal, $uri:literal;)+) => {
        /// A URI of the specifications.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Uri {
            $(#[doc = concat!("`", $uri, "`.")] $variant,)+
        }

        impl Uri {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// Its id, as stored.
            pub const fn id(self) -> &'static str {
                match self { $(Self::$variant => $id,)+ }
            }

            /// The one with this id.
            pub fn of_id(id: &str) -> Option<Self> {
                match id { $($id => Some(Self::$variant),)+ _ => None }
            }

            /// The URI.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $uri,)+ }
            }

            /// The one that is `uri`, if there is one.
            pub fn known(uri: &str) -> Option<Self> {
                match uri { $($uri => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

uris! {
    PasswordProtectedTransport = "ppt", "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport";
    Password = "pw", "urn:oasis:names:tc:SAML:2.0:ac:classes:Password";
    NameIdUnspecified = "unspecified", "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
    NameIdEmailAddress = "email", "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
    NameIdPersistent = "persistent", "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
    NameIdTransient = "transient", "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
    RsaSha1 = "rs1", "http://www.w3.org/2000/09/xmldsig#rsa-sha1";
    RsaSha256 = "rs256", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
    RsaSha384 = "rs384", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384";
    RsaSha512 = "rs512", "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512";
    EcdsaSha256 = "es256", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
    EcdsaSha384 = "es384", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384";
    EcdsaSha512 = "es512", "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512";
    Aes128Gcm = "a128gcm", "http://www.w3.org/2009/xmlenc11#aes128-gcm";
    Aes256Gcm = "a256gcm", "http://www.w3.org/2009/xmlenc11#aes256-gcm";
    Aes128Cbc = "a128cbc", "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
    Aes256Cbc = "a256cbc", "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
}
