"""Windows of a long text: whole Randnummern where they fit, else whole paragraphs, else whole sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from legaltune.corpus.document import Paragraph
from legaltune.corpus.sentences import sentence_spans
from legaltune.corpus.tasks.checks import is_finished

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

    A Randnummer longer than the budget falls apart into its paragraphs, those of one sentence (a list) together where
    they fit; such a paragraph into groups of sentences; a sentence that is longer yet is left out.
    """
    blocks: list[Block] = []
    for block in _by_randnummer(pieces):
        if total(block) <= budget:
            blocks.append(block)
            continue
        for run in _by_sentence(block):
            blocks.extend([run] if total(run) <= budget else _by_piece(run, budget, count))
    return blocks


def num_omissions(blocks: Iterable[Block]) -> int:
    """Number of sentences that are left out."""
    return sum(piece.is_omission for block in blocks for piece in block)


def leading_pieces(blocks: Sequence[Block], budget: int, count: Count) -> list[Piece]:
    """The blocks from the start on that fit.

    Where the first that does not fit leaves more than half of the budget unused, its leading paragraphs and sentences
    are taken too. Where something is left out, they end with a sentence, unless they hold no end of one.
    """
    taken: list[Piece] = []
    room = budget
    for block in blocks:
        length = total(block)
        if length > room:
            if room > budget // 2:
                taken.extend(_leading_part(block, room, count))
            return taken[: _last_end(taken)] or taken
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
    """Paragraphs without a number belong to the number above them, headings to what is below them.

    What ends no sentence ("wie folgt:") stays with what follows.
    """
    numbered = any(piece.paragraph.randnummer for piece in pieces)
    block: list[Piece] = []
    holds_text = False
    for piece in pieces:
        opens = piece.paragraph.is_heading or piece.paragraph.randnummer is not None or not numbered
        is_possible = piece.paragraph.is_heading or not block or _ends(block[-1])
        if opens and is_possible and holds_text:
            yield tuple(block)
            block, holds_text = [], False
        block.append(piece)
        holds_text = holds_text or not piece.paragraph.is_heading
    if block:
        yield tuple(block)


def _by_sentence(block: Block) -> Iterator[Block]:
    """Paragraphs that make up whole sentences."""
    run: list[Piece] = []
    for piece in block:
        run.append(piece)
        if _ends(piece):
            yield tuple(run)
            run = []
    if run:
        yield tuple(run)


def _by_piece(run: Block, budget: int, count: Count) -> Iterator[Block]:
    for piece in run:
        if piece.length <= budget:
            yield (piece,)
        else:
            yield from ((group,) for group in _sentence_groups(piece, budget, count))


def _ends(piece: Piece) -> bool:
    return not piece.paragraph.is_heading and is_finished(piece.text) is None


def _last_end(pieces: Sequence[Piece]) -> int:
    """Position behind the last piece that ends with a sentence, 0 where there is none."""
    return next((i + 1 for i in reversed(range(len(pieces))) if _ends(pieces[i])), 0)


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
