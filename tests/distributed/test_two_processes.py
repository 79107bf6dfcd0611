from __future__ import annotations

from pathlib import Path

import pytest

from legaltune.errors import ExitCode
from legaltune.training.processes import WorkerFailedError, run_training
from tests.parity import plain_losses, set_up_run

pytestmark = pytest.mark.distributed


@pytest.mark.parametrize("zero_stage", [0, 2])
def test_losses_equal_those_of_a_plain_loop(tmp_path: Path, zero_stage: int) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2", f"parallel.zero_stage={zero_stage}")
    summary = run_training(config, run)
    losses = [record["loss"] for record in summary["history"] if "loss" in record]
    assert summary["world_size"] == 2
    assert losses == pytest.approx(plain_losses(config, run), abs=1e-5)
    assert (run.adapter / "adapter_model.safetensors").is_file()


def test_the_exit_code_of_a_failed_process_is_passed_on(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2", "adapter.target_modules=[query]")
    with pytest.raises(WorkerFailedError) as failure:
        run_training(config, run)
    assert failure.value.exit_code == ExitCode.USAGE
