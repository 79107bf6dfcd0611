from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from torch.distributed.elastic.multiprocessing.api import SignalException

from legaltune.errors import ExitCode, InterruptedRunError
from legaltune.training import processes
from legaltune.training.processes import WorkerFailedError, run_training
from tests.parity import SCALE_SENSITIVE, plain_trajectory, set_up_run

pytestmark = pytest.mark.distributed


@pytest.mark.parametrize(
    "overrides",
    [
        ["parallel.zero_stage=0"],
        ["parallel.zero_stage=3", "parallel.offload_parameters=cpu", *SCALE_SENSITIVE],
    ],
)
def test_losses_equal_those_of_a_plain_loop(tmp_path: Path, overrides: list[str]) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2", *overrides)
    summary = run_training(config, run)
    losses = [record["loss"] for record in summary["history"] if "loss" in record]
    assert summary["world_size"] == 2
    assert losses == pytest.approx(plain_trajectory(config, run).losses, rel=2e-6)
    assert (run.adapter / "adapter_model.safetensors").is_file()


def test_ctrl_c_and_sigterm_end_as_what_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2")

    def stopped(number: signal.Signals) -> Callable[..., Callable[..., None]]:
        def launch(*_: object) -> Callable[..., None]:
            def workers(*_: object) -> None:
                raise SignalException("stopped", number)

            return workers

        return launch

    monkeypatch.setattr(processes, "elastic_launch", stopped(signal.SIGINT))
    with pytest.raises(KeyboardInterrupt):
        run_training(config, run)
    monkeypatch.setattr(processes, "elastic_launch", stopped(signal.SIGTERM))
    with pytest.raises(InterruptedRunError) as interrupted:
        run_training(config, run)
    assert interrupted.value.exit_code == ExitCode.INTERRUPTED


def test_the_exit_code_of_a_failed_process_is_passed_on(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2", "adapter.target_modules=[query]")
    with pytest.raises(WorkerFailedError) as failure:
        run_training(config, run)
    assert failure.value.exit_code == ExitCode.USAGE
