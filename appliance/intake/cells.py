"""What people write into the cells of a roster: kinds, subjects, days, times. Text in, values or None out."""

import re
import unicodedata
from datetime import date, datetime, time, timedelta
from typing import Literal

from appliance.rules.admission import Eligibility

Kind = Literal["initial", "review", "resit"]
Subject = Literal["theory", "practical"]

_DAY = re.compile(r"((?:19|20)\d{2})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT_DAY = re.compile(r"(?<!\d)((?:19|20)\d{2})(\d{2})(\d{2})(?!\d)")
_TIME = re.compile(r"(?<!\d)(\d{1,2})\s*(?:[::时点])\s*(半|\d{1,2})?(?:\s*[::分]\s*(\d{1,2}))?")
_AFTERNOON = re.compile(r"下午|晚上|傍晚|pm", re.IGNORECASE)
_SERIAL = re.compile(r"\d{5}(\.\d+)?")


def squeezed(text: str) -> str:
    """Half-width, without blanks."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", text))


def tidy(text: str) -> str:
    """Free text (an employer's name): half-width digits, single blanks."""
    return re.sub(r"\s+", " ", unicodedata.normalize("NFKC", text)).strip()


def kind(text: str) -> Kind | None:
    """初训, 复审, 补考 in their spellings, or the codes 1 初领, 2 复训, 3 换证; None when unknown."""
    words = squeezed(text)
    if words in ("1", "01"):
        return "initial"
    if words in ("2", "02", "3", "03"):
        return "review"
    if re.search("补考|重考|补测", words):
        return "resit"
    if re.search("复审|复训|复证|复考|换证|延期|延续|再培训|续期", words):
        return "review"
    if re.search("初训|初领|初次|初考|初证|新训|新取|新证|取证|首次|新办|新领|正考|^初$|^新$", words):
        return "initial"
    return None


def eligibility(text: str) -> Eligibility:
    """审核状态 and 资格审核 in their spellings; what says neither yes nor no is unknown: somebody asks."""
    words = squeezed(text)
    if re.search("停考|禁考|暂停|取消|违规|违纪|不通过|未通过|不合格|不符合|驳回|拒绝", words):
        return "suspended"
    if re.search("待|未|中$|补材料|补充材料", words):
        return "unknown"
    return "eligible" if re.search("通过|合格|符合|已审|同意|正常|有效|^是$|^√$", words) else "unknown"


def subjects(text: str) -> tuple[Subject, ...] | None:
    """理论, 实操 or both; None when unknown."""
    words = squeezed(text)
    both = bool(re.search("全部|全科|双科|两科|^全$", words))
    found: list[Subject] = []
    theory = both or bool(re.search("理论|知识|笔试|机考|科目一", words))
    practical = both or bool(re.search("实操|实际操作|操作技能|技能|实作|操作考试|实践|科目二", words))
    if theory:
        found.append("theory")
    if practical:
        found.append("practical")
    return tuple(found) or None


def sex(text: str) -> Literal["male", "female"] | None:
    """男 or 女 in their spellings; None when unknown."""
    words = squeezed(text).casefold()
    if words in ("男", "男性", "m", "male", "1"):
        return "male"
    if words in ("女", "女性", "f", "female", "2"):
        return "female"
    return None


def day(text: str) -> date | None:
    """A day in any usual spelling, a spreadsheet's serial number included; None when there is none."""
    words = unicodedata.normalize("NFKC", text).strip()
    found = _DAY.search(words) or _COMPACT_DAY.search(words)
    if found:
        try:
            return date(int(found[1]), int(found[2]), int(found[3]))
        except ValueError:
            return None
    if _SERIAL.fullmatch(words):
        return (datetime(1899, 12, 30) + timedelta(days=float(words))).date()
    return None


def clock(text: str) -> time | None:
    """The first time of day in `text` (a range's start); 下午 moves it after noon; None without one."""
    words = unicodedata.normalize("NFKC", text).strip()
    if _SERIAL.fullmatch(words) or re.fullmatch(r"0\.\d+", words):
        minutes = round(float(words) % 1 * 1440)
        return time(minutes // 60 % 24, minutes % 60) if minutes else None
    rest = _DAY.sub(" ", words)
    found = _TIME.search(rest)
    if found is None:
        return None
    hour = int(found[1])
    minute = 30 if found[2] == "半" else int(found[2] or 0)
    if hour < 12 and _AFTERNOON.search(rest[: found.start() + 1] + rest[found.end() : found.end() + 3]):
        hour += 12
    try:
        return time(hour, minute)
    except ValueError:
        return None
