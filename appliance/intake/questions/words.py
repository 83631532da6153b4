"""Words of answers, kinds and difficulties as people write them. Text in, values or None out."""

import re

from appliance.intake.cells import squeezed
from appliance.intake.questions.question import Kind, Passage, plain_text

_TRUE = frozenset("对 正确 是 √ ✓ ✔ ☑ v t true yes y 1 a r right 对的 正确的 vrai richtig".split())  # noqa: SIM905
_FALSE = frozenset(
    "错 错误 否 × x ✗ ✘ ✕ ╳ f false no n 0 b w wrong 错的 错误的 不对 不正确 非 faux falsch".split()  # noqa: SIM905
)
_WRITTEN_OUT = (
    {"对", "正确", "是", "√", "true", "yes", "对的", "正确的"},
    {"错", "错误", "否", "×", "false", "no"},
)
_PARTS = re.compile(r"[,、;/|和及+.\\]+")


def true_false(text: str) -> int | None:
    """0 for 正确, 1 for 错误, None for what is neither."""
    word = squeezed(text).casefold().strip("()。.")
    return 0 if word in _TRUE else 1 if word in _FALSE else None


def is_true_false(options: list[Passage] | tuple[Passage, ...]) -> tuple[int, int] | None:
    """Do two options say 正确 and 错误? The indexes of the two, else None. Letters and figures do not count."""
    words = [squeezed(plain_text(option, "?")).casefold().strip("()。.") for option in options]
    if len(words) != 2:
        return None
    for right, wrong in ((0, 1), (1, 0)):
        if words[right] in _WRITTEN_OUT[0] and (
            words[wrong] in _WRITTEN_OUT[1] or words[wrong] in ("错的", "错误的", "不对", "不正确", "x")
        ):
            return right, wrong
    return None


def letters(text: str) -> set[int] | None:
    """`ABD`, `a,b`, `A、D`, `1,3` -> indexes; None for anything else. Empty text -> empty set."""
    word = _PARTS.sub("", squeezed(text).upper().removeprefix("答案").lstrip(":").strip("()"))
    if re.fullmatch("[A-Z]*", word):
        return {ord(letter) - 65 for letter in word}
    figures = [part for part in _PARTS.split(squeezed(text).strip("()")) if part]
    if all(re.fullmatch(r"[1-9]\d?", part) for part in figures):
        return {int(part) - 1 for part in figures}
    return None


def kind(text: str) -> Kind | None:
    """判断题, 单选题, 多选题 in their spellings, and their English names; None when unknown."""
    word = squeezed(text).casefold()
    if re.search("判断|是非|对错|true.?false|t/f|^tf$|^yesno$|^truefalse", word):
        return "true_false"
    if re.search("多选|多项|复选|不定项|multiple.?(answer|response|select|choice)|^multi|checkbox", word):
        return "multiple_choice"
    if re.search("单选|单项|选择题|single|^radio|^choice$", word):
        return "single_choice"
    return None


def difficulty(text: str) -> int | None:
    """易 1, 中 2, 难 3 and their spellings; 0 for an empty cell; None when unknown."""
    word = squeezed(text).casefold().removesuffix("等").removesuffix("度").removesuffix("级")
    if not word:
        return 0
    if word in ("1", "易", "简单", "容易", "较易", "低", "初", "easy", "veryeasy"):
        return 1
    if word in ("2", "中", "一般", "适中", "普通", "medium", "middle"):
        return 2
    return 3 if word in ("3", "难", "困难", "较难", "高", "hard", "difficult", "verydifficult") else None
