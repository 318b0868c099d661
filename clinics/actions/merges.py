"""One person who was registered twice: the duplicate's history becomes that of the record that is kept."""

from datetime import datetime

from clinics.announcements import patient_changed, patients_merged
from clinics.models import Patient, User
from clinics.permissions import Permission, require
from core import audit, locks
from core.errors import Conflict, InvalidInput, Stale


class AlreadyMerged(Conflict):
    """One of the two was merged into somebody before."""

    code = "already_merged"


class Outdated(Stale):
    """One of the two was changed since the caller looked. ``detail["current"]`` has both versions."""


def merge(
    *, kept: Patient, duplicate: Patient, kept_version: int, duplicate_version: int, by: User, now: datetime
) -> Patient:
    """Merges the duplicate into the record that is kept, for good. Announces ``patients_merged``.

    Courses, visits, messages, tasks and links become the other's. What the kept record says stays; where it has no phone,
    e-mail or standing line, the duplicate's is taken over. The duplicate keeps its name, number, notes and facts, cannot
    be contacted or booked any more, and is found under the other.

    Raises ``InvalidInput`` for the same record twice, ``AlreadyMerged``, ``Outdated``, whatever a receiver refuses
    (``scheduler.receivers.VisitsOverlap``), ``NotAllowed``, ``Busy``.
    """
    require(by, Permission.EDIT_PATIENTS)
    if kept.pk == duplicate.pk:
        raise InvalidInput("These are the same record. Choose another one.", pointer="duplicate")

    def attempt() -> Patient:
        locks.acquire(locks.Space.PATIENT, [str(kept.pk), str(duplicate.pk)])
        # for update, so that whoever is just writing something for one of them has finished
        rows = Patient.objects.select_for_update(of=("self",)).select_related("site").order_by("pk")
        found = {row.pk: row for row in rows.filter(pk__in=[kept.pk, duplicate.pk])}
        stays, goes = found[kept.pk], found[duplicate.pk]
        if stays.merged_into_id or goes.merged_into_id:
            raise AlreadyMerged("One of these records was merged before. Look for the patient again.")
        if (stays.version, goes.version) != (kept_version, duplicate_version):
            raise Outdated(
                "Somebody else changed one of these records meanwhile. Look at both again.",
                detail={"current": {"kept": stays.version, "duplicate": goes.version}},
            )
        _take_over(stays, goes)
        patients_merged.announce(kept=stays, duplicate=goes, by=by, now=now)
        for row in (stays, goes):
            patient_changed.announce(patient=row, by=by, now=now, agreed_to="")
        return stays

    with audit.acting(by):
        return locks.retrying(attempt)


def _take_over(kept: Patient, duplicate: Patient) -> None:
    names = (duplicate.number, duplicate.given_name, duplicate.family_name, duplicate.phone, duplicate.email)
    known = " ".join(str(each) for each in (*names, duplicate.formerly) if each)
    kept.formerly = f"{kept.formerly} {known}".strip()
    for field in ("phone", "email", "desk_note"):
        setattr(kept, field, getattr(kept, field) or getattr(duplicate, field))
    duplicate.merged_into, duplicate.formerly = kept, ""
    duplicate.may_email = duplicate.may_text = duplicate.may_call = False
    duplicate.phone = duplicate.email = ""  # so that nobody who looks for an address finds two
    for row in (kept, duplicate):
        row.version += 1
        row.save()
    Patient.objects.filter(merged_into=duplicate).update(merged_into=kept)
