//! Several looks at one image: the whole picture and its middle, enlarged, in one or more
//! orientations.
//!
//! A network that reads a picture at one size sees a small thing in the middle with few of its
//! pixels; the enlarged middle shows it with all of them. The features of a crop are averaged over
//! its orientations, so where pictures have no natural upright (cells, tissue) a turned picture has
//! the features of the original. What comes after decides how much each crop counts.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::backbone::BackboneInfo;

/// The looks at an image that its features are made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Views {
    /// Parts of the image; their features are joined in this order.
    pub crops: Vec<Crop>,
    /// Orientations that each crop is averaged over.
    pub orientations: Orientations,
}

/// The middle of an image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crop {
    /// Share of the width and of the height around the middle, above 0, at most 1.
    pub share: f64,
    /// Whether its contrast is equalised part by part, so that faint things become plain and
    /// exposures alike. It brought radiographs almost a point, coloured images nothing.
    pub equalised: bool,
}

impl Crop {
    /// A crop as it is.
    #[must_use]
    pub fn plain(share: f64) -> Self {
        Self {
            share,
            equalised: false,
        }
    }
}

impl fmt::Display for Crop {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.share >= 1.0 {
            formatter.write_str("the whole picture")?;
        } else {
            write!(formatter, "its middle {:.0} %", 100.0 * self.share)?;
        }
        formatter.write_str(if self.equalised {
            " with equalised contrast"
        } else {
            ""
        })
    }
}

/// Orientations that features are averaged over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Orientations {
    /// As it is.
    #[default]
    Upright,
    /// As it is, and mirrored along its diagonal.
    Two,
    /// All four quarter turns, the odd ones mirrored.
    Four,
}

impl Orientations {
    /// Passes through the network a crop.
    #[must_use]
    pub fn passes(self) -> usize {
        match self {
            Self::Upright => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }

    pub(crate) fn all(self) -> &'static [Orientation] {
        const ALL: [Orientation; 4] = [
            Orientation::Upright,
            Orientation::Transposed,
            Orientation::HalfTurn,
            Orientation::TransposedHalfTurn,
        ];
        &ALL[..self.passes()]
    }
}

/// One way to hold a square picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Orientation {
    Upright,
    /// A quarter turn, mirrored: rows become columns.
    Transposed,
    HalfTurn,
    /// Three quarter turns, mirrored.
    TransposedHalfTurn,
}

impl Orientation {
    /// The pixel of the picture that stands at each pixel of the turned one, counted row by row over
    /// `side * side` pixels; `None` for the picture as it is.
    pub(crate) fn sources(self, side: usize) -> Option<Vec<usize>> {
        let pixels = side * side;
        let transposed = |pixel: usize| (pixel % side) * side + pixel / side;
        let source = |pixel: usize| match self {
            Self::Upright => pixel,
            Self::Transposed => transposed(pixel),
            Self::HalfTurn => pixels - 1 - pixel,
            Self::TransposedHalfTurn => pixels - 1 - transposed(pixel),
        };
        (self != Self::Upright).then(|| (0..pixels).map(source).collect())
    }
}

impl Views {
    /// The whole picture as it is: one pass.
    #[must_use]
    pub fn whole() -> Self {
        Self {
            crops: vec![Crop::plain(1.0)],
            orientations: Orientations::Upright,
        }
    }

    /// The whole picture, its middle 70 % and its middle half.
    #[must_use]
    pub fn three_crops(orientations: Orientations) -> Self {
        Self {
            crops: [1.0, 0.7, 0.5].map(Crop::plain).to_vec(),
            orientations,
        }
    }

    /// The same, with the whole picture also equalised, for grey images.
    #[must_use]
    pub fn grey_crops(orientations: Orientations) -> Self {
        let mut views = Self::three_crops(orientations);
        let equalised = Crop {
            share: 1.0,
            equalised: true,
        };
        views.crops.insert(1, equalised);
        views
    }

    /// Passes through the network an image.
    #[must_use]
    pub fn passes(&self) -> usize {
        self.crops.len() * self.orientations.passes()
    }

    /// What a backbone is with these views: as many blocks a crop as the network has outputs, and an
    /// id of its own, for the features are others.
    #[must_use]
    pub fn info(&self, backbone: &BackboneInfo) -> BackboneInfo {
        let mut info = backbone.clone();
        if *self == Self::whole() {
            return info;
        }
        let mut hasher = blake3::Hasher::new();
        hasher.update(backbone.id.as_bytes());
        for crop in &self.crops {
            hasher.update(&crop.share.to_le_bytes());
            hasher.update(&[u8::from(crop.equalised)]);
        }
        hasher.update(&self.orientations.passes().to_le_bytes());
        hasher.finalize().to_hex()[..16].clone_into(&mut info.id);
        info.blocks = backbone.blocks.repeat(self.crops.len());
        info.dim = info.blocks.iter().sum();
        info
    }
}

impl fmt::Display for Views {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let crops: Vec<String> = self.crops.iter().map(Crop::to_string).collect();
        formatter.write_str(&crops.join(", "))?;
        match self.orientations {
            Orientations::Upright => formatter.write_str(", upright"),
            Orientations::Two => formatter.write_str(", in two orientations"),
            Orientations::Four => formatter.write_str(", in four orientations"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn backbone() -> BackboneInfo {
        BackboneInfo {
            id: "0123456789abcdef".to_owned(),
            name: "network".to_owned(),
            dim: 5,
            blocks: vec![2, 3],
            outputs: vec!["a".to_owned(), "b".to_owned()],
            input_side: 8,
            source: "embedded".to_owned(),
        }
    }

    #[test]
    fn one_pass_changes_nothing_and_more_have_ids_of_their_own() {
        let plain = backbone();
        assert_eq!(Views::whole().info(&plain), plain);
        let three = Views::three_crops(Orientations::Upright).info(&plain);
        assert_eq!(three.blocks, [2, 3, 2, 3, 2, 3]);
        assert_eq!(three.dim, 15);
        let turned = Views::three_crops(Orientations::Four).info(&plain);
        assert_eq!(three.id.len(), 16);
        assert!(three.id != plain.id && three.id != turned.id);
        assert_eq!(Views::three_crops(Orientations::Four).passes(), 12);
        let grey = Views::grey_crops(Orientations::Upright);
        assert_eq!(grey.passes(), 4);
        assert_eq!(
            grey.to_string(),
            "the whole picture, the whole picture with equalised contrast, its middle 70 %, \
             its middle 50 %, upright"
        );
    }

    #[test]
    fn orientations_are_turns_of_a_square() {
        let picture = ['a', 'b', 'c', 'd'];
        let seen = |orientation: Orientation| -> String {
            let sources = orientation.sources(2).unwrap_or_else(|| vec![0, 1, 2, 3]);
            sources.into_iter().map(|p| picture[p]).collect()
        };
        let all: Vec<String> = Orientations::Four.all().iter().map(|o| seen(*o)).collect();
        assert_eq!(all, ["abcd", "acbd", "dcba", "dbca"]);
        assert_eq!(Orientations::Two.all().len(), 2);
    }
}
