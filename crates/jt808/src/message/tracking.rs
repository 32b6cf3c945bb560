//! 0x8202 tracking for a while (2013 section 8.21).
//!
//! | interval 2 | valid for 4 |

use crate::layout::body;

body! {
    /// Reports at another interval until the time is over.
    TemporaryTracking {
        /// Seconds between two reports; 0 ends it, and nothing follows.
        interval_s: u16,
        /// For how many seconds.
        valid_s: Option<u32>,
    }
}
