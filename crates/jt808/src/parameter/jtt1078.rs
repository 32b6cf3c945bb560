//! Parameters of JT/T 1078-2016 (tables 1 to 9).

use super::FieldKind::{self, Byte, Digits, Dword, Fields, Word};
use super::table::{ParameterField, ParameterInfo, ParameterSource};
use crate::field::Meaning::{self, Bits, Codes};
use crate::message::video::VIDEO_ALARMS;

const fn row(id: u32, name: &'static str, chinese: &'static str, kind: FieldKind) -> ParameterInfo {
    ParameterInfo::new(id, name, chinese, "", kind, ParameterSource::Jtt1078)
}

const fn field(name: &'static str, chinese: &'static str, kind: FieldKind) -> ParameterField {
    ParameterField::new(name, chinese, kind)
}

pub(super) const TABLE: &[ParameterInfo] = &[
    row(0x0075, "video", "音视频参数设置", Fields).made_of(VIDEO, &[]),
    row(0x0076, "channel_list", "音视频通道列表设置", Fields).made_of(
        &[
            field("both_count", "音视频通道总数", Byte),
            field("audio_count", "音频通道总数", Byte),
            field("video_count", "视频通道总数", Byte),
        ],
        &[
            field("physical_channel", "物理通道号", Byte),
            field("channel", "逻辑通道号", Byte),
            field("media", "通道类型", Byte).meant(Codes(&[
                (0, "音视频", "sound and video"),
                (1, "音频", "sound"),
                (2, "视频", "video"),
            ])),
            field("turntable", "是否连接云台", Byte)
                .meant(Codes(&[(0, "未连接", "none"), (1, "连接", "there")])),
        ],
    ),
    row(0x0077, "channel_video", "单独视频通道参数设置", Fields)
        .made_of(&[field("channel_count", "需单独设置的通道数", Byte)], CHANNEL_VIDEO),
    row(0x0079, "alarm_recording", "特殊报警录像参数设置", Fields).made_of(
        &[
            field("storage_percent", "特殊报警录像存储阈值", Byte),
            field("duration_min", "特殊报警录像持续时间", Byte),
            field("before_min", "特殊报警标识起始时间", Byte),
        ],
        &[],
    ),
    row(0x007a, "video_alarm_mask", "视频相关报警屏蔽字", Dword).meant(VIDEO_ALARMS),
    row(0x007b, "picture_analysis", "图像分析报警参数设置", Fields).made_of(
        &[
            field("passengers_max", "车辆核载人数", Byte),
            field("fatigue_threshold_percent", "疲劳程度阈值", Byte),
        ],
        &[],
    ),
    row(0x007c, "sleep_wake", "终端休眠唤醒模式设置", Fields).made_of(SLEEP_WAKE, &[]),
];

const VIDEO: &[ParameterField] = &[
    field("live_mode", "实时流编码模式", Byte).meant(MODES),
    field("live_resolution", "实时流分辨率", Byte).meant(RESOLUTIONS),
    field("live_key_frames", "实时流关键帧间隔", Word),
    field("live_frame_rate", "实时流目标帧率", Byte),
    field("live_kbps", "实时流目标码率", Dword),
    field("stored_mode", "存储流编码模式", Byte).meant(MODES),
    field("stored_resolution", "存储流分辨率", Byte).meant(RESOLUTIONS),
    field("stored_key_frames", "存储流关键帧间隔", Word),
    field("stored_frame_rate", "存储流目标帧率", Byte),
    field("stored_kbps", "存储流目标码率", Dword),
    field("captions", "OSD 字幕叠加设置", Word).meant(CAPTIONS),
    field("audio_output", "是否启用音频输出", Byte).meant(Codes(&[(0, "不启用", "off"), (1, "启用", "on")])),
];

/// As for all channels, with the channel before and without the sound.
const CHANNEL_VIDEO: &[ParameterField] = &[
    field("channel", "逻辑通道号", Byte),
    field("live_mode", "实时流编码模式", Byte).meant(MODES),
    field("live_resolution", "实时流分辨率", Byte).meant(RESOLUTIONS),
    field("live_key_frames", "实时流关键帧间隔", Word),
    field("live_frame_rate", "实时流目标帧率", Byte),
    field("live_kbps", "实时流目标码率", Dword),
    field("stored_mode", "存储流编码模式", Byte).meant(MODES),
    field("stored_resolution", "存储流分辨率", Byte).meant(RESOLUTIONS),
    field("stored_key_frames", "存储流关键帧间隔", Word),
    field("stored_frame_rate", "存储流目标帧率", Byte),
    field("stored_kbps", "存储流目标码率", Dword),
    field("captions", "OSD 字幕叠加设置", Word).meant(CAPTIONS),
];

const SLEEP_WAKE: &[ParameterField] = &[
    field("wake_mode", "休眠唤醒模式", Byte).meant(Bits(&[
        (0, "条件唤醒", "by condition"),
        (1, "定时唤醒", "by time"),
        (2, "手动唤醒", "by hand"),
    ])),
    field("wake_conditions", "唤醒条件类型", Byte).meant(Bits(&[
        (0, "紧急报警", "emergency"),
        (1, "碰撞侧翻报警", "collision or rollover"),
        (2, "车辆开门", "door opened"),
    ])),
    field("wake_days", "定时唤醒日设置", Byte).meant(Bits(&[
        (0, "周一", "Monday"),
        (1, "周二", "Tuesday"),
        (2, "周三", "Wednesday"),
        (3, "周四", "Thursday"),
        (4, "周五", "Friday"),
        (5, "周六", "Saturday"),
        (6, "周日", "Sunday"),
    ])),
    field("wake_periods", "定时唤醒启用标志", Byte).meant(Bits(&[
        (0, "时间段 1", "period 1"),
        (1, "时间段 2", "period 2"),
        (2, "时间段 3", "period 3"),
        (3, "时间段 4", "period 4"),
    ])),
    field("wake_1_hhmm", "时间段 1 唤醒时间", Digits(2)),
    field("sleep_1_hhmm", "时间段 1 关闭时间", Digits(2)),
    field("wake_2_hhmm", "时间段 2 唤醒时间", Digits(2)),
    field("sleep_2_hhmm", "时间段 2 关闭时间", Digits(2)),
    field("wake_3_hhmm", "时间段 3 唤醒时间", Digits(2)),
    field("sleep_3_hhmm", "时间段 3 关闭时间", Digits(2)),
    field("wake_4_hhmm", "时间段 4 唤醒时间", Digits(2)),
    field("sleep_4_hhmm", "时间段 4 关闭时间", Digits(2)),
];

const MODES: Meaning = Codes(&[
    (0, "CBR（固定码率）", "constant bit rate"),
    (1, "VBR（可变码率）", "variable bit rate"),
    (2, "ABR（平均码率）", "average bit rate"),
]);

const RESOLUTIONS: Meaning = Codes(&[
    (0, "QCIF", "QCIF"),
    (1, "CIF", "CIF"),
    (2, "WCIF", "WCIF"),
    (3, "D1", "D1"),
    (4, "WD1", "WD1"),
    (5, "720P", "720P"),
    (6, "1080P", "1080P"),
]);

const CAPTIONS: Meaning = Bits(&[
    (0, "日期和时间", "date and time"),
    (1, "车牌号码", "plate"),
    (2, "逻辑通道号", "channel"),
    (3, "经纬度", "place"),
    (4, "行驶记录速度", "recorder speed"),
    (5, "卫星定位速度", "satellite speed"),
    (6, "连续驾驶时间", "continuous driving"),
]);
