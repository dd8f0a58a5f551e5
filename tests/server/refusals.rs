//! The table of refusals, as a golden file.

use avouch_server::audit::ResultCode;
use avouch_server::flow::saml::status;
use avouch_server::web::pages::ErrorKind;

/// Each result with what the SP is told and what the page says.
///
/// Proves AV-ST-01, AV-ST-02, AV-ST-03, AV-ST-04, AV-ST-05, AV-ST-06, AV-ST-07, AV-ST-08, AV-ST-09, AV-ST-16 for the
/// table itself.
#[test]
fn av_st_01_the_table_of_refusals_is_a_decision() {
    let mut table = String::new();
    for code in ResultCode::ALL {
        if *code == ResultCode::Success {
            continue;
        }
        let told = match status::status(*code) {
            None => "(a page only)".to_owned(),
            Some(status) => format!(
                "{:?} / {} / {}",
                status.top,
                status.second.map_or("-".to_owned(), |s| format!("{s:?}")),
                status.message.as_deref().unwrap_or("-")
            ),
        };
        let kind = ErrorKind::from(*code);
        table.push_str(&format!(
            "{} => {told} => {kind:?} {}\n",
            code.as_str(),
            kind.http_status()
        ));
    }
    let file = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/golden/refusals.txt"
    );
    #[allow(
        clippy::disallowed_methods,
        reason = "a switch for whoever runs the tests"
    )]
    let rewrite = std::env::var_os("AVOUCH_REWRITE_GOLDEN").is_some();
    if rewrite {
        std::fs::write(file, &table).expect("written");
    }
    assert_eq!(
        table,
        std::fs::read_to_string(file).expect("tests/golden/refusals.txt")
    );
}
