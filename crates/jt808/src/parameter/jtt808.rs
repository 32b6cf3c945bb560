//! Parameters of JT/T 808 (2013 and 2019, table 12).

use super::FieldKind::{self, Byte, Dword, Fields, TenthsByte, TenthsDword, TenthsWord, Text, Word};
use super::table::{ParameterField, ParameterInfo, ParameterSource};
use crate::Edition::{self, V2011, V2013, V2019};
use crate::field::Meaning::{self, Bits, BitsOf, Codes, Except};
use crate::message::can::ID_BITS;
use crate::message::location::ALARMS;
use crate::message::registration::COLOURS;

const fn row(
    editions: (Edition, Edition),
    id: u32,
    name: &'static str,
    chinese: &'static str,
    unit: &'static str,
    kind: FieldKind,
) -> ParameterInfo {
    ParameterInfo::new(id, name, chinese, unit, kind, ParameterSource::Jtt808(editions.0, editions.1))
}

/// In every edition.
const ALL: (Edition, Edition) = (V2011, V2019);
/// Gone in 2019, where an address carries its port.
const OLD: (Edition, Edition) = (V2011, V2013);
/// From 2013 on.
const LATER: (Edition, Edition) = (V2013, V2019);
/// In 2019 alone.
const NEW: (Edition, Edition) = (V2019, V2019);

const fn hours(name: &'static str, chinese: &'static str) -> ParameterField {
    ParameterField::new(name, chinese, Byte)
}

pub(super) const TABLE: &[ParameterInfo] = &[
    row(ALL, 0x0001, "heartbeat_interval_s", "终端心跳发送间隔", "s", Dword),
    row(ALL, 0x0002, "tcp_timeout_s", "TCP 消息应答超时时间", "s", Dword),
    row(ALL, 0x0003, "tcp_retries", "TCP 消息重传次数", "", Dword),
    row(ALL, 0x0004, "udp_timeout_s", "UDP 消息应答超时时间", "s", Dword),
    row(ALL, 0x0005, "udp_retries", "UDP 消息重传次数", "", Dword),
    row(ALL, 0x0006, "sms_timeout_s", "SMS 消息应答超时时间", "s", Dword),
    row(ALL, 0x0007, "sms_retries", "SMS 消息重传次数", "", Dword),
    row(ALL, 0x0010, "main_apn", "主服务器 APN", "", Text),
    row(ALL, 0x0011, "main_user", "主服务器无线通信拨号用户名", "", Text),
    row(ALL, 0x0012, "main_password", "主服务器无线通信拨号密码", "", Text),
    row(ALL, 0x0013, "main_address", "主服务器地址", "", Text),
    row(ALL, 0x0014, "backup_apn", "备份服务器 APN", "", Text),
    row(ALL, 0x0015, "backup_user", "备份服务器无线通信拨号用户名", "", Text),
    row(ALL, 0x0016, "backup_password", "备份服务器无线通信拨号密码", "", Text),
    row(ALL, 0x0017, "backup_address", "备份服务器地址", "", Text),
    row(OLD, 0x0018, "server_tcp_port", "服务器 TCP 端口", "", Dword),
    row(OLD, 0x0019, "server_udp_port", "服务器 UDP 端口", "", Dword),
    row(LATER, 0x001a, "card_main_address", "道路运输证 IC 卡认证主服务器地址", "", Text),
    row(LATER, 0x001b, "card_tcp_port", "道路运输证 IC 卡认证主服务器 TCP 端口", "", Dword),
    row(LATER, 0x001c, "card_udp_port", "道路运输证 IC 卡认证主服务器 UDP 端口", "", Dword),
    row(LATER, 0x001d, "card_backup_address", "道路运输证 IC 卡认证备份服务器地址", "", Text),
    row(ALL, 0x0020, "report_strategy", "位置汇报策略", "", Dword).meant(Codes(&[
        (0, "定时汇报", "by time"),
        (1, "定距汇报", "by distance"),
        (2, "定时和定距汇报", "by time and distance"),
    ])),
    row(ALL, 0x0021, "report_scheme", "位置汇报方案", "", Dword).meant(Codes(&[
        (0, "根据 ACC 状态", "by ACC"),
        (1, "根据登录状态和 ACC 状态", "by login, then ACC"),
    ])),
    row(ALL, 0x0022, "logged_off_interval_s", "驾驶员未登录汇报时间间隔", "s", Dword),
    row(NEW, 0x0023, "slave_apn", "从服务器 APN", "", Text),
    row(NEW, 0x0024, "slave_user", "从服务器无线通信拨号用户名", "", Text),
    row(NEW, 0x0025, "slave_password", "从服务器无线通信拨号密码", "", Text),
    row(NEW, 0x0026, "slave_address", "从服务器备份地址", "", Text),
    row(ALL, 0x0027, "sleep_interval_s", "休眠时汇报时间间隔", "s", Dword),
    row(ALL, 0x0028, "emergency_interval_s", "紧急报警时汇报时间间隔", "s", Dword),
    row(ALL, 0x0029, "report_interval_s", "缺省时间汇报间隔", "s", Dword),
    row(ALL, 0x002c, "report_distance_m", "缺省距离汇报间隔", "m", Dword),
    row(ALL, 0x002d, "logged_off_distance_m", "驾驶员未登录汇报距离间隔", "m", Dword),
    row(ALL, 0x002e, "sleep_distance_m", "休眠时汇报距离间隔", "m", Dword),
    row(ALL, 0x002f, "emergency_distance_m", "紧急报警时汇报距离间隔", "m", Dword),
    row(ALL, 0x0030, "corner_angle_deg", "拐点补传角度", "°", Dword),
    row(LATER, 0x0031, "fence_radius_m", "电子围栏半径（非法位移阈值）", "m", Word),
    row(NEW, 0x0032, "banned_hours", "违规行驶时段范围", "", Fields).made_of(
        &[
            hours("start_h", "开始时"),
            hours("start_min", "开始分"),
            hours("end_h", "结束时"),
            hours("end_min", "结束分"),
        ],
        &[],
    ),
    row(ALL, 0x0040, "platform_phone", "监控平台电话号码", "", Text),
    row(ALL, 0x0041, "reset_phone", "复位电话号码", "", Text),
    row(ALL, 0x0042, "factory_reset_phone", "恢复出厂设置电话号码", "", Text),
    row(ALL, 0x0043, "platform_sms_phone", "监控平台 SMS 电话号码", "", Text),
    row(ALL, 0x0044, "alarm_sms_phone", "接收终端 SMS 文本报警号码", "", Text),
    row(ALL, 0x0045, "answer_strategy", "终端电话接听策略", "", Dword).meant(Codes(&[
        (0, "自动接听", "answered by itself"),
        (1, "ACC ON 时自动接听，OFF 时手动接听", "by itself with ACC on, by hand with ACC off"),
    ])),
    row(ALL, 0x0046, "call_longest_s", "每次最长通话时间", "s", Dword).meant(CALLS),
    row(ALL, 0x0047, "calls_of_month_longest_s", "当月最长通话时间", "s", Dword).meant(CALLS),
    row(ALL, 0x0048, "listen_phone", "监听电话号码", "", Text),
    row(ALL, 0x0049, "privileged_sms_phone", "监管平台特权短信号码", "", Text),
    row(ALL, 0x0050, "alarm_mask", "报警屏蔽字", "", Dword).meant(ALARMS),
    row(ALL, 0x0051, "alarm_sms", "报警发送文本 SMS 开关", "", Dword).meant(ALARMS),
    row(ALL, 0x0052, "alarm_photo", "报警拍摄开关", "", Dword).meant(ALARMS),
    row(ALL, 0x0053, "alarm_photo_kept", "报警拍摄存储标志", "", Dword).meant(ALARMS),
    row(ALL, 0x0054, "key_alarms", "关键标志", "", Dword).meant(ALARMS),
    row(ALL, 0x0055, "max_speed_kmh", "最高速度", "km/h", Dword),
    row(ALL, 0x0056, "overspeed_duration_s", "超速持续时间", "s", Dword),
    row(ALL, 0x0057, "continuous_driving_s", "连续驾驶时间门限", "s", Dword),
    row(ALL, 0x0058, "daily_driving_s", "当天累计驾驶时间门限", "s", Dword),
    row(ALL, 0x0059, "min_rest_s", "最小休息时间", "s", Dword),
    row(ALL, 0x005a, "max_parking_s", "最长停车时间", "s", Dword),
    row(LATER, 0x005b, "overspeed_warning_kmh", "超速预警差值", "km/h", TenthsWord),
    row(LATER, 0x005c, "fatigue_warning_s", "疲劳驾驶预警差值", "s", Word),
    // A WORD in the table: acceleration in its high byte, time in its low one, in 4 ms by 2013 and in ms by 2019.
    row(LATER, 0x005d, "collision", "碰撞报警参数", "", Fields).made_of(
        &[
            ParameterField::new("acceleration_g", "碰撞加速度", TenthsByte),
            ParameterField::new("collision_time", "碰撞时间", Byte),
        ],
        &[],
    ),
    row(LATER, 0x005e, "rollover_angle_deg", "侧翻角度", "°", Word),
    row(LATER, 0x0064, "photo_by_time", "定时拍照控制", "", Dword).meant(PHOTO_BY_TIME).with_bits(&[(
        "interval",
        "时间间隔",
        17,
        15,
    )]),
    row(LATER, 0x0065, "photo_by_distance", "定距拍照控制", "", Dword)
        .meant(PHOTO_BY_DISTANCE)
        .with_bits(&[("interval", "距离间隔", 17, 15)]),
    row(ALL, 0x0070, "picture_quality", "图像/视频质量", "", Dword),
    row(ALL, 0x0071, "brightness", "亮度", "", Dword),
    row(ALL, 0x0072, "contrast", "对比度", "", Dword),
    row(ALL, 0x0073, "saturation", "饱和度", "", Dword),
    row(ALL, 0x0074, "chroma", "色度", "", Dword),
    row(ALL, 0x0080, "odometer_km", "车辆里程表读数", "km", TenthsDword),
    row(ALL, 0x0081, "province", "车辆所在的省域 ID", "", Word),
    row(ALL, 0x0082, "city", "车辆所在的市域 ID", "", Word),
    row(ALL, 0x0083, "plate", "机动车号牌", "", Text),
    row(ALL, 0x0084, "plate_colour", "车牌颜色", "", Byte).meant(COLOURS),
    row(LATER, 0x0090, "gnss_mode", "GNSS 定位模式", "", Byte).meant(Bits(&[
        (0, "GPS", "gps"),
        (1, "北斗", "beidou"),
        (2, "GLONASS", "glonass"),
        (3, "Galileo", "galileo"),
    ])),
    row(LATER, 0x0091, "gnss_baud_rate", "GNSS 波特率", "", Byte).meant(Codes(&[
        (0, "4800", "4800"),
        (1, "9600", "9600"),
        (2, "19200", "19200"),
        (3, "38400", "38400"),
        (4, "57600", "57600"),
        (5, "115200", "115200"),
    ])),
    row(LATER, 0x0092, "gnss_output", "GNSS 模块详细定位数据输出频率", "", Byte).meant(Codes(&[
        (0, "500ms", "500 ms"),
        (1, "1000ms", "1000 ms"),
        (2, "2000ms", "2000 ms"),
        (3, "3000ms", "3000 ms"),
        (4, "4000ms", "4000 ms"),
    ])),
    row(LATER, 0x0093, "gnss_sampling_s", "GNSS 模块详细定位数据采集频率", "s", Dword),
    row(LATER, 0x0094, "gnss_upload", "GNSS 模块详细定位数据上传方式", "", Byte).meant(Codes(&[
        (0, "本地存储，不上传", "kept, not uploaded"),
        (1, "按时间间隔上传", "by time"),
        (2, "按距离间隔上传", "by distance"),
        (0x0b, "按累计时间上传，达到后自动停止", "for a time, then stopped"),
        (0x0c, "按累计距离上传，达到后自动停止", "for a distance, then stopped"),
        (0x0d, "按累计条数上传，达到后自动停止", "for a number, then stopped"),
    ])),
    // Seconds, metres or records, as 0x0094 says.
    row(LATER, 0x0095, "gnss_upload_setting", "GNSS 模块详细定位数据上传设置", "", Dword),
    row(LATER, 0x0100, "can1_sampling_ms", "CAN 总线通道 1 采集时间间隔", "ms", Dword),
    row(LATER, 0x0101, "can1_upload_s", "CAN 总线通道 1 上传时间间隔", "s", Word),
    row(LATER, 0x0102, "can2_sampling_ms", "CAN 总线通道 2 采集时间间隔", "ms", Dword),
    row(LATER, 0x0103, "can2_upload_s", "CAN 总线通道 2 上传时间间隔", "s", Word),
    row(LATER, 0x0110, "can_id_sampling", "CAN 总线 ID 单独采集设置", "", Fields).up_to(0x01ff).made_of(
        &[
            ParameterField::new("interval_ms", "采集时间间隔", Dword),
            ParameterField::new("can_id", "CAN 总线 ID", Dword).meant(ID_BITS).with_bits(&[(
                "bus_id",
                "总线 ID",
                0,
                29,
            )]),
        ],
        &[],
    ),
];

const CALLS: Meaning = Except(&[(0, "不允许通话", "no calls"), (u32::MAX, "不限制", "no limit")]);

/// The interval stands above bit 16.
const PHOTO_BY_TIME: Meaning = BitsOf(
    0x1_ffff,
    &[
        (0, "摄像通道 1 定时拍照", "channel 1"),
        (1, "摄像通道 2 定时拍照", "channel 2"),
        (2, "摄像通道 3 定时拍照", "channel 3"),
        (3, "摄像通道 4 定时拍照", "channel 4"),
        (4, "摄像通道 5 定时拍照", "channel 5"),
        (8, "摄像通道 1 存储", "channel 1 kept"),
        (9, "摄像通道 2 存储", "channel 2 kept"),
        (10, "摄像通道 3 存储", "channel 3 kept"),
        (11, "摄像通道 4 存储", "channel 4 kept"),
        (12, "摄像通道 5 存储", "channel 5 kept"),
        (16, "单位为分", "in minutes"),
    ],
);

/// The interval stands above bit 16.
const PHOTO_BY_DISTANCE: Meaning = BitsOf(
    0x1_ffff,
    &[
        (0, "摄像通道 1 定距拍照", "channel 1"),
        (1, "摄像通道 2 定距拍照", "channel 2"),
        (2, "摄像通道 3 定距拍照", "channel 3"),
        (3, "摄像通道 4 定距拍照", "channel 4"),
        (4, "摄像通道 5 定距拍照", "channel 5"),
        (8, "摄像通道 1 存储", "channel 1 kept"),
        (9, "摄像通道 2 存储", "channel 2 kept"),
        (10, "摄像通道 3 存储", "channel 3 kept"),
        (11, "摄像通道 4 存储", "channel 4 kept"),
        (12, "摄像通道 5 存储", "channel 5 kept"),
        (16, "单位为公里", "in kilometres"),
    ],
);
