"""What is said about questions that cannot be taken, and about what was left out."""

from appliance.base.i18n import N_

SENTENCES = {
    "empty_stem": N_("The question has no text."),
    "too_long": N_("The text of the question or of an option is too long."),
    "too_few_options": N_("There are fewer than two options."),
    "too_many_options": N_("There are more than eight options."),
    "empty_option": N_("Option {detail} is empty, but a later one is not."),
    "same_options": N_("Two options are the same: {detail}."),
    "no_right_answer": N_("No right answer is given."),
    "several_right": N_("A single choice has more than one right answer."),
    "right_unknown": N_("The right answer is none of the options: {detail}."),
    "bad_answer": N_("The right answer cannot be understood: {detail}."),
    "max_choices_too_small": N_("The candidate may choose fewer options than are right."),
    "unknown_kind": N_("This kind of question is not known: {detail}."),
    "unsupported_kind": N_("Questions of the kind {detail} are not taken, only true/false and choice."),
    "unsupported_content": N_("The question holds {detail}, which cannot be shown in the exam."),
    "several_interactions": N_("The item asks more than one question."),
    "duplicate": N_("The same question stands in the file already: {detail}."),
    "id_twice": N_("The same identifier stands in the file already: {detail}."),
    "english_short": N_("The English lacks option {detail}."),
    "chinese_short": N_("The Chinese lacks option {detail}."),
    "languages_differ": N_("The languages of the question differ in options or right answers: {detail}."),
    "bad_difficulty": N_("The difficulty is none of easy, medium and hard: {detail}."),
    "picture_missing": N_("The picture {detail} is not in the file."),
    "picture_unsupported": N_("The picture {detail} is none of PNG, JPEG, GIF and WebP."),
    "picture_damaged": N_("The picture {detail} is damaged."),
    "picture_too_large": N_("The picture {detail} is too large."),
    "picture_astray": N_("A picture stands beside the question: put it on the stem or on an option."),
    "file_missing": N_("The list of contents names {detail}, which is not in the package."),
    "bad_xml": N_("The item cannot be read as XML: {detail}."),
    "not_an_item": N_("The file {detail} holds no question."),
    "bad_weight": N_("The weight of an answer is no number: {detail}."),
    "bad_braces": N_("The braces of the answers do not close."),
    "bad_layout": N_("The lines do not follow the order question, options, answer."),
}
"""Code of a rejection -> sentence (message id); `{detail}` is the rejection's field."""

DROPPED = {
    "feedback": N_("Feedback left out: {count}."),
    "processing": N_("Questions with marking rules of their own, which were left out: {count}."),
    "instructions": N_("Notes for markers left out: {count}."),
    "min_choices": N_("Lower limits of choices left out: {count}."),
    "weights": N_("Partial points in single choice left out: {count}."),
    "columns": N_("Columns that the box has no use for: {count}."),
}
"""What a reader leaves out on purpose -> sentence (message id)."""
