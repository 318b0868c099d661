"""The lists of the pages, each with its words for the states a list can be in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Listing:
    """A list. ``rows`` names what it lists, such as "visits"; ``about`` says what would be here, when there is nothing yet."""

    name: str
    rows: str
    empty: str
    about: str

    @property
    def nothing_fits(self) -> str:
        """Said when a filter leaves nothing."""
        return f"No {self.rows} fit"

    @property
    def failed(self) -> str:
        """Said when it could not be had."""
        return f"We could not get the newest {self.rows}."

    @property
    def loading(self) -> str:
        """Said while it is on its way."""
        return f"Looking for {self.rows}"


LISTINGS = {
    each.name: each
    for each in (
        Listing(
            "to-schedule",
            "visits",
            "Every visit has a time",
            "Visits that found no place, and courses that wait for a decision, are kept here until somebody sees to them.",
        ),
        Listing(
            "unconfirmed",
            "unconfirmed visits",
            "Everyone has confirmed",
            "Visits of the next working days whose patients have not said that they come are listed here, those first whose loss would cost most.",
        ),
        Listing(
            "answers",
            "answers",
            "Nothing is waiting",
            "Texts that need a person, wishes for another time, and messages that did not arrive wait here.",
        ),
        Listing(
            "waitlist",
            "waiting patients",
            "No one is waiting",
            "Ask “would you come earlier?” when booking, and put the visit on the waitlist from its course.",
        ),
        Listing(
            "freed",
            "freed times",
            "No time has become free",
            "Times that are given up by a cancelled or moved visit are listed here until they are over or taken.",
        ),
        Listing(
            "offers",
            "offers",
            "No time is offered",
            "Times that are offered by message to those who wait are listed here for a day, with what they said.",
        ),
        Listing(
            "my-day",
            "visits",
            "No visits today",
            "The visits of the day are listed here in order of time, each with what it needs.",
        ),
        Listing(
            "messages",
            "messages",
            "No messages yet",
            "Booking a course writes its plan message and its reminders; they appear here.",
        ),
        Listing(
            "changes",
            "changes",
            "Nothing was changed",
            "What anybody books, moves or cancels is listed here for 24 hours, and can be taken back.",
        ),
        Listing(
            "search",
            "results",
            "Find somebody or something",
            "Type part of a name, a phone number, a birth date, or what you want to do.",
        ),
    )
}
"""Every list with rows that come and go, by name. Templates mark theirs with ``data-list``."""
