"""Windows of a long text: whole Randnummern where they fit, else whole paragraphs, else whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from legaltune.corpus.document import Paragraph
from legaltune.corpus.sentences import sentence_spans

Count = Callable[[str], int]

OMISSION = "[…]"


@dataclass(frozen=True, slots=True)
class Piece:
    """A paragraph, or some consecutive sentences of one.

    Attributes:
        position: Position of the paragraph in its text, from 0.
        length: As the function that was passed in counts it, with the line break behind it.
        part: Number of the piece in its paragraph, from 0.
        is_last: It is the last piece of its paragraph.
        is_omission: It stands for a sentence that is longer than a window.
    """

    position: int
    paragraph: Paragraph
    length: int
    part: int = 0
    is_last: bool = True
    is_omission: bool = False

    @property
    def text(self) -> str:
        """Its text."""
        return self.paragraph.text

    @property
    def is_whole(self) -> bool:
        """True for a whole paragraph."""
        return self.part == 0 and self.is_last

    def goes_on_with(self, following: Piece) -> bool:
        """True where nothing lies between this piece and another."""
        if following.position == self.position:
            return following.part == self.part + 1
        return following.position == self.position + 1 and following.part == 0 and self.is_last


Block = tuple[Piece, ...]


def measure(paragraphs: Sequence[Paragraph], count: Count) -> list[Piece]:
    """Each paragraph with its length."""
    return [Piece(i, paragraph, count(paragraph.text) + 1) for i, paragraph in enumerate(paragraphs)]


def join_pieces(pieces: Sequence[Piece]) -> str:
    """The text of pieces in order, paragraphs on lines of their own; "[…]" stands for what is left out between."""
    texts = [f"{OMISSION}\n" if pieces and (pieces[0].position or pieces[0].part) else ""]
    for before, piece in pairwise(pieces):
        gap = " " if before.position == piece.position else "\n"
        texts += [before.text, gap if before.goes_on_with(piece) else f"\n{OMISSION}\n"]
    return "".join([*texts, *(piece.text for piece in pieces[-1:])])


def name_positions(positions: Iterable[int]) -> str:
    """Positions in order as ranges that count from 1: "1-12+40-52"."""
    ranges: list[list[int]] = []
    for number in (position + 1 for position in positions):
        if ranges and number <= ranges[-1][1] + 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return "+".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def total(pieces: Iterable[Piece]) -> int:
    """Length of pieces that stand below each other."""
    return sum(piece.length for piece in pieces)


def make_blocks(pieces: Sequence[Piece], budget: int, count: Count) -> list[Block]:
    """What should stay together: the paragraphs of one Randnummer, with the headings above them.

    A Randnummer longer than the budget falls apart into its paragraphs, such a paragraph into groups of sentences; a
    sentence that is longer yet is left out.
    """
    blocks: list[Block] = []
    for block in _by_randnummer(pieces):
        if total(block) <= budget:
            blocks.append(block)
            continue
        for piece in block:
            fits = piece.length <= budget
            blocks.extend([(piece,)] if fits else ((group,) for group in _sentence_groups(piece, budget, count)))
    return blocks


def num_omissions(blocks: Iterable[Block]) -> int:
    """Number of sentences that are left out."""
    return sum(piece.is_omission for block in blocks for piece in block)


def leading_pieces(blocks: Sequence[Block], budget: int, count: Count) -> list[Piece]:
    """The blocks from the start on that fit.

    Where the first that does not fit leaves more than half of the budget unused, its leading paragraphs and sentences
    are taken too.
    """
    taken: list[Piece] = []
    room = budget
    for block in blocks:
        length = total(block)
        if length > room:
            if room > budget // 2:
                taken.extend(_leading_part(block, room, count))
            break
        taken.extend(block)
        room -= length
    return taken


def windows(blocks: Iterable[Block], budget: int) -> list[list[Piece]]:
    """Consecutive blocks, as many as fit, window by window."""
    found: list[list[Piece]] = []
    room = -1
    for block in blocks:
        length = total(block)
        if length > room:
            found.append([])
            room = budget
        found[-1].extend(block)
        room -= length
    return found


def _by_randnummer(pieces: Sequence[Piece]) -> Iterator[Block]:
    """Paragraphs without a number belong to the number above them, headings to what is below them."""
    numbered = any(piece.paragraph.randnummer for piece in pieces)
    block: list[Piece] = []
    for piece in pieces:
        opens = piece.paragraph.is_heading or piece.paragraph.randnummer is not None or not numbered
        if opens and any(not earlier.paragraph.is_heading for earlier in block):
            yield tuple(block)
            block = []
        block.append(piece)
    if block:
        yield tuple(block)


def _leading_part(block: Block, budget: int, count: Count) -> Iterator[Piece]:
    for piece in block:
        if piece.length <= budget:
            yield piece
            budget -= piece.length
            continue
        first = next(_sentence_groups(piece, budget, count))
        if not first.is_omission:
            yield first
        return


def _sentence_groups(piece: Piece, budget: int, count: Count) -> Iterator[Piece]:
    """Groups of consecutive sentences that fit, and an omission for each sentence that fits nowhere."""
    text = piece.text
    part = first = last = length = 0
    for start, end in sentence_spans(text):
        own = count(text[start:end]) + 1
        if length and length + own > budget:
            yield _part(piece, text[first:last], length, part)
            part, length = part + 1, 0
        if own > budget:
            yield replace(_part(piece, OMISSION, count(OMISSION) + 1, part), is_last=end == len(text), is_omission=True)
            part += 1
            continue
        first, last, length = first if length else start, end, length + own
    if length:
        yield replace(_part(piece, text[first:last], length, part), is_last=True)


def _part(piece: Piece, text: str, length: int, part: int) -> Piece:
    return Piece(piece.position, replace(piece.paragraph, text=text), length, part, is_last=False)
