"""`make bench`, or `python -m bench`: each measure beside its floor and goal; exit 1 below a floor."""

import gc
import os
import platform
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Annotated, Any

import orjson
import typer

from bench.harness import Bench, Row, run, selected, table
from bench.measures import MEASURES
from fajian import clock
from fajian.bootstrap import COLLECTED
from fajian.core import casework
from fajian.logs import configure_logging
from fajian.settings import load_settings


def main(
    only: Annotated[
        str, typer.Option(help="只测这些，逗号分隔 / only these, or families of them, parted by commas")
    ] = "",
    quick: Annotated[bool, typer.Option(help="小规模，一轮 / small, one round: does it work?")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="每行一个 JSON / one JSON document a line")] = False,
    names: Annotated[bool, typer.Option("--list", help="列出测量项 / list the measures")] = False,
) -> None:
    """测量性能并与下限、目标比较 / Measure, and compare with floors and goals."""
    chosen = selected(MEASURES, [name for name in only.split(",") if name])
    if not chosen:
        known = ", ".join(measure.name for measure in MEASURES)
        raise typer.BadParameter(f"expected some of {known}, got {only}", param_hint="--only")
    if names:
        for measure in chosen:
            print(f"{measure.name}\t{measure.what}")
        return
    configure_logging(load_settings(log_level="ERROR"))
    gc.set_threshold(*COLLECTED)  # what is folded in memory is folded as a worker does it
    folder = Path(mkdtemp(prefix="fajian-bench-"))
    try:
        with Bench(folder, quick=quick) as bench:
            rows = run(chosen, bench)
    finally:
        rmtree(folder, ignore_errors=True)
    _show(rows, quick=quick, as_json=as_json)
    # A quick run tells whether the measures work; what it measures holds nobody to anything.
    if any(row.verdict in (("failed",) if quick else ("below", "failed")) for row in rows):
        raise typer.Exit(1)


def _show(rows: list[Row], *, quick: bool, as_json: bool) -> None:
    if as_json:
        for row in rows:
            document = row.as_json() | {"quick": quick, "machine": machine()}
            print(orjson.dumps(document).decode())
        return
    facts = machine()
    print(table(rows))
    print(
        f"\n{facts['date']}, {facts['cpus']} × {facts['cpu']}, Python {facts['python']}, load {facts['load']}"
        f"; the core as {facts['core']}"
    )
    if quick:
        print("quick: small and measured once; it shows that the measures work, not how fast anything is")


def machine() -> dict[str, Any]:
    """Return what the figures were measured on."""
    return {
        "date": clock.now().date().isoformat(),
        "cpu": _cpu(),
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "core": "Python" if str(casework.__file__).endswith(".py") else "machine code",
        "load": round(os.getloadavg()[0], 1),
    }


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


if __name__ == "__main__":
    typer.run(main)
