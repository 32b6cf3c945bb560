//! One file a family of rules: each looks at one moment and says what holds.

pub(crate) mod device;
pub(crate) mod driver;
pub(crate) mod driving;
pub(crate) mod evasion;
pub(crate) mod event;
pub(crate) mod halt;
pub(crate) mod honesty;
pub(crate) mod limit;
pub(crate) mod night_ban;
pub(crate) mod plate;
pub(crate) mod replayed;
pub(crate) mod route;
pub(crate) mod silence;
pub(crate) mod speeding;
pub(crate) mod standing;
pub(crate) mod structure;
pub(crate) mod trip;
pub(crate) mod wheel;
pub(crate) mod zone;
