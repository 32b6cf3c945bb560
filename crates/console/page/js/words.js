// The words people read, Chinese and English side by side; keys are the identifiers of the interface.

export const severities = {
  critical: ["特别严重", "Critical"], major: ["严重", "Major"], minor: ["一般", "Minor"], info: ["提示", "Info"],
};
export const rank = { info: 1, minor: 2, major: 3, critical: 4 };
export const states = { raised: ["已触发", "Raised"], updated: ["已更新", "Updated"], cleared: ["已解除", "Cleared"] };
export const statuses = {
  new: ["待确认", "New"], acknowledged: ["已确认", "Acknowledged"], handling: ["处置中", "Handling"],
  handled: ["已处置", "Handled"], deferred: ["已延后", "Deferred"], closed: ["已关闭", "Closed"],
};
export const rules = {
  "speeding": ["超速", "Speeding"], "fatigue-warning": ["疲劳预警", "Fatigue warning"], "fatigue": ["疲劳驾驶", "Fatigue driving"],
  "night-ban": ["夜间禁行", "Night ban"], "off-route": ["偏离路线", "Off route"], "hazmat-zone": ["危货驶入禁区", "Hazmat in a restricted zone"],
  "hazmat-zone-approach": ["危货接近禁区", "Hazmat near a restricted zone"], "no-parking": ["违规停车", "No parking"],
  "charter-origin": ["包车异地经营", "Charter outside its home"], "unqualified-driver": ["驾驶员无资格", "Unqualified driver"],
  "clone-plate": ["疑似套牌", "Cloned plate"], "offline-move": ["离线位移", "Moved while offline"], "gnss-fault": ["定位异常", "GNSS fault"],
  "device-tamper": ["破坏设备", "Device tampering"], "sos": ["紧急求助", "SOS"], "collision": ["碰撞侧翻", "Collision or rollover"],
  "closed-structure": ["驶入封闭桥隧", "Closed bridge or tunnel"], "dsm-fatigue": ["疲劳状态(视频)", "Drowsy (camera)"],
  "dsm-phone": ["接打电话", "Hand-held phone"], "dsm-smoking": ["抽烟", "Smoking"], "dsm-distraction": ["分神驾驶", "Distracted"],
  "dsm-absent": ["驾驶员离岗", "Driver absent"], "dsm-other": ["驾驶员异常", "Other driver event"],
  "adas-forward-collision": ["前向碰撞预警", "Forward collision"], "adas-lane-departure": ["车道偏离", "Lane departure"],
  "adas-headway": ["车距过近", "Short headway"], "adas-pedestrian": ["行人碰撞预警", "Pedestrian"], "adas-other": ["辅助驾驶其他", "Other ADAS event"],
};
export const classes = {
  "scheduled-coach": ["班线客车", "Scheduled coach"], "charter-coach": ["旅游包车", "Charter coach"],
  "hazmat-truck": ["危险货物运输车", "Hazmat truck"], "school-bus": ["校车", "School bus"], "heavy-truck": ["重型货车", "Heavy truck"],
};
export const zones = {
  "bridge": ["桥梁", "Bridge"], "tunnel": ["隧道", "Tunnel"], "water-source": ["饮用水水源保护区", "Water source"],
  "no-parking": ["禁停区", "No parking"], "speed-limit": ["限速区", "Speed limit"], "closed": ["封闭区", "Closed"],
  "hazmat-park": ["危险货物停车场", "Hazmat park"], "relay-point": ["接驳点", "Relay point"], "service-area": ["服务区", "Service area"],
};
export const limits = {
  "posted": ["路段限速标志", "posted on the road"], "road-class": ["道路类别法定限速", "by the kind of road"], "vehicle-class": ["车型限速", "by the class of vehicle"],
  "zone": ["限速区", "by a zone"], "caution": ["特殊路段限速", "bend, slope or narrow road"], "device": ["车载设备识别", "read by the camera"],
};
export const sources = { card: ["从业资格卡", "by card"] };
export const departments = {
  police: ["公安交管", "Traffic police"], transport: ["交通运输", "Transport"], emergency: ["应急管理", "Emergency"],
  ecology: ["生态环境", "Ecology"], education: ["教育", "Education"],
};
export const roles = { duty: ["值班员", "Duty"], police: ["公安", "Police"], operator: ["企业", "Operator"], admin: ["管理员", "Admin"] };
export const colors = {
  blue: ["蓝牌", "blue"], yellow: ["黄牌", "yellow"], black: ["黑牌", "black"], white: ["白牌", "white"],
  green: ["绿牌", "green"], "yellow-green": ["黄绿牌", "yellow-green"], other: ["其他", "other"],
};
export const actions = {
  acknowledge: ["确认", "Acknowledge"], unacknowledge: ["撤销确认", "Unacknowledge"], assign: ["指派", "Assign"],
  comment: ["备注", "Comment"], remind: ["督办", "Remind"], dispatch: ["派警", "Dispatch"], handle: ["处置", "Handle"],
  "false-alarm": ["误报", "False alarm"], defer: ["延后", "Defer"], close: ["关闭", "Close"], reopen: ["重开", "Reopen"],
  appeal: ["申诉", "Appeal"], "decide-appeal": ["裁定申诉", "Decide appeal"],
};
export const results = {
  warned: ["已提醒驾驶员", "Driver warned"], penalised: ["已处罚", "Penalised"], dispatched: ["已派警", "Dispatched"],
  trained: ["已培训", "Trained"], "no-action": ["不做处理", "No action"], "false-alarm": ["误报", "False alarm"],
};
export const reasons = {
  device: ["设备故障", "Device"], algorithm: ["算法误判", "Algorithm"], environment: ["环境干扰", "Environment"],
  map: ["地图错误", "Map"], other: ["其他", "Other"],
};

/** Both languages of an entry; an identifier nobody has named yet is shown as it is. */
export const pair = (table, key) => table[key] ?? [key ?? "—", ""];
