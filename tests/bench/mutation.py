"""Mutation score: change one operator, constant or condition of a module at a time and see whether a test notices.

    python -m tests.bench.mutation services/billing/rating/reference --tests tests/unit/billing/rating --sample 200 --seed 1

Every mutant runs in a fork of its own in which the changed module is imported instead of the real one. Prints the survivors.
"""

import argparse
import ast
import contextlib
import importlib.abc
import importlib.util
import io
import os
import random
import resource
import signal
import sys
from collections.abc import Iterator, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

import pytest

SECONDS_MAX = 180
"""Of CPU. A mutant that takes longer has made a loop without end: it counts as noticed."""

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


def mutant(tree: ast.Module, index: int) -> tuple[int, str]:
    """Change the index-th place of a tree that can be changed; answers its line and what it says now."""
    node = next(n for i, n in enumerate(_places(tree)) if i == index)
    return getattr(node, "lineno", 0), _change(node)


def _places(tree: ast.AST) -> Iterator[ast.AST]:
    """The nodes that can be changed; annotations, docstrings, decorators and assertions (`strict=True` too) are left alone."""
    for field, value in ast.iter_fields(tree):
        if field in ("annotation", "returns", "decorator_list") or isinstance(tree, ast.Assert | ast.ImportFrom):
            continue
        if isinstance(tree, ast.keyword) and tree.arg == "strict":
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            if _changeable(child):
                yield child
            yield from _places(child)


def _changeable(node: ast.AST) -> bool:
    if isinstance(node, ast.Compare):
        return type(node.ops[0]) in COMPARISONS
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return type(node.op) in OPERATORS and not (isinstance(node, ast.BinOp) and _is_type(node))
    if isinstance(node, ast.Constant):
        return isinstance(node.value, int)
    if isinstance(node, ast.Call):
        return isinstance(node.func, ast.Name) and node.func.id in CALLS
    return isinstance(node, ast.BoolOp | ast.If | ast.IfExp)


def _is_type(node: ast.BinOp) -> bool:
    return isinstance(node.op, ast.BitOr)


def _change(node: ast.AST) -> str:
    if isinstance(node, ast.Compare):
        node.ops[0] = COMPARISONS[type(node.ops[0])]()
        return ast.unparse(node)
    if isinstance(node, ast.BinOp | ast.AugAssign):
        node.op = OPERATORS[type(node.op)]()
        return ast.unparse(node)
    if isinstance(node, ast.Constant):
        node.value = (not node.value) if isinstance(node.value, bool) else node.value + 1  # type: ignore[operator]
        return f"constant {node.value!r}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        node.func.id = CALLS[node.func.id]
        return ast.unparse(node)
    if isinstance(node, ast.BoolOp):
        node.op = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        return ast.unparse(node)
    if isinstance(node, ast.If | ast.IfExp):
        node.test = ast.copy_location(ast.UnaryOp(ast.Not(), node.test), node.test)
        return f"if {ast.unparse(node.test)}"
    raise AssertionError(ast.dump(node))


class _Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def __init__(self, name: str, tree: ast.Module) -> None:
        self.name, self.tree = name, tree

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return importlib.util.spec_from_loader(fullname, self) if fullname == self.name else None

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, self.name, "exec"), module.__dict__)  # noqa: S102


def survives(name: str, tree: ast.Module, tests: Sequence[str]) -> bool:
    """Whether all tests pass with the changed module."""
    child = os.fork()
    if child == 0:
        code = 0
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            for module in [m for m in sys.modules if m.startswith(("services", "tests.unit", "tests.properties"))]:
                del sys.modules[module]
            sys.meta_path.insert(0, _Mutated(name, ast.fix_missing_locations(tree)))
            resource.setrlimit(resource.RLIMIT_CPU, (SECONDS_MAX, SECONDS_MAX))  # an alarm is taken back by pytest
            code = _run(tests)
        finally:
            os._exit(0 if code == 0 else 1)
    _, status = os.waitpid(child, 0)
    return status == 0


def _run(tests: Sequence[str]) -> int:
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", "--no-header", *tests]))


def main() -> int:
    """Run the mutants of the paths and print the score."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+")
    parser.add_argument("--tests", nargs="+", required=True)
    parser.add_argument("--sample", type=int, default=0, help="0 = all")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    files = [f for p in map(Path, args.paths) for f in (sorted(p.rglob("*.py")) if p.is_dir() else [p])]
    sources = {f: f.read_text(encoding="utf-8") for f in files}
    found = [(f, i) for f in files for i in range(sum(1 for _ in _places(ast.parse(sources[f]))))]
    chosen = found
    if args.sample and args.sample < len(found):
        chosen = random.Random(args.seed).sample(found, args.sample)
    if _run(args.tests):  # also loads what all mutants share
        print("the tests fail without any change")
        return 1
    alive = done = 0
    with contextlib.suppress(KeyboardInterrupt):  # what was done so far is a smaller sample
        for file, index in chosen:
            tree = ast.parse(sources[file])
            line, text = mutant(tree, index)
            survived = survives(".".join(file.with_suffix("").parts), tree, args.tests)
            done, alive = done + 1, alive + survived
            if survived:
                print(f"survived {file}:{line}: {text} (number {done})", flush=True)
    print(
        f"{done - alive} of {done} mutants noticed ({len(found)} in all): {100 * (done - alive) / max(1, done):.1f} %"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
