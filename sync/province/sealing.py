"""How the reference province makes sealed papers, or a sealed bank, for a sitting of a roster it has signed.

It has its own way of putting papers together: another province has another. What counts is the form that leaves it
(appliance/wire/sealed.py).
"""

import hashlib
import secrets
from typing import Literal

import msgspec

from appliance.base import paper_code
from appliance.base.sealing import key_of_code, seal
from appliance.wire import sealed as wire
from appliance.wire import station

TRUTHS = ("正确", "错误")
LETTERS = "ABCDEFGH"
Kind = Literal["true_false", "single_choice", "multiple_choice"]
KINDS: tuple[Kind, ...] = ("true_false", "single_choice", "multiple_choice")


class Item(msgspec.Struct, kw_only=True):
    """A question of the province's. `right`: indexes into the options; `picture`: name of one shown after the stem."""

    id: str
    kind: Kind
    stem: str
    right: tuple[int, ...]
    options: tuple[str, ...] = ()
    topic: str = ""
    difficulty: int = 0
    picture: str = ""


class Source(msgspec.Struct, kw_only=True):
    """What the papers of a sitting are made from. `pictures`: PNG by the SHA-256 of their bytes."""

    name: str
    items: list[Item]
    counts: dict[Kind, int] = msgspec.field(default_factory=lambda: {"true_false": 70, "single_choice": 30})
    pictures: dict[str, bytes] = {}
    minutes: int = 120

    @property
    def blueprint(self) -> bytes:
        """rules.paper.Blueprint as JSON: all items worth the same."""
        points = f"{100 / sum(self.counts.values()):g}"
        found = {"counts": self.counts, "points": dict.fromkeys(self.counts, points), "minutes": self.minutes}
        return msgspec.json.encode(found | {"pass_mark": "80"})


def new_code() -> str:
    """A code as it is read out."""
    return paper_code.written("".join(secrets.choice("0123456789") for _ in range(24)))


def make_file(source: Source, what: str, people: int, code: str, about: bytes) -> bytes:
    """The file for a sitting of `people` candidates."""
    salt = secrets.token_bytes(16)
    key = key_of_code(paper_code.key_digits(code), salt)
    if what == "bank":
        return wire.pack(wire.Container(salt=salt, secret=_secret(key, _bank(source), about)))
    keys = {name: secrets.token_bytes(32) for name in source.pictures}
    pictures = {
        name: seal(keys[name], content, station.ABOUT_PICTURE) for name, content in source.pictures.items()
    }
    names = {
        name: station.SealedPicture(
            sealed=hashlib.sha256(sealed).hexdigest(), media_type="image/png", key=keys[name]
        )
        for name, sealed in pictures.items()
    }
    papers, opened = [], []
    for number in range(people):
        body, secret = _paper(source, number, names)
        papers.append(
            wire.SealedBody(
                body=seal(secret.key, msgspec.json.encode(body), station.ABOUT_PAPER),
                pictures=sorted(one.sealed for one in body.pictures.values()),
            )
        )
        opened.append(secret)
    inside = wire.PapersSecret(blueprint=source.blueprint, papers=opened)
    return wire.pack(
        wire.Container(
            salt=salt, papers=papers, pictures=list(pictures.values()), secret=_secret(key, inside, about)
        )
    )


def _secret(key: bytes, inside: wire.Secret, about: bytes) -> bytes:
    return seal(key, msgspec.msgpack.encode(inside), about)


def _paper(
    source: Source, number: int, names: dict[str, station.SealedPicture]
) -> tuple[station.Paper, wire.PaperSecret]:
    dice = secrets.SystemRandom()
    questions: list[station.Question] = []
    right, choices, shown = [], "", {}
    for kind in KINDS:
        for item in dice.sample(
            [one for one in source.items if one.kind == kind], source.counts.get(kind, 0)
        ):
            texts = item.options or TRUTHS
            order = (
                list(range(len(texts)))
                if kind == "true_false"
                else dice.sample(range(len(texts)), len(texts))
            )
            if item.picture:
                shown[item.picture] = names[item.picture]
            questions.append(
                station.Question(
                    position=len(questions) + 1,
                    kind=item.kind,
                    stem=(item.stem, station.Picture(item.picture)) if item.picture else item.stem,
                    options=[station.Option(LETTERS[n], texts[one]) for n, one in enumerate(order)],
                )
            )
            right.append("".join(LETTERS[n] for n, one in enumerate(order) if one in item.right))
            choices += LETTERS[len(order) - 1].lower() if kind == "multiple_choice" else str(len(order))
    paper = station.Paper(paper=f"P-{number + 1}", sha256="", questions=questions, pictures=shown)
    return paper, wire.PaperSecret(key=secrets.token_bytes(32), right=right, choices=choices)


def _bank(source: Source) -> wire.BankSecret:
    items = []
    for one in source.items:
        stem: list[object] = [one.stem]
        stem += [{"is": "picture", "sha256": one.picture}] if one.picture else []
        wording = {"stem": stem, "options": [[text] for text in one.options]}
        question = {
            "id": one.id,
            "kind": one.kind,
            "wordings": {"zh_CN": wording},
            "right": one.right,
            "topic": one.topic,
            "difficulty": one.difficulty,
        }
        items.append({"item": one.id, "version": 1, "question": question})
    identity = hashlib.sha256(source.name.encode()).hexdigest()[:32]
    frozen = {
        "bank": f"province-{identity}",
        "items": items,
        "pictures": dict.fromkeys(source.pictures, "image/png"),
    }
    return wire.BankSecret(
        name=source.name,
        blueprint=source.blueprint,
        frozen=msgspec.json.encode(frozen, order="deterministic"),
        pictures=source.pictures,
    )
