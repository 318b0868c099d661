"""A decision that was handed to the desk in words."""

from treatments.models import Choice, Course, DecisionHandover
from treatments.protocols import stored


def decided(made: DecisionHandover, course: Course) -> str:
    """Such as "Change the distance: infusions, 5 days apart". The protocol of the course is loaded."""
    said = Choice(made.choice).label
    if made.block:
        document = stored.document(course.protocol_version.document)
        titles = {block.block: block.title for block in document.blocks}
        said += f": {(titles.get(made.block) or made.block.replace('_', ' ')).lower()}"
    if made.gap_days is not None:
        said += f", {made.gap_days} days apart"
    if made.cancel_booked:
        said += ", and cancel what is booked"
    return said
