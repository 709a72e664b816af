//! What a phantom shows.

use std::fmt;

/// The classes of the phantom chest radiographs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PhantomClass {
    /// Clear lungs, apart from what also healthy people have.
    Normal,
    /// Consolidation or a net-like pattern in one or both lungs.
    Pneumonia,
    /// Fluid between lung and chest wall.
    Effusion,
}

impl PhantomClass {
    /// All classes, in the order of their frequency.
    pub const ALL: [PhantomClass; 3] = [
        PhantomClass::Normal,
        PhantomClass::Pneumonia,
        PhantomClass::Effusion,
    ];

    /// The label: `normal`, `pneumonia` or `effusion`.
    pub fn name(&self) -> &'static str {
        match self {
            PhantomClass::Normal => "normal",
            PhantomClass::Pneumonia => "pneumonia",
            PhantomClass::Effusion => "effusion",
        }
    }
}

impl fmt::Display for PhantomClass {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
