//! 0x8801 photo, or video, at once; answered by 0x0805.
//!
//! | channel 1 | command 2 | interval 2 | keep 1 | resolution 1 | quality 1 | brightness 1 | contrast 1 | saturation 1 | chroma 1 |

use crate::field::Meaning;
use crate::layout::body;

body! {
    /// What a camera shall take.
    Photo {
        /// Channel, from 1.
        channel: u8,
        /// 0 stops, 0xffff takes a video; else how many pictures.
        command: u16 = Meaning::Except(&[(0, "停止拍摄", "stop"), (0xffff, "录像", "video")]),
        /// Seconds between two pictures, or how long the video is; 0 as short as can be, or on and on.
        interval_s: u16,
        /// Where they go.
        keep: u8 = Meaning::Codes(&[(0, "实时上传", "upload at once"), (1, "保存", "keep")]),
        /// Resolution.
        resolution: u8 = RESOLUTIONS,
        /// 1 best to 10 smallest.
        quality: u8,
        /// 0 to 255.
        brightness: u8,
        /// 0 to 127.
        contrast: u8,
        /// 0 to 127.
        saturation: u8,
        /// 0 to 255.
        chroma: u8,
    }
}

const RESOLUTIONS: Meaning = Meaning::Codes(&[
    (0x00, "最低分辨率", "lowest"),
    (0x01, "320×240", "320x240"),
    (0x02, "640×480", "640x480"),
    (0x03, "800×600", "800x600"),
    (0x04, "1024×768", "1024x768"),
    (0x05, "176×144", "176x144"),
    (0x06, "352×288", "352x288"),
    (0x07, "704×288", "704x288"),
    (0x08, "704×576", "704x576"),
    (0xff, "最高分辨率", "highest"),
]);
