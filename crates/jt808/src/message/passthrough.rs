//! 0x8900 data for what is connected to the terminal, and 0x8a00 the platform's RSA key.
//!
//! 8900 | kind 1 | content … |      8a00 | e 4 | n 128 |

use crate::field::Meaning;
use crate::layout::body;

body! {
    /// Data that the terminal hands on.
    TransparentDownlink {
        /// Whose they are.
        kind: u8 = KINDS,
        /// The data.
        content: &'a [u8],
    }
}

body! {
    /// The public key {e, n} of the platform.
    PlatformKey {
        /// Public exponent.
        e: u32,
        /// Modulus.
        n: &'a [u8],
    }
}

/// Whose the data of 0x8900 and 0x0900 are; 0xf7 and 0xf8 by T/JSATL 12-2017.
pub(crate) const KINDS: Meaning = Meaning::Codes(&[
    (0x00, "GNSS模块详细定位数据", "GNSS module"),
    (0x0b, "道路运输证IC卡信息", "transport certificate card"),
    (0x41, "串口1透传", "serial port 1"),
    (0x42, "串口2透传", "serial port 2"),
    (0xf7, "外设状态信息", "state of peripherals"),
    (0xf8, "外设系统信息", "information on peripherals"),
]);
