"""Prepare training data: documents or ready-made examples -> the prepared dataset, optionally uploaded to S3.

A thin command with the flags of the guide; `legaltune prepare` offers everything. Exit codes are those of legaltune.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
from pathlib import Path
from typing import NoReturn

from pydantic import ValidationError

from legaltune.config.schema import DataConfig
from legaltune.corpus.prepared import DATASET_FILES
from legaltune.errors import ConfigurationError, ExitCode, failure_of
from legaltune.logs import set_up_logging
from legaltune.preparation import prepare_dataset
from legaltune.storage import upload

_PREFIX = "prepared"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigurationError(f"{message}; try --help")


def main() -> int:
    """Run the command; returns the exit code."""
    set_up_logging()
    try:
        _run(_parse())
    except KeyboardInterrupt:
        return ExitCode.CTRL_C
    except Exception as error:
        failure = failure_of(error)
        if failure is None:
            logging.exception("this is a bug in legaltune; please report it with the lines below")
            return ExitCode.SOFTWARE
        print(f"prepare_data.py: {failure}", file=sys.stderr)
        return failure.exit_code
    return ExitCode.OK


def _parse() -> argparse.Namespace:
    parser = _Parser(prog="prepare_data.py", description=__doc__)
    parser.add_argument("--input-file", required=True, help="JSONL, document, zip, folder, or s3:// address of these")
    parser.add_argument("--output-dir", required=True, type=Path, help="folder of the prepared dataset")
    parser.add_argument("--s3-bucket", help="also upload the dataset to this bucket")
    parser.add_argument("--s3-prefix", help=f'below this prefix of the bucket (default "{_PREFIX}")')
    parser.add_argument("--language", default="de", help="language of documents and prompts (default de)")
    options = parser.parse_args()
    if options.s3_prefix and not options.s3_bucket:
        parser.error("--s3-prefix has no effect without --s3-bucket")
    options.s3_prefix = options.s3_prefix or _PREFIX
    return options


def _run(options: argparse.Namespace) -> None:
    try:
        config = DataConfig(language=options.language)
    except ValidationError as error:
        raise ConfigurationError(f"--language {options.language!r}: {error.errors()[0]['msg']}") from None
    manifest = prepare_dataset([options.input_file], str(options.output_dir), config)
    if options.s3_bucket:
        upload(options.output_dir, f"s3://{options.s3_bucket}/{options.s3_prefix.strip('/')}", only=DATASET_FILES)
    print(json.dumps({"documents": manifest["documents"], "examples": manifest["examples"]}, ensure_ascii=False))


if __name__ == "__main__":
    sys.exit(main())
