"""docs/reference/projection.md says what the migrations make, no more and no less."""

import re
from pathlib import Path

from connectors.projection import connection, migrate
from connectors.sinks.queue import SCRIPTS
from fajian.local.stack import StackInfo

PAGE = (Path(__file__).parents[3] / "docs" / "reference" / "projection.md").read_text("utf-8")
SCHEMAS = {"page_projection": "fajian", "page_delivery": "fajian_delivery"}
OWN = "fajian_migrations"  #: alembic's

Columns = list[tuple[str, str, str]]


def written() -> tuple[Columns, list[str]]:
    columns, indices, table = [], [], ""
    for line in PAGE.splitlines():
        if line.startswith("## "):
            table = line.removeprefix("## ")
        elif (row := re.fullmatch(r"\| ([a-z_.]+) \| (.+?) \|.*", line)) and row[1] != "---":
            if table.startswith("fajian"):
                columns.append((table, row[1], row[2]))
            else:
                indices.append(row[1])
    return columns, indices


async def made(stack: StackInfo) -> tuple[Columns, list[str]]:
    await migrate(stack.dsns["court"], schema="page_projection")
    await migrate(stack.dsns["court"], schema="page_delivery", scripts=SCRIPTS)
    async with connection(stack.dsns["court"]) as opened:
        found = await opened.execute(
            "SELECT table_schema, table_name, column_name, data_type FROM information_schema.columns"
            " WHERE table_schema = ANY (%s) AND table_name <> %s",
            (list(SCHEMAS), OWN),
        )
        columns = [
            (f"{SCHEMAS[row['table_schema']]}.{row['table_name']}", row["column_name"], row["data_type"])
            for row in await found.fetchall()
        ]
        found = await opened.execute(
            "SELECT schemaname, indexname FROM pg_indexes WHERE schemaname = ANY (%s)"
            " AND indexdef NOT LIKE 'CREATE UNIQUE%%'",
            (list(SCHEMAS),),
        )
        indices = [f"{SCHEMAS[row['schemaname']]}.{row['indexname']}" for row in await found.fetchall()]
    return columns, indices


async def test_the_page_names_every_column_with_its_type_and_every_index(stack: StackInfo) -> None:
    columns, indices = await made(stack)
    written_columns, written_indices = written()

    assert sorted(written_columns) == sorted(columns)
    assert sorted(written_indices) == sorted(indices)
