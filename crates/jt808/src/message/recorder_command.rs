//! 0x8700 query of the recorder (2013 section 8.43) and 0x8701 its parameters (8.45).
//!
//! | command 1 | data … |

use crate::field::Meaning;
use crate::layout::body;

body! {
    /// A command to the driving recorder of GB/T 19056; 0x8700 is answered by 0x0700.
    RecorderCommand {
        /// Command word of GB/T 19056-2012.
        command: u8 = COMMANDS,
        /// The data packet of that standard, may be empty.
        data: &'a [u8],
    }
}

/// Command words of GB/T 19056-2012.
pub(crate) const COMMANDS: Meaning = Meaning::Codes(&[
    (0x00, "采集记录仪执行标准版本", "standard version"),
    (0x01, "采集当前驾驶人信息", "driver"),
    (0x02, "采集记录仪实时时间", "clock"),
    (0x03, "采集累计行驶里程", "mileage"),
    (0x04, "采集记录仪脉冲系数", "pulse coefficient"),
    (0x05, "采集车辆信息", "vehicle"),
    (0x06, "采集记录仪状态信号配置信息", "signal names"),
    (0x07, "采集记录仪唯一性编号", "serial number"),
    (0x08, "采集指定的行驶速度记录", "speed records"),
    (0x09, "采集指定的位置信息记录", "position records"),
    (0x10, "采集指定的事故疑点记录", "accident records"),
    (0x11, "采集指定的超时驾驶记录", "overtime driving records"),
    (0x12, "采集指定的驾驶人身份记录", "driver records"),
    (0x13, "采集指定的外部供电记录", "power records"),
    (0x14, "采集指定的参数修改记录", "parameter change records"),
    (0x15, "采集指定的速度状态日志", "speed state log"),
    (0x82, "设置车辆信息", "set vehicle"),
    (0x83, "设置记录仪初次安装日期", "set installation date"),
    (0x84, "设置状态量配置信息", "set signal names"),
    (0xc2, "设置记录仪时间", "set clock"),
    (0xc3, "设置记录仪脉冲系数", "set pulse coefficient"),
    (0xc4, "设置初始里程", "set initial mileage"),
]);
