"""One training process, started by torchrun's agent.

`python -m legaltune.training.worker RUN_DIRECTORY NUM_HOSTS [--verbose]`
"""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

import torch

from legaltune.config import RunConfig, load_config
from legaltune.errors import ExitCode, LegaltuneError, platform_error
from legaltune.logs import set_up_logging
from legaltune.run_directory import RunDirectory

logger = logging.getLogger(__name__)


def train_here(config: RunConfig, run: RunDirectory, *, num_hosts: int = 1) -> None:
    """Train in this process, as one rank of the group that the environment describes or alone."""
    if not torch.cuda.is_available():
        os.environ.setdefault("DS_ACCELERATOR", "cpu")
    from legaltune.training.distributed import join_process_group  # noqa: PLC0415 - after the accelerator is named
    from legaltune.training.train import train  # noqa: PLC0415

    train(config, run, join_process_group(), num_hosts=num_hosts)


def main() -> int:
    """Train as one of several ranks; returns the exit code."""
    set_up_logging(rank=int(os.environ.get("RANK", "0")), verbose="--verbose" in sys.argv)
    run = RunDirectory(Path(sys.argv[1]))
    try:
        train_here(load_config(str(run.config)), run, num_hosts=int(sys.argv[2]))
    except LegaltuneError as error:
        logger.error("%s", error)
        return error.exit_code
    except KeyboardInterrupt:  # the parent says it once for all
        return ExitCode.CTRL_C
    except Exception as error:
        failure = platform_error(error)
        if failure:
            logger.error("%s", failure)
            return failure.exit_code
        logger.exception("training failed unexpectedly")
        return ExitCode.SOFTWARE
    return ExitCode.OK


if __name__ == "__main__":
    code = main()
    # torch sometimes aborts in its teardown at interpreter exit after the process group is gone.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
