// Which words of a question a candidate reads.

import assert from "node:assert/strict";
import { test } from "node:test";
import { partsOf, picturesIn, shownIn } from "../../../station/ui/_wording";
import type { Question } from "../../../station/ui/_wire";

const chinese: Question = {
  position: 1,
  kind: "single_choice",
  stem: "问",
  options: [
    { key: "A", text: "甲" },
    { key: "B", text: "乙" },
  ],
};
const both: Question = { ...chinese, english: { stem: "Q", options: ["one", "two"] } };
const english: Question = { ...chinese, language: "en", stem: "Q" };
const german: Question = { ...chinese, language: "de", stem: "F" };

for (const [name, question, language, stem, lang, note] of [
  ["Chinese only", chinese, "zh", "问", "zh-CN", null],
  ["Chinese only, asked for in English", chinese, "en", "问", "zh-CN", "no_english"],
  ["both", both, "zh", "问", "zh-CN", null],
  ["both, asked for in English", both, "en", "Q", "en", null],
  ["English only", english, "zh", "Q", "en", "no_chinese"],
  ["English only, asked for in English", english, "en", "Q", "en", null],
  ["another language", german, "zh", "F", "de", "no_chinese"],
  ["another language, asked for in English", german, "en", "F", "de", "no_chinese"],
  ["another language with English", { ...german, english: both.english }, "en", "Q", "en", null],
] as const) {
  test(name, () => {
    const shown = shownIn(question, language);
    assert.deepEqual([shown.stem, shown.lang, shown.note], [stem, lang, note]);
    assert.equal(shown.options.length, 2);
  });
}

test("pictures in their order, texts between them", () => {
  const words = ["a", { picture: "1" }, "b", { picture: "2", alt: "x" }];
  assert.deepEqual(picturesIn(words), [{ picture: "1" }, { picture: "2", alt: "x" }]);
  assert.deepEqual(picturesIn("a"), []);
  assert.deepEqual(partsOf("a"), ["a"]);
  assert.equal(partsOf(words), words);
});
