"""What a side's database holds of the shared state, to be compared with the ledger."""

import psycopg

from fajian.errors import FajianError
from fajian.streams.verify import Copy, Held

#: the tables of a side's projection lie in this schema
STATES = "SELECT subject, state::text, ledger_partition, ledger_offset FROM fajian.subjects"


def read_projection(address: str) -> Copy:
    """Return what a side's database holds."""
    try:
        with psycopg.connect(address) as opened:
            rows = opened.execute(STATES).fetchall()
    except psycopg.Error as error:
        where = address.rpartition("@")[2]
        raise FajianError(f"the projection in {where} cannot be read: {str(error).splitlines()[0]}") from None
    return {subject: Held(state.encode(), partition, offset) for subject, state, partition, offset in rows}
