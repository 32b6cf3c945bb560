//! What items are called and what their numbers mean.

use crate::field::Meaning;

/// 2013 and 2019 table 27, JT/T 1078-2016 table 13, T/JSATL 12-2017 table 4-14.
pub(crate) const ITEMS: Meaning = Meaning::Codes(&[
    (0x01, "里程", "mileage"),
    (0x02, "油量", "fuel"),
    (0x03, "行驶记录功能获取的速度", "speed of the recorder"),
    (0x04, "需要人工确认报警事件的 ID", "alarm to be confirmed by hand"),
    (0x05, "胎压", "tyre pressures"),
    (0x06, "车厢温度", "cabin temperature"),
    (0x11, "超速报警附加信息", "place of the speeding alarm"),
    (0x12, "进出区域/路线报警附加信息", "area or route crossed"),
    (0x13, "路段行驶时间不足/过长报警附加信息", "time on a segment"),
    (0x14, "视频相关报警", "video alarms"),
    (0x15, "视频信号丢失报警状态", "video channels lost"),
    (0x16, "视频信号遮挡报警状态", "video channels covered"),
    (0x17, "存储器故障报警状态", "storage faults"),
    (0x18, "异常驾驶行为报警详细描述", "abnormal driving"),
    (0x25, "扩展车辆信号状态位", "vehicle signals"),
    (0x2a, "IO 状态位", "inputs and outputs"),
    (0x2b, "模拟量", "analogue inputs"),
    (0x30, "无线通信网络信号强度", "signal strength"),
    (0x31, "GNSS 定位卫星数", "satellites"),
    (0x64, "高级驾驶辅助系统报警信息", "driver assistance (ADAS)"),
    (0x65, "驾驶员状态监测系统报警信息", "driver state (DSM)"),
    (0x66, "胎压监测系统报警信息", "tyre monitor (TPMS)"),
    (0x67, "盲区监测系统报警信息", "blind spot (BSD)"),
    (0x68, "智能检测报警信息（湘标）", "artificial intelligence (Hunan)"),
    (0x70, "激烈驾驶报警信息", "harsh driving"),
    (0x71, "超速报警信息（地方标准）", "speeding (dialects)"),
]);

/// JT/T 1078-2016 table 14.
pub(super) const VIDEO_ALARMS: Meaning = Meaning::Bits(&[
    (0, "视频信号丢失", "signal lost"),
    (1, "视频信号遮挡", "signal covered"),
    (2, "存储单元故障", "storage fault"),
    (3, "其他视频设备故障", "other video fault"),
    (4, "客车超员", "passengers over limit"),
    (5, "异常驾驶行为", "abnormal driving"),
    (6, "特殊报警录像达到存储阈值", "special recording full"),
]);

/// JT/T 1078-2016 table 15.
pub(super) const ABNORMAL: Meaning =
    Meaning::Bits(&[(0, "疲劳", "fatigue"), (1, "打电话", "phone"), (2, "抽烟", "smoking")]);

/// 2019 table 31.
pub(super) const SIGNALS: Meaning = Meaning::Bits(&[
    (0, "近光灯", "low beam"),
    (1, "远光灯", "high beam"),
    (2, "右转向灯", "right indicator"),
    (3, "左转向灯", "left indicator"),
    (4, "制动", "brake"),
    (5, "倒挡", "reverse"),
    (6, "雾灯", "fog lamp"),
    (7, "示廓灯", "outline lamp"),
    (8, "喇叭", "horn"),
    (9, "空调", "air conditioning"),
    (10, "空挡", "neutral"),
    (11, "缓速器", "retarder"),
    (12, "ABS", "abs"),
    (13, "加热器", "heater"),
    (14, "离合器", "clutch"),
]);

/// 2019 table 32.
pub(super) const INPUTS: Meaning = Meaning::Bits(&[(0, "深度休眠", "deep sleep"), (1, "休眠", "sleep")]);

/// 2019 tables 28 and 29; 0 and 4 mean something in 0x11 alone.
pub(super) const PLACES: Meaning = Meaning::Codes(&[
    (0, "无特定位置", "none"),
    (1, "圆形区域", "circle"),
    (2, "矩形区域", "rectangle"),
    (3, "多边形区域", "polygon"),
    (4, "路段/路线", "segment or route"),
]);

pub(super) const DIRECTIONS: Meaning = Meaning::Codes(&[(0, "进", "in"), (1, "出", "out")]);

pub(super) const SEGMENT_RESULTS: Meaning =
    Meaning::Codes(&[(0, "不足", "too short"), (1, "过长", "too long")]);
