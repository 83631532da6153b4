"""A site's own question bank for tests: people, a file of 43 items, shorthands."""

import msgspec
from sqlmodel import Session, select

from appliance.flow import accounts
from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.import_questions import Imported, import_questions, prepare_import
from appliance.flow.review_item import approve_item
from appliance.intake.questions.read import read_questions
from appliance.records.journal import Journal
from appliance.records.questions import BankItem, QuestionBank

PASSWORD = "pruefung-2026"


def table() -> bytes:
    """A CSV of 25 true/false, 12 single and 6 multiple choice items, and two rows that cannot be taken."""
    rows = ["题型,题干,选项A,选项B,选项C,选项D,答案,知识点"]
    rows += [f"判断题,第{n}条:停电以后应先验电。,,,,,{'对' if n % 2 else '错'},验电" for n in range(25)]
    rows += [f"单选题,第{n}问:先做什么?,切断电源,喊人,拍照,等待,A,急救" for n in range(12)]
    rows += [f"多选题,第{n}组:哪些是安全用具?,绝缘手套,验电器,接地线,手机,ABC,用具" for n in range(6)]
    rows += ["单选题,没有答案?,甲,乙,丙,丁,,急救", "多选题,答案不存在?,甲,乙,,,AF,急救"]
    return "\n".join(rows).encode()


def staff(box: Box) -> dict[str, Who]:
    """Accounts of two authors, the head of the site and an invigilator."""
    hashed = accounts.hash_password(PASSWORD)
    found = {}
    for login, role in (
        ("author", "author"),
        ("author2", "author"),
        ("chief", "chief"),
        ("invigilator", "invigilator"),
    ):
        row = box.db.write_now(accounts.add_account, box, login, login, role, hashed, "process:test")
        found[login] = Who(account=row.id, login=login, name=login, role=role)
    return found


def take(box: Box, bank: QuestionBank, who: Who, content: bytes, name: str = "题目.csv") -> Imported:
    """Import a file."""
    prepared = prepare_import(box, read_questions(content, name), bank.id, who)
    return box.db.write_now(import_questions, box, bank.id, prepared, who)


def rows_of(box: Box, bank: QuestionBank) -> list[BankItem]:
    """Every version of a bank's items."""
    found = select(BankItem).where(BankItem.bank == bank.id).order_by(BankItem.id, BankItem.version)
    return box.db.read_now(lambda session: list(session.exec(found).all()))


def approve_all(box: Box, bank: QuestionBank, who: Who) -> None:
    """Put everything in use."""

    def approve(session: Session) -> None:
        for row in session.exec(select(BankItem).where(BankItem.bank == bank.id)).all():
            approve_item(session, box, row.id, row.version, who)

    box.db.write_now(approve)


def journal(box: Box, kind: str) -> list[dict[str, object]]:
    """Bodies of a kind's entries, in order."""
    found = select(Journal).where(Journal.kind == kind).order_by(Journal.seq)
    return box.db.read_now(lambda s: [msgspec.json.decode(one.body) for one in s.exec(found).all()])
