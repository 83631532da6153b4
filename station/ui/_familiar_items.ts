// The five items of the familiarisation (操作熟悉): of everyday things, outside every question bank. They show each
// kind of question once; a site must not train, so there are no others.

import type { Question } from "./_wire";

export interface FamiliarItem {
  kind: Question["kind"];
  stem: [zh: string, en: string];
  options: [zh: string, en: string][];
  /** The right options' places, in order. */
  right: number[];
  /** An SVG picture, as drawn here, with what it shows. */
  picture?: { svg: string; alt: [zh: string, en: string] };
}

const TRUTHS: [string, string][] = [
  ["正确", "True"],
  ["错误", "False"],
];

export const ITEMS: FamiliarItem[] = [
  { kind: "true_false", stem: ["一个星期有七天。", "A week has seven days."], options: TRUTHS, right: [0] },
  {
    kind: "single_choice",
    stem: ["下面哪一个是水果？", "Which of these is a fruit?"],
    options: [
      ["铅笔", "A pencil"],
      ["苹果", "An apple"],
      ["雨伞", "An umbrella"],
      ["手套", "A glove"],
    ],
    right: [1],
  },
  {
    kind: "multiple_choice",
    stem: ["下面哪些是颜色？（可选多个）", "Which of these are colours? (several)"],
    options: [
      ["红", "Red"],
      ["方", "Square"],
      ["绿", "Green"],
      ["蓝", "Blue"],
    ],
    right: [0, 2, 3],
  },
  {
    kind: "single_choice",
    stem: ["图中有几个圆？", "How many circles are in the picture?"],
    options: [
      ["1 个", "1"],
      ["2 个", "2"],
      ["3 个", "3"],
      ["4 个", "4"],
    ],
    right: [2],
    picture: {
      svg: "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 320 110'><g fill='none' stroke='#123f7a' stroke-width='6'><circle cx='55' cy='55' r='42'/><circle cx='160' cy='55' r='42'/><circle cx='265' cy='55' r='42'/></g></svg>",
      alt: ["并排的圆", "Circles side by side"],
    },
  },
  {
    kind: "true_false",
    stem: ["作答以后就不能再改答案了。", "Once answered, an answer can no longer be changed."],
    options: TRUTHS,
    right: [1],
  },
];
