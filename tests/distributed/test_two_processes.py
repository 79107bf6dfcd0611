from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from torch.distributed.elastic.multiprocessing.api import SignalException

from legaltune.config import RunConfig
from legaltune.errors import ConfigurationError, ExitCode, InterruptedRunError
from legaltune.run_directory import RunDirectory
from legaltune.training import processes
from legaltune.training.distributed import join_process_group
from legaltune.training.processes import WorkerFailedError, run_training
from legaltune.training.train import train
from tests.parity import SCALE_SENSITIVE, plain_trajectory, set_up_run
from tests.ranks import RankError, run_ranks

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


def test_being_started_by_torchrun_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, run = set_up_run(tmp_path)
    monkeypatch.setenv("TORCHELASTIC_RUN_ID", "some")
    with pytest.raises(ConfigurationError, match="call it directly, once on each host, with --hosts"):
        run_training(config, run)


def test_processes_with_other_settings_are_refused(tmp_path: Path) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2")
    with pytest.raises(RankError, match="ConfigurationError: process 1 has another configuration than process 0"):
        run_ranks(2, train_with_rate_by_rank, config.model_dump_json(), str(run.path))


def train_with_rate_by_rank(config: str, folder: str) -> None:
    worker = join_process_group()
    loaded = RunConfig.model_validate_json(config)
    optimizer = loaded.optimizer.model_copy(update={"learning_rate": 1e-3 * (1 + worker.rank)})
    train(loaded.model_copy(update={"optimizer": optimizer}), RunDirectory(Path(folder)), worker)


def test_a_process_that_is_killed_is_said_to_be() -> None:
    failure = WorkerFailedError(1, -signal.SIGKILL)
    assert failure.exit_code == ExitCode.PLATFORM
    assert "killed by signal 9" in str(failure)
    assert "memory" in str(failure)
