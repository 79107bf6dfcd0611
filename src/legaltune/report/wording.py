"""What the keys of a report mean, in words."""

from __future__ import annotations

from collections.abc import Mapping

from legaltune.config.schema import TaskName
from legaltune.corpus.document import DropReason
from legaltune.tokens.chat import TokenDropReason

SOURCES: Mapping[str, str] = {
    "rii-dok": "Decisions of the federal courts",
    "gii-norm": "Federal statutes",
    "portal-json": "Decisions of the state courts (portal JSON)",
}

TASKS: Mapping[str, str] = {
    TaskName.CLASSIFICATION: "Classification",
    TaskName.SUMMARIZATION: "Summarization",
    TaskName.CASE_ANALYSIS: "Case analysis",
    TaskName.STATUTE_INTERPRETATION: "Statute interpretation",
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
    DropReason.READER_FAILED: "A bug in a reader; please report it with the document.",
    DropReason.MISSING_FIELD: "A field that every document needs is missing.",
    DropReason.STATUTE_FRAGMENT: "It is a single section of a statute; statutes are read whole.",
    DropReason.EMPTY_STATUTE: "The statute has no norm with text.",
    DropReason.NO_SECTIONS: "The text of the decision cannot be told apart into its sections.",
    DropReason.NO_GROUNDS: "The decision gives no reasons (Gründe), so there is nothing to learn from.",
    DropReason.NO_TASK: "The sections of the decision support none of the tasks wanted.",
    DropReason.EXACT_DUPLICATE: "The same text was read before; the first one is kept.",
    DropReason.DUPLICATE_ID: "A document of the same number was read before; the first one is kept.",
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


def words(key: str, meanings: Mapping[str, str]) -> str:
    """The meaning of a key; a key without one is spelt out ("no_task" as "no task")."""
    return meanings.get(key, key.replace("_", " "))
