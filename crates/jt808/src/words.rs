//! Chinese words and units of fields, by the names that bodies show.

/// The Chinese word for a field, looked up with and without the unit its name ends in.
#[must_use]
pub fn chinese_word(name: &str) -> Option<&'static str> {
    let word = |name: &str| {
        let found = WORDS.binary_search_by_key(&name, |(known, _)| *known).ok();
        found.and_then(|place| WORDS.get(place)).map(|(_, chinese)| *chinese)
    };
    word(name).or_else(|| word(name.rsplit_once('_')?.0).filter(|_| !unit_of(name).is_empty()))
}

/// The unit a field's name ends in, as people write it; empty where it ends in none.
#[must_use]
pub fn unit_of(name: &str) -> &'static str {
    let suffix = name.rsplit_once('_').map_or(name, |(_, suffix)| suffix);
    let whole = suffix.len() == name.len();
    // A name that is one letter or a word is no unit, but for this one.
    if whole && name != "seconds" {
        return "";
    }
    UNITS.iter().find(|(known, _)| *known == suffix).map_or("", |(_, unit)| unit)
}

/// Ends of names; what is counted in parts of a unit is written in the unit itself.
const UNITS: &[(&str, &str)] = &[
    ("100ms", "s"),
    ("bytes", "B"),
    ("c", "°C"),
    ("days", "d"),
    ("deg", "°"),
    ("e6", "°"),
    ("h", "h"),
    ("kb", "KB"),
    ("km", "km"),
    ("kmh", "km/h"),
    ("kpa", "kPa"),
    ("l", "L"),
    ("m", "m"),
    ("min", "min"),
    ("ms", "ms"),
    ("mv", "mV"),
    ("percent", "%"),
    ("rpm", "r/min"),
    ("s", "s"),
    ("seconds", "s"),
    ("v", "V"),
];

/// Sorted by name; a name stands without its unit unless its word is another one with it.
const WORDS: &[(&str, &str)] = &[
    ("action", "操作/设置属性"),
    ("ad0", "模拟量 AD0"),
    ("ad1", "模拟量 AD1"),
    ("address", "服务器地址"),
    ("alarm", "报警标志"),
    ("alarm_id", "报警 ID"),
    ("alarms", "报警标志"),
    ("altitude", "高程"),
    ("answered_id", "应答 ID"),
    ("answered_serial", "应答流水号"),
    ("answers", "候选答案"),
    ("area", "区域/路段 ID"),
    ("areas", "区域项"),
    ("attachments", "附件数量"),
    ("attributes", "属性"),
    ("battery", "电池电量"),
    ("bit", "位"),
    ("bits", "标志位"),
    ("body_attributes", "消息体属性"),
    ("body_length", "消息体长度"),
    ("bottom_right_lat", "右下点纬度"),
    ("bottom_right_lon", "右下点经度"),
    ("brightness", "亮度"),
    ("card_result", "IC 卡读取结果"),
    ("center_lat", "中心点纬度"),
    ("center_lon", "中心点经度"),
    ("certificate", "从业资格证编码"),
    ("channel", "通道 ID"),
    ("check_byte", "校验码"),
    ("chroma", "色度"),
    ("city", "市县域 ID"),
    ("close", "关闭音视频类型"),
    ("code", "鉴权码"),
    ("comm", "通信模块属性"),
    ("command", "命令"),
    ("contacts", "联系人项"),
    ("content", "内容"),
    ("contrast", "对比度"),
    ("control", "控制指令"),
    ("controls", "控制项"),
    ("count", "数量"),
    ("data", "数据"),
    ("delete", "删除标志"),
    ("delimiter", "标识位"),
    ("departure", "偏离类型"),
    ("dial_point", "拨号点名称"),
    ("dialect", "地方标准"),
    ("direction", "方向"),
    ("distance", "距离"),
    ("duration", "持续时间"),
    ("e", "RSA 公钥 e"),
    ("encrypted_body", "加密消息体"),
    ("encryption", "加密方式"),
    ("end", "结束时间"),
    ("entries", "信息项"),
    ("error", "错误"),
    ("escapes", "转义"),
    ("event", "事件 ID"),
    ("events", "事件项"),
    ("fatigue", "疲劳程度"),
    ("file", "文件"),
    ("firmware", "固件版本号"),
    ("firmware_version", "固件版本"),
    ("first_serial", "首包流水号"),
    ("flag", "标志状态"),
    ("flags", "标志"),
    ("format", "格式编码"),
    ("frame", "报文"),
    ("front_speed", "前车车速"),
    ("fuel", "油量"),
    ("gaps", "缺失数据段"),
    ("gnss", "GNSS 模块属性"),
    ("hardware", "硬件版本号"),
    ("hardware_version", "硬件版本"),
    ("heading", "方向"),
    ("iccid", "SIM 卡 ICCID"),
    ("id", "ID"),
    ("id_card", "身份证号"),
    ("ids", "ID 列表"),
    ("imei", "IMEI"),
    ("index", "序号"),
    ("interval", "时间间隔"),
    ("issuer", "发证机构"),
    ("items", "附加信息项"),
    ("keep", "保存标志"),
    ("kind", "类型"),
    ("lat", "纬度"),
    ("latitude", "纬度"),
    ("layout", "版式"),
    ("leftover", "剩余字节"),
    ("length", "长度"),
    ("level", "级别"),
    ("lon", "经度"),
    ("longest", "路段行驶过长阈值"),
    ("longitude", "经度"),
    ("loss", "丢包率"),
    ("maker", "制造商 ID"),
    ("max", "最高速度"),
    ("media", "音视频资源类型"),
    ("message_id", "消息 ID"),
    ("mileage", "里程"),
    ("mode", "方式"),
    ("model", "终端型号"),
    ("n", "RSA 公钥 n"),
    ("name", "名称"),
    ("networks", "任务执行条件"),
    ("night", "夜间最高速度"),
    ("not_understood", "未解析"),
    ("number", "编号"),
    ("offset", "偏移"),
    ("other_length", "长度与标准不符的内容"),
    ("package", "包序号"),
    ("package_body", "分包内容"),
    ("package_index", "包序号"),
    ("package_total", "消息总包数"),
    ("parameter", "参数项"),
    ("parameter_id", "参数 ID"),
    ("password", "密码"),
    ("path", "文件路径"),
    ("phone", "终端手机号"),
    ("plate", "车辆标识"),
    ("plate_color", "车牌颜色"),
    ("points", "拐点项"),
    ("port", "端口"),
    ("position", "位置编号"),
    ("pressure", "胎压"),
    ("pressures", "胎压"),
    ("protocol_version", "协议版本号"),
    ("province", "省域 ID"),
    ("quality", "图像/视频质量"),
    ("question", "问题"),
    ("radius", "半径"),
    ("rate", "采样率"),
    ("raw", "原始字节"),
    ("report_serial", "报警流水号"),
    ("reports", "位置汇报项"),
    ("reserved", "保留"),
    ("resolution", "分辨率"),
    ("result", "结果"),
    ("saturation", "饱和度"),
    ("seconds", "行驶时间"),
    ("segment", "路段 ID"),
    ("sequence", "序号"),
    ("serial", "流水号"),
    ("shortest", "路段行驶不足阈值"),
    ("sign", "报警标识号"),
    ("sign_kind", "道路标志类型"),
    ("sign_reserved", "报警标识保留"),
    ("sign_terminal", "报警标识终端 ID"),
    ("sign_time", "报警标识时间"),
    ("sign_value", "道路标志数据"),
    ("size", "大小"),
    ("software", "软件版本号"),
    ("speed", "速度"),
    ("start", "起始时间"),
    ("state", "状态"),
    ("status", "状态位"),
    ("storage", "存储器类型"),
    ("stream", "码流类型"),
    ("strength", "信号强度"),
    ("sub_packaged", "分包"),
    ("tcp_port", "TCP 端口"),
    ("temperature", "温度"),
    ("terminal", "终端 ID"),
    ("terminal_id", "终端 ID"),
    ("text", "文本信息"),
    ("threshold_1", "阈值 1"),
    ("threshold_2", "阈值 2"),
    ("time", "时间"),
    ("time_limit", "连接时限"),
    ("top_left_lat", "左上点纬度"),
    ("top_left_lon", "左上点经度"),
    ("total", "总数"),
    ("trailing", "多余字节"),
    ("udp_port", "UDP 端口"),
    ("url", "URL 地址"),
    ("user", "用户名"),
    ("utc", "UTC 时间"),
    ("valid", "有效期"),
    ("valid_until", "证件有效期"),
    ("value", "值"),
    ("vehicle_status", "车辆状态"),
    ("version", "版本号"),
    ("version_flag", "版本标识"),
    ("vertices", "顶点项"),
    ("video_alarms", "视频报警标志"),
    ("wheel", "轮胎"),
    ("width", "宽度"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_sorted_and_none_is_empty() {
        let unsorted: Vec<_> =
            WORDS.windows(2).filter(|pair| pair[0].0 >= pair[1].0).map(|pair| pair[1].0).collect();
        assert_eq!(unsorted, Vec::<&str>::new(), "these stand out of order in crates/jt808/src/words.rs");
        assert!(WORDS.iter().all(|(name, chinese)| !name.is_empty() && !chinese.is_empty()));
    }

    #[test]
    fn a_word_is_found_with_and_without_the_unit() {
        let check =
            |name, word, unit| assert_eq!((chinese_word(name), unit_of(name)), (word, unit), "{name}");
        check("speed_kmh", Some("速度"), "km/h");
        check("front_speed_kmh", Some("前车车速"), "km/h");
        check("latitude_e6", Some("纬度"), "°");
        check("distance_100ms", Some("距离"), "s");
        check("seconds", Some("行驶时间"), "s");
        check("status", Some("状态位"), "");
        check("threshold_1", Some("阈值 1"), "");
        check("speed_nonsense", None, "");
        check("s", None, "");
    }
}
