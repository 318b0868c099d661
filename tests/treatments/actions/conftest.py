"""Previewing, applying and undoing, by the front desk and at the usual moment."""

import pytest

from treatments.actions import changes


@pytest.fixture
def apply(flora, now):
    def apply(event, **changed):
        return changes.apply(event=event, **({"by": flora, "now": now} | changed))

    return apply


@pytest.fixture
def preview(flora, now):
    def preview(event, **changed):
        return changes.preview(event=event, **({"by": flora, "now": now} | changed))

    return preview


@pytest.fixture
def undo(flora, now):
    def undo(change_set, **changed):
        return changes.undo(change_set=change_set, **({"by": flora, "now": now} | changed))

    return undo
