"""Opening and closing attempts, each in one statement for all messages of a group.

Written in SQL, as Django has neither an update of many rows with a value each nor two updates in one statement, and
stamps rows by the clock of the machine it runs on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from core.ids import uuid7
from notifications.engine.retries import Next
from notifications.engine.states import FINAL, Outcome, State
from notifications.models import Attempt, Message

_OPEN = """
INSERT INTO notifications_attempt (id, created_at, updated_at, message_id, token, outcome, code)
SELECT id, %(now)s, %(now)s, message, token, '', ''
FROM unnest(%(ids)s::uuid[], %(messages)s::uuid[], %(tokens)s::integer[]) AS given (id, message, token)
"""

_CLOSE = """
WITH given AS (
  SELECT * FROM unnest(
    %(attempts)s::uuid[], %(messages)s::uuid[], %(tokens)s::integer[], %(outcomes)s::text[], %(codes)s::text[],
    %(states)s::text[], %(reasons)s::text[], %(next_tries)s::timestamptz[], %(settled)s::timestamptz[],
    %(tries)s::integer[], %(unknown)s::integer[], %(copies)s::integer[], %(first)s::timestamptz[], %(provider)s::text[]
  ) AS given (
    attempt, message, token, outcome, code, state, reason, next_try_at, settled_at, attempts, unknown_outcomes,
    possible_duplicates, first_tried_at, provider_id
  )
), moved_on AS (
  UPDATE notifications_message AS message
  SET state = given.state, reason = given.reason, next_try_at = given.next_try_at, settled_at = given.settled_at,
      lease_until = NULL, updated_at = %(now)s, attempts = given.attempts, unknown_outcomes = given.unknown_outcomes,
      possible_duplicates = given.possible_duplicates, first_tried_at = given.first_tried_at,
      provider_id = given.provider_id
  FROM given
  WHERE message.id = given.message AND message.token = given.token AND message.state = 'sending'
  RETURNING message.id
)
UPDATE notifications_attempt AS attempt
SET outcome = given.outcome, code = given.code, ended_at = %(now)s, updated_at = %(now)s
FROM given
WHERE attempt.id = given.attempt AND given.message IN (SELECT id FROM moved_on)
RETURNING attempt.message_id
"""


_PUT_BACK = """
UPDATE notifications_message AS message
SET state = given.state, lease_until = NULL, next_try_at = %(now)s, updated_at = %(now)s
FROM unnest(%(messages)s::uuid[], %(tokens)s::integer[], %(states)s::text[]) AS given (message, token, state)
WHERE message.id = given.message AND message.token = given.token AND message.state = 'sending'
"""


@dataclass(frozen=True, slots=True)
class Closing:
    """What an attempt and its message become. The three counts are the message's from now on."""

    attempt: Attempt
    message: Message
    outcome: Outcome
    code: str
    following: Next
    attempts: int
    unknown_outcomes: int
    possible_duplicates: int
    first_tried_at: datetime | None
    provider_id: str


def open_all(messages: Sequence[Message], *, now: datetime) -> list[Attempt]:
    """An attempt at each of these messages, which the caller holds locked with the tokens they show."""
    opened = [Attempt(id=uuid7(), message=message, token=message.token, created_at=now) for message in messages]
    if opened:
        _execute(
            _OPEN,
            ids=[attempt.pk for attempt in opened],
            messages=[message.pk for message in messages],
            tokens=[message.token for message in messages],
            now=now,
        )
    return opened


def close_all(closings: Sequence[Closing], *, now: datetime) -> set[UUID]:
    """Closes attempts and moves their messages on; each pair both, or neither if another dispatcher holds a newer token.

    Returns the messages that were moved on.
    """
    if not closings:
        return set()
    rows = _execute(
        _CLOSE,
        attempts=[closing.attempt.pk for closing in closings],
        messages=[closing.message.pk for closing in closings],
        tokens=[closing.attempt.token for closing in closings],
        outcomes=[closing.outcome.value for closing in closings],
        codes=[closing.code[:40] for closing in closings],
        states=[closing.following.state.value for closing in closings],
        reasons=[closing.following.reason.value for closing in closings],
        next_tries=[closing.following.next_try_at for closing in closings],
        settled=[now if closing.following.state in FINAL else None for closing in closings],
        tries=[closing.attempts for closing in closings],
        unknown=[closing.unknown_outcomes for closing in closings],
        copies=[closing.possible_duplicates for closing in closings],
        first=[closing.first_tried_at for closing in closings],
        provider=[closing.provider_id[:100] for closing in closings],
        now=now,
    )
    return {key for (key,) in rows}


def put_back(messages: Sequence[Message], states: Sequence[State], *, now: datetime) -> None:
    """Frees messages nobody tried, each into the state given with it; those that another dispatcher has are left alone."""
    if messages:
        _execute(
            _PUT_BACK,
            messages=[message.pk for message in messages],
            tokens=[message.token for message in messages],
            states=[state.value for state in states],
            now=now,
        )


def _execute(statement: str, **values: Any) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return list(cursor.fetchall()) if cursor.description else []
