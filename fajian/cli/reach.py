"""How the client commands reach a side: its HTTP source, its projection, its Kafka principal."""

import os
from collections.abc import Mapping
from typing import Annotated, NamedTuple

import typer

from fajian.errors import NotRunningError, SettingsError
from fajian.local.stack import nothing_runs_in, read_stack
from fajian.settings import load_settings

SIDES = ("court", "procuratorate")

SideOption = Annotated[str, typer.Option("--side", help="哪一方 / which side: court | procuratorate")]


class Door(NamedTuple):
    """The HTTP source of a side, and the key that opens it."""

    url: str
    key: str


def variables(side: str) -> Mapping[str, str]:
    """Return what fills the `${NAME}` of a connector file: the embedded stack, then the environment."""
    if side not in SIDES:
        raise SettingsError(f"side: expected {' or '.join(SIDES)}, got {side!r}")
    try:
        embedded = read_stack(load_settings().data_dir).environment(side)
    except NotRunningError:
        embedded = {}
    return {**embedded, **os.environ}


def dsn(side: str) -> str:
    """Return the address of the side's projection."""
    return _wanted(variables(side), f"FAJIAN_{side.upper()}_POSTGRES_DSN")


def door(side: str) -> Door:
    """Return where the side's HTTP source listens."""
    found, own = variables(side), f"FAJIAN_{side.upper()}_HTTP"
    url = found.get(f"{own}_URL") or f"http://127.0.0.1:{_wanted(found, f'{own}_PORT')}"
    return Door(url.rstrip("/"), _wanted(found, f"{own}_KEY"))


def _wanted(found: Mapping[str, str], name: str) -> str:
    if not found.get(name):
        raise SettingsError(nothing_runs_in(load_settings().data_dir.expanduser().absolute(), name))
    return found[name]
