"""Tables as files that spreadsheets read."""

import csv
import io
from collections.abc import Iterable

from django.http import HttpResponse

from core.text import harmless


def answer(rows: Iterable[Iterable[object]], name: str) -> HttpResponse:
    """The rows, the first of them its head, as a file of this name. No cell is taken for a formula."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow(harmless(cell) if isinstance(cell, str) else cell for cell in row)
    response = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
    return response
