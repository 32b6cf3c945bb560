//! 0x9101, 0x9102 and 0x9105 live video, 0x9201 and 0x9202 playback, 0x9205 search, 0x9206 and 0x9207 upload
//! (JT/T 1078-2016); 0x9003 is empty.
//!
//! 9101 | address 1+n | tcp 2 | udp 2 | channel 1 | data 1 | stream 1 |
//! 9102 | channel 1 | control 1 | close 1 | stream 1 |      9105 | channel 1 | loss 1 |
//! 9201 | address 1+n | tcp 2 | udp 2 | channel 1 | media 1 | stream 1 | storage 1 | mode 1 | speed 1 | start, end BCD\[6\] |
//! 9202 | channel 1 | control 1 | speed 1 | position BCD\[6\] |
//! 9205 | channel 1 | start, end BCD\[6\] | video alarms 4, alarms 4 | media 1 | stream 1 | storage 1 |
//! 9206 | address 1+n | port 2 | user 1+n | password 1+n | path 1+n | 9205 | networks 1 |      9207 | serial 2 | control 1 |

use super::location::ALARMS;
use crate::DeviceTime;
use crate::field::Meaning;
use crate::layout::{Text8, body};

body! {
    /// 0x9101: sound and pictures as they come.
    VideoLive {
        /// Address of the media server.
        address: Text8<'a>,
        /// Its TCP port; 0 where UDP is used.
        tcp_port: u16,
        /// Its UDP port; 0 where TCP is used.
        udp_port: u16,
        /// Channel of JT/T 1076.
        channel: u8,
        /// What is sent.
        data_kind: u8 = Meaning::Codes(&[
            (0, "音视频", "sound and video"), (1, "视频", "video"), (2, "双向对讲", "talk"), (3, "监听", "listen"),
            (4, "中心广播", "broadcast"), (5, "透传", "transparent"),
        ]),
        /// Which stream.
        stream: u8 = Meaning::Codes(&[(0, "主码流", "main"), (1, "子码流", "sub")]),
    }
}

body! {
    /// 0x9102: what becomes of a live stream.
    VideoLiveControl {
        /// Channel.
        channel: u8,
        /// What to do.
        control: u8 = Meaning::Codes(&[
            (0, "关闭音视频传输指令", "close"), (1, "切换码流", "switch stream"), (2, "暂停该通道所有流的发送", "pause"),
            (3, "恢复暂停前流的发送", "resume"), (4, "关闭双向对讲", "close talk"),
        ]),
        /// What is closed.
        close: u8 = Meaning::Codes(&[
            (0, "关闭该通道有关的音视频数据", "all"), (1, "只关闭该通道有关的音频", "sound"), (2, "只关闭该通道有关的视频", "video"),
        ]),
        /// Which stream is switched to.
        stream: u8 = Meaning::Codes(&[(0, "主码流", "main"), (1, "子码流", "sub")]),
    }
}

body! {
    /// 0x9105: how well a live stream arrives.
    VideoLiveState {
        /// Channel.
        channel: u8,
        /// Packets lost, percent.
        loss_percent: u8,
    }
}

body! {
    /// 0x9201: sound and pictures from the terminal's memory; answered by 0x1205.
    VideoPlayback {
        /// Address of the media server.
        address: Text8<'a>,
        /// Its TCP port; 0 where UDP is used.
        tcp_port: u16,
        /// Its UDP port; 0 where TCP is used.
        udp_port: u16,
        /// Channel of JT/T 1076.
        channel: u8,
        /// What is sent.
        media: u8 = MEDIA,
        /// Which stream.
        stream: u8 = STREAMS,
        /// Out of which memory.
        storage: u8 = STORAGE,
        /// How.
        mode: u8 = Meaning::Codes(&[
            (0, "正常回放", "play"), (1, "快进回放", "fast forward"), (2, "关键帧快退回放", "fast backward by key frames"),
            (3, "关键帧播放", "key frames"), (4, "单帧上传", "one frame"),
        ]),
        /// How fast, where the mode is 1 or 2.
        speed: u8 = SPEEDS,
        /// From; the one frame where the mode is 4.
        start: DeviceTime,
        /// To; zeros on and on.
        end: DeviceTime,
    }
}

body! {
    /// 0x9202: what becomes of a playback.
    VideoPlaybackControl {
        /// Channel.
        channel: u8,
        /// What to do.
        control: u8 = Meaning::Codes(&[
            (0, "开始回放", "play"), (1, "暂停回放", "pause"), (2, "结束回放", "end"), (3, "快进回放", "fast forward"),
            (4, "关键帧快退回放", "fast backward by key frames"), (5, "拖动回放", "go to"), (6, "关键帧播放", "key frames"),
        ]),
        /// How fast, where the control is 3 or 4.
        speed: u8 = SPEEDS,
        /// Where to go, where the control is 5.
        position: DeviceTime,
    }
}

body! {
    /// 0x9205: which recordings are there, answered by 0x1205.
    VideoSearch {
        /// Channel; 0 for all.
        channel: u8,
        /// From; zeros where it does not matter.
        start: DeviceTime,
        /// To; zeros where it does not matter.
        end: DeviceTime,
        /// Bits 32 to 63 of the alarms: those of video.
        video_alarms: u32 = VIDEO_ALARMS,
        /// Bits 0 to 31: those of 0x0200. All zeros where alarms do not matter.
        alarms: u32 = ALARMS,
        /// Which media.
        media: u8 = MEDIA,
        /// Which stream.
        stream: u8 = STREAMS,
        /// In which memory.
        storage: u8 = STORAGE,
    }
}

body! {
    /// 0x9206: recordings to an FTP server; 0x1206 says when that is done.
    VideoUpload {
        /// Address of the server.
        address: Text8<'a>,
        /// Its port.
        port: u16,
        /// User there.
        user: Text8<'a>,
        /// Password there.
        password: Text8<'a>,
        /// Directory there.
        path: Text8<'a>,
        /// Channel.
        channel: u8,
        /// From.
        start: DeviceTime,
        /// To.
        end: DeviceTime,
        /// Bits 32 to 63 of the alarms: those of video.
        video_alarms: u32 = VIDEO_ALARMS,
        /// Bits 0 to 31: those of 0x0200. All zeros where alarms do not matter.
        alarms: u32 = ALARMS,
        /// Which media.
        media: u8 = MEDIA,
        /// Which stream.
        stream: u8 = STREAMS,
        /// In which memory.
        storage: u8 = STORAGE,
        /// Over which networks.
        networks: u8 = Meaning::Bits(&[(0, "WIFI", "Wi-Fi"), (1, "LAN", "LAN"), (2, "3G/4G", "mobile")]),
    }
}

body! {
    /// 0x9207: what becomes of an upload.
    VideoUploadControl {
        /// Serial of the 0x9206.
        serial: u16,
        /// What to do.
        control: u8 = Meaning::Codes(&[(0, "暂停", "pause"), (1, "继续", "resume"), (2, "取消", "cancel")]),
    }
}

const MEDIA: Meaning = Meaning::Codes(&[
    (0, "音视频", "sound and video"),
    (1, "音频", "sound"),
    (2, "视频", "video"),
    (3, "视频或音视频", "video, with sound or without"),
]);

const STREAMS: Meaning =
    Meaning::Codes(&[(0, "所有码流", "any"), (1, "主码流", "main"), (2, "子码流", "sub")]);

const STORAGE: Meaning =
    Meaning::Codes(&[(0, "所有存储器", "any"), (1, "主存储器", "main"), (2, "灾备存储器", "backup")]);

const SPEEDS: Meaning = Meaning::Codes(&[
    (0, "无效", "none"),
    (1, "1倍", "1x"),
    (2, "2倍", "2x"),
    (3, "4倍", "4x"),
    (4, "8倍", "8x"),
    (5, "16倍", "16x"),
]);

pub(crate) const VIDEO_ALARMS: Meaning = Meaning::Bits(&[
    (0, "视频信号丢失报警", "video lost"),
    (1, "视频信号遮挡报警", "video covered"),
    (2, "存储单元故障报警", "storage fault"),
    (3, "其他视频设备故障报警", "other video fault"),
    (4, "客车超员报警", "passenger overload"),
    (5, "异常驾驶行为报警", "abnormal driving"),
    (6, "特殊报警录像达到存储阈值报警", "alarm recordings fill the memory"),
]);
