//! What the numbers of the active-safety items mean (T/JSATL 12-2017 tables 4-15 to 4-21, T/GDRTA 002-2020).

use super::Dialect;
use crate::field::Meaning::{self, Bits, Codes};

pub(super) const FLAGS: Meaning =
    Codes(&[(0, "不可用", "not applicable"), (1, "开始", "start"), (2, "结束", "end")]);

pub(super) const LEVELS: Meaning = Codes(&[(1, "一级报警", "first level"), (2, "二级报警", "second level")]);

pub(super) const VEHICLE_STATUS: Meaning = Bits(&[
    (0, "ACC 开", "acc-on"),
    (1, "左转向", "left-indicator"),
    (2, "右转向", "right-indicator"),
    (3, "雨刮器", "wiper"),
    (4, "制动", "brake"),
    (5, "插卡", "card-in"),
    (10, "已定位", "positioned"),
]);

pub(super) const ADAS_KINDS: Meaning = Codes(&[
    (0x01, "前向碰撞报警", "forward collision"),
    (0x02, "车道偏离报警", "lane departure"),
    (0x03, "车距过近报警", "headway"),
    (0x04, "行人碰撞报警", "pedestrian"),
    (0x05, "频繁变道报警", "frequent lane changes"),
    (0x06, "道路标识超限报警", "road sign exceeded"),
    (0x07, "障碍物报警", "obstacle"),
    (0x10, "道路标志识别事件", "road sign recognised"),
    (0x11, "主动抓拍事件", "capture"),
    (0x12, "实线变道报警（粤标）", "change over a solid line (Guangdong)"),
    (0x13, "车厢过道行人检测报警（粤标）", "passenger in the aisle (Guangdong)"),
]);

pub(super) const DEPARTURES: Meaning =
    Codes(&[(0, "无", "none"), (1, "左侧偏离", "left"), (2, "右侧偏离", "right")]);

pub(super) const SIGNS: Meaning = Codes(&[
    (0, "无", "none"),
    (1, "限速标志", "speed"),
    (2, "限高标志", "height"),
    (3, "限重标志", "weight"),
    (4, "禁行标志（粤标）", "no entry (Guangdong)"),
    (5, "禁停标志（粤标）", "no parking (Guangdong)"),
]);

/// The same number is another offence in another dialect.
pub(super) const fn driver_kinds(dialect: Dialect) -> Meaning {
    match dialect {
        Dialect::Guangdong => GUANGDONG_DRIVER_KINDS,
        Dialect::Jiangsu | Dialect::Heilongjiang | Dialect::Sichuan => DRIVER_KINDS,
    }
}

const DRIVER_KINDS: Meaning = Codes(&[
    (0x01, "疲劳驾驶报警", "fatigue"),
    (0x02, "接打电话报警", "phone"),
    (0x03, "抽烟报警", "smoking"),
    (0x04, "分神驾驶报警", "distraction"),
    (0x05, "驾驶员异常报警", "driver abnormal"),
    (0x10, "自动抓拍事件", "capture"),
    (0x11, "驾驶员变更事件", "driver changed"),
]);

const GUANGDONG_DRIVER_KINDS: Meaning = Codes(&[
    (0x01, "疲劳驾驶报警", "fatigue"),
    (0x02, "接打手持电话报警", "hand-held phone"),
    (0x03, "抽烟报警", "smoking"),
    (0x04, "长时间不目视前方报警", "not looking ahead"),
    (0x05, "驾驶员异常报警", "driver abnormal"),
    (0x06, "摄像头遮挡报警", "lens covered"),
    (0x08, "超时驾驶报警", "driving too long"),
    (0x0a, "未系安全带报警", "no seat belt"),
    (0x0b, "红外阻断型墨镜失效报警", "glasses that block infrared"),
    (0x0c, "双手脱离方向盘报警", "both hands off the wheel"),
    (0x0d, "玩手机报警", "playing with a phone"),
    (0x10, "自动抓拍事件", "capture"),
    (0x11, "驾驶员变更事件", "driver changed"),
]);

pub(super) const BLIND_SPOTS: Meaning = Codes(&[
    (1, "后方接近报警", "rear"),
    (2, "左侧后方接近报警", "left rear"),
    (3, "右侧后方接近报警", "right rear"),
]);

/// From implementations.
pub(super) const HARSH_KINDS: Meaning = Codes(&[
    (1, "急加速", "acceleration"),
    (2, "急减速", "braking"),
    (3, "急转弯", "turn"),
    (4, "怠速", "idling"),
    (5, "异常熄火", "stall"),
    (6, "空挡滑行", "coasting"),
    (7, "发动机超转", "over-revving"),
]);

pub(super) const TYRE_BITS: Meaning = Bits(&[
    (0, "定时上报", "periodic"),
    (1, "胎压过高", "pressure high"),
    (2, "胎压过低", "pressure low"),
    (3, "胎温过高", "hot"),
    (4, "传感器异常", "sensor fault"),
    (5, "胎压不平衡", "imbalance"),
    (6, "慢漏气", "slow leak"),
    (7, "电池电量低", "battery low"),
]);
