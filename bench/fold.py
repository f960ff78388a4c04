"""The core alone, without Kafka: what folding a record, and judging an inbox record, costs."""

from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

from bench.harness import Bench, Figure, Measure, median_of
from bench.history import History, county
from fajian.core.casework import Casework
from fajian.core.memory import Memory
from fajian.core.ports import Folder, Record
from fajian.law.intake import load_intake

BATCH = 500  #: records that are folded at a time, about what a fetch brings
PARTITIONS = 4


def history(bench: Bench) -> History:
    """Return the county that casework and intake are measured with."""

    def make() -> History:
        cases = bench.size(600, 60)
        bench.say(f"simulating a county of {cases} cases")
        return county(cases, PARTITIONS)

    return bench.once("history", make)


def batches(records: Sequence[Record], size: int = BATCH) -> Iterator[Sequence[Record]]:
    return (records[n : n + size] for n in range(0, len(records), size))


def rate(folder: Callable[[], Folder], parts: Sequence[Sequence[Record]]) -> tuple[float, int]:
    """Fold each of *parts* in memory; return records a second, and the number of outputs."""
    outputs, begun = 0, perf_counter()
    for records in parts:
        folding, store = folder(), Memory()
        for batch in batches(records):
            rest = batch
            while rest:  # a tick that concerns many subjects takes several calls
                folded = folding.fold(rest, store)
                store.apply(folded.writes)
                outputs += len(folded.outputs)
                rest = [record for record in rest if record.offset > folded.applied]
    return sum(map(len, parts)) / (perf_counter() - begun), outputs


def casework(bench: Bench) -> Figure:
    county_ = history(bench)
    rules = {county_.rules.version: county_.rules}
    taken = [rate(lambda: Casework(rules.__getitem__), county_.ledger) for _ in range(bench.rounds)]
    outputs = taken[0][1] / county_.records
    return median_of((each for each, _ in taken), records=county_.records, outputs_per_record=outputs)


def intake(bench: Bench) -> Figure:
    submitted = history(bench).submitted
    taken = [rate(lambda: load_intake(simulated=True), [submitted]) for _ in range(bench.rounds)]
    return median_of((each for each, _ in taken), records=len(submitted))


MEASURES = (
    Measure(
        "fold-casework", "ledger records folded in memory on the whole law, one core", "records/s", casework
    ),
    Measure("fold-intake", "inbox records judged in memory, one core", "records/s", intake),
)
