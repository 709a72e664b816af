//! Chest radiographs that the program draws itself, with the truth about them: for `demo` and tests.
//!
//! In: a seed and a class. Out: a [`Phantom`], a 256 × 256 picture with what was drawn into it, or
//! a whole folder of them with `labels.csv`. Never: anything of a real patient.
//!
//! A body of varied build is drawn as thickness of tissue along the ray (outline, lungs, heart,
//! vessels, ribs, spine, tubes and markers), disease replaces air in the lungs, and the sum is
//! exposed with scatter, photon noise and the tone curve of a digital system. Faint and hidden
//! findings, and innocent shadows in normal chests, keep the classes from being separable. The
//! pictures are for trying out software: they are no model of any disease's frequency or form.
//!
//! ```
//! use autolabel_phantoms::{PhantomClass, chest_radiograph};
//!
//! let phantom = chest_radiograph(7, PhantomClass::Effusion);
//! assert_eq!((phantom.plane.width, phantom.plane.height), (256, 256));
//! assert!(!phantom.truth.opacities.is_empty());
//! assert_eq!(phantom, chest_radiograph(7, PhantomClass::Effusion));
//! ```

// The picture and the folder of pictures.
mod radiograph;

mod folder;

mod class;

mod error;

// What is drawn.
mod patient;

mod chest;

mod bones;

mod vessels;

mod opacity;

mod artefacts;

// How it becomes a picture.
mod exposure;

mod field;

mod draw;

pub use class::PhantomClass;
pub use error::PhantomError;
pub use folder::{PhantomFile, write_chest_folder};
pub use radiograph::{OpacityBox, Phantom, PhantomTruth, chest_radiograph, patient_radiograph};
