//! 0x8802 search of stored media, answered by 0x0802; 0x8803 their upload; 0x8804 sound recording; 0x8805 upload of one.
//!
//! 8802 | kind 1 | channel 1 | event 1 | start BCD\[6\] | end BCD\[6\] |      8803 | 8802 | delete 1 |
//! 8804 | command 1 | duration 2 | keep 1 | rate 1 |      8805 | id 4 | delete 1 |

use crate::DeviceTime;
use crate::field::Meaning;
use crate::layout::body;

body! {
    /// Which media of the terminal's memory are looked for.
    MediaSearch {
        /// Kind.
        kind: u8 = KINDS,
        /// Channel; 0 for all of that kind.
        channel: u8,
        /// What they were made for.
        event: u8 = EVENTS,
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
    }
}

body! {
    /// Which media of the terminal's memory are sent.
    MediaUpload {
        /// Kind.
        kind: u8 = KINDS,
        /// Channel; 0 for all of that kind.
        channel: u8,
        /// What they were made for.
        event: u8 = EVENTS,
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// Whether they go away then.
        delete: u8 = DELETE,
    }
}

body! {
    /// What a microphone shall record.
    Recording {
        /// Start or stop.
        command: u8 = Meaning::Codes(&[(0, "停止录音", "stop"), (1, "开始录音", "start")]),
        /// How long; 0 on and on.
        duration_s: u16,
        /// Where it goes.
        keep: u8 = Meaning::Codes(&[(0, "实时上传", "upload at once"), (1, "保存", "keep")]),
        /// Sampling rate.
        rate: u8 = Meaning::Codes(&[(0, "8K", "8 kHz"), (1, "11K", "11 kHz"), (2, "23K", "23 kHz"), (3, "32K", "32 kHz")]),
    }
}

body! {
    /// One medium that is sent.
    MediaSingleUpload {
        /// Its id, above 0.
        id: u32,
        /// Whether it goes away then.
        delete: u8 = DELETE,
    }
}

const KINDS: Meaning = Meaning::Codes(&[(0, "图像", "picture"), (1, "音频", "sound"), (2, "视频", "video")]);

const EVENTS: Meaning = Meaning::Codes(&[
    (0, "平台下发指令", "command"),
    (1, "定时动作", "timer"),
    (2, "抢劫报警触发", "robbery"),
    (3, "碰撞侧翻报警触发", "collision or rollover"),
]);

const DELETE: Meaning = Meaning::Codes(&[(0, "保留", "keep"), (1, "删除", "delete")]);
