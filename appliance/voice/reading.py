"""An item read aloud, for candidates whose roster row approves it: characters as pinyin, English as it stands."""

import re

import msgspec

LETTERS = "ABCDEFGHI"
BLANK = re.compile(r"[(（]\s*[)）]|_{2,}|＿+")
"""The place an answer goes: it is read as a pause."""
MARKS = str.maketrans("。，；：？！、（）“”", ".,;:?!,    ")
UNITS = {
    "%": "百分号",
    "％": "百分号",
    "℃": "摄氏度",
    "Ω": "欧姆",
    "≥": "大于等于",
    "≤": "小于等于",
    "×": "乘",
}


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A question: its stem and its options as plain text, in the order the candidate sees them."""

    stem: str
    options: tuple[str, ...]
    language: str = "zh"

    def text(self) -> str:
        """What is read, as written."""
        lines = [BLANK.sub(",", self.stem)]
        lines += [f"{letter}. {option}" for letter, option in zip(LETTERS, self.options, strict=False)]
        return "\n".join(lines)

    def pinyin(self) -> str:
        """What the voice gets: syllables with tone numbers, the rest as it is; English text unchanged."""
        text = self.text()
        if self.language == "en":
            return text
        from pypinyin import Style, lazy_pinyin  # its dictionaries take memory: only where somebody listens

        for sign, word in UNITS.items():
            text = text.replace(sign, word)
        return " ".join(lazy_pinyin(text.translate(MARKS), style=Style.TONE3, neutral_tone_with_five=True))
