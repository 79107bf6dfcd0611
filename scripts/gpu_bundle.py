"""Packs what `bench_gpu.py` needs on a machine without network into one tar: wheels, sources, and a start script.

The wheels are those of this environment's versions for the target's Python and Linux on x86-64, and what they need.
torch (and what only it needs) is left out unless asked for with `--torch`: a GPU machine has one, built for its driver.

    python scripts/gpu_bundle.py bundle.tar --python 3.12
    # on the GPU machine:
    tar xf bundle.tar && bash legaltune-gpu/run.sh            # options of bench_gpu.py follow
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tarfile
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
_ROOTS = (
    "accelerate", "bitsandbytes", "datasets", "deepspeed", "jinja2", "matplotlib", "msgspec", "numpy", "peft",
    "pyarrow", "pydantic", "pyyaml", "rich", "safetensors", "tensorboard", "tokenizers", "transformers", "trl", "typer",
)  # fmt: skip
_NOT_HERE = ("liger-kernel==0.8.5",)  # runs on GPUs only, and is not installed where there is none
_WITH_TORCH = re.compile(r"^(torch|triton|nvidia-.*|cuda-.*|setuptools|sympy|networkx|mpmath|filelock)$")
_SOURCE_ONLY = ("deepspeed",)
_GLIBC_MINORS = (39, 35, 34, 31, 28, 27, 24, 17, 12, 5)  # pip matches a platform exactly
_PLATFORMS = [*(f"manylinux_2_{minor}_x86_64" for minor in _GLIBC_MINORS), "manylinux2014_x86_64", "manylinux1_x86_64"]
_RUN = """#!/usr/bin/env bash
# Installs the wheels into a virtual environment that sees the machine's torch, and measures.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
test -d .venv || python3 -m venv --system-site-packages .venv
.venv/bin/python -m pip install --quiet --no-index --no-deps --no-compile wheels/*.whl
DS_BUILD_OPS=0 PYTHONPATH=src exec .venv/bin/python scripts/bench_gpu.py "$@"
"""


def needed_packages() -> dict[str, str]:
    """Versions of the roots and all that they need in this environment, without torch and what comes with it."""
    found: dict[str, str] = {}
    pending = list(_ROOTS)
    while pending:
        name = pending.pop()
        if name in found or _WITH_TORCH.match(name):
            continue
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # for another platform, or an extra
            continue
        pending += [_name(requirement) for requirement in requires(name) or [] if "extra ==" not in requirement]
    return found


def _name(requirement: str) -> str:
    return re.split(r"[ ;<>=!~\[(]", requirement, maxsplit=1)[0].lower().replace("_", "-").replace(".", "-")


def collect_wheels(folder: Path, python: str, with_torch: bool) -> None:
    """Download the wheels for the target, and build those that exist as sources only (pure Python)."""
    packages = needed_packages()
    sources = [f"{name}=={packages.pop(name)}" for name in _SOURCE_ONLY if name in packages]
    pins = [f"{name}=={number}" for name, number in sorted(packages.items())] + list(_NOT_HERE)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    target = [f"--python-version={python}", "--implementation=cp", "--only-binary=:all:"]
    target += [f"--platform={platform}" for platform in _PLATFORMS]
    subprocess.run([*pip, "download", "--quiet", "--no-deps", *target, "--dest", str(folder), *pins], check=True)
    for source in sources:
        build = [*pip, "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--wheel-dir", str(folder), source]
        subprocess.run(build, check=True)
    if with_torch:
        subprocess.run([*pip, "download", "--quiet", *target, "--dest", str(folder), "torch==2.13.0"], check=True)


def main() -> None:
    """Reads the arguments and writes the tar."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path, help="tar to write")
    parser.add_argument("--python", default="3.12", help="version of the target's Python")
    parser.add_argument("--torch", action="store_true", help="add torch with its CUDA libraries (gigabytes)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        wheels = Path(temporary) / "wheels"
        collect_wheels(wheels, options.python, options.torch)
        run = Path(temporary) / "run.sh"
        run.write_text(_RUN, encoding="utf-8")
        with tarfile.open(options.output, "w") as archive:
            archive.add(run, "legaltune-gpu/run.sh")
            archive.add(wheels, "legaltune-gpu/wheels")
            for name in ("src", "scripts"):
                archive.add(REPOSITORY / name, f"legaltune-gpu/{name}", filter=_without_caches)
    print(f"{options.output}: {options.output.stat().st_size / 1e6:.0f} MB")


def _without_caches(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if "__pycache__" in member.name or ".egg-info" in member.name else member


if __name__ == "__main__":
    main()
