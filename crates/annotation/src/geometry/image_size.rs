//! Width and height of an image, small enough that a pixel has a 32-bit number.

use super::GeometryError;

/// Width and height of an image in pixels; sides from 1 to [`ImageSize::MOST_SIDE`], at most
/// [`ImageSize::MOST_PIXELS`] in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ImageSize {
    width: u32,
    height: u32,
}

impl ImageSize {
    /// Longest side, 2²⁰ pixels: there, a coordinate in single precision is exact to 1/16 pixel.
    pub const MOST_SIDE: u32 = 1 << 20;

    /// Most pixels, 2³⁰ (32,768 x 32,768): positions fit the 32 bits that COCO's run lengths have.
    pub const MOST_PIXELS: u32 = 1 << 30;

    /// A size within the limits.
    ///
    /// # Errors
    /// [`GeometryError::ImageSize`] outside of them.
    pub fn new(width: u32, height: u32) -> Result<Self, GeometryError> {
        let sides = 1..=Self::MOST_SIDE;
        let pixels = u64::from(width) * u64::from(height);
        if sides.contains(&width)
            && sides.contains(&height)
            && pixels <= u64::from(Self::MOST_PIXELS)
        {
            Ok(Self { width, height })
        } else {
            Err(GeometryError::ImageSize { width, height })
        }
    }

    /// Columns.
    #[must_use]
    pub fn width(self) -> u32 {
        self.width
    }

    /// Rows.
    #[must_use]
    pub fn height(self) -> u32 {
        self.height
    }

    /// All pixels.
    #[must_use]
    pub fn pixels(self) -> u32 {
        self.width * self.height
    }

    /// `Ok` where both sizes are the same.
    pub(super) fn same(self, other: Self) -> Result<(), GeometryError> {
        if self == other {
            Ok(())
        } else {
            Err(GeometryError::SizesDiffer {
                first: self,
                second: other,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_end_where_positions_would_not_fit() {
        assert_eq!(ImageSize::new(1, 1).unwrap().pixels(), 1);
        assert_eq!(ImageSize::new(32_768, 32_768).unwrap().pixels(), 1 << 30);
        for (width, height) in [(0, 5), (5, 0), (32_769, 32_768), (1 << 21, 1)] {
            let refused = ImageSize::new(width, height).unwrap_err();
            assert_eq!(refused, GeometryError::ImageSize { width, height });
        }
        let sentence = ImageSize::new(0, 5).unwrap_err().to_string();
        assert!(sentence.contains("0 x 5") && sentence.contains("1073741824"));
    }
}
