//! One kind of fault a file.

pub mod alertstorm;
pub mod bitrot;
pub mod broker;
pub mod clock;
pub mod diskfull;
pub mod hostile;
pub mod iofail;
pub mod kill9;
pub mod netcut;
pub mod powercut;
pub mod reload;
pub mod sigterm;
pub mod soak;
pub mod storm;
pub mod twin;

use std::ops::Range;

use crate::load::Rate;
use crate::report::Alarms;
use crate::{Binary, Plant};

/// What every mode is told.
#[derive(Clone, Debug)]
pub struct Rig {
    /// What is broken.
    pub binary: Binary,
    /// What is made wrong on purpose.
    pub plant: Plant,
    /// Of what looks like chance.
    pub seed: u64,
}

impl Rig {
    /// Terminals that report without alarms, each connection until it ends.
    pub(crate) fn rate(&self, terminals: Range<usize>, a_second: u32) -> Rate {
        Rate {
            terminals,
            a_second,
            is_persistent: false,
            patience: None,
            alarm: |_, _| Alarms::default(),
            plant: self.plant,
        }
    }
}
