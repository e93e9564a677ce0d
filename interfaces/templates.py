"""The route of a request as the OpenAPI document has it: a bounded number of them, whatever is asked for."""

from typing import Any

from starlette.types import Scope

from application.command import all_commands
from application.listing import ALONE, WITHIN
from interfaces.headers import DOCS_PATHS

NONE = "none"
_NEGOTIATIONS = "/v1/negotiations/"


class Templates:
    """Knows what is answered before a route is looked for, too."""

    def __init__(self) -> None:
        slug = f"{_NEGOTIATIONS}{{slug}}"
        self._within: dict[tuple[str, int], str] = {("", 0): slug}
        for view in (*ALONE, *WITHIN):
            self._within |= {(view, 1): f"{slug}/{view}", (view, 2): f"{slug}/{view}/{{key}}"}
        commands = [f"/v1/records/{name}" for name in all_commands()]
        self._plain = {path: path for path in (*commands, "/openapi.json", *DOCS_PATHS)}

    def of(self, scope: Scope) -> str:
        """Once the request was answered; `none` where there is no such route."""
        route: Any = scope.get("route")
        if route is not None:
            return str(route.path_format)
        path: str = scope["path"]
        if path.startswith(_NEGOTIATIONS):
            _, _, _, _, *within = path.split("/", 5)
            return self._within.get((within[0] if within else "", len(within)), NONE)
        return self._plain.get(path, NONE)
