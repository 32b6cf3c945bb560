//! Faults planted on purpose: each mode must be able to fail.

use clap::ValueEnum;

/// What is made wrong.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq, ValueEnum)]
pub enum Plant {
    /// Nothing.
    #[default]
    None,
    /// Every report counts as acknowledged once it is sent, as of a service that answers before it keeps.
    AckEarly,
    /// The ledger forgets that the newest report of each terminal was sent.
    Invent,
    /// No sync of the service reaches the disk, and none is said to have failed.
    NoSync,
    /// Writes that should fail do nothing and are said to have gone well.
    Lie,
    /// The fault itself is left out, so that what it is to cause is missing.
    Harmless,
    /// A department forgets the first alert it received.
    Forget,
    /// Connections are opened and never closed.
    Leak,
    /// Departments owe no receipts, so nobody sends again what a broker forgot.
    NoReceipts,
}
