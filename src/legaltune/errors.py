"""Errors a user can meet and the exit codes they end in (sysexits; DESIGN.md, "Exit codes")."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """Exit codes of the command line and of the container. Never 1."""

    OK = 0
    USAGE = 64
    DATA = 65
    NO_INPUT = 66
    UNAVAILABLE = 69
    SOFTWARE = 70
    PLATFORM = 71
    INTERRUPTED = 75
    DIVERGED = 76
    NOT_PERMITTED = 77
    CTRL_C = 130


class LegaltuneError(Exception):
    """Base of all errors with a message meant for the user: value, limit and remedy."""

    exit_code: ExitCode = ExitCode.SOFTWARE


class ConfigurationError(LegaltuneError, ValueError):
    """The configuration or the command line is wrong."""

    exit_code = ExitCode.USAGE


class DataError(LegaltuneError, ValueError):
    """The data was read but cannot be used."""

    exit_code = ExitCode.DATA


class InputMissingError(LegaltuneError):
    """An input that a step needs does not exist or is unfinished."""

    exit_code = ExitCode.NO_INPUT


class ServiceUnavailableError(LegaltuneError):
    """A service (model hub, AWS) does not answer."""

    exit_code = ExitCode.UNAVAILABLE


class PlatformError(LegaltuneError):
    """The machine (GPU, communication, disk) failed."""

    exit_code = ExitCode.PLATFORM


class InterruptedRunError(LegaltuneError):
    """The run was told to stop before it was finished."""

    exit_code = ExitCode.INTERRUPTED


class DivergedError(LegaltuneError):
    """The loss is no longer a finite number."""

    exit_code = ExitCode.DIVERGED


class NotPermittedError(LegaltuneError):
    """Credentials are missing, or do not allow what was asked."""

    exit_code = ExitCode.NOT_PERMITTED


def failure_of(error: Exception) -> LegaltuneError | None:
    """The error as one with a message for the user and an exit code, None where it is a bug of ours."""
    return error if isinstance(error, LegaltuneError) else platform_error(error)


def platform_error(error: Exception) -> PlatformError | None:
    """The error as a failure of the machine (disk, memory, communication, GPU), None where it is something else."""
    names = {base.__name__ for base in type(error).__mro__}  # torch's errors by name: this module must not import torch
    if "OutOfMemoryError" in names:
        return PlatformError(
            f"out of memory: {error}; lower parallel.micro_batch_size or tokens.sequence_length, or take a larger GPU"
        )
    if "DistError" in names:
        return PlatformError(f"the processes cannot talk to each other: {error}; check the network and the other hosts")
    if "AcceleratorError" in names:
        return PlatformError(f"the GPU failed: {error}; try again, or on another machine")
    if isinstance(error, OSError):
        return PlatformError(f"{error}: check path, permissions and free space")
    return None
