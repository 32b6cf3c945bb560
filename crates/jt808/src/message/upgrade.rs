//! 0x8108 upgrade package (2013 section 8.16).
//!
//! | kind 1 | maker 5 | version 1+n | length 4 | data … |

use crate::field::Meaning;
use crate::layout::{Data32, Padded, Text8, body};

body! {
    /// New software; the result comes as 0x0108. The maker has five bytes in 2019 too.
    Upgrade {
        /// What it is for.
        kind: u8 = KINDS,
        /// Maker, padded.
        maker: Padded<'a, 5>,
        /// Version.
        version: Text8<'a>,
        /// The package.
        data: Data32<'a>,
    }
}

/// What is upgraded; those from 0x64 on are T/JSATL 12-2017.
pub(crate) const KINDS: Meaning = Meaning::Codes(&[
    (0, "终端", "terminal"),
    (12, "道路运输证IC卡读卡器", "card reader"),
    (52, "北斗卫星定位模块", "BeiDou module"),
    (0x64, "高级驾驶辅助系统", "driver assistance"),
    (0x65, "驾驶员状态监控系统", "driver monitoring"),
    (0x66, "胎压监测系统", "tyre pressure monitor"),
    (0x67, "盲区监测系统", "blind spot monitor"),
]);
