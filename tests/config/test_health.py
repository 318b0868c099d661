"""The addresses a supervisor asks."""

import pytest
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from django.test import Client


def test_alive_without_a_database(client: Client) -> None:
    # no django_db mark: touching the database would fail this test
    assert client.get("/livez").json() == {"status": "ok"}


@pytest.mark.django_db
def test_ready_with_every_migration(client: Client) -> None:
    assert client.get("/readyz").status_code == 200


@pytest.mark.django_db
def test_not_ready_when_a_migration_is_missing(client: Client) -> None:
    (newest,) = MigrationLoader(connection).graph.leaf_nodes("treatments")
    MigrationRecorder(connection).record_unapplied(*newest)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"status": "migrations missing"})


def test_posting_is_refused(client: Client) -> None:
    assert client.post("/livez").status_code == 405
