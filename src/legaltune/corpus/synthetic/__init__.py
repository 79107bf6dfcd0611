"""An invented corpus of German decisions and statutes: for the demo, for tests and for pre-training a tiny model.

Every text is our own; the statutes and the decisions do not exist. The facts of a case decide its outcome by an
explicit rule, so that norms, Leitsatz and Tenor can be learnt from the text.
"""

from legaltune.corpus.synthetic.decision import generate_decisions
from legaltune.corpus.synthetic.model import Branch, Case, Layout, Outcome, SyntheticStatute
from legaltune.corpus.synthetic.statutes import generate_statutes
from legaltune.corpus.synthetic.text import decision_text, statute_text
from legaltune.corpus.synthetic.writer import SyntheticCorpus, write_corpus

__all__ = [
    "Branch",
    "Case",
    "Layout",
    "Outcome",
    "SyntheticCorpus",
    "SyntheticStatute",
    "decision_text",
    "generate_decisions",
    "generate_statutes",
    "statute_text",
    "write_corpus",
]
