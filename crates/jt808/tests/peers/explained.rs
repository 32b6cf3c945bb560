//! Where a peer and we read a frame differently, and which of the two is wrong.

/// Rows with one reason: line of the file, the peer's name for the field, ours, theirs.
pub struct Group {
    /// Which is wrong, and by what it is.
    #[allow(dead_code, reason = "it is read by people")]
    pub why: &'static str,
    pub rows: &'static [(usize, &'static str, &'static str, &'static str)],
}

pub const EXPLAINED: &[Group] = &[
    Group {
        why: "Theirs: the columns follow bit 14, which lies here. With the header of 2013 the length field fits the \
              bytes, and the body is the terminal's number (2013, 4.4.3; bit 14 is reserved there).",
        rows: &[
            (21, "row.edition", "header.edition 2011/2013", "2019"),
            (21, "row.length_actual", "header.length 12", "7"),
            (21, "row.phone", "header.phone 010030000681", "003000068109024a3130"),
            (21, "row.serial", "header.serial 2306", "12339"),
        ],
    },
    Group {
        why: "Theirs: the check byte is wrong (the XOR of header and body, 2013 4.4.4) and they do not look at it. Some \
              byte of such a frame is not what was sent, and nobody knows which.",
        rows: &[
            (22, "BasicLocationAttachData.Count", "checksum is 0xe9, expected 0x8e", "6"),
            (22, "UnknownLocationAttachData.Count", "checksum is 0xe9, expected 0x8e", "12"),
            (329, "verify.position", "checksum is 0x1b, expected 0x86", "null"),
            (351, "steps", "checksum is 0xef, expected 0x2d", "18742"),
        ],
    },
    Group {
        why: "Neither: ids of two bytes and lengths of four are that library's own, of no terminal. By the standard \
              (table 27: id 1, length 1) the 256 bytes lie over two items, and all of them are carried.",
        rows: &[(41, "Data", "nothing", "=new byte[256]")],
    },
    Group {
        why: "Neither: the answer was made with a code and a result other than 0, and then no code is sent (2013, \
              8.6: the field is there only where registration succeeded).",
        rows: &[(31, "Code", "nothing", "123456")],
    },
    Group {
        why: "Theirs: ports and the time limit stand as two bytes each between semicolons. What follows the command is \
              one STRING (2013, 8.13), and 0x3b in such a pair would part it. We show the bytes as text.",
        rows: &[
            (33, "Value#7", "nothing", "60"),
            (33, "Value#11", "nothing", "8806"),
            (33, "Value#12", "nothing", "3306"),
        ],
    },
    Group {
        why: "Neither: two messages were made, and the frame is the second.",
        rows: &[
            (47, "ManualMsgNum#2", "nothing", "126"),
            (47, "MsgId#2", "nothing", "145"),
            (47, "TerminalPhoneNo", "header.digits 1234567892", "1234567891"),
            (47, "TerminalPhoneNo#2", "nothing", "1234567892"),
        ],
    },
    Group {
        why: "Neither: a vendor's message with a position in it (0x0900 of its own kind, 0x5501, 0x5502); the \
              standard has none there, and we carry it whole.",
        rows: &[
            (335, "verify.position", "0 positions", "null"),
            (339, "verify.position", "0 positions", "null"),
            (340, "verify.position", "0 positions", "null"),
        ],
    },
];
