//! TLS served directly.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use openssl::ssl::{SslConnector, SslMethod, SslVerifyMode, SslVersion};

use crate::support::app::{Setup, TestApp};
use crate::support::dev_path;
use crate::support::sp::Sp;

fn ask(app: &TestApp, most: SslVersion, path: &str) -> Result<(String, &'static str), String> {
    let mut connector = SslConnector::builder(SslMethod::tls()).expect("a connector");
    connector
        .set_ca_file(dev_path("tls.cert.pem"))
        .expect("the certificate");
    connector.set_verify(SslVerifyMode::PEER);
    connector.set_security_level(0);
    connector.set_min_proto_version(None).expect("set");
    connector.set_max_proto_version(Some(most)).expect("set");
    let stream = TcpStream::connect(app.address()).expect("it listens");
    let mut stream = connector
        .build()
        .connect("localhost", stream)
        .map_err(|error| error.to_string())?;
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
                .as_bytes(),
        )
        .expect("sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("answered");
    let version = stream.ssl().version_str();
    Ok((answer, version))
}

/// Proves SDP-IDP03, IIP-ALG07: requests are read over TLS 1.2 or better only; in the clear nothing is
/// read at all.
#[test]
fn sdp_idp03_requests_are_read_over_tls_only() {
    let app = TestApp::with(Setup {
        server: format!(
            "tls_certificate = \"{}\"\ntls_key = \"{}\"\n",
            dev_path("tls.cert.pem").display(),
            dev_path("tls.key.pem").display()
        ),
        ..Setup::default()
    });
    let sp = Sp::new("wiki");
    app.connect(&sp, |_, _| ());
    let path = sp.redirect(&app, &sp.request(&app));
    for (most, version) in [
        (SslVersion::TLS1_3, "TLSv1.3"),
        (SslVersion::TLS1_2, "TLSv1.2"),
    ] {
        let (answer, spoken) = ask(&app, most, "/health/live").expect("spoken");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert_eq!(spoken, version);
    }
    assert!(ask(&app, SslVersion::TLS1_1, "/health/live").is_err());
    // In the clear there is no answer, and the request is not used up.
    let mut plain = TcpStream::connect(app.address()).expect("it listens");
    plain
        .write_all(format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n").as_bytes())
        .expect("sent");
    let mut answer = Vec::new();
    // A reset is as good as an end.
    drop(plain.read_to_end(&mut answer));
    assert!(
        !answer.starts_with(b"HTTP/"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    assert!(app.events().is_empty());
    let (answer, _) = ask(&app, SslVersion::TLS1_3, &path).expect("spoken");
    assert!(answer.starts_with("HTTP/1.1 303"), "{answer}");
    // Without TLS a public base URL is refused at the start.
    let refused = avouch_server::config::Settings::from_text(
        "[server]\nbase_url = \"http://idp.example.org\"\n",
        "test",
        &avouch_server::config::Environment::default(),
    );
    assert!(refused.is_err());
}
