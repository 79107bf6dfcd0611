"""Runs a function in several processes that form a gloo group, forked from a server that has torch loaded already."""

from __future__ import annotations

import multiprocessing
import os
import socket
import traceback
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_PRELOAD = ["legaltune.training.train", "transformers.models.qwen2.modeling_qwen2", "peft"]
_TIMEOUT_SECONDS = 300


class RankError(Exception):
    """A process failed; the text holds the name of its error and its traceback."""


def run_ranks(world_size: int, function: Callable[..., Any], *args: Any) -> list[Any]:
    """Call `function(*args)` in each of `world_size` processes; returns what they return, in order of rank.

    The function must be importable. It finds RANK and WORLD_SIZE in its environment, as under torchrun.

    Raises:
        RankError: One of them raised; the others are stopped.
    """
    os.environ["DS_ACCELERATOR"] = "cpu"
    os.environ["OMP_NUM_THREADS"] = "1"
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOAD)
    port = _free_port()
    pipes = [context.Pipe(duplex=False) for _ in range(world_size)]
    processes = [
        context.Process(target=_enter, args=(sender, rank, world_size, port, function, args))
        for rank, (_, sender) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    for _, sender in pipes:
        sender.close()
    try:
        return [_receive(receiver, rank) for rank, (receiver, _) in enumerate(pipes)]
    finally:
        for process in processes:
            process.kill()
            process.join()


def _receive(receiver: Connection, rank: int) -> Any:
    if not receiver.poll(_TIMEOUT_SECONDS):
        raise RankError(f"rank {rank} did not answer within {_TIMEOUT_SECONDS} s")
    try:
        ok, value = receiver.recv()
    except EOFError:
        raise RankError(f"rank {rank} ended without an answer") from None
    if not ok:
        raise RankError(f"rank {rank}: {value}")
    return value


def _enter(
    sender: Connection, rank: int, world_size: int, port: int, function: Callable[..., Any], args: tuple[Any, ...]
) -> None:
    import torch

    torch.set_num_threads(1)
    os.environ.update(
        RANK=str(rank),
        LOCAL_RANK=str(rank),
        WORLD_SIZE=str(world_size),
        LOCAL_WORLD_SIZE=str(world_size),
        MASTER_ADDR="127.0.0.1",
        MASTER_PORT=str(port),
    )
    try:
        sender.send((True, function(*args)))
    except BaseException as error:
        sender.send((False, f"{type(error).__name__}: {error}\n{traceback.format_exc()}"))
    sender.close()
    os._exit(0)  # torch sometimes aborts in its teardown


def _free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        port: int = server.getsockname()[1]
        return port
