//! `avouch dev`: its page, and that `avouch serve` has none of it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::support::app::TestApp;
use crate::support::client::{Answer, Client};
use crate::support::dev_pem;
use crate::support::emitted::judge;

/// A development server, ended with the test.
struct Dev {
    child: Child,
    said: serde_json::Value,
    log: BufReader<ChildStderr>,
    folder: std::path::PathBuf,
}

impl Dev {
    fn start(sp_metadata: &str) -> Self {
        Self::start_with(|folder| {
            let file = folder.join("sp.xml");
            std::fs::write(&file, sp_metadata).expect("written");
            file.display().to_string()
        })
    }

    fn start_with(sp: impl FnOnce(&std::path::Path) -> String) -> Self {
        let folder = std::env::temp_dir().join(format!(
            "avouch-dev-test-{}",
            avouch_server::random::new_id(&mut avouch_server::random::SystemRandom)
        ));
        std::fs::create_dir_all(&folder).expect("a folder");
        let mut child = Command::new(env!("CARGO_BIN_EXE_avouch"))
            .args(["dev", "--json", "--listen", "127.0.0.1:0", "--sp"])
            .arg(sp(&folder))
            // Of its own, since a server that is killed cannot tidy up.
            .arg("--data")
            .arg(folder.join("data"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let stdout = child.stdout.take().expect("piped");
        let said = serde_json::Deserializer::from_reader(stdout)
            .into_iter::<serde_json::Value>()
            .next()
            .expect("it says what to configure")
            .expect("as JSON");
        let log = BufReader::new(child.stderr.take().expect("piped"));
        Self {
            child,
            said,
            log,
            folder,
        }
    }

    /// The certificate it says to configure, as a file.
    fn certificate(&self) -> PathBuf {
        let file = self.folder.join("idp.pem");
        let pem = self.said["certificate"].as_str().expect("PEM");
        std::fs::write(&file, pem).expect("written");
        file
    }

    /// Reads the log until a line holds `part`, and answers that line.
    fn logged(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            let read = self.log.read_line(&mut line).expect("readable");
            assert_ne!(read, 0, "the log ended without {part:?}");
            if line.contains(part) {
                return line;
            }
        }
    }

    fn client(&self) -> Client {
        let base = self.said["base_url"].as_str().expect("a base URL");
        let port = base
            .trim_end_matches('/')
            .rsplit(':')
            .next()
            .expect("a port");
        Client::new(format!("127.0.0.1:{port}").parse().expect("an address"))
    }
}

impl Drop for Dev {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
        drop(std::fs::remove_dir_all(&self.folder));
    }
}

#[track_caller]
fn response(answer: &Answer) -> String {
    let encoded = answer
        .field("SAMLResponse")
        .unwrap_or_else(|| panic!("no response in {} {}", answer.status, answer.text()));
    String::from_utf8(BASE64.decode(encoded).expect("base64")).expect("UTF-8")
}

fn sp_metadata() -> String {
    let certificate: String = dev_pem("sp-encryption.cert.pem")
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    format!(
        "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" \
         entityID=\"https://sp.example.org/sp\"><md:SPSSODescriptor \
         protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">\
         <md:KeyDescriptor use=\"encryption\"><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">\
         <ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
         </md:KeyDescriptor><md:AssertionConsumerService index=\"0\" \
         Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" \
         Location=\"https://sp.example.org/acs\"/></md:SPSSODescriptor></md:EntityDescriptor>"
    )
}

#[test]
fn a_developer_signs_in_by_one_click_and_sees_the_exchange() {
    let dev = Dev::start(&sp_metadata());
    for key in ["entity_id", "sso_url", "metadata_url", "certificate"] {
        assert!(dev.said[key].is_string(), "{key} is not said");
    }
    let browser = dev.client();
    let page = browser.get("/dev");
    assert_eq!(page.status, 200);
    assert!(page.text().contains("https://sp.example.org/sp"));
    // Each sample user is one form.
    let login = browser.post(
        "/login",
        &[
            ("username", "sample.three"),
            ("password", "sample"),
            ("csrf", &page.field("csrf").expect("a token")),
            ("p", ""),
        ],
    );
    assert_eq!(login.status, 303, "{}", login.text());
    let launch = dev.said["apps"][0]["launch_url"]
        .as_str()
        .expect("a launch URL");
    let path = &launch[launch.find("/launch").expect("its path")..];
    let token = browser.get("/logout").field("csrf").expect("a token");
    let posted = browser.follow(browser.post(path, &[("csrf", &token)]));
    judge(&response(&posted), &dev.certificate());
    let shown = browser.get("/dev").text();
    for part in [
        "samlp:Response",
        "EncryptedAssertion",
        "saml:Assertion",
        "漢字",
        "Success",
    ] {
        assert!(shown.contains(part), "{part} is not shown");
    }
    assert!(!shown.contains("<samlp:"), "as text, not as markup");
}

#[test]
fn an_inactive_sample_user_stays_out() {
    let dev = Dev::start(&sp_metadata());
    for (username, status) in [("sample.five", 200), ("sample.one", 303)] {
        let browser = dev.client();
        let page = browser.get("/login");
        let answer = browser.post(
            "/login",
            &[
                ("username", username),
                ("password", "sample"),
                ("csrf", &page.field("csrf").expect("a token")),
            ],
        );
        assert_eq!(answer.status, status, "{username}");
    }
}

#[test]
fn a_failure_says_why() {
    let dev = Dev::start(&sp_metadata());
    let browser = dev.client();
    assert_eq!(browser.get("/saml/sso?SAMLRequest=AAAA").status, 400);
    let shown = browser.get("/dev").text();
    assert!(
        shown.contains("InvalidAuthnRequest")
            && shown.contains("Why it failed")
            && shown.contains("could not be read"),
        "{shown}"
    );
}

/// A message that was deflated although it was posted is shown as it came, with what to do.
#[test]
fn what_could_not_be_read_is_shown_as_it_came() {
    let dev = Dev::start(&sp_metadata());
    let browser = dev.client();
    // Raw DEFLATE of an AuthnRequest, in base64.
    let deflated = "fY9PC4JAFMS/iuw9Xe0P9FBB6CLUpaJDl1hkSWl9a/vekh+/zS526Ti/mWGYnFRvBqg8t3jUT6+Jo7E3\
        SDAZhfAOwSrqCFD1moAbOFWHPWSxhMFZto01Ylb531BE2nFnUUT1rhC3VEQX7SiAQgQ/UCKvayRWyAHJ\
        bLOQy4XMzukK5Brk9irK/LMDU9KVLfNAkCQeH2hfGOtR9YPRsXX3PJkHv+r3avkG";
    let answer = browser.post("/saml/sso", &[("SAMLRequest", deflated)]);
    assert_eq!(answer.status, 400);
    let shown = browser.get("/dev").text();
    assert!(shown.contains("looks deflated: HTTP-POST carries plain base64"));
    let start = deflated.split(['+', '/', '=']).next().expect("a start");
    assert!(shown.contains(&format!("SAMLRequest={start}")), "{shown}");
    // By the binding it is made for it is read, and nobody knows its sender.
    let query = deflated
        .replace('+', "%2B")
        .replace('/', "%2F")
        .replace('=', "%3D");
    browser.get(&format!("/saml/sso?SAMLRequest={query}"));
    let shown = browser.get("/dev").text();
    assert!(shown.contains("UnknownServiceProvider"));
    assert_eq!(shown.matches("looks deflated").count(), 1);
}

/// Answers the next request with `status`, and `body` as its content.
fn answer_once(listener: &TcpListener, status: &str, body: &str) {
    let (mut stream, _): (TcpStream, _) = listener.accept().expect("asked");
    let mut head = Vec::new();
    let mut octet = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut octet).expect("readable") == 1 {
        head.push(octet[0]);
    }
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
    .expect("written");
}

#[test]
fn metadata_is_asked_for_until_it_comes_and_the_last_reason_is_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!(
        "http://{}/metadata",
        listener.local_addr().expect("an address")
    );
    let mut dev = Dev::start_with(|_| url.clone());
    assert_eq!(dev.said["waiting_for"][0], url);
    let browser = dev.client();
    assert!(browser.get("/dev").text().contains(&url));
    for (status, body, reason) in [
        ("404 Not Found", "", "404"),
        (
            "200 OK",
            "<!DOCTYPE html><title>x</title>",
            "received a web page",
        ),
        ("200 OK", "<EntityDescriptor/>", "line 1"),
    ] {
        answer_once(&listener, status, body);
        let line = dev.logged("not connected yet");
        assert!(line.contains(&url) && line.contains(reason), "{line}");
        let page = browser.get("/dev").text();
        assert!(
            page.contains("not connected yet") && page.contains(reason),
            "{page}"
        );
    }
    answer_once(&listener, "200 OK", &sp_metadata());
    let line = dev.logged("connected sp.example.org");
    assert!(line.contains("/launch/sp-example-org"), "{line}");
    let page = browser.get("/dev").text();
    assert!(page.contains("https://sp.example.org/sp") && !page.contains("not connected yet"));
}

#[test]
fn a_configuration_file_is_refused_in_words() {
    let refused = Command::new(env!("CARGO_BIN_EXE_avouch"))
        .args(["dev", "--listen", "127.0.0.1:0", "--config", "avouch.toml"])
        .output()
        .expect("the binary starts");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(
        !refused.status.success() && said.contains("no --config"),
        "{said}"
    );
}

#[test]
fn bad_metadata_ends_the_start_with_line_and_reason() {
    let folder = std::env::temp_dir().join(format!("avouch-dev-bad-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("sp.xml");
    let cut = sp_metadata()
        .replace("><", ">\n<")
        .replace("</md:SPSSODescriptor>", "");
    std::fs::write(&file, cut).expect("written");
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_avouch"))
            .arg("dev")
            .args(arguments)
            .output()
            .expect("the binary starts")
    };
    let file_name = file.display().to_string();
    let output = run(&["--listen", "127.0.0.1:0", "--sp", &file_name]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!output.status.success() && said.contains("line "), "{said}");
    let output = run(&["--listen", "0.0.0.0:0"]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        !output.status.success() && said.contains("--allow-remote"),
        "{said}"
    );
    std::fs::remove_dir_all(&folder).expect("removed");
}

#[test]
fn serve_has_no_developer_page_and_keeps_no_exchange() {
    let app = TestApp::start();
    assert_eq!(app.client().get("/dev").status, 404);
    assert!(app.services.observer.seen().is_none());
    assert!(!app.client().get("/login").text().contains("one click"));
}
