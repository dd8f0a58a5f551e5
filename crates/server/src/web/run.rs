//! Runs a flow for a request, where it belongs, and answers with what it ends in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::context::Context;
use crate::fault::OperatorError;
use crate::flow::outcome::Stop;
use crate::web::refuse;

/// Runs a flow on the blocking pool and answers with what `show` makes of it, or with a refusal's
/// page.
pub(crate) async fn run<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl FnOnce(&Context) -> Result<T, Stop> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
) -> HttpResponse {
    let inside = cx.clone();
    let outcome = web::block(move || flow(&inside)).await;
    match outcome {
        Ok(Ok(value)) => show(&cx, value),
        Ok(Err(stop)) => refuse::stopped(request, &cx, stop).await,
        // The pool is shut down, or the flow panicked: a bug, and the panic is in the log.
        Err(_) => {
            refuse::stopped(
                request,
                &cx,
                Stop::Ours(OperatorError::new("the flow did not end")),
            )
            .await
        }
    }
}

/// As [`run`], for a sign-on, which does nothing slower than one signature. On an embedded database
/// it is run where it is, to save the two changes of thread, and what it wrote is committed together
/// with what the other sign-ons wrote that this thread had waiting. On PostgreSQL it waits for the
/// network and belongs on the pool.
pub(crate) async fn run_brief<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl Fn(&Context) -> Result<T, Stop> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
) -> HttpResponse {
    if !cx.services.db.is_embedded() {
        return run(request, cx, flow, show).await;
    }
    let db = &cx.services.db;
    // A panic must cost its own request only, as it does on the pool.
    let (outcome, written) = db.together(|| catch_unwind(AssertUnwindSafe(|| flow(&cx))));
    if written.was_busy() && written.is_empty() {
        // Another process writes: to wait for it here would keep everybody waiting.
        return run(request, cx, flow, show).await;
    }
    let mut outcome =
        outcome.unwrap_or_else(|_| Err(Stop::Ours(OperatorError::new("the flow did not end"))));
    if !written.is_empty() {
        // A task of its own: whatever else is ready on this thread runs before it, and joins the
        // commit; and it commits, whether or not the browser is there still.
        let services = Arc::clone(&cx.services);
        let committed = actix_web::rt::spawn(async move { services.db.commit(written) }).await;
        let failed = match committed {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(OperatorError::from(error)),
            Err(_) => Some(OperatorError::new("the commit did not end")),
        };
        if let Some(error) = failed {
            outcome = Err(Stop::Ours(error));
        }
    }
    match outcome {
        Ok(value) => show(&cx, value),
        Err(stop) => refuse::stopped(request, &cx, stop).await,
    }
}
