//! 0x8700 query of the recorder (2013 section 8.43) and 0x8701 its parameters (8.45).
//!
//! | command 1 | data … |

use crate::field::{Meaning, Show};
use crate::layout::Body;
use crate::reader::Reader;
use crate::recorder::RecorderContent;
use crate::{DecodeError, Edition};

/// A command to the driving recorder of GB/T 19056; 0x8700 is answered by 0x0700.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RecorderCommand<'a> {
    /// Command word of GB/T 19056-2012.
    pub command: u8,
    /// The packet of that standard, or its data block alone, as sent; may be empty.
    pub data: &'a [u8],
}

impl<'a> RecorderCommand<'a> {
    /// The packet, or the block alone.
    #[must_use]
    pub fn content(&self) -> RecorderContent<'a> {
        RecorderContent::of(self.data)
    }
}

impl<'a> Body<'a> for RecorderCommand<'a> {
    fn decode(mut reader: Reader<'a>, _: Edition) -> Result<Self, DecodeError> {
        Ok(Self { command: reader.u8("command")?, data: reader.rest() })
    }

    fn encode(&self, _: Edition, into: &mut Vec<u8>) {
        into.push(self.command);
        into.extend_from_slice(self.data);
    }

    fn show(&self, show: &mut dyn Show) {
        show.meant("command", self.command, COMMANDS);
        self.content().show(self.command, false, show);
    }
}

/// Command words of GB/T 19056-2012, and those of its answers that something cannot be done.
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
    (0xfa, "采集数据出错", "reading failed"),
    (0xfb, "设置参数出错", "setting failed"),
]);
