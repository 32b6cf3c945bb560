import { expect, test } from "vitest";
import { setLanguage } from "../words";
import { told } from "./problems";

test("what_is_wrong_with_a_password_is_said_in_chinese_with_its_figures", () => {
  setLanguage("zh");
  const says = (message: string) => told({ code: "invalid-body", message });
  expect(says("new has 5 characters, expected at least 12 and at most 1024 bytes")).toBe("密码只有 5 个字符,至少需要 12 个");
  expect(says("new has 1 of lower case, upper case, digits and others, expected at least 3")).toBe("密码须含大写、小写、数字、符号中的至少 3 种");
  expect(says("new is one of the last 5, expected a new one")).toBe("不能使用最近 5 次用过的密码");
  expect(says("old is not the password")).toBe("当前密码不正确");
});

test("a_refusal_without_words_is_left_to_its_own_detail", () => {
  expect(told({ code: "invalid-body", message: "name is empty" })).toBeNull();
  expect(told({ code: "forbidden", message: "the role duty may not" })).toContain("权限");
});
