//! Parameters of T/JSATL 12-2017 (tables 4-10 to 4-13) and of T/GDRTA 002-2020: structures of fixed width, in which all
//! bits of a field set mean that it stays as it is.
//!
//! T/GDRTA 002 has longer ones under the same ids; their layout is not known for sure and they are kept as sent.

use super::FieldKind::{self, Byte, Bytes, Dword, Fields, Padded, Word};
use super::table::{ParameterField, ParameterInfo, ParameterSource};
use crate::field::Meaning::{self, Bits, Codes, Except};

const fn row(id: u32, name: &'static str, chinese: &'static str) -> ParameterInfo {
    ParameterInfo::new(id, name, chinese, "", Fields, ParameterSource::Jsatl12)
}

const fn field(name: &'static str, chinese: &'static str, kind: FieldKind) -> ParameterField {
    let meaning = match kind {
        Word => SAME_WORD,
        _ => SAME,
    };
    ParameterField::new(name, chinese, kind).meant(meaning)
}

pub(super) const TABLE: &[ParameterInfo] = &[
    row(0xf364, "adas", "高级驾驶辅助系统参数").made_of(ADAS, &[]),
    row(0xf365, "dsm", "驾驶员状态监测系统参数").made_of(DSM, &[]),
    row(0xf366, "tyre_pressure", "胎压监测系统参数").made_of(TYRE_PRESSURE, &[]),
    row(0xf367, "blind_spot", "盲区监测系统参数").made_of(
        &[
            field("rear_s", "后方接近报警时间阈值", Byte),
            field("rear_side_s", "侧后方接近报警时间阈值", Byte),
        ],
        &[],
    ),
    // Read alone: 1 is the first version, and whoever answers at all follows the standard.
    ParameterInfo::new(0xf370, "safety_version", "智能视频协议版本信息", "", Byte, ParameterSource::Gdrta002),
];

/// 56 bytes.
const ADAS: &[ParameterField] = &[
    field("enable_kmh", "报警判断速度阈值", Byte),
    field("volume", "报警提示音量", Byte),
    field("capture", "主动拍照策略", Byte).meant(CAPTURES),
    field("capture_interval_s", "主动定时拍照时间间隔", Word),
    field("capture_distance_m", "主动定距拍照距离间隔", Word),
    field("capture_photos", "单次主动拍照张数", Byte),
    field("capture_photo_interval_100ms", "单次主动拍照时间间隔", Byte),
    field("photo_resolution", "拍照分辨率", Byte).meant(PHOTO_RESOLUTIONS),
    field("video_resolution", "视频录制分辨率", Byte).meant(VIDEO_RESOLUTIONS),
    field("alarms", "报警使能", Dword).meant(Bits(&[
        (0, "障碍检测一级报警", "obstacle, level 1"),
        (1, "障碍检测二级报警", "obstacle, level 2"),
        (2, "频繁变道一级报警", "lane changes, level 1"),
        (3, "频繁变道二级报警", "lane changes, level 2"),
        (4, "车道偏离一级报警", "lane departure, level 1"),
        (5, "车道偏离二级报警", "lane departure, level 2"),
        (6, "前向碰撞一级报警", "forward collision, level 1"),
        (7, "前向碰撞二级报警", "forward collision, level 2"),
        (8, "行人碰撞一级报警", "pedestrian, level 1"),
        (9, "行人碰撞二级报警", "pedestrian, level 2"),
        (10, "车距过近一级报警", "headway, level 1"),
        (11, "车距过近二级报警", "headway, level 2"),
        (16, "道路标识超限报警", "road sign"),
    ])),
    field("events", "事件使能", Dword)
        .meant(Bits(&[(0, "道路标识识别", "sign recognised"), (1, "主动拍照", "capture")])),
    field("reserved_1", "预留", Bytes(1)),
    field("obstacle_100ms", "障碍物报警距离阈值", Byte),
    field("obstacle_level_kmh", "障碍物报警分级速度阈值", Byte),
    field("obstacle_video_s", "障碍物报警前后视频录制时间", Byte),
    field("obstacle_photos", "障碍物报警拍照张数", Byte),
    field("obstacle_photo_interval_100ms", "障碍物报警拍照间隔", Byte),
    field("lane_change_window_s", "频繁变道报警判断时间段", Byte),
    field("lane_changes", "频繁变道报警判断次数", Byte),
    field("lane_change_level_kmh", "频繁变道报警分级速度阈值", Byte),
    field("lane_change_video_s", "频繁变道报警前后视频录制时间", Byte),
    field("lane_change_photos", "频繁变道报警拍照张数", Byte),
    field("lane_change_photo_interval_100ms", "频繁变道报警拍照间隔", Byte),
    field("departure_level_kmh", "车道偏离报警分级速度阈值", Byte),
    field("departure_video_s", "车道偏离报警前后视频录制时间", Byte),
    field("departure_photos", "车道偏离报警拍照张数", Byte),
    field("departure_photo_interval_100ms", "车道偏离报警拍照间隔", Byte),
    field("collision_100ms", "前向碰撞报警时间阈值", Byte),
    field("collision_level_kmh", "前向碰撞报警分级速度阈值", Byte),
    field("collision_video_s", "前向碰撞报警前后视频录制时间", Byte),
    field("collision_photos", "前向碰撞报警拍照张数", Byte),
    field("collision_photo_interval_100ms", "前向碰撞报警拍照间隔", Byte),
    field("pedestrian_100ms", "行人碰撞报警时间阈值", Byte),
    field("pedestrian_enable_kmh", "行人碰撞报警使能速度阈值", Byte),
    field("pedestrian_video_s", "行人碰撞报警前后视频录制时间", Byte),
    field("pedestrian_photos", "行人碰撞报警拍照张数", Byte),
    field("pedestrian_photo_interval_100ms", "行人碰撞报警拍照间隔", Byte),
    field("headway_100ms", "车距监控报警距离阈值", Byte),
    field("headway_level_kmh", "车距监控报警分级速度阈值", Byte),
    field("headway_video_s", "车距过近报警前后视频录制时间", Byte),
    field("headway_photos", "车距过近报警拍照张数", Byte),
    field("headway_photo_interval_100ms", "车距过近报警拍照间隔", Byte),
    field("sign_photos", "道路标志识别拍照张数", Byte),
    field("sign_photo_interval_100ms", "道路标志识别拍照间隔", Byte),
    field("reserved_2", "保留", Bytes(4)),
];

/// 49 bytes.
const DSM: &[ParameterField] = &[
    field("enable_kmh", "报警判断速度阈值", Byte),
    field("volume", "报警提示音量", Byte),
    field("capture", "主动拍照策略", Byte).meant(CAPTURES),
    field("capture_interval_s", "主动定时拍照时间间隔", Word),
    field("capture_distance_m", "主动定距拍照距离间隔", Word),
    field("capture_photos", "单次主动拍照张数", Byte),
    field("capture_photo_interval_100ms", "单次主动拍照时间间隔", Byte),
    field("photo_resolution", "拍照分辨率", Byte).meant(PHOTO_RESOLUTIONS),
    field("video_resolution", "视频录制分辨率", Byte).meant(VIDEO_RESOLUTIONS),
    field("alarms", "报警使能", Dword).meant(Bits(&[
        (0, "疲劳驾驶一级报警", "fatigue, level 1"),
        (1, "疲劳驾驶二级报警", "fatigue, level 2"),
        (2, "接打电话一级报警", "phone, level 1"),
        (3, "接打电话二级报警", "phone, level 2"),
        (4, "抽烟一级报警", "smoking, level 1"),
        (5, "抽烟二级报警", "smoking, level 2"),
        (6, "分神驾驶一级报警", "distraction, level 1"),
        (7, "分神驾驶二级报警", "distraction, level 2"),
        (8, "驾驶员异常一级报警", "driver abnormal, level 1"),
        (9, "驾驶员异常二级报警", "driver abnormal, level 2"),
    ])),
    field("events", "事件使能", Dword)
        .meant(Bits(&[(0, "更换驾驶员", "driver changed"), (1, "主动拍照", "capture")])),
    field("smoking_interval_s", "吸烟报警判断时间间隔", Word),
    field("phone_interval_s", "接打电话报警判断时间间隔", Word),
    field("reserved_1", "预留", Bytes(3)),
    field("fatigue_level_kmh", "疲劳驾驶报警分级速度阈值", Byte),
    field("fatigue_video_s", "疲劳驾驶报警前后视频录制时间", Byte),
    field("fatigue_photos", "疲劳驾驶报警拍照张数", Byte),
    field("fatigue_photo_interval_100ms", "疲劳驾驶报警拍照间隔", Byte),
    field("phone_level_kmh", "接打电话报警分级速度阈值", Byte),
    field("phone_video_s", "接打电话报警前后视频录制时间", Byte),
    field("phone_photos", "接打电话报警拍照张数", Byte),
    field("phone_photo_interval_100ms", "接打电话报警拍照间隔", Byte),
    field("smoking_level_kmh", "抽烟报警分级速度阈值", Byte),
    field("smoking_video_s", "抽烟报警前后视频录制时间", Byte),
    field("smoking_photos", "抽烟报警拍照张数", Byte),
    field("smoking_photo_interval_100ms", "抽烟报警拍照间隔", Byte),
    field("distraction_level_kmh", "分神驾驶报警分级速度阈值", Byte),
    field("distraction_video_s", "分神驾驶报警前后视频录制时间", Byte),
    field("distraction_photos", "分神驾驶报警拍照张数", Byte),
    field("distraction_photo_interval_100ms", "分神驾驶报警拍照间隔", Byte),
    field("abnormal_level_kmh", "驾驶行为异常分级速度阈值", Byte),
    field("abnormal_video_s", "驾驶行为异常视频录制时间", Byte),
    field("abnormal_photos", "驾驶行为异常抓拍照片张数", Byte),
    field("abnormal_photo_interval_100ms", "驾驶行为异常拍照间隔", Byte),
    field("identification", "驾驶员身份识别触发", Byte).meant(Codes(&[
        (0, "不开启", "off"),
        (1, "定时触发", "by time"),
        (2, "定距触发", "by distance"),
        (3, "插卡开始行驶触发", "card in and driving"),
        (0xff, "不修改参数", "as it is"),
    ])),
    field("reserved_2", "保留", Bytes(2)),
];

/// 36 bytes.
const TYRE_PRESSURE: &[ParameterField] = &[
    field("tyre", "轮胎规格型号", Padded(12)),
    field("pressure_unit", "胎压单位", Word).meant(Codes(&[
        (0, "kg/cm2", "kg/cm2"),
        (1, "bar", "bar"),
        (2, "kPa", "kPa"),
        (3, "PSI", "psi"),
        (0xffff, "不修改参数", "as it is"),
    ])),
    field("normal_pressure", "正常胎压值", Word),
    field("imbalance_percent", "胎压不平衡门限", Word),
    field("slow_leak_percent", "慢漏气门限", Word),
    field("low_pressure", "低压阈值", Word),
    field("high_pressure", "高压阈值", Word),
    field("hot_c", "高温阈值", Word),
    field("battery_percent", "电压阈值", Word),
    field("report_interval_s", "定时上报时间间隔", Word),
    field("reserved", "保留项", Bytes(6)),
];

const SAME: Meaning = Except(&[(0xff, "不修改参数", "as it is")]);
const SAME_WORD: Meaning = Except(&[(0xffff, "不修改参数", "as it is")]);

const CAPTURES: Meaning = Codes(&[
    (0, "不开启", "off"),
    (1, "定时拍照", "by time"),
    (2, "定距拍照", "by distance"),
    (3, "插卡触发（DSM）", "card in (driver monitoring)"),
    (0xff, "不修改参数", "as it is"),
]);

const PHOTO_RESOLUTIONS: Meaning = Codes(&[
    (1, "352×288", "352x288"),
    (2, "704×288", "704x288"),
    (3, "704×576", "704x576"),
    (4, "640×480", "640x480"),
    (5, "1280×720", "1280x720"),
    (6, "1920×1080", "1920x1080"),
    (0xff, "不修改参数", "as it is"),
]);

const VIDEO_RESOLUTIONS: Meaning = Codes(&[
    (1, "CIF", "CIF"),
    (2, "HD1", "HD1"),
    (3, "D1", "D1"),
    (4, "WD1", "WD1"),
    (5, "VGA", "VGA"),
    (6, "720P", "720P"),
    (7, "1080P", "1080P"),
    (0xff, "不修改参数", "as it is"),
]);
