"""What the keys of a report mean, in words."""

from __future__ import annotations

from collections.abc import Mapping

from legaltune.config.schema import TaskName
from legaltune.corpus.document import DropReason
from legaltune.corpus.tasks import Rejection
from legaltune.tokens.chat import TokenDropReason

SOURCES: Mapping[str, str] = {
    "rii-dok": "Decisions of the federal courts (Rechtsprechung im Internet)",
    "gii-norm": "Federal statutes (Gesetze im Internet)",
    "byrecht-rspr": "Decisions of Bavarian courts (XML)",
    "portal-json": "Decisions from court portals (JSON)",
    "open-legal-data": "Decisions from Open Legal Data",
    "judgment-text": "Decisions as plain text",
    "ready-made": "Ready-made examples",
    "bverwg-html": "Pages of the Bundesverwaltungsgericht",
    "bayern-html": "Pages of Bavarian courts",
    "bag-html": "Pages of the Bundesarbeitsgericht",
    "bfh-html": "Pages of the Bundesfinanzhof",
    "bverfg-html": "Pages of the Bundesverfassungsgericht",
    "html-page": "Pages of other courts",
}

TASKS: Mapping[str, str] = {
    TaskName.CLASSIFICATION: "Classification",
    TaskName.SUMMARIZATION: "Summarization",
    TaskName.CASE_ANALYSIS: "Case analysis",
    TaskName.STATUTE_INTERPRETATION: "Statute interpretation",
    TaskName.READY_MADE: "Ready-made examples",
}

DOCUMENT_DROPS: Mapping[str, str] = {
    DropReason.UNREADABLE: "The file cannot be opened.",
    DropReason.EMPTY_FILE: "The file or archive is empty.",
    DropReason.CORRUPT_ARCHIVE: "The archive, or a file in it, cannot be opened.",
    DropReason.MALFORMED_XML: "The XML is not well-formed.",
    DropReason.MALFORMED_JSON: "The JSON cannot be parsed.",
    DropReason.WRONG_ENCODING: "The bytes are no text in the encoding the format asks for.",
    DropReason.TOO_LARGE: "The file exceeds the size limit of one document.",
    DropReason.UNKNOWN_FORMAT: "The format is not known.",
    DropReason.UNSUPPORTED_FORMAT: "The format is known, but this document cannot be read yet.",
    DropReason.UNSAFE_PATH: "The archive names a place outside of itself for the file.",
    DropReason.READER_FAILED: "A bug of ours in reading it or in making examples; please report it with the document.",
    DropReason.TOO_SLOW: "Reading it took longer than one document may.",
    DropReason.MISSING_FIELD: "A field that every document needs is missing.",
    DropReason.CONTRADICTORY_METADATA: "What the document says about itself cannot all be true.",
    DropReason.STATUTE_FRAGMENT: "It is a single section of a statute; statutes are read whole.",
    DropReason.EMPTY_STATUTE: "The statute has no norm with text.",
    DropReason.NO_SECTIONS: "The text of the decision cannot be told apart into its sections.",
    DropReason.NO_GROUNDS: "The decision gives no reasons (Gründe), so there is nothing to learn from.",
    DropReason.TENOR_ONLY: "It holds what was decided (Tenor) and nothing else.",
    DropReason.BOILERPLATE_ONLY: "Its reasons are standing formulas, so there is nothing to learn from.",
    DropReason.TOO_SHORT: "Its reasons are too short to learn from.",
    DropReason.OTHER_LANGUAGE: "It is written in another language than the run is for.",
    DropReason.NO_TASK: "The sections of the decision support none of the tasks wanted.",
    DropReason.INVALID_EXAMPLE: "The ready-made example is no dialogue that ends with an answer.",
    DropReason.EXACT_DUPLICATE: "The same text was read before; the first one is kept.",
    DropReason.NEAR_DUPLICATE: "Nearly the same text was read before; one of them is kept.",
    DropReason.JOINS_SPLITS: "It belongs to decisions of different splits, so it could leak from one into the other.",
    DropReason.DUPLICATE_ID: "A document of the same number was read before; the first one is kept.",
}

REJECTIONS: Mapping[str, str] = {
    Rejection.TARGET_TOO_SHORT: "The answer would have too few words.",
    Rejection.TARGET_TOO_LONG: "The answer, or its first sentence, is longer than an answer may be.",
    Rejection.TARGET_UNFINISHED: "The answer would break off in the middle of a sentence, or is no sentence.",
    Rejection.TARGET_PLACEHOLDERS_ONLY: "The answer holds hardly more than marks of what was removed.",
    Rejection.TARGET_NOT_SHORTER: "The summary is not shorter than what the prompt shows.",
    Rejection.TARGET_COPIES_DOCUMENT: "The answer stands in the prompt word for word.",
    Rejection.TARGET_UNSUPPORTED: "The answer speaks of things that the prompt does not show.",
    Rejection.TARGET_NAMES_TOPIC_ONLY: "The Leitsatz only names what the decision is about.",
    Rejection.TARGET_GOES_ON: "The passage takes up what stands before it in the decision.",
    Rejection.TARGET_NEEDS_FACTS: "The passage speaks of the case at hand, whose facts are not told apart.",
    Rejection.LABELS_STATED: "The prompt states all labels that would be asked for.",
    Rejection.NORM_NOT_CITED: "The passage does not cite the norm.",
    Rejection.NORM_TOO_LONG: "The text of the norm is too long for a prompt.",
    Rejection.NORM_OTHER_VERSION: "The court applied another version of the norm than the one that was read.",
    Rejection.NORM_TEXT_REPEATED: "The passage mostly quotes the norm.",
    Rejection.VIEW_OF_OTHERS: "The passage reports the view of a party or of the court below.",
}

PLACEHOLDERS: Mapping[str, str] = {
    "address": "Street address",
    "email": "E-mail address",
    "phone": "Telephone number",
    "bank_account": "Bank account",
    "birth_date": "Date of birth",
    "counsel": "Counsel in the rubrum",
}

EXAMPLE_DROPS: Mapping[str, str] = {
    TokenDropReason.EMPTY_TARGET: "The answer is empty.",
    TokenDropReason.TOO_LONG_WITHOUT_DOCUMENT: "Instruction and answer alone do not fit into a row.",
    TokenDropReason.DOCUMENT_CUT_TOO_SHORT: "Too little of the document would be left beside instruction and answer.",
}

STEPS: Mapping[str, str] = {
    "prepare": "Prepare documents",
    "tokenize": "Tokenize",
    "train": "Train",
    "evaluate": "Evaluate",
}

STOP_REASONS: Mapping[str, str] = {
    "finished": "all steps done",
    "early_stopping": "stopped early, the validation loss no longer fell",
}


def words(key: str, meanings: Mapping[str, str]) -> str:
    """The meaning of a key; a key without one is spelt out ("no_task" as "no task")."""
    return meanings.get(key, key.replace("_", " "))
