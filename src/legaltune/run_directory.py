"""Where the parts of a run lie (DESIGN.md, "Run directory")."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class RunDirectory:
    """Paths below the folder of one run."""

    path: Path

    @property
    def config(self) -> Path:
        """The configuration in effect, defaults included."""
        return self.path / "run.yaml"

    @property
    def corpus(self) -> Path:
        """Generated documents, where the run generates its own."""
        return self.path / "corpus"

    @property
    def prepared(self) -> Path:
        """Prepared dataset."""
        return self.path / "prepared"

    @property
    def tokens(self) -> Path:
        """Token dataset."""
        return self.path / "tokens"

    @property
    def adapter(self) -> Path:
        """Trained adapter, in PEFT's format."""
        return self.path / "adapter"

    @property
    def training_summary(self) -> Path:
        """What training measured; written after the adapter."""
        return self.path / "logs" / "training.json"

    @property
    def tensorboard(self) -> Path:
        """TensorBoard events."""
        return self.path / "logs" / "tensorboard"

    @property
    def evaluation(self) -> Path:
        """What the evaluation measured."""
        return self.path / "logs" / "evaluation.json"

    @property
    def timings(self) -> Path:
        """Seconds per step of the run."""
        return self.path / "logs" / "timings.json"

    @property
    def report_json(self) -> Path:
        """Run report for machines."""
        return self.path / "report.json"

    @property
    def report_html(self) -> Path:
        """Run report for people."""
        return self.path / "report.html"

    def discard_training(self) -> None:
        """Remove what training and evaluation left earlier, so that no stale result is taken for a new one."""
        shutil.rmtree(self.adapter, ignore_errors=True)
        shutil.rmtree(self.tensorboard, ignore_errors=True)
        self.training_summary.unlink(missing_ok=True)
        self.evaluation.unlink(missing_ok=True)
        self.discard_report()
        self.training_summary.parent.mkdir(parents=True, exist_ok=True)

    def discard_report(self) -> None:
        """Remove an earlier report: it no longer tells what lies beside it."""
        self.report_json.unlink(missing_ok=True)
        self.report_html.unlink(missing_ok=True)
