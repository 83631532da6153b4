"""The question banks that ship with the box as questions of the same shape as imported ones."""

from appliance.base.errors import Refused
from appliance.base.i18n import N_
from appliance.intake.bank import question_bank
from appliance.intake.questions.question import LANGUAGE, Question, QuestionFile, Wording, passage
from appliance.rules.paper import speaks_of_others

SEALED = "province"
"""Owner of banks whose items nobody on the site may see."""


def shipped_file(trade: str) -> QuestionFile:
    """A trade's bank as if it had come in a file, to become a bank of the site's own. Raises as shipped_questions."""
    return QuestionFile(
        format="shipped",
        accepted=shipped_questions(trade),
        rejected=[],
        pictures={},
        dropped={},
        sha256=question_bank(trade).sha256,
    )


def shipped_questions(trade: str) -> list[Question]:
    """Every question of a trade's bank. Raises NotFound, and Refused for a sealed bank."""
    bank = question_bank(trade)
    if bank.owner == SEALED:
        raise Refused(
            "sealed_bank",
            N_("The questions of this bank are sealed: nobody on the site may take them out."),
            N_("Ask the owner of the bank."),
        )
    return [
        Question(
            id=item.id,
            kind=item.kind,
            wordings={
                LANGUAGE: Wording(
                    stem=passage(item.stem),
                    options=tuple(passage(one) for one in item.options) if item.kind != "true_false" else (),
                )
            },
            right=item.right,
            fixed=tuple(
                place
                for place, option in enumerate(item.options)
                if item.kind != "true_false" and speaks_of_others(option)
            ),
            topic=bank.topics[item.topic],
            difficulty=item.difficulty,
            source=item.source,
        )
        for item in bank.items
    ]
