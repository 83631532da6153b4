"""The words of item analysis, the same on the page and in the workbook."""

from appliance.base.i18n import N_, _, translate
from appliance.rules.item_analysis import FEW, Reliability

FLAG_WORDS = {
    "negative": N_("The better candidates miss it"),
    "wrong_beats_right": N_("A wrong option is chosen more often than the right one"),
    "too_hard": N_("Hardly anybody gets it right"),
    "weak": N_("It hardly tells good from weak candidates"),
    "omitted": N_("Many leave it open"),
    "unused_option": N_("An option that nobody chooses"),
    "too_easy": N_("Nearly everybody gets it right"),
}
BAND_WORDS = {
    "very_good": N_("very good"),
    "good": N_("good"),
    "marginal": N_("marginal"),
    "poor": N_("poor"),
    "negative": N_("negative"),
    "undefined": N_("not defined"),
}
RELIABILITY_WORDS = {
    "kr20": N_("KR-20"),
    "alpha": N_("Cronbach's alpha"),
    "nested": N_("Reliability of papers drawn at random"),
    "none": N_("Reliability"),
}
REASON_WORDS = {
    "": "",
    "few": N_("not given: fewer than {few} papers"),
    "one_item": N_("not defined: only one item"),
    "all_alike": N_("not defined: everybody has the same points"),
    "lengths_differ": N_("not defined: the papers have different lengths"),
}
MEANINGS = (
    (
        N_("Facility"),
        N_(
            "Share of those who had the item and answered it fully right. Below 0.30 (true or false: 0.50) it is hard,"
            " above 0.95 easy."
        ),
    ),
    (
        N_("Mean share of points"),
        N_("Like facility, but an answer that is right in part counts in part."),
    ),
    (
        N_("Discrimination"),
        N_(
            "Correlation of the item with the rest of the paper, without the item itself: from 0.40 very good, from"
            " 0.30 good, from 0.20 marginal, below poor (Ebel). Negative: the better candidates miss it."
        ),
    ),
    (
        N_("Upper less lower 27 %"),
        N_("Share of right answers among the best 27 % of the papers less that among the weakest 27 %."),
    ),
    (
        N_("Mean points of those who chose it"),
        N_(
            "Mean points of the whole paper. A wrong option with a high mean draws good candidates: look at its"
            " wording."
        ),
    ),
)
"""Figure -> what it means."""


def reliability_text(one: Reliability) -> str:
    """A reliability as one reads it: the figure with its standard error, or why there is none."""
    if one.value is None:
        return translate(REASON_WORDS[one.reason]).format(few=FEW)
    if one.standard_error is None:
        return f"{one.value:.2f}"
    return _("{value} (standard error {error} points)").format(
        value=f"{one.value:.2f}", error=f"{one.standard_error:.1f}"
    )


def letters(numbers: str) -> str:
    """Option numbers as letters in the order of the bank: `02` -> `AC`."""
    return "".join(chr(ord("A") + int(one)) for one in numbers)
