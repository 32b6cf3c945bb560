// The small dialogs: note, result, reason; and the list of keys.
import { $, h, both } from "./dom.js";
import * as words from "./words.js";

const NOTE_MAX = 500;

/** Asks for what an action needs; `null` when the person thought better of it. */
export function ask(action, alert) {
  const dialog = $("ask");
  const choice = action === "handle" ? ["result", "结果 Result", { ...words.results, "false-alarm": undefined }]
    : action === "false-alarm" ? ["reason", "原因 Reason", words.reasons] : null;
  const needsNote = action === "comment" || action === "close" || action === "reopen";
  const form = h("form", { method: "dialog" },
    h("h2", {}, both(words.actions[action]), " ", h("span", { class: "quiet" }, alert.vehicle.plate)),
    choice && h("label", {}, choice[1], h("select", { name: choice[0], required: true },
      ...Object.entries(choice[2]).filter(([, text]) => text).map(([id, text]) => h("option", { value: id }, text.join(" "))))),
    h("label", {}, needsNote ? "说明(必填) Note (required)" : "说明 Note", h("textarea", { name: "note", maxlength: NOTE_MAX, required: needsNote })),
    h("div", { class: "row" },
      h("button", { class: "act", type: "button", click: () => dialog.close("") }, "取消 Cancel"),
      h("button", { class: "go", value: "go" }, both(words.actions[action]))));
  dialog.replaceChildren(form);
  dialog.returnValue = "";
  dialog.showModal();
  form.querySelector(choice ? "select" : "textarea").focus();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const given = Object.fromEntries([...new FormData(form)].filter(([, text]) => text.trim() !== ""));
      resolve(dialog.returnValue === "go" ? given : null);
    }, { once: true });
  });
}

const KEYS = [
  ["j  k", "下一条,上一条 Next, previous"], ["Enter", "打开 Open"], ["Esc", "关闭 Close"], ["a", "确认 Acknowledge"], ["h", "处置 Handle"],
  ["f", "误报 False alarm"], ["c", "备注 Comment"], ["e", "关闭告警 Close the alert"], ["m", "在地图上显示 Show on the map"],
  ["1 – 4", "按严重程度筛选 Filter by severity"], ["/", "查找 Search"], ["+ − 0", "地图缩放,全图 Map zoom, show all"], ["?", "本页 This list"],
];

export function showKeys() {
  $("keys").replaceChildren(h("h2", {}, "快捷键 ", h("span", { class: "en" }, "Keys")),
    h("dl", { class: "keys-list" }, ...KEYS.flatMap(([key, text]) => [h("dt", {}, h("kbd", {}, key)), h("dd", {}, text)])),
    h("button", { class: "go", click: () => $("keys").close() }, "好 OK"));
  $("keys").showModal();
}
