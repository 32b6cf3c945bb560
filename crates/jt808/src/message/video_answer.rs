//! 0x1003 what sound and pictures a terminal has, 0x1005 passengers, 0x1205 its recordings, 0x1206 an upload that ended
//! (JT/T 1078-2016).
//!
//! 1003 | sound in: coding 1, channels 1, rate 1, bits 1, frame length 2 | sound out 1 | video coding 1 | channels 1, 1 |
//! 1005 | start, end BCD\[6\] | on 2 | off 2 |      1206 | serial 2 | result 1 |
//! 1205 | serial 2 | count 4 | channel 1, start, end BCD\[6\], video alarms 4, alarms 4, media 1, stream 1, storage 1, size 4 … |

use super::location::ALARMS;
use super::video::VIDEO_ALARMS;
use crate::DeviceTime;
use crate::field::Meaning;
use crate::layout::{List, body, entry};

body! {
    /// 0x1003, the answer to 0x9003.
    MediaAttributes {
        /// How sound is coded.
        audio_coding: u8 = CODINGS,
        /// Channels of it.
        audio_channels: u8,
        /// Samples a second.
        audio_rate: u8 = Meaning::Codes(&[(0, "8kHz", "8 kHz"), (1, "22.05kHz", "22.05 kHz"), (2, "44.1kHz", "44.1 kHz"), (3, "48kHz", "48 kHz")]),
        /// Bits of a sample.
        audio_bits: u8 = Meaning::Codes(&[(0, "8位", "8 bits"), (1, "16位", "16 bits"), (2, "32位", "32 bits")]),
        /// Bytes of a frame of sound.
        audio_frame_bytes: u16,
        /// Whether it can be talked to.
        audio_output: u8 = Meaning::Codes(&[(0, "不支持", "no"), (1, "支持", "yes")]),
        /// How pictures are coded.
        video_coding: u8 = CODINGS,
        /// At most so many physical channels of sound.
        audio_channels_max: u8,
        /// At most so many physical channels of pictures.
        video_channels_max: u8,
    }
}

body! {
    /// 0x1005: who got on and off.
    PassengerFlow {
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// Got on.
        boarded: u16,
        /// Got off.
        alighted: u16,
    }
}

body! {
    /// 0x1205: the recordings that 0x9205 asked for.
    VideoList {
        /// Serial of the query.
        answered_serial: u16,
        /// The recordings; none where nothing matched.
        recordings: List<'a, u32, VideoRecording>,
    }
}

entry! {
    /// One recording.
    VideoRecording {
        /// Channel of JT/T 1076.
        channel: u8,
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// Bits 32 to 63 of the alarms: those of video.
        video_alarms: u32 = VIDEO_ALARMS,
        /// Bits 0 to 31: those of 0x0200.
        alarms: u32 = ALARMS,
        /// What it is.
        media: u8 = Meaning::Codes(&[(0, "音视频", "sound and video"), (1, "音频", "sound"), (2, "视频", "video")]),
        /// Which stream.
        stream: u8 = Meaning::Codes(&[(1, "主码流", "main"), (2, "子码流", "sub")]),
        /// In which memory.
        storage: u8 = Meaning::Codes(&[(1, "主存储器", "main"), (2, "灾备存储器", "backup")]),
        /// How large it is.
        size_bytes: u32,
    }
}

body! {
    /// 0x1206: the upload of 0x9206 has ended.
    VideoUploadDone {
        /// Serial of the order.
        answered_serial: u16,
        /// How it ended.
        result: u8 = Meaning::Codes(&[(0, "成功", "done"), (1, "失败", "failed")]),
    }
}

/// JT/T 1078-2016 table 12.
pub(crate) const CODINGS: Meaning = Meaning::Codes(&[
    (1, "G.721", "G.721"),
    (2, "G.722", "G.722"),
    (3, "G.723", "G.723"),
    (4, "G.728", "G.728"),
    (5, "G.729", "G.729"),
    (6, "G.711A", "G.711A"),
    (7, "G.711U", "G.711U"),
    (8, "G.726", "G.726"),
    (9, "G.729A", "G.729A"),
    (10, "DVI4_3", "DVI4_3"),
    (11, "DVI4_4", "DVI4_4"),
    (12, "DVI4_8K", "DVI4_8K"),
    (13, "DVI4_16K", "DVI4_16K"),
    (14, "LPC", "LPC"),
    (15, "S16BE_STEREO", "S16BE_STEREO"),
    (16, "S16BE_MONO", "S16BE_MONO"),
    (17, "MPEGAUDIO", "MPEGAUDIO"),
    (18, "LPCM", "LPCM"),
    (19, "AAC", "AAC"),
    (20, "WMA9STD", "WMA9STD"),
    (21, "HEAAC", "HEAAC"),
    (22, "PCM_VOICE", "PCM_VOICE"),
    (23, "PCM_AUDIO", "PCM_AUDIO"),
    (24, "AACLC", "AACLC"),
    (25, "MP3", "MP3"),
    (26, "ADPCMA", "ADPCMA"),
    (27, "MP4AUDIO", "MP4AUDIO"),
    (28, "AMR", "AMR"),
    (91, "透传", "transparent"),
    (98, "H.264", "H.264"),
    (99, "H.265", "H.265"),
    (100, "AVS", "AVS"),
    (101, "SVAC", "SVAC"),
]);
