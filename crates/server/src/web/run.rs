//! Runs a flow for a request, where it belongs, and answers with what it ends in.

use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::{HttpRequest, HttpResponse, web};

use crate::context::Context;
use crate::fault::OperatorError;
use crate::flow::outcome::Stop;
use crate::store::FlowEnd;
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

/// As [`run`], for a sign-on, which does nothing slower than one signature: where the database allows
/// it, `flow` is run where it is, and shares its commit with others ([`Db::serve`]). It may run twice;
/// see there.
///
/// [`Db::serve`]: crate::store::Db::serve
pub(crate) async fn run_brief<T: Send + 'static>(
    request: &HttpRequest,
    cx: Context,
    flow: impl Fn(&Context) -> Result<T, Stop> + Send + 'static,
    show: impl FnOnce(&Context, T) -> HttpResponse,
) -> HttpResponse {
    // A panic must cost its own request only, as it does on the pool.
    let caught = || catch_unwind(AssertUnwindSafe(|| flow(&cx)));
    let outcome = match cx.services.db.serve(caught).await {
        FlowEnd::Ended(Ok(outcome)) => outcome,
        FlowEnd::Ended(Err(_)) => Err(Stop::Ours(OperatorError::new("the flow did not end"))),
        FlowEnd::Failed(error) => Err(Stop::Ours(error.into())),
        FlowEnd::Again => return run(request, cx, flow, show).await,
    };
    match outcome {
        Ok(value) => show(&cx, value),
        Err(stop) => refuse::stopped(request, &cx, stop).await,
    }
}
