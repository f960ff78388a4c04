"""What is wrong with a file or a line of it, told to people: Chinese first, with the place."""

from typing import NamedTuple

from fajian.errors import ConnectorError
from schemas.problems import Problem


class Fault(NamedTuple):
    """One fault: where, what was expected, what came."""

    title: str
    expected: str
    came: str = ""
    pointer: str = ""
    column: int | None = None  #: from 1
    column_name: str = ""


class FileRefusedError(ConnectorError):
    """The file as a whole cannot be taken: nothing of it goes out."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__("; ".join(f"{fault.title}: {fault.expected}, {fault.came}" for fault in faults))
        self.faults = faults


class FileChangedError(ConnectorError):
    """Somebody still writes to the file: look again later."""


def fault_of(problem: Problem, column: int | None = None) -> Fault:
    """Take the detail of *problem* apart, which says what was expected and what came."""
    expected, _, came = problem.detail.removeprefix("expected ").partition(", got ")
    return Fault(problem.title, expected, came, problem.pointer, column)
