// Which words of a question are shown: the candidate's language where the question has it, else its own.

import type { Picture, Question, Words } from "./_wire";
import type { Language, Word } from "./_words";

/** `lang`: a language tag; `note`: what to say when the words are not in the page's language; options in the paper's order. */
export interface Shown {
  stem: Words;
  options: Words[];
  lang: string;
  note: Word | null;
}

export function shownIn(question: Question, language: Language): Shown {
  if (language === "en" && question.english) return { ...question.english, lang: "en", note: null };
  const own = question.language ?? "zh_CN";
  const wanted = language === "en" ? own === "en" : own === "zh_CN";
  const note = language === "zh" ? "no_chinese" : own === "zh_CN" ? "no_english" : "no_chinese";
  return {
    stem: question.stem,
    options: question.options.map((option) => option.text),
    lang: own.replace("_", "-"),
    note: wanted ? null : note,
  };
}

/** The pictures of a text in order. */
export function picturesIn(words: Words): Picture[] {
  return typeof words === "string" ? [] : words.filter((part): part is Picture => typeof part !== "string");
}

/** The texts and pictures of a text in order. */
export function partsOf(words: Words): (string | Picture)[] {
  return typeof words === "string" ? [words] : words;
}
