"""What the tests of `prepare` share: a corpus of every kind of input, and a dataset as names and bytes."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

from legaltune.corpus.synthetic import write_corpus


def write_mixed_corpus(folder: Path, *, num_decisions: int, seed: int = 3) -> list[Path]:
    """Decisions and statutes as files and archives, some of them damaged, and ready-made examples in a dump.

    Returns:
        Its folders, as inputs of `prepare`.
    """
    write_corpus(folder, num_decisions=num_decisions, seed=seed)
    (folder / "examples").mkdir()
    lines = [
        json.dumps({"id": f"e{number}", "group": f"g{number // 3}", "instruction": f"Frage {number}?", "output": "Ja."})
        for number in range(num_decisions // 4)
    ]
    lines[3:5] = ['{"instruction": "abgebrochen', json.dumps({"id": "e0", "input": "ohne Antwort"})]
    (folder / "examples" / "all.jsonl.gz").write_bytes(gzip.compress("\n".join(lines).encode(), mtime=0))
    return [folder / "decisions", folder / "examples", folder / "statutes"]


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder by their names."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
