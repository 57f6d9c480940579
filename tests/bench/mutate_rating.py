"""Mutation score of the bulk implementation: `python -m tests.bench.mutate_rating [SAMPLE]`.

A sample of small faults is planted, one at a time, each in a process of its own. A fault is found when a bill of the corpus
(drawn tariffs and requests, rated by the reference before) or a unit test of the bulk implementation fails.
"""

import ast
import copy
import importlib
import importlib.abc
import importlib.util
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from services.billing.domain import rating
from tests.properties import test_rating_bulk as properties
from tests.properties.rating_strategies import books, requests_for

ROOT = Path(__file__).parents[2]
PACKAGE = "services.billing.domain.bulk"
FOLDER = ROOT / "services/billing/domain/bulk"
UNIT = [
    str(ROOT / f"tests/unit/billing/rating/{name}.py")
    for name in ("test_bulk_rating", "test_bulk_examples", "test_bulk_two_part")
]
SECONDS_MAX = 60  # a fault that makes it run for ever is found

SOURCES = {path.stem: path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py"))}

Case = tuple[Sequence[rating.Request], rating.TariffBook, Sequence[rating.RatedBill]]

COMPARE: dict[type, type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
BINARY: dict[type, type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift,
}  # fmt: skip
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any", "minimum": "maximum", "maximum": "minimum"}
NAMES |= {"least": "most", "most": "least", "plus": "minus", "minus": "plus"}


def faults(node: ast.AST) -> Iterator[Callable[[Any], None]]:
    """The faults that can be planted at a node, each as a change of (a copy of) it."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        yield lambda n: n.ops.__setitem__(0, COMPARE[type(n.ops[0])]())
    elif isinstance(node, ast.BinOp | ast.AugAssign) and type(node.op) in BINARY:
        yield lambda n: setattr(n, "op", BINARY[type(n.op)]())
    elif isinstance(node, ast.BoolOp):
        yield lambda n: setattr(n, "op", ast.Or() if isinstance(n.op, ast.And) else ast.And())
    elif isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        yield lambda n: setattr(n, "value", not n.value if isinstance(n.value, bool) else n.value + 1)
    elif isinstance(node, ast.IfExp):
        yield lambda n: n.__dict__.update(body=n.orelse, orelse=n.body)
    elif isinstance(node, ast.If):
        yield lambda n: setattr(n, "test", ast.UnaryOp(ast.Not(), n.test))
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield lambda n: setattr(n, "attr", NAMES[n.attr])
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield lambda n: setattr(n, "id", NAMES[n.id])


def sites() -> list[tuple[str, int, int, int]]:
    """Every fault that can be planted: module, number of the node in its tree, number of the fault there, line."""
    out = []
    for module, source in SOURCES.items():
        for number, node in enumerate(ast.walk(ast.parse(source))):
            out += [(module, number, i, getattr(node, "lineno", 0)) for i, _ in enumerate(faults(node))]
    return out


def with_fault(module: str, number: int, index: int) -> tuple[ast.Module, str]:
    tree = ast.parse(SOURCES[module])
    node = list(ast.walk(tree))[number]
    before = copy.deepcopy(node)
    list(faults(node))[index](node)
    ast.fix_missing_locations(tree)
    shown = [ast.unparse(n).split("\n")[0][:60] for n in (before, node) if not isinstance(n, ast.Module)]
    return tree, " -> ".join(shown)


class Planter(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives one module with its fault."""

    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, self.name, "exec"), module.__dict__)  # noqa: S102


def corpus(examples: int) -> list[Case]:
    """Drawn requests with the bills of the reference."""
    cases: list[Case] = []

    @seed(1)
    @settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.data())
    def draw(data: st.DataObject) -> None:
        drawn = data.draw(books())
        if data.draw(st.integers(0, 3)) == 0:
            drawn = properties.by_curves(drawn, data.draw(st.sampled_from(["in_time_order", "by_share"])))
            request = data.draw(properties.requests_by_curve(drawn))
        else:
            request = data.draw(requests_for(drawn))
        requests = [request, properties.with_numbers(request, 2, 3), properties.with_numbers(request, 7, -5)]
        cases.append((requests, drawn.book, rating.rate(requests, drawn.book)))

    draw()
    return cases


def agrees(cases: Sequence[Case]) -> bool:
    rate = importlib.import_module(f"{PACKAGE}.rate")
    second = importlib.import_module("services.billing.domain.second_opinion")
    for requests, book, expected in cases:
        for mine, other in zip(rate.rate(requests, book), expected, strict=True):
            # what is left to the reference is rated right, but must not be much: see the unit tests
            if mine is not None and second.difference(mine, other) is not None:
                return False
    return True


def survives(tree: ast.Module, module: str, cases: Sequence[Case]) -> bool:
    """Whether nothing finds the fault; runs in a process of its own."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS_MAX)
        quiet = os.open(os.devnull, os.O_WRONLY)
        os.dup2(quiet, 1)
        os.dup2(quiet, 2)
        try:
            for name in [n for n in sys.modules if n.startswith(PACKAGE) or n.endswith("domain.second_opinion")]:
                del sys.modules[name]
            name = PACKAGE if module == "__init__" else f"{PACKAGE}.{module}"
            sys.meta_path.insert(0, Planter(name, tree))
            found = not agrees(cases) or pytest.main(["-x", "-q", "-p", "no:cacheprovider", *UNIT]) != 0
        except BaseException:
            found = True
        os._exit(1 if found else 0)
    return os.waitpid(child, 0)[1] == 0


def main() -> None:
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 200
    examples = int(sys.argv[2]) if len(sys.argv) > 2 else 250
    everything = sites()
    sample = random.Random(7).sample(everything, min(size, len(everything)))
    cases = corpus(examples)
    assert agrees(cases), "the corpus must agree before any fault is planted"
    alive = 0
    for done, (module, number, index, line) in enumerate(sample, 1):
        tree, shown = with_fault(module, number, index)
        if survives(tree, module, cases):
            alive += 1
            print(f"  survives: {module}.py:{line}: {shown}", flush=True)
        if done % 20 == 0:
            print(f"{done - alive} of {done} found, {(done - alive) / done:.1%}", flush=True)
    print(f"mutation score of the bulk implementation: {len(sample) - alive} of {len(sample)} faults found, "
          f"{(len(sample) - alive) / len(sample):.1%} (sample of {len(everything)})")  # fmt: skip


if __name__ == "__main__":
    main()
