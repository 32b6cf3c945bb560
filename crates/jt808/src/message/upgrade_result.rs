//! 0x0108 the result of an upgrade (2013 and 2019), and 0x1fc4 how far one has come (T/GDRTA 002-2020).
//!
//! 0108 | kind 1 | result 1 |      1fc4 | serial 2 | kind 1 | state 1 | progress 1 | error 1 |

use super::upgrade::KINDS;
use crate::field::Meaning;
use crate::layout::body;

body! {
    /// What became of the upgrade that 0x8108 or 0x8105 asked for.
    UpgradeResult {
        /// What was upgraded.
        kind: u8 = KINDS,
        /// How it ended; those from 0x10 on are T/JSATL 12-2017.
        result: u8 = Meaning::Codes(&[
            (0, "成功", "done"), (1, "失败", "failed"), (2, "取消", "cancelled"), (0x10, "未找到目标设备", "no such device"),
            (0x11, "硬件型号不支持", "hardware not supported"), (0x12, "软件版本相同", "same version already"),
            (0x13, "软件版本不支持", "version not supported"),
        ]),
    }
}

body! {
    /// How far an upgrade has come; answered by 0x8001.
    UpgradeProgress {
        /// Serial of the upgrade.
        serial: u16,
        /// What is upgraded.
        kind: u8 = KINDS,
        /// Where it stands; 2, 3 and 4 are steps between downloading and done.
        state: u8 = Meaning::Codes(&[
            (1, "正在下载", "downloading"), (5, "升级完成", "done"), (6, "升级失败", "failed"), (7, "未找到目标设备", "no such device"),
            (8, "硬件型号不支持", "hardware not supported"), (9, "软件版本相同", "same version already"),
            (0x0a, "软件版本不支持", "version not supported"), (0x0b, "其他原因", "other reason"),
        ]),
        /// How much of it is done.
        progress_percent: u8,
        /// The terminal's own number of what went wrong.
        error: u8,
    }
}
