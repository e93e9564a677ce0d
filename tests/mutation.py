"""A small mutation run over the domain: do its tests notice when one thing in it is changed?

`make mutate` tries 60, drawn at random but always the same; MUTANTS=0 tries all. Each lives in a temporary copy."""

import ast
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import compress
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[1]
COPIED = ("domain", "tests/domain", "tests/scenario.py", "pyproject.toml")
WORKERS, TIMEOUT_SECONDS = 2, 60
UNTOUCHED = {"frozen", "kw_only"}
_PAIRS = [(ast.Eq, ast.NotEq), (ast.Lt, ast.LtE), (ast.Gt, ast.GtE), (ast.In, ast.NotIn), (ast.Is, ast.IsNot)]
SWAPPED = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


Mutant = tuple[Path, int, str, str]
"""A file, a line, what is changed there, and the text of the file with the change."""


def alternatives(node: ast.AST) -> Iterator[ast.AST]:
    """What can stand in the place of a node."""
    match node:
        case ast.Compare(left, [operator], others) if type(operator) in SWAPPED:
            yield ast.Compare(left, [SWAPPED[type(operator)]()], others)
        case ast.BoolOp(operator, values):
            yield ast.BoolOp(ast.Or() if isinstance(operator, ast.And) else ast.And(), values)
        case ast.UnaryOp(ast.Not(), operand):
            yield operand
        case ast.Constant(bool() | int() as value):
            yield ast.Constant(not value if isinstance(value, bool) else value + 1)
        case ast.Raise():
            yield ast.Pass()
        case ast.Return(ast.expr() as value) if ast.unparse(value) != "None":
            yield ast.Return(ast.Constant(None))


class Mutation(ast.NodeTransformer):
    """Counts the places where something can be changed, and changes the chosen one."""

    def __init__(self, chosen: int) -> None:
        self.left, self.line, self.change = chosen, 0, ""

    def visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.keyword) and node.arg in UNTOUCHED:
            return node
        self.generic_visit(node)
        for other in alternatives(node):
            self.left -= 1
            if self.left == -1:
                self.line, self.change = node.lineno, f"{ast.unparse(node)}  ->  {ast.unparse(other)}"
                return other
        return node


def mutants(file: Path) -> Iterator[Mutant]:
    source = file.read_text()
    chosen = 0
    while (tree := (mutation := Mutation(chosen)).visit(ast.parse(source))) and mutation.change:
        chosen += 1
        yield file.relative_to(ROOT), mutation.line, mutation.change, ast.unparse(ast.fix_missing_locations(tree))


def copy_tree(to: Path) -> Path:
    for name in COPIED:
        (to / name).parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, to / name)
    return to


def passes(tree: Path) -> bool:
    """Whether the tests of the domain pass in a copy. Not to end in time is not to pass."""
    own = {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "CI": "1"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "tests/domain"]
    settings = {"cwd": tree, "env": os.environ | own, "capture_output": True, "timeout": TIMEOUT_SECONDS}
    with suppress(subprocess.TimeoutExpired):
        return subprocess.run(command, check=False, **settings).returncode == 0
    return False


def survives(mutant: Mutant, trees: SimpleQueue[Path]) -> bool:
    (file, line, change, text), tree = mutant, trees.get()
    (tree / file).write_text(text)
    survived = passes(tree)
    shutil.copy(ROOT / file, tree / file)
    trees.put(tree)
    print("survived" if survived else "killed  ", f"{file}:{line}: {change}", flush=True)
    return survived


def main() -> None:
    every = [mutant for file in sorted((ROOT / "domain").glob("*.py")) for mutant in mutants(file)]
    wanted = min(int(os.environ.get("MUTANTS", "60")) or len(every), len(every))
    drawn = random.Random(1).sample(every, wanted)
    with TemporaryDirectory() as folder, ThreadPoolExecutor(WORKERS) as pool:
        trees: SimpleQueue[Path] = SimpleQueue()
        for worker in range(WORKERS):
            trees.put(copy_tree(Path(folder, str(worker))))
        if not passes(Path(folder, "0")):
            sys.exit("The tests fail without any change: there is nothing to learn from mutants.")
        outcomes = list(pool.map(lambda mutant: survives(mutant, trees), drawn))
    killed = outcomes.count(False)
    print(f"\n{wanted} of {len(every)} mutants: killed {killed}, survived {wanted - killed}: {killed / wanted:.0%}")
    for file, line, change, _ in compress(drawn, outcomes):
        print(f"survived: {file}:{line}: {change}")


if __name__ == "__main__":
    main()
