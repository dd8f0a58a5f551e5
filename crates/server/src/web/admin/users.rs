//! Users: the list, one user, adding, deactivating.

use actix_web::http::StatusCode;
use actix_web::web::{Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::apps::{encode, say};
use super::body::{self, Weight};
use super::view::moment;
use super::{admin_frame, ask, problems, with_status};
use crate::context::Context;
use crate::directory::password::Password;
use crate::flow::admin::AdminError;
use crate::flow::admin::users::{self as flow, NewUser, Offered};
use crate::users::{AdminRight, User};
use crate::web::extract::{self, Fields};
use crate::web::pages::admin::{UserForm, UserListPage, UserNewPage, UserPage, UserRow};
use crate::web::pages::{Choice, Problem};
use crate::web::respond::{page, see_other};

fn row(user: &User) -> UserRow {
    UserRow {
        url: format!("/admin/users/{}", user.id),
        username: user.username.clone(),
        name: user.display_name.clone(),
        email: user.email.clone(),
        active: user.active,
        is_admin: !user.rights.is_empty(),
        profile: user.profile_name.clone(),
    }
}

/// `GET /admin/users`.
pub(crate) async fn list(request: HttpRequest) -> HttpResponse {
    let cx = extract::context(&request);
    let fields = Fields::of_query(&request);
    let query = fields.get("q").to_owned();
    let after = fields.find("after").map(str::to_owned);
    let (search, from) = (query.clone(), after.clone());
    ask(
        &request,
        cx,
        move |cx| flow::list(cx, &search, from.as_deref()),
        move |cx, found| {
            let next_url = found.users.last().filter(|_| found.more).map(|last| {
                format!(
                    "/admin/users?q={}&after={}",
                    encode(&query),
                    encode(&last.username)
                )
            });
            page(
                cx,
                &UserListPage {
                    frame: admin_frame(cx, &found.viewer),
                    first_url: after.map(|_| format!("/admin/users?q={}", encode(&query))),
                    query,
                    rows: found.users.iter().map(row).collect(),
                    total: u64::try_from(found.total).unwrap_or(0),
                    next_url,
                },
            )
        },
    )
    .await
}

/// `GET /admin/users/{id}`.
pub(crate) async fn show(request: HttpRequest, id: Path<String>) -> HttpResponse {
    let cx = extract::context(&request);
    let fields = Fields::of_query(&request);
    ask(
        &request,
        cx,
        move |cx| flow::show(cx, &id),
        move |cx, view| {
            let mut frame = admin_frame(cx, &view.viewer);
            let user = view.user;
            let rights = user.right_words().into_iter().map(str::to_owned);
            let rights = rights.collect();
            say(&mut frame, &fields);
            page(
                cx,
                &UserPage {
                    frame,
                    row: row(&user),
                    id: user.id.to_string(),
                    email_verified: user.email_verified,
                    same_mail: view.same_mail,
                    given_name: user.given_name,
                    family_name: user.family_name,
                    federation_id: user.federation_id.unwrap_or_default(),
                    locale: user.locale,
                    time_zone: user.time_zone,
                    permission_sets: user
                        .permission_sets
                        .into_iter()
                        .map(|(_, name)| name)
                        .collect(),
                    rights,
                    attributes: user.custom.into_iter().collect(),
                    last_login: view.last_login.map(moment),
                },
            )
        },
    )
    .await
}

/// `GET /admin/users/new`.
pub(crate) async fn new(request: HttpRequest) -> HttpResponse {
    let cx = extract::context(&request);
    ask(&request, cx, flow::offered, |cx, offered| {
        page(cx, &new_page(cx, offered, UserForm::default(), Vec::new()))
    })
    .await
}

fn new_page(
    cx: &Context,
    offered: Offered,
    mut form: UserForm,
    problems: Vec<Problem>,
) -> UserNewPage {
    if form.profile.is_empty()
        && let Some((first, _)) = offered.known.profiles.first()
    {
        form.profile = first.to_string();
    }
    let known = &offered.known;
    UserNewPage {
        frame: admin_frame(cx, &offered.viewer),
        form,
        profiles: known
            .profiles
            .iter()
            .map(|(id, name)| Choice::new(id.as_str(), name))
            .collect(),
        permission_sets: known
            .permission_sets
            .iter()
            .map(|(id, name)| Choice::new(id.as_str(), name))
            .collect(),
        password_least: cx.services.settings.login.password_min_characters,
        problems,
    }
}

/// `POST /admin/users`.
pub(crate) async fn add(request: HttpRequest, payload: Payload) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[AdminRight::ManageUsers];
    let fields = match body::form(&request, &cx, payload, rights, Weight::Settings).await {
        Ok(fields) => fields,
        Err(response) => return *response,
    };
    let text = |name: &str| fields.get(name).to_owned();
    let form = UserForm {
        username: text("username"),
        display_name: text("display_name"),
        given_name: text("given_name"),
        family_name: text("family_name"),
        email: text("email"),
        federation_id: text("federation_id"),
        locale: text("locale"),
        profile: text("profile"),
        permission_sets: fields.all("permission_sets").map(str::to_owned).collect(),
    };
    let new = NewUser {
        username: form.username.clone(),
        display_name: form.display_name.clone(),
        given_name: form.given_name.clone(),
        family_name: form.family_name.clone(),
        email: form.email.clone(),
        federation_id: form.federation_id.clone(),
        locale: form.locale.clone(),
        profile: form.profile.clone(),
        permission_sets: form.permission_sets.clone(),
        password: Some(Password::new(text("password"))),
        ..NewUser::default()
    };
    // What was wrong is an answer as well: the form is shown again with what it offers.
    ask(
        &request,
        cx,
        move |cx| match flow::add(cx, &new).map_err(AdminError::into_wrong) {
            Ok(added) => Ok(Ok(added.user)),
            Err(Ok(wrong)) => Ok(Err((wrong, flow::offered(cx)?))),
            Err(Err(other)) => Err(other),
        },
        move |cx, outcome| match outcome {
            Ok(user) => see_other(cx, &format!("/admin/users/{}?saved", user.id)),
            Err((wrong, offered)) => {
                let again = new_page(cx, offered, form, problems(wrong));
                with_status(cx, &again, StatusCode::UNPROCESSABLE_ENTITY)
            }
        },
    )
    .await
}

/// `POST /admin/users/{id}/deactivate`.
pub(crate) async fn deactivate(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    set_active(request, payload, id, false).await
}

/// `POST /admin/users/{id}/activate`.
pub(crate) async fn activate(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
) -> HttpResponse {
    set_active(request, payload, id, true).await
}

async fn set_active(
    request: HttpRequest,
    payload: Payload,
    id: Path<String>,
    active: bool,
) -> HttpResponse {
    let cx = extract::context(&request);
    let rights = &[AdminRight::ManageUsers];
    if let Err(response) = body::form(&request, &cx, payload, rights, Weight::Settings).await {
        return *response;
    }
    ask(
        &request,
        cx,
        move |cx| flow::set_active(cx, &id, active),
        |cx, (user, _)| see_other(cx, &format!("/admin/users/{}?saved", user.id)),
    )
    .await
}
