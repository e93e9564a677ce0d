"""A small mutation run over the domain: do its tests notice when one thing in it is changed?

    make mutate             60 mutants, drawn at random, always the same ones
    MUTANTS=0 make mutate   all of them

Every mutant lives in a temporary copy of the tree; the tree itself is only read.
"""

import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("domain", "tests/domain", "tests/scenario.py", "pyproject.toml")
WORKERS = 2
TIMEOUT_SECONDS = 60
DECLARATIONS = {"frozen", "kw_only"}  # how a class is declared: not mutated
_PAIRS = [(ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)]
SWAPPED = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


class Mutant(NamedTuple):
    file: Path
    line: int
    change: str
    text: str


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """What can stand in the place of a node."""
    match node:
        case ast.Compare(left, operators, others):
            for index, operator in enumerate(operators):
                if type(operator) in SWAPPED:
                    swapped = SWAPPED[type(operator)]()
                    yield ast.Compare(left, [*operators[:index], swapped, *operators[index + 1 :]], others)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.Constant(bool() as value):
            yield ast.Constant(not value)
        case ast.Constant(int() as value):
            yield ast.Constant(value + 1)
        case ast.Raise():
            yield ast.Pass()
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))


class Mutation(ast.NodeTransformer):
    """Counts the places where something can be changed, and changes the chosen one."""

    def __init__(self, chosen: int) -> None:
        self.left, self.line, self.change = chosen, 0, ""

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.keyword) and node.arg in DECLARATIONS:
            return node
        self.generic_visit(node)
        for other in alternatives(node):
            self.left -= 1
            if self.left == -1:
                self.line, self.change = node.lineno, f"{ast.unparse(node)}  ->  {ast.unparse(other)}"
                return other
        return node


def mutants(file: Path) -> Iterator[Mutant]:
    source, chosen = file.read_text(), 0
    while (mutation := Mutation(chosen)) and (tree := mutation.visit(ast.parse(source))) and mutation.change:
        yield Mutant(
            file.relative_to(ROOT), mutation.line, mutation.change, ast.unparse(ast.fix_missing_locations(tree))
        )
        chosen += 1


def copy_tree(to: Path) -> Path:
    for name in COPIED:
        target = to / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, target)
    return to


def passes(tree: Path) -> bool:
    """Whether the tests of the domain pass in a copy. Not to end in time is not to pass."""
    own = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/domain"]
    settings = {"cwd": tree, "env": os.environ | own, "capture_output": True, "timeout": TIMEOUT_SECONDS}
    try:
        return subprocess.run(command, check=False, **settings).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def survives(mutant: Mutant, trees: SimpleQueue[Path]) -> bool:
    tree = trees.get()
    (tree / mutant.file).write_text(mutant.text)
    survived = passes(tree)
    shutil.copy(ROOT / mutant.file, tree / mutant.file)
    trees.put(tree)
    print("survived" if survived else "killed  ", f"{mutant.file}:{mutant.line}", flush=True)
    return survived


def main() -> None:
    everything = [mutant for file in sorted((ROOT / "domain").rglob("*.py")) for mutant in mutants(file)]
    wanted = min(int(os.environ.get("MUTANTS", "60")) or len(everything), len(everything))
    drawn = random.Random(1).sample(everything, wanted)
    print(f"{len(drawn)} of {len(everything)} mutants")
    with TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for worker in range(WORKERS):
            trees.put(tree := copy_tree(Path(folder, str(worker))))
        if not passes(tree):
            sys.exit("The tests fail without any change: there is nothing to learn from mutants.")
        outcomes = list(pool.map(lambda mutant: survives(mutant, trees), drawn))
    print(f"\nkilled {outcomes.count(False)}, survived {outcomes.count(True)}: {outcomes.count(False) / wanted:.0%}")
    for mutant, survived in zip(drawn, outcomes, strict=True):
        if survived:
            print(f"{mutant.file}:{mutant.line}: {mutant.change}")


if __name__ == "__main__":
    main()
