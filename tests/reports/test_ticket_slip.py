"""The queue ticket as PDF: one page 80 mm wide, however long its words are; the slip of the printer says the same."""

import io

import msgspec
from pypdf import PdfReader

from appliance.base.i18n import in_language
from appliance.devices.printer.slip import slip
from appliance.reports import ticket_slip
from appliance.wire.sheets import TicketSlip
from tests.reports.examples import heading

FACTS = TicketSlip(heading=heading(True, "theory"), ticket="B012", name="张*", locker="17")
LONG = msgspec.structs.replace(
    FACTS,
    heading=msgspec.structs.replace(
        FACTS.heading,
        site_name="泰山市特种作业人员安全技术实际操作考试中心第二示范考点（东区）",
        trade="危险化学品安全作业 光气及光气化工艺作业 氯碱电解工艺作业",
        room="综合实训楼三层东侧第十二理论考场",
    ),
)


def text(facts: TicketSlip) -> str:
    [page] = PdfReader(io.BytesIO(ticket_slip(facts))).pages
    assert round(float(page.mediabox.width) * 25.4 / 72) == 80
    return "".join(page.extract_text().split())


def test_what_stands_on_a_ticket() -> None:
    said = text(FACTS)
    for word in ("候考号", "B012", "张*", "储物柜17", "请在候考室等候", "演示环境", FACTS.heading.room):
        assert word in said
    plain = msgspec.structs.replace(FACTS, heading=heading(False, "theory"), locker="")
    assert "演示" not in text(plain).replace(plain.heading.site_name, "") and "储物柜" not in text(plain)
    assert ticket_slip(FACTS) == ticket_slip(FACTS)


def test_long_words_stay_on_one_slip() -> None:
    for language in ("zh_CN", "en"):
        with in_language(language):
            assert LONG.heading.room in text(LONG)
            assert slip(LONG, 576).height < 1000 and slip(LONG, 384).width == 384
