"""A table of a report as a file that spreadsheets read."""

import csv
import io

from core.text import harmless
from web.reports.parts import Table


def text(table: Table) -> str:
    """The table with its head and its total. No cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in (table.head, *table.rows, *([table.total] if table.total else [])):
        writer.writerow([harmless(cell) for cell in row])
    return out.getvalue()
