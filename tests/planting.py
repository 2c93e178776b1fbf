"""Plants bugs in modules of plain Python without a copy of the package: in a process of its own, one after another.

Reads a JSON list of (module, what stands there, what the bug makes of it, test file, choice of tests) from standard
input and prints for each how these tests ended, as pytest's exit code.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

HERE = Path(__file__).parent
QUIETLY = ("-q", "-x", "--assert=plain", "-p", "no:cacheprovider", "-o", "addopts=-m 'not long'")  # in this process


@contextlib.contextmanager
def planted(name: str, right: str, wrong: str) -> Iterator[None]:
    """The module, run anew with the bug in it, and then as it was."""
    module = importlib.import_module(name)
    before, file = dict(vars(module)), str(module.__file__)
    exec(compile(Path(file).read_text("utf-8").replace(right, wrong), file, "exec"), vars(module))
    try:
        yield
    finally:
        vars(module).clear()
        vars(module).update(before)


def ended(file: str, choice: str) -> int:
    """How the tests of a file end; the file is imported anew, so that it takes the names that are there now."""
    sys.modules.pop(Path(file).stem, None)
    with contextlib.redirect_stdout(io.StringIO()):
        return int(pytest.main([*QUIETLY, str(HERE / file), "-k", choice]))


if __name__ == "__main__":
    os.environ.pop("PYTEST_ADDOPTS", None)  # what is to be noted of the tests is not to be noted of these
    codes = []
    for name, right, wrong, file, choice in json.load(sys.stdin):
        with planted(name, right, wrong):
            codes.append(ended(file, choice))
    print(json.dumps(codes))
