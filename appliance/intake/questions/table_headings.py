"""What the columns of a question sheet are called: many spellings, one field each, also per language."""

import re
import unicodedata
from typing import NamedTuple

from appliance.intake.headings import plain
from appliance.intake.questions.question import LANGUAGE

FIELDS: dict[str, str] = {
    "stem": "题干 题目 试题 题目内容 试题内容 题干内容 试题题干 题目题干 题目描述 问题 考题 试题正文 内容 题目名称 "
    "question stem questiontext",
    "answer": "答案 正确答案 标准答案 参考答案 正确选项 试题答案 题目答案 答案选项 正确 "
    "key answer correctanswer rightanswer",
    "kind": "题型 试题类型 题目类型 类型 题类 试题题型 题型名称 kind type questiontype",
    "topic": "知识点 章节 考点 所属章节 知识点名称 所属知识点 科目章节 章 "
    "分类 试题分类 题目分类 类别 topic category chapter",
    "difficulty": "难度 难易度 难易程度 难度等级 难度系数 试题难度 level difficulty",
    "source": "来源 出处 依据 法规依据 题目来源 试题来源 标准依据 依据条款 source reference",
    "item": "编号 题号 序号 试题编号 题目编号 试题id 题目id id no number 号",
    "options": "选项 备选项 备选答案 选项内容 候选项 试题选项 题目选项 options choices",
    "picture": "图片 题图 题目图片 试题图片 题干图片 附图 插图 配图 picture image",
    "feedback": "解析 答案解析 试题解析 题目解析 解释 说明 备注 feedback explanation",
}
"""Field -> spellings, in plain form (see `headings.plain`)."""

_KNOWN = {plain(word): field for field, words in FIELDS.items() for word in words.split()}
_LANGUAGES = {
    "英文": "en",
    "英语": "en",
    "英": "en",
    "english": "en",
    "en": "en",
    "中文": LANGUAGE,
    "zh": LANGUAGE,
}
_MARKED = re.compile(
    r"[(\[]\s*([A-Za-z]{2,3}(?:[-_][A-Za-z]{2,4})?|英文|英语|English|中文)\s*[)\]]\s*$", re.IGNORECASE
)
_WORDED = re.compile(r"^(英文|英语|英|english)(.+)$|^(.+?)(英文|英语|english)$", re.IGNORECASE)
_OPTION = re.compile(
    r"(?:选项|备选项|备选答案|备选|答案选项|答案|option|choice)?([a-h1-8一二三四五六七八])(?:选项|项|答案)?"
)
_NUMBERS = "一二三四五六七八"


class Column(NamedTuple):
    """What a column holds. `option`: index of the option, -1 for other fields."""

    field: str
    language: str = LANGUAGE
    option: int = -1


def column(heading: str) -> Column | None:
    """What a heading means; None for a column the box has no use for."""
    language = LANGUAGE
    text = unicodedata.normalize("NFKC", heading).strip()
    if found := _MARKED.search(text):
        language = _LANGUAGES.get(found[1].casefold(), found[1].replace("-", "_"))
        text = text[: found.start()]
    word = plain(text)
    if word not in _KNOWN and (worded := _WORDED.match(word)):
        language, word = "en", worded[2] or worded[3]
    if word not in _KNOWN:
        word = plain(re.sub(r"\([^()]{2,}\)", "", text)) or word
    if word in _KNOWN:
        return Column(_KNOWN[word], language)
    if (option := _OPTION.fullmatch(word)) and not word.isdigit():
        sign = option[1]
        place = _NUMBERS.find(sign) if sign in _NUMBERS else ord(sign) - (49 if sign.isdigit() else 97)
        return Column("option", language, place)
    return None
