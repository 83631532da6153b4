"""An item as a candidate sees it: options in the order of the paper, in every language the same."""

from collections.abc import Iterable

from appliance.rules import paper as rule
from appliance.wire import station as wire


def shown_item(item: rule.Item, question: rule.Question) -> wire.Question:
    """A drawn item as the station gets it. No right answer in it."""
    plain = rule.Wording(stem=item.stem, options=item.options)
    language, own = next(iter(item.wordings.items()), ("zh_CN", plain))
    english = item.wordings.get("en") if language != "en" else None
    texts = [_words(own.options[index]) for index in question.order]
    keys = rule.keys(len(question.order))
    return wire.Question(
        position=question.position,
        kind=item.kind,
        stem=_words(own.stem),
        options=[wire.Option(key, text) for key, text in zip(keys, texts, strict=True)],
        language=language,
        english=_translated(english, question) if english else None,
    )


def _translated(wording: rule.Wording, question: rule.Question) -> wire.Wording:
    return wire.Wording(
        stem=_words(wording.stem), options=[_words(wording.options[index]) for index in question.order]
    )


def _words(words: rule.Words) -> wire.Words:
    if isinstance(words, str):
        return words
    return tuple(one if isinstance(one, str) else wire.Picture(one.sha256, one.alt) for one in words)


def pictures_of_items(items: Iterable[rule.Item]) -> dict[str, str]:
    """The pictures some items show: SHA-256 -> media type, in an order that says nothing of the items'."""
    wordings = [wording for item in items for wording in item.wordings.values()]
    found = {
        one.sha256: one.media_type
        for wording in wordings
        for words in (wording.stem, *wording.options)
        for one in words
        if isinstance(one, rule.Picture)
    }
    return dict(sorted(found.items()))
