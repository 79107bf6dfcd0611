"""What a reader returns: one decision or one statute, independent of the format it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum


class SectionName(StrEnum):
    """Parts of a German court decision, by their German names."""

    RUBRUM = "rubrum"
    LEITSATZ = "leitsatz"
    ORIENTIERUNGSSATZ = "orientierungssatz"
    TENOR = "tenor"
    TATBESTAND = "tatbestand"
    ENTSCHEIDUNGSGRUENDE = "entscheidungsgruende"
    GRUENDE = "gruende"
    ABWEICHENDE_MEINUNG = "abweichende_meinung"
    SONSTIGES = "sonstiges"


@dataclass(frozen=True, slots=True)
class Paragraph:
    """One paragraph of running text.

    Attributes:
        text: Cleaned text without the Randnummer; may hold line breaks between list items.
        randnummer: Margin number as printed (`"12"`), or None.
        is_heading: True for a standalone heading ("I.", "Zulässigkeit der Revision").
        is_quotation: True for an indented quotation.
    """

    text: str
    randnummer: str | None = None
    is_heading: bool = False
    is_quotation: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """One court decision.

    `document_id` is unique in its source (doknr in rii-dok, `_id` in portal JSON); a file number is not.
    `court` is the court alone ("BGH"), `chamber` its panel ("6. Zivilsenat"). `norms` holds one entry each, the
    statute behind it also where it was printed once in front of several ("§ 195 BGB", "§ 199 Abs. 1 BGB");
    `previous_instances` holds one entry each as printed. A section that the decision lacks is absent from `sections`,
    never empty.
    """

    document_id: str
    source: str
    court: str
    decision_type: str
    date: date | None
    file_numbers: tuple[str, ...]
    sections: Mapping[SectionName, tuple[Paragraph, ...]]
    chamber: str | None = None
    ecli: str | None = None
    title: str | None = None
    norms: tuple[str, ...] = ()
    previous_instances: tuple[str, ...] = ()
    jurisdiction: str | None = None
    language: str = "de"

    def section(self, name: SectionName) -> tuple[Paragraph, ...]:
        """Paragraphs of one section, empty when the decision lacks it."""
        return self.sections.get(name, ())

    @property
    def grounds(self) -> tuple[Paragraph, ...]:
        """The reasoning: Entscheidungsgründe of a judgment or Gründe of an order (never both)."""
        return self.section(SectionName.ENTSCHEIDUNGSGRUENDE) or self.section(SectionName.GRUENDE)


@dataclass(frozen=True, slots=True)
class Norm:
    """One section of a statute ("§ 823"), with its text one paragraph (Absatz) an entry.

    Attributes:
        label: Designation as printed (enbez): "§ 823", "Art 3", "Anlage 1".
        title: Heading of the norm, or None.
        paragraphs: Text of the Absätze in order; list items on lines of their own; tables as rows of cells.
        division: Path of the enclosing divisions, outermost first ("Buch 2 Recht der Schuldverhältnisse", ...).
        footnotes: Footnote texts.
    """

    label: str
    title: str | None
    paragraphs: tuple[str, ...]
    division: tuple[str, ...] = ()
    footnotes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """All Absätze, one a line block."""
        return "\n".join(self.paragraphs)


@dataclass(frozen=True, slots=True)
class Statute:
    """One statute. `abbreviations` holds jurabk first, then amtabk where it differs ("UWG 2004", "UWG")."""

    document_id: str
    source: str
    abbreviations: tuple[str, ...]
    title: str
    date: date | None
    norms: tuple[Norm, ...]
    status: str | None = None
    language: str = "de"


@dataclass(frozen=True, slots=True)
class ReadyMade:
    """One ready-made chat example that a user brings along; it is used as it is.

    Attributes:
        document_id: The record's own identifier, or one made of its content.
        source: Name of the reader.
        messages: Pairs of role ("system", "user", "assistant") and content, ending with the assistant's answer.
        group: What the record says that it belongs to, or what it is about; records of one group share a split.
    """

    document_id: str
    source: str
    messages: tuple[tuple[str, str], ...]
    group: str | None = None
    language: str = "de"


Document = Decision | Statute | ReadyMade


class DropReason(StrEnum):
    """Why a document was not used; the value is the key in manifest.json and report.json."""

    UNREADABLE = "unreadable"
    EMPTY_FILE = "empty_file"
    CORRUPT_ARCHIVE = "corrupt_archive"
    MALFORMED_XML = "malformed_xml"
    MALFORMED_JSON = "malformed_json"
    WRONG_ENCODING = "wrong_encoding"
    TOO_LARGE = "too_large"
    UNKNOWN_FORMAT = "unknown_format"
    UNSUPPORTED_FORMAT = "unsupported_format"
    UNSAFE_PATH = "unsafe_path"
    READER_FAILED = "reader_failed"
    TOO_SLOW = "too_slow"
    MISSING_FIELD = "missing_field"
    CONTRADICTORY_METADATA = "contradictory_metadata"
    STATUTE_FRAGMENT = "statute_fragment"
    EMPTY_STATUTE = "empty_statute"
    NO_SECTIONS = "no_sections"
    NO_GROUNDS = "no_grounds"
    TENOR_ONLY = "tenor_only"
    BOILERPLATE_ONLY = "boilerplate_only"
    TOO_SHORT = "too_short"
    OTHER_LANGUAGE = "other_language"
    NO_TASK = "no_task"
    INVALID_EXAMPLE = "invalid_example"
    EXACT_DUPLICATE = "exact_duplicate"
    NEAR_DUPLICATE = "near_duplicate"
    JOINS_SPLITS = "joins_splits"
    DUPLICATE_ID = "duplicate_id"


class DocumentError(Exception):
    """A document that cannot be used; the run goes on without it.

    Args:
        reason: Category counted in the manifest.
        detail: What exactly is wrong with this one, for the list of dropped documents.
    """

    def __init__(self, reason: DropReason, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail

    def __reduce__(self) -> tuple[type[DocumentError], tuple[DropReason, str]]:
        """Lets a failure travel to a worker: of an exception, pickle keeps only the message by default."""
        return type(self), (self.reason, self.detail)


@dataclass(frozen=True, slots=True)
class RawDocument:
    """One document as found: its bytes and where they came from ("folder/jb-1.zip!jb-1.xml").

    `failure` is set instead of `content` where the bytes themselves could not be had (a corrupt archive).
    """

    origin: str
    content: bytes = b""
    failure: DocumentError | None = field(default=None, compare=False)
