import { beforeEach, expect, test, vi } from "vitest";

const prompt = vi.hoisted(() => vi.fn());
vi.mock("element-plus/es/components/message-box/index.mjs", () => ({ ElMessageBox: { prompt } }));

import { createPinia, setActivePinia } from "pinia";
import { useSession, type Me } from "../stores/session";
import { giveReason, reasonFor, reasonGiven } from "./reason";

const signedIn = (track_reason: boolean) => {
  useSession().me = { track_reason } as Me;
};

beforeEach(() => {
  setActivePinia(createPinia());
  prompt.mockReset();
});

test("nobody_is_asked_where_the_service_wants_no_reason", async () => {
  signedIn(false);
  expect(await reasonFor("13800000001")).toBeUndefined();
  expect(prompt).not.toHaveBeenCalled();
});

test("a_reason_is_asked_for_once_a_vehicle", async () => {
  signedIn(true);
  prompt.mockResolvedValue({ value: " 查找货物 " });
  expect(await reasonFor("13800000002")).toBe("查找货物");
  expect(await reasonFor("13800000002")).toBe("查找货物");
  expect(prompt).toHaveBeenCalledTimes(1);
  expect(await reasonFor("13800000003")).toBe("查找货物");
  expect(prompt).toHaveBeenCalledTimes(2);
});

test("who_says_none_gets_none_and_what_is_too_short_is_not_taken", async () => {
  signedIn(true);
  prompt.mockRejectedValue("cancel");
  expect(await reasonFor("13800000004")).toBeNull();
  expect(reasonGiven("13800000004")).toBeUndefined();
  const { inputValidator } = prompt.mock.calls[0]![2] as { inputValidator: (text: string) => boolean | string };
  expect(inputValidator("执法")).toBe(true);
  for (const wrong of ["", " x ", "x".repeat(201)]) expect(typeof inputValidator(wrong), wrong).toBe("string");
});

test("a_reason_is_forgotten_after_a_quarter_of_an_hour", () => {
  giveReason("13800000005", "执法", 0);
  expect(reasonGiven("13800000005", 899_999)).toBe("执法");
  expect(reasonGiven("13800000005", 900_000)).toBeUndefined();
});
