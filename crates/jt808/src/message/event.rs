//! 0x8301 event set (2011 and 2013; only the id is left in 2019).
//!
//! | kind 1 | count 1 | id 1, content 1+n … |

use crate::field::Meaning;
use crate::layout::{List, Text8, body, entry};

body! {
    /// Events a driver can report with one key, answered by 0x0301.
    EventSet {
        /// What becomes of the events the terminal has.
        kind: u8 = KINDS,
        /// The events; none where all are deleted.
        events: List<'a, u8, EventChoice<'a>>,
    }
}

entry! {
    /// One event a driver can choose.
    EventChoice<'e> {
        /// Its id, which 0x0301 reports; where an event of that id exists it is overwritten.
        id: u8,
        /// What the driver sees.
        content: Text8<'e>,
    }
}

const KINDS: Meaning = Meaning::Codes(&[
    (0, "删除终端现有所有事件", "delete all"),
    (1, "更新事件", "replace all"),
    (2, "追加事件", "add"),
    (3, "修改事件", "change"),
    (4, "删除特定几项事件", "delete some"),
]);
