//! Masks of the mirrored, cut and enlarged image.

use super::mask::Toggles;
use super::{ColumnRun, GeometryError, ImageSize, Mask};

impl Mask {
    /// The mask of the image mirrored left to right.
    #[must_use]
    pub fn flipped_horizontally(&self) -> Self {
        let size = self.size();
        let runs: Vec<ColumnRun> = self.column_runs().collect();
        let mut toggles = Toggles::with_capacity(self.toggles().len());
        for column in runs.chunk_by(|first, second| first.x == second.x).rev() {
            for run in column {
                let x = size.width() - 1 - run.x;
                toggles.column_run(size, ColumnRun { x, ..*run });
            }
        }
        Self::of_toggles(size, toggles)
    }

    /// The mask of the image mirrored top to bottom.
    #[must_use]
    pub fn flipped_vertically(&self) -> Self {
        let (size, height) = (self.size(), self.size().height());
        let runs: Vec<ColumnRun> = self.column_runs().collect();
        let mut toggles = Toggles::with_capacity(self.toggles().len());
        for column in runs.chunk_by(|first, second| first.x == second.x) {
            for ColumnRun { x, top, bottom } in column.iter().rev() {
                let (x, top, bottom) = (*x, height - bottom, height - top);
                toggles.column_run(size, ColumnRun { x, top, bottom });
            }
        }
        Self::of_toggles(size, toggles)
    }

    /// The mask of a window of the image whose upper-left pixel is (`left`, `top`).
    ///
    /// # Errors
    /// A window that leaves the image.
    pub fn cropped(&self, left: u32, top: u32, window: ImageSize) -> Result<Self, GeometryError> {
        inside(left, top, window, self.size())?;
        let rows = top..top + window.height();
        let mut toggles = Toggles::default();
        for run in self.column_runs() {
            if (left..left + window.width()).contains(&run.x) {
                let shown = ColumnRun {
                    x: run.x - left,
                    top: run.top.clamp(rows.start, rows.end) - top,
                    bottom: run.bottom.clamp(rows.start, rows.end) - top,
                };
                toggles.column_run(window, shown);
            }
        }
        Ok(Self::of_toggles(window, toggles))
    }

    /// The mask of an image of which this one is a window at (`left`, `top`); nothing outside of it
    /// belongs to the mask. [`Self::cropped`] is its inverse.
    ///
    /// # Errors
    /// A window that leaves the image.
    pub fn placed(&self, left: u32, top: u32, image: ImageSize) -> Result<Self, GeometryError> {
        inside(left, top, self.size(), image)?;
        let mut toggles = Toggles::with_capacity(self.toggles().len());
        for run in self.column_runs() {
            let shown = ColumnRun {
                x: run.x + left,
                top: run.top + top,
                bottom: run.bottom + top,
            };
            toggles.column_run(image, shown);
        }
        Ok(Self::of_toggles(image, toggles))
    }
}

fn inside(left: u32, top: u32, window: ImageSize, image: ImageSize) -> Result<(), GeometryError> {
    let fits = |start: u32, length: u32, all: u32| start <= all && length <= all - start;
    if fits(left, window.width(), image.width()) && fits(top, window.height(), image.height()) {
        Ok(())
    } else {
        Err(GeometryError::OutsideImage {
            left,
            top,
            window,
            image,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::mask::tests::mask;
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn flips_move_every_pixel(mask in mask()) {
            let (across, down) = (mask.flipped_horizontally(), mask.flipped_vertically());
            let (width, height) = (mask.size().width(), mask.size().height());
            for (x, y) in (0..width).flat_map(|x| (0..height).map(move |y| (x, y))) {
                prop_assert_eq!(across.contains(width - 1 - x, y), mask.contains(x, y));
                prop_assert_eq!(down.contains(x, height - 1 - y), mask.contains(x, y));
            }
            prop_assert_eq!(across.area(), mask.area());
            prop_assert_eq!(across.flipped_horizontally(), mask.clone());
            prop_assert_eq!(down.flipped_vertically(), mask);
        }

        #[test]
        fn a_window_shows_its_pixels(mask in mask(), from in (0u32..14, 0u32..14), to in (1u32..15, 1u32..15)) {
            let window = ImageSize::new(to.0, to.1).unwrap();
            let found = mask.cropped(from.0, from.1, window);
            let fits = from.0 + to.0 <= mask.size().width() && from.1 + to.1 <= mask.size().height();
            prop_assert_eq!(found.is_ok(), fits);
            if let Ok(found) = found {
                for (x, y) in (0..to.0).flat_map(|x| (0..to.1).map(move |y| (x, y))) {
                    prop_assert_eq!(found.contains(x, y), mask.contains(x + from.0, y + from.1));
                }
                let back = found.placed(from.0, from.1, mask.size()).unwrap();
                prop_assert_eq!(back.area(), found.area());
                prop_assert_eq!(back.difference(&mask).unwrap().area(), 0);
                prop_assert_eq!(back.cropped(from.0, from.1, window).unwrap(), found);
            }
        }
    }

    #[test]
    fn a_window_far_outside_is_refused() {
        let mask = Mask::full(ImageSize::new(4, 4).unwrap());
        let window = ImageSize::new(2, 2).unwrap();
        let refused = mask.cropped(u32::MAX, 0, window).unwrap_err();
        assert!(refused.to_string().contains("4294967295"), "{refused}");
        assert!(mask.placed(3, 0, ImageSize::new(6, 6).unwrap()).is_err());
    }
}
