//! The description of the REST interface, generated from the handlers.

use crate::problem::Problem;
use crate::router::api_router;
use crate::routes::export::Format;
use autolabel_workflow::view::ImageOrder;
use utoipa::OpenApi;

/// The frame into which the handlers put their paths and schemas.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "AutoLabel",
        description = "Labels medical images by active learning: experts answer for the images that the \
            program chooses, it labels the rest, and an audit certifies the result. Errors are \
            application/problem+json (RFC 9457) with a stable code.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
        contact()
    ),
    // Types that only query parameters name are not collected from the handlers.
    components(schemas(Problem, Format, ImageOrder)),
    tags(
        (name = "project", description = "Numbers, settings, learning curve, events"),
        (name = "labeling", description = "The queue and the answers"),
        (name = "images", description = "Lists, pixels, previews, flags"),
        (name = "jobs", description = "Import and training in the background"),
        (name = "models", description = "Versions of the model with their measures"),
        (name = "release", description = "Auto-labeling, audit, certificate, exports"),
        (name = "about", description = "The interface about itself"),
    )
)]
pub(crate) struct Frame;

/// The OpenAPI 3.1 document, indented, with a line feed at its end.
#[must_use]
pub fn openapi_json() -> String {
    let (_, document) = api_router().split_for_parts();
    let mut text = document.to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}
