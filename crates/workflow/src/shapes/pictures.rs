//! What the dense network sees of an image: maps of the frozen stages on augmented views, to learn from,
//! and on the image and its mirror image, to answer for.
//!
//! The maps of a view are always the same, so they are kept in memory as long as there is room. Views
//! depend on the image and a seed alone, so that arms of a simulation share them.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use autolabel_annotation::ImageSize;
use autolabel_image_io::{Augmentation, ImageIoError, Plane, ReadLimits, augmented, read_plane};
use autolabel_models::{FrozenStages, frozen_stage_maps};
use half::f16;
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::recipe::Recipe;
use crate::WorkflowError;

/// Bytes of maps that are kept.
const MOST_BYTES: usize = 3 << 30;
/// Pictures that are computed together.
const AT_A_TIME: usize = 32;

/// A view of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum View {
    /// One of the augmented views, by its number.
    Augmented(u16),
    /// The whole image.
    Whole,
    /// The whole image, left and right exchanged.
    Mirrored,
}

/// The maps of one view.
pub(crate) type Maps = Arc<[f16]>;

/// The images of a project as the network sees them. Shared by threads.
pub(crate) struct Pictures {
    pub(crate) recipe: Recipe,
    stages: FrozenStages,
    files: Vec<PathBuf>,
    sizes: Vec<ImageSize>,
    seed: u64,
    kept: Mutex<Kept>,
}

#[derive(Default)]
struct Kept {
    maps: HashMap<(u32, View), Maps>,
    bytes: usize,
}

impl Pictures {
    /// Images by row, with their sizes.
    pub(crate) fn new(
        recipe: Recipe,
        stages: FrozenStages,
        files: Vec<PathBuf>,
        sizes: Vec<ImageSize>,
        seed: u64,
    ) -> Self {
        Self {
            recipe,
            stages,
            files,
            sizes,
            seed,
            kept: Mutex::default(),
        }
    }

    /// Images.
    pub(crate) fn len(&self) -> usize {
        self.files.len()
    }

    /// Width and height of an image.
    pub(crate) fn size(&self, row: u32) -> ImageSize {
        self.sizes[row as usize]
    }

    /// Rows and columns of what the network sees of it.
    pub(crate) fn input(&self, row: u32, view: View) -> (usize, usize) {
        match view {
            View::Augmented(_) => self.recipe.learnt_from(self.size(row)),
            View::Whole | View::Mirrored => self.recipe.whole(self.size(row)),
        }
    }

    /// How a view looks at an image: the same whenever it is asked for.
    pub(crate) fn look(&self, row: u32, view: View) -> Augmentation {
        self.look_at(row, view, self.size(row))
    }

    /// How a view looks at an image that is taken to have this size.
    pub(crate) fn look_at(&self, row: u32, view: View, size: ImageSize) -> Augmentation {
        let source = (size.height() as usize, size.width() as usize);
        let (height, width) = self.input(row, view);
        match view {
            View::Augmented(number) => {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                rng.set_stream(u64::from(row) << 16 | u64::from(number));
                self.recipe.view(size, &mut rng)
            }
            View::Whole => Augmentation::plain(source, height, width),
            View::Mirrored => {
                let mut look = Augmentation::plain(source, height, width);
                for line in &mut look.source_from_view {
                    line[2] += line[0] * (width as f64 - 1.0);
                    line[0] = -line[0];
                }
                look
            }
        }
    }

    /// The maps of these views, in their order. An image that cannot be read has none.
    pub(crate) fn maps(&self, wanted: &[(u32, View)]) -> Result<Vec<Option<Maps>>, WorkflowError> {
        let mut found: Vec<Option<Maps>> = {
            let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
            wanted
                .iter()
                .map(|key| kept.maps.get(key).cloned())
                .collect()
        };
        let mut missing: Vec<usize> = (0..wanted.len())
            .filter(|at| found[*at].is_none())
            .collect();
        // Pictures of one size run together, and views of one image share its reading.
        let input = |at: &usize| self.input(wanted[*at].0, wanted[*at].1);
        missing.sort_by_key(|at| (input(at), wanted[*at].0));
        for alike in missing.chunk_by(|a, b| input(a) == input(b)) {
            for part in alike.chunks(AT_A_TIME) {
                self.compute(wanted, part, &mut found)?;
            }
        }
        Ok(found)
    }

    /// Computes the maps at these places of `wanted`, all of one size.
    fn compute(
        &self,
        wanted: &[(u32, View)],
        part: &[usize],
        found: &mut [Option<Maps>],
    ) -> Result<(), WorkflowError> {
        let by_image: Vec<&[usize]> = part.chunk_by(|a, b| wanted[*a].0 == wanted[*b].0).collect();
        let drawn: Vec<(usize, Vec<f32>)> = by_image
            .par_iter()
            .flat_map_iter(|places| {
                let row = wanted[places[0]].0;
                let plane = self.read(row).ok();
                places.iter().filter_map(move |&place| {
                    let look = self.look(row, wanted[place].1);
                    Some((place, augmented(plane.as_ref()?, &look)))
                })
            })
            .collect();
        let Some((first, _)) = drawn.first() else {
            return Ok(());
        };
        let (height, width) = self.input(wanted[*first].0, wanted[*first].1);
        let pictures: Vec<&[f32]> = drawn.iter().map(|(_, picture)| &picture[..]).collect();
        let values = frozen_stage_maps(&self.stages, height, width, &pictures)?;
        let size = values.len() / drawn.len();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for ((place, _), values) in drawn.iter().zip(values.chunks_exact(size)) {
            let maps: Maps = values.into();
            let bytes = size_of_val(&maps[..]);
            if kept.bytes + bytes <= MOST_BYTES {
                kept.bytes += bytes;
                kept.maps.insert(wanted[*place], Arc::clone(&maps));
            }
            found[*place] = Some(maps);
        }
        Ok(())
    }

    fn read(&self, row: u32) -> Result<Plane, ImageIoError> {
        read_plane(&self.files[row as usize], &ReadLimits::default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use autolabel_annotation::Task;
    use autolabel_models::load_frozen_stages;

    #[test]
    fn the_mirror_image_is_the_image_from_the_other_side() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.png");
        let picture = image::GrayImage::from_fn(128, 128, |x, y| image::Luma([(x + y / 4) as u8]));
        picture.save(&file).unwrap();
        let size = ImageSize::new(128, 128).unwrap();
        let recipe = Recipe::of(Task::SemanticSegmentation, &[size]);
        let stages = load_frozen_stages(autolabel_models::EngineChoice::Auto, 1).unwrap();
        let pictures = Pictures::new(recipe, stages, vec![file.clone()], vec![size], 0);
        let plane = pictures.read(0).unwrap();
        let mut whole = augmented(&plane, &pictures.look(0, View::Whole));
        let mirrored = augmented(&plane, &pictures.look(0, View::Mirrored));
        whole.chunks_exact_mut(128).for_each(<[f32]>::reverse);
        assert_eq!(whole, mirrored);
        // What is gone has no maps, and nothing fails.
        std::fs::remove_file(file).unwrap();
        let maps = pictures
            .maps(&[(0, View::Whole), (0, View::Augmented(0))])
            .unwrap();
        assert!(maps.iter().all(Option::is_none));
    }
}
