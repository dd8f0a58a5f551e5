//! What comes from outside stays text: no value adds, ends or changes a tag of any page.

use super::admin::{
    AppChoosePage, AppConflictPage, AppListPage, AppNewPage, AppPreviewPage, AppSettingsPage,
    EventListPage, EventPage, UserPage,
};
use super::{
    AppLabel, ConsentPage, DeveloperPage, ErrorHelpPage, ErrorKind, ErrorPage, LaunchConfirmPage,
    LauncherPage, LoginPage, Page, PostPage, StartAgainPage, Tile,
};

/// Values that break pages which escape carelessly; the first is harmless.
const VALUES: [&str; 9] = [
    "harmless",
    "<script>alert(1)</script>",
    "\"><img src=x onerror=alert(1)>",
    "' onmouseover='alert(1)",
    "\" autofocus onfocus=\"alert(1)",
    "</textarea></title><script>alert(1)</script>",
    "]]><!--<svg onload=alert(1)>-->",
    "{{ 7 * 7 }}{% raw %}&lt;b&gt;&#60;i&#62;",
    "\u{202e}\u{0}\u{feff}<\u{2028}a\nb>",
];

/// The tags of a page with the names of their attributes, in order: its shape without its text.
fn shape(html: &str) -> Vec<String> {
    html.split('<')
        .skip(1)
        .map(|part| {
            let (tag, _) = part.split_once('>').expect("every tag ends");
            let outside: String = tag.split('"').step_by(2).collect::<Vec<_>>().join("\"");
            outside.split_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect()
}

/// Renders a page with each value and compares its shape to that of the harmless one.
fn check(name: &str, page: impl Fn(&str) -> String) {
    let harmless = page(VALUES[0]);
    assert!(
        harmless.contains(VALUES[0]),
        "{name} does not show the value at all"
    );
    let expected = shape(&harmless);
    for value in &VALUES[1..] {
        assert_eq!(
            shape(&page(value)),
            expected,
            "{name} is changed by {value:?}"
        );
    }
}

fn app(value: &str) -> AppLabel {
    AppLabel::new(value, Some(&format!("data:image/png;base64,{value}")))
}

#[test]
fn values_stay_text_on_the_way_to_an_app() {
    check("post", |v| {
        PostPage {
            app_name: v.into(),
            acs: format!("https://sp.example.org/acs?{v}"),
            saml_response: v.into(),
            relay_state: Some(v.into()),
            ..PostPage::sample()
        }
        .html()
    });
    check("login", |v| {
        LoginPage {
            destination: super::Destination::App(app(v)),
            username: v.into(),
            pending: v.into(),
            restart_url: Some(format!("/launch/{v}")),
            ..LoginPage::sample()
        }
        .html()
    });
    check("consent", |v| {
        let mut page = ConsentPage::sample();
        page.app = app(v);
        page.subject = Some(v.into());
        page.attributes[0].label = v.into();
        page.attributes[0].values = vec![v.into()];
        page.privacy_url = Some(format!("https://sp.example.org/{v}"));
        page.info_url = Some(format!("https://sp.example.org/{v}"));
        page.html()
    });
    check("launcher", |v| {
        let tile = Tile {
            app: app(v),
            description: v.into(),
            launch_url: format!("/launch/{v}"),
            ended: false,
            ends: None,
        };
        LauncherPage {
            tiles: vec![tile; 4],
            ..LauncherPage::sample()
        }
        .html()
    });
    check("launch-confirm", |v| {
        LaunchConfirmPage {
            app: app(v),
            relay_state: Some(v.into()),
            ..LaunchConfirmPage::sample()
        }
        .html()
    });
    check("start-again", |v| {
        StartAgainPage {
            app: Some(app(v)),
            restart_url: Some(format!("/launch/x?RelayState={v}")),
            ..StartAgainPage::sample()
        }
        .html()
    });
    check("error", |v| {
        ErrorPage {
            app: Some(app(v)),
            code: v.into(),
            restart_url: Some(format!("https://sp.example.org/{v}")),
            contact: Some(format!("https://sp.example.org/{v}")),
            ..ErrorPage::sample(ErrorKind::AppBlocked)
        }
        .html()
    });
    check("error-help", |v| {
        ErrorHelpPage {
            app: v.into(),
            transaction: v.into(),
            context: v.into(),
            ..ErrorHelpPage::sample()
        }
        .html()
    });
}

#[test]
fn values_stay_text_for_administrators_and_developers() {
    check("app-list", |v| {
        let mut page = AppListPage::sample();
        page.query = v.into();
        page.rows[0].app = app(v);
        page.rows[0].entity_id = v.into();
        page.html()
    });
    check("app-new", |v| {
        let mut page = AppNewPage::sample();
        page.pasted = v.into();
        page.typed.name = v.into();
        page.typed.entity_id = v.into();
        page.typed.acs_urls = v.into();
        page.typed.certificates = v.into();
        page.problems = vec![super::Problem::new("metadata", v)];
        page.html()
    });
    check("app-choose", |v| {
        let mut page = AppChoosePage::sample();
        page.metadata = v.into();
        page.entities[0].entity_id = v.into();
        page.entities[0].name = v.into();
        page.html()
    });
    check("app-preview", |v| {
        let mut page = AppPreviewPage::sample();
        page.source.metadata = v.into();
        page.app = app(v);
        page.entity_id = v.into();
        page.description = v.into();
        page.organisation = v.into();
        page.contacts = vec![v.into()];
        page.info_url = v.into();
        page.privacy_url = v.into();
        page.categories = vec![v.into()];
        page.endpoints[0].url = v.into();
        page.endpoints[0].binding = v.into();
        page.certificates[0].subject = v.into();
        page.requested[0].name = v.into();
        page.requested[0].friendly = v.into();
        page.formats = vec![v.into()];
        page.warnings = vec![v.into()];
        page.ignored = vec![v.into()];
        page.html()
    });
    check("app-settings", |v| {
        let mut page = AppSettingsPage::sample();
        page.app = app(v);
        page.entity_id = v.into();
        page.form.fill("name", vec![v.into()]);
        page.form.fill("description", vec![v.into()]);
        page.form.fill("logo_url", vec![v.into()]);
        page.form.fill("default_relay_state", vec![v.into()]);
        page.form.fill("permitted_contexts", vec![v.into()]);
        page.form.fill("name_id_format", vec![v.into()]);
        page.form.attributes[0].name = v.into();
        page.form.attributes[0].friendly = v.into();
        page.form.attributes[0].value = v.into();
        page.problems = vec![super::Problem::new("name", v)];
        page.html()
    });
    check("app-conflict", |v| {
        let mut page = AppConflictPage::sample();
        page.app = app(v);
        page.since[0].by = v.into();
        page.since[0].what = v.into();
        page.settings[0].label = v.into();
        page.settings[0].before = Some(v.into());
        page.settings[0].theirs = v.into();
        page.settings[0].mine = v.into();
        page.typed = vec![("description".into(), v.into())];
        page.read = v.into();
        page.html()
    });
    check("events", |v| {
        let mut page = EventListPage::sample();
        page.query = v.into();
        page.rows[0].actor = v.into();
        page.rows[0].target = v.into();
        page.rows[0].app = v.into();
        page.rows[0].address = v.into();
        page.html()
    });
    check("event", |v| {
        let mut page = EventPage::sample();
        page.row.actor = v.into();
        page.row.target = v.into();
        page.row.app = v.into();
        page.row.reason = v.into();
        page.entity_id = v.into();
        page.binding = v.into();
        page.user_agent = v.into();
        page.checks[0].name = v.into();
        page.checks[0].expected = v.into();
        page.checks[0].received = v.into();
        page.html()
    });
    check("user", |v| {
        let mut page = UserPage::sample();
        page.row.name = v.into();
        page.row.username = v.into();
        page.attributes = vec![(v.into(), vec![v.into()])];
        page.html()
    });
    check("developer", |v| {
        let mut page = DeveloperPage::sample();
        page.sps[0].app = app(v);
        page.sps[0].entity_id = v.into();
        page.exchanges[0].app = v.into();
        page.exchanges[0].reason = v.into();
        page.exchanges[1].assertion = Some(v.into());
        let came = page.exchanges[2].unreadable.as_mut();
        came.expect("the sample has one").raw = v.into();
        page.waiting[0].url = v.into();
        page.waiting[0].reason = v.into();
        let exchange = &mut page.exchanges[1];
        for message in exchange.request.iter_mut().chain(&mut exchange.response) {
            message.xml = v.into();
            message.relay_state = Some(v.into());
            message.destination = v.into();
        }
        page.html()
    });
}
