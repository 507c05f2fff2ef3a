"""Routes that make the code that builds their addresses when it is first asked for.

Werkzeug writes, parses and compiles two functions for each route as it is added: with some hundred
routes four fifths of what it takes to put the application together, and a process builds the
addresses of a few of them in its life.
"""

from collections.abc import Callable
from typing import Any

from werkzeug.routing import Rule


class LateRule(Rule):
    """A route as any other. (A Werkzeug that asks for its functions by another name gets its own,
    at once, as before.)"""

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        make = super()._compile_builder
        made: Callable[..., tuple[str, str]] | None = None

        def build(rule: Rule, **values: Any) -> tuple[str, str]:
            nonlocal made
            if made is None:  # two threads at once make the same
                made = make(append_unknown)
            return made(rule, **values)

        return build
