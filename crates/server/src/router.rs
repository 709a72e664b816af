//! All routes with the layers around them.

use crate::guard::guard;
use crate::openapi::Frame;
use crate::problem::{Problem, ProblemCode};
use crate::routes::{
    about, audit, auto_label, certificate, events, export, images, jobs, models, project, queue,
};
use crate::state::AppState;
use crate::web::web_app;
use autolabel_workflow::Project;
use axum::extract::DefaultBodyLimit;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Router, middleware};
use std::any::Any;
use std::net::IpAddr;
use tokio::sync::watch;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{NotForContentType, Predicate, SizeAbove};
use tower_http::trace::TraceLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Largest request body, bytes. The largest real one is the settings with thousands of classes.
const MOST_BODY_BYTES: usize = 1 << 20;

/// Largest drawing, bytes: 20,000 shapes, or masks of a large image pixel by pixel.
const MOST_DRAWING_BYTES: usize = 64 << 20;

/// Everything a server that listens at this address answers about this project. Event streams end
/// when `closing` turns `true`.
pub fn router(project: Project, listening: IpAddr, closing: watch::Receiver<bool>) -> Router {
    let state = AppState { project, closing };
    let (api, _) = api_router().split_for_parts();
    api.route("/healthz", get(about::health))
        .fallback(web_app)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(DefaultBodyLimit::max(MOST_BODY_BYTES))
        .layer(
            CompressionLayer::new()
                .gzip(true)
                .compress_when(worth_compressing()),
        )
        .layer(CatchPanicLayer::custom(fault))
        .layer(middleware::from_fn_with_state(listening, guard))
        .layer(TraceLayer::new_for_http())
        .with_state(state)
}

/// The routes of `/api/v1` with their description.
pub(crate) fn api_router() -> OpenApiRouter<AppState> {
    let api = OpenApiRouter::new()
        .routes(routes!(project::get_project, project::change_settings))
        .routes(routes!(project::get_curve))
        .routes(routes!(events::follow_events))
        .routes(routes!(queue::get_queue))
        .routes(routes!(queue::answer))
        .routes(routes!(queue::undo))
        .routes(routes!(images::list_images))
        .routes(routes!(images::get_image))
        .routes(routes!(images::flag_image))
        .routes(routes!(images::get_drawing))
        .routes(routes!(images::propose_shapes))
        .routes(routes!(images::doubt_of_image))
        .routes(routes!(images::neighbours_of_image))
        .merge(
            OpenApiRouter::new()
                .routes(routes!(images::save_drawing))
                .layer(DefaultBodyLimit::max(MOST_DRAWING_BYTES)),
        )
        .routes(routes!(images::get_plane))
        .routes(routes!(images::get_preview))
        .routes(routes!(images::localize_image))
        .routes(routes!(images::list_refused))
        .routes(routes!(jobs::list_jobs, jobs::start_job))
        .routes(routes!(jobs::cancel_job))
        .routes(routes!(models::list_models))
        .routes(routes!(models::get_model))
        .routes(routes!(
            auto_label::preview_auto_label,
            auto_label::auto_label
        ))
        .routes(routes!(audit::get_audit))
        .routes(routes!(audit::audit_answer))
        .routes(routes!(certificate::get_certificate))
        .routes(routes!(certificate::get_certificate_page))
        .routes(routes!(export::export))
        .routes(routes!(about::list_problems))
        .routes(routes!(about::get_openapi));
    OpenApiRouter::with_openapi(Frame::openapi()).nest("/api/v1", api)
}

/// Text shrinks to a quarter; pixels and archives hardly do and cost time on the key press.
fn worth_compressing() -> impl Predicate {
    SizeAbove::new(1024)
        .and(NotForContentType::IMAGES)
        .and(NotForContentType::SSE)
        .and(NotForContentType::const_new("application/octet-stream"))
        .and(NotForContentType::const_new("application/x-tar"))
        .and(NotForContentType::const_new("font/"))
}

async fn method_not_allowed() -> Problem {
    Problem::new(
        ProblemCode::MethodNotAllowed,
        "this path does not take this method; /api/v1/openapi.json lists what it takes",
    )
}

/// A panic in a handler: the person gets a sentence, the log gets the text of the panic.
#[allow(
    clippy::needless_pass_by_value,
    reason = "the catching layer hands the panic over by value"
)]
fn fault(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("unknown");
    tracing::error!(panic = text, "a handler panicked");
    Problem::new(
        ProblemCode::Internal,
        "the program met a fault of its own; your answers are safe, please report what you did",
    )
    .into_response()
}
