from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import legaltune
from legaltune import cli
from legaltune.cli import run
from legaltune.errors import ExitCode


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == ExitCode.OK
    assert capsys.readouterr().out.strip() == legaltune.__version__


@pytest.mark.parametrize(
    "arguments",
    [["no-such-command"], ["prepare", "--no-such-option"], ["synthesize"], ["synthesize", "x", "--seed=-1"]],
)
def test_usage_errors_end_with_64(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(arguments) == ExitCode.USAGE
    assert capsys.readouterr().err.startswith("legaltune: ")


def test_configuration_faults_end_with_64_and_write_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "run"
    code = run(["demo", "--run-dir", str(target), "adaptr.r=1", "adapter.r=x", "train.max_steps=1"])
    assert code == ExitCode.USAGE
    assert "3 faults in the configuration" in capsys.readouterr().err
    assert not target.exists()


def test_a_missing_input_ends_with_66(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["prepare", "-c", "demo", "-o", str(tmp_path / "run"), "data.synthetic_decisions=0"]
    assert run([*arguments, f"data.input=[{tmp_path / 'nowhere'}]"]) == ExitCode.NO_INPUT
    assert "nowhere" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("step", "missing"), [("tokenize", "prepare"), ("train", "tokenize"), ("evaluate", "tokenize")]
)
def test_a_step_out_of_order_ends_with_66_and_names_the_step_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], step: str, missing: str
) -> None:
    assert run([step, "-c", "demo", "-o", str(tmp_path / "run")]) == ExitCode.NO_INPUT
    assert f"run `legaltune {missing}` first" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_no_input_at_all_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prepare", "-c", "qwen2.5-7b-lora", "-o", str(tmp_path / "run")]) == ExitCode.USAGE
    assert "data.input" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_a_run_directory_without_configuration_needs_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["prepare", "-o", str(tmp_path / "run")]) == ExitCode.USAGE
    assert "--config" in capsys.readouterr().err


def test_an_unexpected_exception_ends_with_70(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(cli, "recipe_names", broken)
    assert run(["config", "recipes"]) == ExitCode.SOFTWARE


def test_a_run_directory_that_is_a_file_is_a_matter_of_the_machine(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run").touch()
    assert run(["prepare", "-c", "demo", "-o", str(tmp_path / "run")]) == ExitCode.PLATFORM
    assert "check path, permissions and free space" in capsys.readouterr().err


def test_memory_that_runs_out_is_a_matter_of_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    out_of_memory = type("OutOfMemoryError", (RuntimeError,), {})

    def broken(*_: object) -> None:
        raise out_of_memory("CUDA out of memory")

    monkeypatch.setattr(cli, "recipe_names", broken)
    assert run(["config", "recipes"]) == ExitCode.PLATFORM


def test_without_arguments_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == ExitCode.USAGE
    assert "Usage" in "".join(capsys.readouterr())


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "recipe_names", interrupted)
    assert run(["config", "recipes"]) == ExitCode.CTRL_C


def test_config_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "recipes"]) == ExitCode.OK
    assert "qwen2.5-7b-lora" in capsys.readouterr().out
    assert run(["config", "show", "demo", "adapter.r=4"]) == ExitCode.OK
    assert "r: 4" in capsys.readouterr().out
    assert run(["config", "schema"]) == ExitCode.OK
    assert "adapter" in json.loads(capsys.readouterr().out)["properties"]


def test_inputs_and_settings_are_told_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    record = {"messages": [{"role": "user", "content": "Frage"}, {"role": "assistant", "content": "Antwort"}]}
    source = tmp_path / "a=b.jsonl"
    source.write_text(json.dumps(record) + "\n", encoding="utf-8")
    out = tmp_path / "out"
    arguments = ["prepare", str(source), "data.split.test=0", "data.split.validation=0", "--out", str(out), "--json"]
    assert run(arguments) == ExitCode.OK
    manifest = json.loads(capsys.readouterr().out)
    assert manifest["documents"] == {"read": 1, "used": 1, "used_by_source": {"ready-made": 1}, "dropped": {}}
    assert manifest["configuration"]["input"] == [str(source)]
    assert json.loads((out / "manifest.json").read_text(encoding="utf-8")) == manifest


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--engine", "spark"], "local or ray"),
        (["--workers", "0"], "below 1"),
        (["--language", "fr"], "de"),
        (["--language", "deutsch"], "data.language"),
    ],
)
def test_wrong_ways_to_prepare_end_with_64(
    tmp_path: Path, option: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.xml").write_text("<dokument/>", encoding="utf-8")
    assert run(["prepare", str(tmp_path / "in"), "--out", str(tmp_path / "out"), *option]) == ExitCode.USAGE
    assert said in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_documents_that_teach_nothing_end_with_65(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.xml").write_text("<dokument/>", encoding="utf-8")
    assert run(["prepare", str(tmp_path / "a.xml"), "--out", str(tmp_path / "out")]) == ExitCode.DATA
    assert "1 documents read, 0 used, dropped: missing_field 1" in capsys.readouterr().err


def test_an_unknown_collection_is_a_usage_error(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["fetch", "juris", str(tmp_path / "in")]) == ExitCode.USAGE
    assert "rii" in capsys.readouterr().err


def test_an_existing_folder_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["synthesize", str(tmp_path)]) == ExitCode.USAGE
    assert "exists already" in capsys.readouterr().err


def test_preparing_data_loads_no_torch(tmp_path: Path) -> None:
    program = (
        "import sys; from legaltune.cli import run; "
        f"code = run(['prepare', '-c', 'demo', '-o', {str(tmp_path)!r}, 'data.synthetic_decisions=20']); "
        "sys.exit(code or 99 * ('torch' in sys.modules or 'transformers' in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False, capture_output=True).returncode == 0
