//! The images: list with filters, one image, its pixels, its preview, its heat map, its drawings, its flag,
//! refused files.

use crate::binary::Binary;
use crate::conditional::conditional;
use crate::extract::{Json, Path, Query};
use crate::problem::Problem;
use autolabel_annotation::{ClassId, Drawing, DrawingId, ImageId};
use autolabel_workflow::Project;
use autolabel_workflow::view::{
    DoubtView, DrawingView, ImageFilter, ImageOrder, ImagePage, ImageState, ImageView,
    LocalizationView, ProposalView, RefusedFile, SliceNeighbours,
};
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Most images of one page of the list.
const MOST_PAGE_ITEMS: u64 = 1000;
/// Sides of previews that are offered, pixels.
const PREVIEW_SIDES: std::ops::RangeInclusive<u32> = 32..=1024;

/// Filters, order and page of the list.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ImagesQuery {
    /// Only images in this state.
    pub state: Option<ImageState>,
    /// Only images whose label (the expert's, else the auto-label, else the prediction) names this class
    /// or finding.
    pub class: Option<ClassId>,
    /// Only flagged images.
    #[serde(default)]
    pub flagged: bool,
    /// Only copies of earlier images.
    #[serde(default)]
    pub duplicates: bool,
    /// Only images that resemble nothing labeled; none before there are a hundred labels.
    #[serde(default)]
    pub unusual: bool,
    /// Only images where the expert and the model differ.
    #[serde(default)]
    pub disagreement: bool,
    /// Part of the file name, case-insensitive.
    pub text: Option<String>,
    /// `id` as imported, `doubt` most doubtful first, `unusual` least like the labeled images first.
    #[serde(default)]
    pub order: ImageOrder,
    /// Zero-based position of the first image of the page.
    #[serde(default)]
    pub offset: u64,
    /// Images of the page, 1 to 1000.
    #[serde(default = "hundred")]
    #[param(default = 100, minimum = 1, maximum = 1000)]
    pub limit: u64,
}

fn hundred() -> u64 {
    100
}

/// A page of the images that pass the filters.
#[utoipa::path(
    get, path = "/images", tag = "images", operation_id = "list_images",
    params(ImagesQuery),
    responses(
        (status = 200, description = "The page and how many pass in all", body = ImagePage),
        Problem,
    )
)]
pub async fn list_images(
    State(project): State<Project>,
    Query(query): Query<ImagesQuery>,
) -> Result<axum::Json<ImagePage>, Problem> {
    let filter = ImageFilter {
        state: query.state,
        class: query.class,
        flagged: query.flagged,
        duplicates: query.duplicates,
        disagreement: query.disagreement,
        unusual: query.unusual,
        text: query.text,
        order: query.order,
    };
    let limit = query.limit.clamp(1, MOST_PAGE_ITEMS);
    Ok(axum::Json(
        project.images(&filter, query.offset, limit).await?,
    ))
}

/// One image.
#[utoipa::path(
    get, path = "/images/{id}", tag = "images", operation_id = "get_image",
    params(("id" = u32, Path, description = "Row of the image")),
    responses(
        (status = 200, description = "The image", body = ImageView),
        Problem,
    )
)]
pub async fn get_image(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
) -> Result<axum::Json<ImageView>, Problem> {
    Ok(axum::Json(project.image(id).await?))
}

/// Keeps what was drawn on an image, and gives it the number that an answer names.
#[utoipa::path(
    post, path = "/images/{id}/drawings", tag = "images", operation_id = "save_drawing",
    params(("id" = u32, Path, description = "Row of the image")),
    request_body = Drawing,
    responses(
        (status = 200, description = "The drawing as it is kept; on disk when this is received", body = DrawingView),
        Problem,
    )
)]
pub async fn save_drawing(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
    Json(drawing): Json<Drawing>,
) -> Result<axum::Json<DrawingView>, Problem> {
    Ok(axum::Json(project.save_drawing(id, &drawing).await?))
}

/// A drawing by its number.
#[utoipa::path(
    get, path = "/drawings/{id}", tag = "images", operation_id = "get_drawing",
    params(("id" = u32, Path, description = "Number of the drawing")),
    responses(
        (status = 200, description = "The drawing", body = DrawingView),
        Problem,
    )
)]
pub async fn get_drawing(
    State(project): State<Project>,
    Path(id): Path<DrawingId>,
) -> Result<axum::Json<DrawingView>, Problem> {
    Ok(axum::Json(project.drawing(id).await?))
}

/// Shapes that the network proposes to draw on an image, each with how sure it is.
#[utoipa::path(
    get, path = "/images/{id}/proposal", tag = "images", operation_id = "propose_shapes",
    params(("id" = u32, Path, description = "Row of the image")),
    responses(
        (status = 200, description = "The proposal; null before a network has learnt", body = ProposalView),
        Problem,
    )
)]
pub async fn propose_shapes(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
) -> Result<axum::Json<ProposalView>, Problem> {
    let proposal = project.proposal(id).await?;
    Ok(axum::Json(ProposalView { proposal }))
}

/// Where the network of shapes is least sure on an image: a map, and the places to look at first.
#[utoipa::path(
    get, path = "/images/{id}/doubt", tag = "images", operation_id = "doubt_of_image",
    params(("id" = u32, Path, description = "Row of the image")),
    responses(
        (status = 200, description = "Map and places", body = DoubtView),
        Problem,
    )
)]
pub async fn doubt_of_image(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
) -> Result<axum::Json<DoubtView>, Problem> {
    Ok(axum::Json(project.doubt(id).await?))
}

/// What people have drawn on the slices around an image, to copy it or to draw what lies between.
#[utoipa::path(
    get, path = "/images/{id}/neighbours", tag = "images", operation_id = "neighbours_of_image",
    params(("id" = u32, Path, description = "Row of the image")),
    responses(
        (status = 200, description = "The nearest drawn slice on either side", body = SliceNeighbours),
        Problem,
    )
)]
pub async fn neighbours_of_image(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
) -> Result<axum::Json<SliceNeighbours>, Problem> {
    Ok(axum::Json(project.neighbours(id).await?))
}

/// A mark for a second look.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
pub struct FlagRequest {
    /// `true` sets the mark, `false` takes it away.
    pub on: bool,
}

/// Sets or takes away the mark for a second look.
#[utoipa::path(
    put, path = "/images/{id}/flag", tag = "images", operation_id = "flag_image",
    params(("id" = u32, Path, description = "Row of the image")),
    request_body = FlagRequest,
    responses(
        (status = 200, description = "The image after it", body = ImageView),
        Problem,
    )
)]
pub async fn flag_image(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
    Json(request): Json<FlagRequest>,
) -> Result<axum::Json<ImageView>, Problem> {
    Ok(axum::Json(project.flag(id, request.on).await?))
}

/// The samples of an image, untouched, with the window to show them in.
///
/// Layout, little-endian: `ALP1`, u32 width, u32 height, u8 channels (1 or 3, interleaved), u8 bytes
/// per sample (1 or 2), u16 zero, f32 window low, f32 window high, then the samples row by row.
#[utoipa::path(
    get, path = "/images/{id}/plane", tag = "images", operation_id = "get_plane",
    params(("id" = u32, Path, description = "Row of the image")),
    responses(
        (status = 200, description = "Header and samples", body = Binary, content_type = "application/octet-stream"),
        (status = 304, description = "Unchanged since the ETag in If-None-Match"),
        Problem,
    )
)]
pub async fn get_plane(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let tag = format!("\"{}-plane\"", project.content_hash(id).await?);
    conditional(&headers, &tag, "application/octet-stream", async || {
        Ok(project.plane_bytes(id).await?)
    })
    .await
}

/// Query of a preview.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PreviewQuery {
    /// Longer side in pixels, 32 to 1024.
    #[serde(default = "small_side")]
    #[param(default = 256, minimum = 32, maximum = 1024)]
    pub side: u32,
}

fn small_side() -> u32 {
    256
}

/// A small JPEG of an image in its default window, for lists.
#[utoipa::path(
    get, path = "/images/{id}/preview", tag = "images", operation_id = "get_preview",
    params(("id" = u32, Path, description = "Row of the image"), PreviewQuery),
    responses(
        (status = 200, description = "JPEG", body = Binary, content_type = "image/jpeg"),
        (status = 304, description = "Unchanged since the ETag in If-None-Match"),
        Problem,
    )
)]
pub async fn get_preview(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
    Query(query): Query<PreviewQuery>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let side = query
        .side
        .clamp(*PREVIEW_SIDES.start(), *PREVIEW_SIDES.end());
    let tag = format!("\"{}-{side}\"", project.content_hash(id).await?);
    conditional(&headers, &tag, "image/jpeg", async || {
        Ok(project.preview(id, side).await?)
    })
    .await
}

/// Query of a heat map.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct LocalizationQuery {
    /// The class in question; without it the class shown for the image (expert's label, else
    /// auto-label, else prediction).
    pub class: Option<ClassId>,
}

/// Where on an image the present model sees the evidence for a class, with a proposal of a box.
///
/// Kept back, as the prediction is, while an expert is asked about the image.
#[utoipa::path(
    get, path = "/images/{id}/localization", tag = "images", operation_id = "localize_image",
    params(("id" = u32, Path, description = "Row of the image"), LocalizationQuery),
    responses(
        (status = 200, description = "Heat map and box", body = LocalizationView),
        Problem,
    )
)]
pub async fn localize_image(
    State(project): State<Project>,
    Path(id): Path<ImageId>,
    Query(query): Query<LocalizationQuery>,
) -> Result<axum::Json<LocalizationView>, Problem> {
    Ok(axum::Json(project.localization(id, query.class).await?))
}

/// Files that could not be imported, with the reason for each.
#[utoipa::path(
    get, path = "/refused", tag = "images", operation_id = "list_refused",
    responses(
        (status = 200, description = "Files in order of their paths", body = Vec<RefusedFile>),
        Problem,
    )
)]
pub async fn list_refused(
    State(project): State<Project>,
) -> Result<axum::Json<Vec<RefusedFile>>, Problem> {
    Ok(axum::Json(project.refused().await?))
}
