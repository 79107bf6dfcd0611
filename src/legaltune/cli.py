"""`legaltune …`: reads arguments, calls one step, turns errors into exit codes."""

from __future__ import annotations

import datetime
import json
import logging
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from typer.exceptions import Abort, TyperException

import legaltune
from legaltune.config import RunConfig, dump_yaml, load_config, recipe_names
from legaltune.errors import ConfigurationError, ExitCode, failure_of
from legaltune.logs import set_up_logging
from legaltune.run_directory import RunDirectory

logger = logging.getLogger(__name__)

app = typer.Typer(
    name="legaltune",
    help="Fine-tune language models on German court decisions and statutes at the lowest bill.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
config_app = typer.Typer(help="Show recipes, a configuration in effect, or the schema of the file.")
app.add_typer(config_app, name="config", no_args_is_help=True)

ConfigOption = Annotated[
    str | None,
    typer.Option(
        "--config", "-c", help="Recipe or YAML file; by default the run directory's run.yaml.", metavar="NAME"
    ),
]
RunOption = Annotated[Path, typer.Option("--run-dir", "-o", help="Folder of the run.", metavar="FOLDER")]
Overrides = Annotated[
    list[str] | None, typer.Argument(help="Settings such as adapter.r=16.", metavar="[SECTION.FIELD=VALUE]...")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print the result as JSON on standard output.")]
VerboseOption = Annotated[bool, typer.Option("--verbose", help="Log debug messages, of the libraries too.")]

_DEFAULT_RUN = Path("runs/default")
_OVERRIDE = re.compile(r"[a-z_]+(?:\.[a-z_0-9]+)+\s*=")


@app.command()
def fetch(
    source: Annotated[str, typer.Argument(help="rii: decisions of the federal courts; gii: federal statutes.")],
    folder: Annotated[Path, typer.Argument(help="Folder for the zips; give it to `legaltune prepare` afterwards.")],
    courts: Annotated[
        str, typer.Option("--court", help="Only these courts, such as bgh,bfh (rii).", metavar="NAMES")
    ] = "",
    since: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only what was changed on this day or later (rii).", metavar="DATE"),
    ] = None,
    decided_since: Annotated[
        datetime.datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only decisions of this day or later (rii).", metavar="DATE"),
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="Ask for at most so many files in this run; the next run goes on.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say how many files, bytes and hours it takes.")
    ] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Remove files that the collection no longer lists.")] = False,
    rate: Annotated[float, typer.Option(min=0.01, help="Requests per second, over all connections.")] = 4.0,
    connections: Annotated[int, typer.Option(min=1, max=16, help="Requests under way at once.")] = 2,
    contact: Annotated[
        str | None, typer.Option(help="E-mail or web address, sent along for the operators of the site.")
    ] = None,
    toc_url: Annotated[
        str | None, typer.Option(help="Table of contents of a mirror instead of the official one.", metavar="URL")
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Download or update an official collection: politely, only what is new or changed, resumable."""
    from legaltune.fetch import FetchOptions
    from legaltune.fetch import fetch as fetch_collection

    set_up_logging(verbose=verbose)
    options = FetchOptions(
        toc_url=toc_url,
        courts=frozenset(name.strip().lower() for name in courts.split(",") if name.strip()),
        since=since.date() if since else None,
        decided_since=decided_since.date() if decided_since else None,
        limit=limit,
        dry_run=dry_run,
        prune=prune,
        contact=contact,
        requests_per_second=rate,
        connections=connections,
    )
    summary = fetch_collection(source, folder, options)
    _finish(summary, as_json, _fetched(summary))


@app.command()
def prepare(
    arguments: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders and s3:// addresses with documents; settings such as data.seed=1.",
            metavar="[INPUT | SECTION.FIELD=VALUE]...",
        ),
    ] = None,
    config: ConfigOption = None,
    run_dir: RunOption = _DEFAULT_RUN,
    out: Annotated[
        str | None,
        typer.Option(help="Write the dataset to this folder or s3:// prefix, without a run.", metavar="PLACE"),
    ] = None,
    language: Annotated[
        str | None, typer.Option(help="Language of documents and prompts (data.language).", metavar="CODE")
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(help="Processes; with Ray, most tasks at a time. The result is the same for any number."),
    ] = None,
    engine: Annotated[str, typer.Option(help="Where the work runs: local or ray.")] = "local",
    ray_address: Annotated[str | None, typer.Option(help="Address of a Ray cluster.", metavar="ADDRESS")] = None,
    previous: Annotated[
        str | None,
        typer.Option(
            help="manifest.json of an earlier dataset; its documents stay in their split.", metavar="MANIFEST"
        ),
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Turn decisions and statutes into the prepared dataset."""
    from legaltune.corpus.engines import make_engine
    from legaltune.preparation import prepare_dataset
    from legaltune.steps import prepare_step

    set_up_logging(verbose=verbose)
    settings = _settings(arguments or [], language)
    chosen = make_engine(engine, workers=workers, address=ray_address)
    if out:
        data = load_config(config, settings).data
        manifest = prepare_dataset(data.input, out, data, engine=chosen, previous=previous)
    else:
        # Named inputs need no recipe: the defaults do.
        names_inputs = any(setting.startswith("data.input=") for setting in settings)
        source = None if config is None and names_inputs else _config_of(run_dir, config)
        manifest = prepare_step(load_config(source, settings), RunDirectory(run_dir), engine=chosen, previous=previous)
    documents = manifest["documents"]
    dropped = sum(documents["dropped"].values())
    place = out or run_dir / "prepared"
    _finish(
        manifest, as_json, f"{documents['read']} documents read, {documents['used']} used, {dropped} dropped: {place}"
    )


@app.command()
def tokenize(
    overrides: Overrides = None,
    config: ConfigOption = None,
    run_dir: RunOption = _DEFAULT_RUN,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Turn the prepared dataset into the token dataset of a model."""
    manifest = _run_step("tokenize", overrides, config, run_dir, verbose)
    _finish(
        manifest,
        as_json,
        f"{manifest['num_tokens']:,} tokens, {manifest['num_target_tokens']:,} of them targets, "
        f"{sum(manifest['examples_dropped'].values())} examples dropped: {run_dir / 'tokens'}",
    )


@app.command()
def train(
    overrides: Overrides = None,
    config: ConfigOption = None,
    run_dir: RunOption = _DEFAULT_RUN,
    num_hosts: Annotated[int, typer.Option("--hosts", min=1, help="Hosts of the run; call this on each.")] = 1,
    host_index: Annotated[int, typer.Option(min=0, help="This host, from 0; the first one writes the results.")] = 0,
    rendezvous: Annotated[
        str,
        typer.Option(help="Where several hosts meet: address and a free port of the first.", metavar="ADDRESS:PORT"),
    ] = "",
    interface: Annotated[
        str | None, typer.Option(help="Network interface between the hosts, such as eth0.", metavar="NAME")
    ] = None,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Train on the token dataset, on this host or as one of several."""
    from legaltune.steps import train_step
    from legaltune.training.hosts import Hosts

    set_up_logging(verbose=verbose)
    hosts = Hosts(num_hosts, host_index, rendezvous, interface)
    settings = load_config(_config_of(run_dir, config), overrides or [])
    summary = train_step(settings, RunDirectory(run_dir), hosts)
    if not summary:
        _finish(
            {"host": host_index}, as_json, f"host {host_index + 1} of {num_hosts} is done; the first has the results"
        )
        return
    _finish(
        summary,
        as_json,
        f"{summary['num_steps']} steps at {summary['tokens_per_second']:,.0f} tokens/s: {run_dir / 'adapter'}",
    )


@app.command()
def evaluate(
    overrides: Overrides = None,
    config: ConfigOption = None,
    run_dir: RunOption = _DEFAULT_RUN,
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Measure base model and adapter on held-out documents and write the report."""
    _run_step("evaluate", overrides, config, run_dir, verbose)
    report = _run_step("report", overrides, config, run_dir, verbose)
    _finish(report["evaluation"], as_json, _verdict(report, run_dir))


@app.command()
def demo(
    overrides: Overrides = None,
    corpus: Annotated[
        list[Path] | None,
        typer.Option("--corpus", help="Real documents instead of generated ones; may be repeated.", metavar="PATH"),
    ] = None,
    config: Annotated[str, typer.Option("--config", "-c", help="Recipe or YAML file.", metavar="NAME")] = "demo",
    run_dir: RunOption = Path("runs/demo"),
    as_json: JsonOption = False,
    verbose: VerboseOption = False,
) -> None:
    """From documents to an evaluated adapter in one command: all steps, by default without network, GPU or account."""
    from legaltune.steps import run_all

    settings = _settings([*map(str, corpus or []), *(overrides or [])], None)
    set_up_logging(verbose=verbose)
    report = run_all(load_config(config, settings), RunDirectory(run_dir))
    _finish(report, as_json, _verdict(report, run_dir))


@app.command()
def synthesize(
    output: Annotated[Path, typer.Argument(help="Folder to write to; must not exist.")],
    decisions: Annotated[int, typer.Option(min=1, help="Number of decisions.")] = 600,
    seed: Annotated[int, typer.Option(min=0, help="Decides the content.")] = 0,
) -> None:
    """Write a corpus of generated decisions and statutes (rii-dok and GII XML)."""
    from legaltune.corpus.synthetic import write_corpus
    from legaltune.files import whole_folder

    if output.exists():
        raise ConfigurationError(f"{output} exists already: name a new folder, or remove it")
    with whole_folder(output) as folder:
        written = write_corpus(folder, num_decisions=decisions, seed=seed)
    typer.echo(f"{written.num_decisions} decisions and {written.num_statutes} statutes: {output}")


@config_app.command("recipes")
def config_recipes() -> None:
    """List the recipes that ship with the package."""
    for name in recipe_names():
        typer.echo(name)


@config_app.command("show")
def config_show(
    source: Annotated[str, typer.Argument(help="Recipe or YAML file.")], overrides: Overrides = None
) -> None:
    """Print a configuration in effect, defaults included."""
    typer.echo(dump_yaml(load_config(source, overrides or [])), nl=False)


@config_app.command("schema")
def config_schema() -> None:
    """Print the JSON Schema of the configuration file, for editors."""
    typer.echo(json.dumps(RunConfig.model_json_schema(), indent=2))


@app.callback(invoke_without_command=True)
def _root(
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    if version:
        typer.echo(legaltune.__version__)
        raise typer.Exit()


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Run a command and exit with the code that DESIGN.md gives its outcome."""
    sys.exit(run(arguments))


def run(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    set_up_logging()
    try:
        result = app(args=None if arguments is None else list(arguments), standalone_mode=False)
    except TyperException as error:  # usage errors of the command line library
        if error.format_message():  # empty where the help was shown instead
            typer.echo(f"legaltune: {error.format_message()}\nTry `legaltune --help`.", err=True)
        return ExitCode.USAGE
    except (Abort, KeyboardInterrupt):
        typer.echo("legaltune: interrupted", err=True)
        return ExitCode.CTRL_C
    except Exception as error:
        failure = failure_of(error)
        if failure:
            typer.echo(f"legaltune: {failure}", err=True)
            return failure.exit_code
        logger.exception("this is a bug in legaltune; please report it with the lines below")
        return ExitCode.SOFTWARE
    return result if isinstance(result, int) else ExitCode.OK


def _run_step(
    name: str, overrides: list[str] | None, config: str | None, run_dir: Path, verbose: bool
) -> dict[str, Any]:
    from legaltune.steps import STEPS

    set_up_logging(verbose=verbose)
    return STEPS[name](load_config(_config_of(run_dir, config), overrides or []), RunDirectory(run_dir))


def _config_of(run_dir: Path, config: str | None) -> str:
    """The recipe or file that was named, else the one that the run began with."""
    begun = RunDirectory(run_dir).config
    if config is None and not begun.is_file():
        raise ConfigurationError(
            f"{run_dir} holds no run.yaml yet: name a recipe ({', '.join(recipe_names())}) or a file with --config"
        )
    return config or str(begun)


def _settings(arguments: Sequence[str], language: str | None) -> list[str]:
    """Arguments as overrides: what has no `section.field=` in front is an input."""
    inputs = [argument for argument in arguments if not _OVERRIDE.match(argument)]
    settings = [argument for argument in arguments if _OVERRIDE.match(argument)]
    if inputs:
        settings = ["data.synthetic_decisions=0", f"data.input={json.dumps(inputs)}", *settings]
    return [*settings, f"data.language={language}"] if language else settings


def _finish(result: dict[str, Any], as_json: bool, sentence: str) -> None:
    typer.echo(json.dumps(result, ensure_ascii=False) if as_json else sentence)


def _fetched(summary: dict[str, Any]) -> str:
    if "estimate" in summary:
        estimate = summary["estimate"]
        return (
            f"{summary['items']} items: {estimate['files']} files to ask for, {estimate['new_files']} of them new, "
            f"about {estimate['bytes'] / 1e6:,.0f} MB, {estimate['seconds'] / 3600:.1f} h at this rate"
        )
    fates = ("downloaded", "unchanged", "filtered", "postponed", "gone", "failed", "refused")
    counts = ", ".join(f"{summary[fate]} {fate}" for fate in fates if summary[fate])
    vanished = f"; {summary['vanished']} listed no more, {summary['pruned']} removed" if summary["vanished"] else ""
    return f"{summary['items']} items: {counts}{vanished}: {summary['folder']}"


def _verdict(report: dict[str, Any], run_dir: Path) -> str:
    evaluation = report["evaluation"]
    base, adapter = evaluation["base"], evaluation["adapter"]
    lines = [f"held-out loss {base['loss']:.3f} -> {adapter['loss']:.3f} nats per target token"]
    if "accuracy" in adapter and "majority" in evaluation:
        lines.append(
            f"classification {base['accuracy']:.0%} -> {adapter['accuracy']:.0%} exact "
            f"(majority class {evaluation['majority']['accuracy']:.0%})"
        )
    return "\n".join([*lines, f"report: {run_dir / 'report.html'}"])
