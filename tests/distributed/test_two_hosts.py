"""Two hosts as two network namespaces that are joined by a virtual cable; needs root and `ip`."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from legaltune.config import dump_yaml
from legaltune.config.schema import RunConfig
from legaltune.errors import ConfigurationError
from legaltune.run_directory import RunDirectory
from legaltune.training.hosts import Hosts
from tests.parity import set_up_run, train_in_ranks

pytestmark = [pytest.mark.distributed, pytest.mark.slow]

ADDRESSES = ("10.231.77.1", "10.231.77.2")
INTERFACE = "lt0"


@pytest.fixture
def namespaces() -> Iterator[list[str]]:
    """Two namespaces, each with one end of a cable."""
    names = [f"legaltune-{os.getpid()}-{index}" for index in range(2)]
    if os.geteuid() != 0 or shutil.which("ip") is None or not _ip("netns", "add", names[0], check=False):
        pytest.skip("network namespaces need root, `ip` and a kernel that permits them")
    try:
        _ip("netns", "add", names[1])
        _ip("link", "add", INTERFACE, "netns", names[0], "type", "veth", "peer", INTERFACE, "netns", names[1])
        for name, address in zip(names, ADDRESSES, strict=True):
            _ip("-n", name, "address", "add", f"{address}/24", "dev", INTERFACE)
            _ip("-n", name, "link", "set", "lo", "up")
            _ip("-n", name, "link", "set", INTERFACE, "up")
        yield names
    finally:
        for name in names:
            _ip("netns", "delete", name, check=False)


def _ip(*arguments: str, check: bool = True) -> bool:
    return subprocess.run(["ip", *arguments], check=check, capture_output=not check).returncode == 0


@pytest.mark.parametrize(
    "overrides",
    [
        ["parallel.zero_stage=0"],
        ["parallel.zero_stage=3", "parallel.offload_optimizer=cpu", "parallel.offload_parameters=cpu"],
    ],
)
def test_two_hosts_go_through_the_same_as_one(tmp_path: Path, namespaces: list[str], overrides: list[str]) -> None:
    config, run = set_up_run(tmp_path, "parallel.num_processes=2", *overrides)
    one_host = train_in_ranks(config, run, 2)
    config, _ = set_up_run(tmp_path, "parallel.num_processes=1", *overrides)
    folders = [_host_folder(tmp_path / f"host{index}", run, config) for index in range(2)]
    processes = [_start(name, index, folders[index]) for index, name in enumerate(namespaces)]
    outputs = [process.communicate(timeout=180) for process in processes]
    assert [process.returncode for process in processes] == [0, 0], outputs
    history = json.loads((folders[0] / "logs" / "training.json").read_text(encoding="utf-8"))["history"]
    assert [record["loss"] for record in history if "loss" in record] == one_host.losses
    assert (folders[0] / "adapter" / "adapter_model.safetensors").is_file()
    assert not (folders[1] / "adapter").exists()
    assert json.loads(outputs[1][0]) == {"host": 1}


def _host_folder(folder: Path, run: RunDirectory, config: RunConfig) -> Path:
    """What each host has: the configuration and a copy of the token dataset; no folder is shared."""
    shutil.copytree(run.tokens, folder / "tokens")
    (folder / "run.yaml").write_text(dump_yaml(config), encoding="utf-8")
    return folder


def _start(namespace: str, index: int, folder: Path) -> subprocess.Popen[Any]:
    command = [sys.executable, "-m", "legaltune", "train", "--json", "--run-dir", str(folder)]
    command += ["--hosts", "2", "--host-index", str(index)]
    command += ["--rendezvous", f"{ADDRESSES[0]}:29511", "--interface", INTERFACE]
    return subprocess.Popen(
        ["ip", "netns", "exec", namespace, *command],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [((2, 2, "10.0.0.1:29500"), "host index 2"), ((2, 0, "somewhere"), "address:port"), ((2, 0, ""), "address:port")],
)
def test_hosts_that_cannot_meet_are_refused(arguments: tuple[int, int, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Hosts(*arguments)
