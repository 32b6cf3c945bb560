import { expect, test } from "vitest";
import type { Delivery } from "../api";
import { isMissing, isOpen, told } from "./delivery";

const AT = "2026-01-01T08:00:00.000+08:00";
const some = (over: Partial<Delivery>): Delivery => ({
  department: "police", state: "waiting", revision: 2, published_at: AT, times_sent: 1, waiting_since: AT, received_revision: null, received_at: null, ...over,
});

test("each_state_says_when_the_broker_took_it_and_what_the_department_said", () => {
  const says = (over: Partial<Delivery>, ...parts: (string | RegExp)[]) => parts.forEach((part) => expect(told(some(over))).toMatch(part));
  expect(told(some({ state: "queued", revision: null, published_at: null, times_sent: 0, waiting_since: null }))).toBe("待发送 not sent yet");
  says({ state: "delivered", waiting_since: null }, /^消息代理已收 .*08:00:00，已发 1 次/, "不要求回执 no receipt is asked for");
  says({}, "sent 1×", /自 .*08:00:00 起等待部门回执/);
  says({ times_sent: 4 }, "已发 4 次", /部门未收到：自 .*08:00:00 起无回执，仍在重发/, /not received: no receipt since .*08:00:00/);
  says({ state: "received", received_at: "2026-01-01T08:05:00.000+08:00" }, /部门已收 .*08:05:00 received/);
});

test("what_was_sent_again_without_an_answer_stands_out_and_only_what_may_change_is_asked_again", () => {
  expect([1, 2].map((times_sent) => isMissing(some({ times_sent })))).toEqual([false, true]);
  expect(isMissing(some({ state: "received", times_sent: 5 }))).toBe(false);
  expect((["queued", "delivered", "waiting", "received"] as const).map((state) => isOpen(some({ state })))).toEqual([true, false, true, false]);
});
