"""What the tasks share: limits and context, what a prompt shows of a case, the form of an example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate, takewhile

from legaltune.config.schema import TaskName
from legaltune.corpus.citations import NormCitation, extract_norm_citations
from legaltune.corpus.document import Decision, Paragraph
from legaltune.corpus.example import Example, Message, build_prompt
from legaltune.corpus.statute_index import StatuteIndex
from legaltune.corpus.tasks.case import Case
from legaltune.corpus.tasks.checks import is_finished
from legaltune.corpus.tasks.phrasings import Phrasings, choose, load_phrasings
from legaltune.corpus.tasks.windows import (
    OMISSION,
    Block,
    Count,
    Piece,
    join_pieces,
    leading_pieces,
    make_blocks,
    measure,
    name_positions,
    num_omissions,
    total,
)

# Of a case that is too long, at least this share of what fits is left to the grounds.
_GROUNDS_SHARE = 1 / 3
# So many paragraphs of a text that is cut are looked at behind those that fit; they say where a Randnummer ends.
_PARAGRAPHS_IN_RESERVE = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes of what goes into an example.

    Attributes:
        max_target_characters: Longest answer; one from the grounds is cut at a sentence, a longer Leitsatz is not used.
        max_statute_examples: Most statute interpretations taken from one decision.
        max_norm_characters: Longest text of a norm in a prompt; of a longer norm only the cited Absatz.
        max_document_length: Longest document in a prompt, as `TaskContext.count` counts; None for no limit.
    """

    max_target_characters: int = 6000
    max_statute_examples: int = 2
    max_norm_characters: int = 4000
    max_document_length: int | None = None


@dataclass(frozen=True, slots=True)
class TaskContext:
    """What a task may use beside the decision itself.

    Attributes:
        index: The statutes at hand.
        language: Language of the prompts.
        seed: Decides together with document and task which wording is used.
        num_phrasings: Number of wordings used of each kind, from the first on; None for all.
        count: Length of a text in the unit of `Limits.max_document_length`. Lengths of paragraphs are added up.
        cite: The citations of norms in a text; pass what was found already to save the search.
    """

    index: StatuteIndex
    limits: Limits = Limits()
    language: str = "de"
    seed: int = 0
    num_phrasings: int | None = None
    count: Count = len
    cite: Callable[[str], Sequence[NormCitation]] = extract_norm_citations

    @property
    def phrasings(self) -> Phrasings:
        """The wordings of the language."""
        return load_phrasings(self.language)

    def choose(self, wordings: Sequence[str], decision: Decision, use: str) -> str:
        """The wording that this decision gets."""
        key = (str(self.seed), decision.source, decision.document_id, use)
        return choose(wordings, *key, limit=self.num_phrasings)


@dataclass(frozen=True, slots=True)
class Shown:
    """Document text in a prompt.

    Attributes:
        part: Which paragraphs of facts and grounds it shows ("p1-12+40-52"), empty where it shows all.
    """

    text: str = ""
    part: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What the prompts of one case show. The facts are a true prefix of the whole; "[…]" stands where they are cut.

    Attributes:
        facts: The facts, or as many of them as fit beside the grounds.
        lead: The same facts and the grounds that follow, as far as they fit.
        fact_pieces: What `facts` shows; empty where nothing had to be left out.
        grounds: All of the grounds in blocks; empty where nothing had to be left out.
        grounds_budget: Room for the grounds beside the facts.
        num_sentences_left_out: Sentences longer than a window, which no prompt shows.
    """

    facts: Shown
    lead: Shown
    fact_pieces: tuple[Piece, ...]
    grounds: Sequence[Block]
    grounds_budget: int
    num_sentences_left_out: int


def view_case(case: Case, context: TaskContext) -> View:
    """Fit facts and grounds into the length that a document may have."""
    budget = context.limits.max_document_length
    if budget is None:
        return _view_whole_case(case, context)
    headings = context.phrasings.headings
    budget = max(1, budget - context.count(f"{headings.facts}:\n\n\n{headings.grounds}:\n"))
    facts, grounds = measure(case.facts, context.count), measure(case.shown_grounds, context.count)
    if total(facts) + total(grounds) <= budget:
        return _view_whole_case(case, context)
    facts_budget = max(budget - total(grounds), budget - int(budget * _GROUNDS_SHARE))
    if total(facts) > facts_budget:
        mark = context.count(OMISSION) + 1
        budget, facts_budget = budget - mark, max(1, facts_budget - mark)
    fact_blocks = make_blocks(facts, facts_budget, context.count)
    fact_pieces = tuple(leading_pieces(fact_blocks, facts_budget, context.count))
    grounds_budget = budget - total(fact_pieces)
    blocks = make_blocks(grounds, grounds_budget, context.count)
    lead = leading_pieces(blocks, grounds_budget, context.count)
    return View(
        _show(case, context, fact_pieces, ()),
        _show(case, context, fact_pieces, lead),
        fact_pieces,
        blocks if total(lead) < total(grounds) else (),
        grounds_budget,
        num_omissions(fact_blocks) + num_omissions(blocks),
    )


def _view_whole_case(case: Case, context: TaskContext) -> View:
    facts = _whole_text(case.facts)
    lead = _join_parts(context, facts, _whole_text(case.shown_grounds))
    return View(Shown(_join_parts(context, facts, "")), Shown(lead), (), (), 0, 0)


def show_grounds(case: Case, context: TaskContext, view: View, grounds: Sequence[Piece]) -> Shown:
    """The facts as in the view, with other parts of the grounds."""
    return _show(case, context, view.fact_pieces, grounds)


def _whole_text(paragraphs: Sequence[Paragraph]) -> str:
    return "\n".join([paragraph.text for paragraph in paragraphs])


def _join_parts(context: TaskContext, facts: str, grounds: str) -> str:
    headings = context.phrasings.headings
    parts = ((headings.facts, facts), (headings.grounds, grounds))
    return "\n\n".join([f"{heading}:\n{text}" for heading, text in parts if text])


def _show(case: Case, context: TaskContext, facts: Sequence[Piece], grounds: Sequence[Piece]) -> Shown:
    is_cut = bool(facts) and not (facts[-1].is_last and facts[-1].position == len(case.facts) - 1)
    shown_facts = join_pieces(facts) + (f"\n{OMISSION}" if is_cut else "")
    text = _join_parts(context, shown_facts, join_pieces(grounds))
    num_wanted = len(case.facts) + (len(case.shown_grounds) if grounds else 0)
    is_whole = len(facts) + len(grounds) == num_wanted and all(piece.is_whole for piece in (*facts, *grounds))
    if is_whole or not text:
        return Shown(text)
    positions = [piece.position for piece in facts] + [len(case.facts) + piece.position for piece in grounds]
    return Shown(text, f"p{name_positions(positions)}")


def leading_text(paragraphs: Sequence[Paragraph], max_characters: int) -> str:
    """What an answer quotes of a text: whole paragraphs that fit, else whole sentences, never ending on a heading.

    Closing paragraphs that end no sentence ("wie folgt:", items of a list that goes on) are left out too.
    """
    lengths = list(accumulate([len(paragraph.text) + 1 for paragraph in paragraphs]))
    if not lengths or lengths[-1] <= max_characters + 1:
        return _whole_text(_without_open_end(paragraphs))
    enough = sum(1 for _ in takewhile(lambda length: length <= max_characters, lengths)) + _PARAGRAPHS_IN_RESERVE
    blocks = make_blocks(measure(paragraphs[:enough], len), max_characters + 1, len)
    pieces = leading_pieces(blocks, max_characters + 1, len)
    taken = list(takewhile(lambda piece: not piece.is_omission, pieces))
    return join_pieces(taken[: len(_without_open_end([piece.paragraph for piece in taken]))])


def _without_open_end(paragraphs: Sequence[Paragraph]) -> Sequence[Paragraph]:
    end = len(paragraphs)
    while end and (paragraphs[end - 1].is_heading or is_finished(paragraphs[end - 1].text)):
        end -= 1
    return paragraphs[:end]


def chat_example(
    case: Case, context: TaskContext, task: TaskName, *, document: Shown, instruction: str, target: str, part: str = ""
) -> Example:
    """An example in the form all tasks share.

    Args:
        case: Where it comes from.
        context: Decides the wording.
        task: What is asked.
        document: Text that comes first in the prompt and may be cut on the right.
        instruction: What follows it.
        target: The answer.
        part: Tells apart several examples of one task and decision.
    """
    decision = case.decision
    content, document_chars = build_prompt(document.text, instruction)
    system = context.choose(context.phrasings.system, decision, "system")
    return Example(
        example_id="/".join(filter(None, (decision.source, decision.document_id, task.value, part, document.part))),
        task=task,
        document_id=decision.document_id,
        source=decision.source,
        language=decision.language,
        messages=(Message("system", system), Message("user", content), Message("assistant", target)),
        document_chars=document_chars,
    )
