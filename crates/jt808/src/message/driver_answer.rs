//! 0x0301 event report, 0x0302 answer to a question, 0x0303 information asked for (2011 and 2013; only the ids are left
//! in 2019).
//!
//! 0301 | event 1 |      0302 | serial 2 | answer 1 |      0303 | kind 1 | demand 1 |

use crate::field::Meaning;
use crate::layout::body;

body! {
    /// The driver reports an event of 0x8301.
    EventReport {
        /// Its id.
        event: u8,
    }
}

body! {
    /// The driver answers a question of 0x8302.
    QuestionAnswer {
        /// Serial of the question.
        answered_serial: u16,
        /// Id of the answer chosen.
        answer: u8,
    }
}

body! {
    /// The driver wants information of 0x8303, or no more of it.
    InformationDemand {
        /// Its kind.
        kind: u8,
        /// What is wanted.
        demand: u8 = Meaning::Codes(&[(0, "取消", "no more"), (1, "点播", "wanted")]),
    }
}
