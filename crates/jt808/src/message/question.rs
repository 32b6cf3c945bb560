//! 0x8302 question (2013 section 8.26), 0x8303 information menu (8.28) and 0x8304 information (8.30).
//!
//! 8302 | flags 1 | question 1+n | answer id 1, text 2+n … |
//! 8303 | action 1 | count 1 | kind 1, name 2+n … |      8304 | kind 1 | content 2+n |

use crate::field::Meaning;
use crate::layout::{List, Tail, Text8, Text16, body, entry};

body! {
    /// A question for the driver, answered by 0x0302.
    Question {
        /// How it is put.
        flags: u8 = Meaning::Bits(&[
            (0, "紧急", "emergency"), (3, "终端TTS播读", "speech"), (4, "广告屏显示", "advertising screen"),
        ]),
        /// The question.
        question: Text8<'a>,
        /// What may be answered.
        answers: Tail<'a, AnswerChoice<'a>>,
    }
}

entry! {
    /// One answer a driver can choose.
    AnswerChoice<'e> {
        /// Its id, which 0x0302 gives.
        id: u8,
        /// What the driver sees.
        text: Text16<'e>,
    }
}

body! {
    /// Which information a driver can ask for, by 0x0303.
    InformationMenu {
        /// What becomes of the menu the terminal has.
        action: u8 = Meaning::Codes(&[
            (0, "删除终端全部信息项", "delete all"), (1, "更新菜单", "replace"),
            (2, "追加菜单", "add"), (3, "修改菜单", "change"),
        ]),
        /// Its entries.
        entries: List<'a, u8, InformationChoice<'a>>,
    }
}

entry! {
    /// One kind of information.
    InformationChoice<'e> {
        /// Kind; where the menu has it, it is overwritten.
        kind: u8,
        /// What the driver sees.
        name: Text16<'e>,
    }
}

body! {
    /// Information a driver has asked for.
    Information {
        /// Kind, as in the menu.
        kind: u8,
        /// The information.
        content: Text16<'a>,
    }
}
