"""Duplicates, groups of proceedings, and the split: what is decided over all documents together.

`content_digest`, `minhash` and `proceedings_keys` look at one document; `group_documents` at what they said of all.
"""

from legaltune.corpus.grouping.groups import group_documents, read_assignments
from legaltune.corpus.grouping.near import Shingles
from legaltune.corpus.grouping.proceedings import ProceedingsKeys, proceedings_keys
from legaltune.corpus.grouping.result import Grouping, MergedGroups, SplitJoin
from legaltune.corpus.grouping.signatures import SIGNATURE_BYTES, content_digest, minhash, shingle_hashes

__all__ = [
    "SIGNATURE_BYTES",
    "Grouping",
    "MergedGroups",
    "ProceedingsKeys",
    "Shingles",
    "SplitJoin",
    "content_digest",
    "group_documents",
    "minhash",
    "proceedings_keys",
    "read_assignments",
    "shingle_hashes",
]
