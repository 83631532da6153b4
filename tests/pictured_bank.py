"""A site's own bank whose items show pictures and can partly be read in English."""

import msgspec

from appliance.flow.accounts import Who
from appliance.flow.box import Box
from appliance.flow.import_questions import import_questions, prepare_import
from appliance.intake.questions.question import Kind, Picture, PictureRef, Question, QuestionFile, Wording
from appliance.records.questions import QuestionBank
from tests.question_banks import approve_all
from tests.station.drawings import circuit, name_of, warning

CIRCUIT, PLAN = circuit(), circuit(1600, 700)
SIGNS = [warning("gold", 3), warning("crimson", 30), warning("royalblue", 30), warning("seagreen", 4)]
PICTURES = {name_of(one): Picture("image/png", one) for one in (CIRCUIT, PLAN, *SIGNS)}


def question(kind: Kind, number: int) -> Question:
    """Even ones in Chinese and English; every third with a picture in its stem, every fourth in its options."""
    choices = () if kind == "true_false" else range(4)
    stem: tuple[str | PictureRef, ...] = (f"{kind} 第{number}问:图中表示什么?",)
    english: tuple[str | PictureRef, ...] = (f"{kind} {number}: what is shown?",)
    if number % 3 == 0:
        picture = PictureRef(name_of(CIRCUIT if number % 2 else PLAN), "电路图")
        stem, english = (*stem, picture, "请选择。"), (*english, picture)
    options = tuple(
        (PictureRef(name_of(SIGNS[place]), ""),) if number % 4 == 1 else (f"选项{number}-{place}",)
        for place in choices
    )
    wordings = {"zh_CN": Wording(stem=stem, options=options)}
    if number % 2 == 0:
        wordings["en"] = Wording(
            stem=english, options=tuple((f"option {number}-{place}",) for place in choices)
        )
    right = (0, 2) if kind == "multiple_choice" else (number % 2,)
    return Question(id=f"{kind}-{number}", kind=kind, wordings=wordings, right=right, topic=f"t{number % 2}")


def file(true_false: int = 24, single: int = 14, multiple: int = 8) -> QuestionFile:
    """As an import reads it."""
    kinds: list[tuple[Kind, int]] = [
        ("true_false", true_false),
        ("single_choice", single),
        ("multiple_choice", multiple),
    ]
    return QuestionFile(
        format="qti22",
        accepted=[question(kind, number) for kind, count in kinds for number in range(count)],
        rejected=[],
        pictures=dict(PICTURES),
        dropped={},
        sha256="0" * 64,
    )


def fill(box: Box, bank: QuestionBank, author: Who, second: Who, found: QuestionFile | None = None) -> None:
    """Import the items and have them approved."""
    prepared = prepare_import(box, found or file(), bank.id, author)
    box.db.write_now(import_questions, box, bank.id, prepared, author)
    approve_all(box, bank, second)


def shown_names(body: bytes) -> set[str]:
    """Every picture a sealed paper's JSON speaks of in its questions, whatever the structs make of it."""
    found: set[str] = set()

    def look(part: object) -> None:
        if isinstance(part, dict):
            found.update({str(part["picture"])} if "picture" in part else set())
            for one in part.values():
                look(one)
        elif isinstance(part, list):
            for one in part:
                look(one)

    look(msgspec.json.decode(body)["questions"])
    return found
