//! 0x8400 callback (2013 section 8.31) and 0x8401 phone book (8.32).
//!
//! 8400 | kind 1 | phone … |      8401 | action 1 | count 1 | use 1, phone 1+n, name 1+n … |

use crate::field::Meaning;
use crate::layout::{List, Text8, body, entry};
use crate::text::Text;

body! {
    /// The terminal shall call this number.
    Callback {
        /// How.
        kind: u8 = Meaning::Codes(&[(0, "普通通话", "call"), (1, "监听", "listen")]),
        /// Number, at most 20 bytes.
        phone: Text<'a>,
    }
}

body! {
    /// Whom a driver can call and be called by.
    PhoneBook {
        /// What becomes of the book the terminal has.
        action: u8 = Meaning::Codes(&[
            (0, "删除终端上所有存储的联系人", "delete all"), (1, "更新电话本", "replace"),
            (2, "追加电话本", "add"), (3, "修改电话本", "change"),
        ]),
        /// Its entries.
        contacts: List<'a, u8, Contact<'a>>,
    }
}

entry! {
    /// One contact.
    Contact<'e> {
        /// Who may call whom.
        direction: u8 = Meaning::Codes(&[(1, "呼入", "incoming"), (2, "呼出", "outgoing"), (3, "呼入/呼出", "both")]),
        /// Number.
        phone: Text8<'e>,
        /// Name; the key where a contact is changed.
        name: Text8<'e>,
    }
}
