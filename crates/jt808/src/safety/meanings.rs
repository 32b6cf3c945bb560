//! What the numbers of the active-safety items mean (T/JSATL 12-2017 tables 4-15 to 4-21, T/GDRTA 002-2020).

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
