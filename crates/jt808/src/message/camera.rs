//! 0x9301 to 0x9306: turning and adjusting a camera (JT/T 1078-2016).
//!
//! 9301 | channel 1 | direction 1 | speed 1 |      9302 to 9306 | channel 1 | control 1 |

use crate::field::Meaning;
use crate::layout::body;

body! {
    /// 0x9301: the camera turns.
    CameraTurn {
        /// Channel.
        channel: u8,
        /// Where to.
        direction: u8 = Meaning::Codes(&[(0, "停止", "stop"), (1, "上", "up"), (2, "下", "down"), (3, "左", "left"), (4, "右", "right")]),
        /// How fast, 0 to 255.
        speed: u8,
    }
}

body! {
    /// 0x9302: its focal length.
    CameraFocus {
        /// Channel.
        channel: u8,
        /// Which way.
        control: u8 = Meaning::Codes(&[(0, "焦距调大", "longer"), (1, "焦距调小", "shorter")]),
    }
}

body! {
    /// 0x9303: its aperture.
    CameraAperture {
        /// Channel.
        channel: u8,
        /// Which way.
        control: u8 = Meaning::Codes(&[(0, "调大", "wider"), (1, "调小", "narrower")]),
    }
}

body! {
    /// 0x9304 its wiper and 0x9305 its infrared light.
    CameraSwitch {
        /// Channel.
        channel: u8,
        /// On or off.
        control: u8 = Meaning::Codes(&[(0, "停止", "off"), (1, "启动", "on")]),
    }
}

body! {
    /// 0x9306: its zoom.
    CameraZoom {
        /// Channel.
        channel: u8,
        /// Which way.
        control: u8 = Meaning::Codes(&[(0, "调大", "in"), (1, "调小", "out")]),
    }
}
