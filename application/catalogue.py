"""One file, one thing: what the modules of a package each define."""

from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType


def modules(package: ModuleType) -> list[ModuleType]:
    """The modules of a package, in the order of their names."""
    return [import_module(f"{package.__name__}.{found.name}") for found in iter_modules(package.__path__)]
