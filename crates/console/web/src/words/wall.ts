/** 大屏: a wall that is looked at from afar and does not jump. */
export default {
  open: ["未解除告警", "Open alerts"],
  waiting: ["待确认", "Not acknowledged"],
  online: ["在线车辆", "Vehicles online"],
  handledToday: ["今日处置率", "Handled today"],
  today: ["今日告警", "Alerts today"],
  list: ["未解除告警", "Open alerts"],
  calm: ["目前没有未解除的告警", "No alert is open"],
  dayStrip: ["近 24 小时告警", "Alerts of the last 24 h"],
  fit: ["显示全部告警", "Show all alerts"],
  locked: ["视图已锁定,点星号恢复", "The view is locked: the star frees it"],
  leave: ["退出大屏", "Leave the wall"],
  fullScreen: ["全屏", "Full screen"],
  byOperator: ["今日企业排行", "Operators today"],
  waitingShort: ["待确认", "new"],
} as const;
