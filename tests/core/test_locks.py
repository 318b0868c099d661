"""Advisory locks: one order for everybody, a limit to waiting, and a retry that knows when to stop."""

import threading

import pytest
from django.db import OperationalError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from core import locks
from core.errors import Busy
from core.locks import Space

spaces = st.sampled_from(Space)


@given(spaces, st.text(max_size=40))
def test_numbers_fit_a_bigint(space, key):
    assert -(2**63) <= locks.number(space, key) < 2**63


@given(st.tuples(spaces, st.text(max_size=40)), st.tuples(spaces, st.text(max_size=40)))
def test_different_locks_have_different_numbers(one, other):
    assert (locks.number(*one) == locks.number(*other)) == (one == other)


def test_spaces_keep_their_numbers():
    assert {space.name: space.value for space in Space} == {
        "IDEMPOTENCY": 1,
        "SITE": 2,
        "PATIENT": 3,
        "RESOURCE_DAY": 4,
        "COURSE": 5,
        "TEXTS": 6,
    }


def held():
    """The numbers of the locks this transaction holds, and whether alone."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT (classid::bigint << 32) | objid::bigint, mode FROM pg_locks
            WHERE locktype = 'advisory' AND pid = pg_backend_pid() AND granted
            """
        )
        return {number: mode == "ExclusiveLock" for number, mode in cursor.fetchall()}


@pytest.mark.django_db
def test_all_are_taken_in_one_statement(django_assert_num_queries):
    with django_assert_num_queries(1):
        locks.acquire_all(
            [(Space.PATIENT, "p"), (Space.RESOURCE_DAY, "b"), (Space.PATIENT, "p")], shared=[(Space.SITE, "s")]
        )
    assert held() == {
        locks.number(Space.PATIENT, "p"): True,
        locks.number(Space.RESOURCE_DAY, "b"): True,
        locks.number(Space.SITE, "s"): False,
    }


@pytest.mark.django_db
def test_none_is_fine_and_alone_goes_before_shared():
    locks.acquire_all([])
    locks.acquire_all([(Space.SITE, "s")], shared=[(Space.SITE, "s")])
    assert held() == {locks.number(Space.SITE, "s"): True}


@pytest.mark.django_db(transaction=True)
class TestAcrossConnections:
    def test_not_outside_a_transaction(self):
        with pytest.raises(RuntimeError, match="transaction"):
            locks.acquire(Space.SITE, ["s"])

    def elsewhere(self, do):
        """Runs ``do`` on a connection of its own and gives its error, if any."""
        errors = []

        def run():
            try:
                do()
            except Exception as error:  # noqa: BLE001
                errors.append(error)
            finally:
                connection.close()

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(timeout=30)
        assert not thread.is_alive()
        return errors[0] if errors else None

    @pytest.fixture(autouse=True)
    def little_patience(self, monkeypatch):
        monkeypatch.setattr(locks, "TIMEOUT_MS", 50)

    def acquire(self, *, shared=False):
        def do():
            lock = [(Space.SITE, "s")]
            locks.acquire_all(() if shared else lock, shared=lock if shared else ())

        return lambda: locks.retrying(do, attempts=2)

    @pytest.mark.parametrize(
        ("first_shares", "second_shares", "waits"),
        [(False, False, True), (False, True, True), (True, False, True), (True, True, False)],
    )
    def test_who_waits_for_whom(self, first_shares, second_shares, waits):
        with transaction.atomic():
            lock = [(Space.SITE, "s")]
            locks.acquire_all(() if first_shares else lock, shared=lock if first_shares else ())
            error = self.elsewhere(self.acquire(shared=second_shares))
        assert isinstance(error, Busy) is waits

    def test_the_end_of_the_transaction_frees_them(self):
        with transaction.atomic():
            locks.acquire(Space.SITE, ["s"])
        assert self.elsewhere(self.acquire()) is None


def failing(sqlstate, times, *, log):
    """Fails so many times the way the database would."""

    def do():
        log.append(1)
        if len(log) <= times:
            with connection.cursor() as cursor:
                cursor.execute(f"DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '{sqlstate}'; END $$")
        return "done"

    return do


@pytest.mark.django_db(transaction=True)
class TestRetrying:
    @pytest.mark.parametrize("sqlstate", sorted(locks.RETRIED))
    def test_what_passes_is_tried_again(self, sqlstate):
        log: list[int] = []
        assert locks.retrying(failing(sqlstate, 2, log=log)) == "done"
        assert len(log) == 3

    def test_not_for_ever(self):
        log: list[int] = []
        with pytest.raises(Busy) as busy:
            locks.retrying(failing("40P01", 99, log=log))
        assert len(log) == locks.ATTEMPTS
        assert busy.value.code == "busy"

    def test_other_errors_are_not_repeated(self):
        log: list[int] = []
        with pytest.raises(OperationalError):
            locks.retrying(failing("53300", 99, log=log))  # too_many_connections
        assert len(log) == 1

    def test_inside_an_outer_transaction_it_is_the_outer_ones_to_repeat(self):
        log: list[int] = []

        def outer():
            return locks.retrying(failing("40P01", 1, log=log))

        assert locks.retrying(outer) == "done"
        assert len(log) == 2
