"""Addresses of the pages, each with the permission it takes."""

from clinics.permissions import Permission
from web.access import page
from web.views import booking, courses, desk, display, messages, patients, pauses, texts, today, visits, work_list

urlpatterns = [
    page("", today.today, name="today", may=Permission.VIEW_CALENDAR),
    page(
        "appointments/<uuid:appointment_id>/status",
        today.set_status,
        name="set-status",
        may=Permission.SET_VISIT_STATUS,
    ),
    page("patients/", patients.search, name="patients", may=Permission.VIEW_PATIENTS),
    page("patients/new", patients.register, name="register-patient", may=Permission.EDIT_PATIENTS),
    page("patients/alike", patients.alike, name="alike-patients", may=Permission.EDIT_PATIENTS),
    page("patients/<uuid:patient_id>/", patients.patient, name="patient", may=Permission.VIEW_PATIENTS),
    page("patients/<uuid:patient_id>/edit", patients.edit, name="edit-patient", may=Permission.EDIT_PATIENTS),
    page("patients/<uuid:patient_id>/notes", patients.add_note, name="add-note", may=Permission.EDIT_PATIENTS),
    page("patients/<uuid:patient_id>/contact", patients.contact, name="contact", may=Permission.VIEW_PATIENTS),
    page("courses/book", booking.book, name="book-course", may=Permission.BOOK_COURSES),
    page("courses/<uuid:course_id>/", courses.course, name="course", may=Permission.VIEW_COURSES),
    page("courses/<uuid:course_id>/cancel", courses.cancel, name="cancel-course", may=Permission.CANCEL_VISITS),
    page("visits/<uuid:visit_id>/move", visits.move, name="move-visit", may=Permission.MOVE_VISITS),
    page("visits/<uuid:visit_id>/place", visits.place, name="place-visit", may=Permission.BOOK_COURSES),
    page("visits/<uuid:visit_id>/cancel", visits.cancel, name="cancel-visit", may=Permission.CANCEL_VISITS),
    page("work-list/", work_list.work_list, name="work-list", may=Permission.VIEW_COURSES),
    page("desk/", desk.tasks, name="desk", may=Permission.VIEW_MESSAGES),
    page("desk/<uuid:task_id>/done", desk.finish, name="finish-desk-task", may=Permission.SEND_MESSAGES),
    page("messages/", messages.listing, name="messages", may=Permission.VIEW_MESSAGES),
    page("messages/<uuid:message_id>/", messages.message, name="message", may=Permission.VIEW_MESSAGES),
    page("messages/<uuid:message_id>/act", messages.act, name="act-on-message", may=Permission.SEND_MESSAGES),
    page("messages/pause", pauses.pause, name="pause-messages", may=Permission.PAUSE_MESSAGES),
    page("messages/pauses/<uuid:pause_id>/lift", pauses.lift, name="lift-pause", may=Permission.PAUSE_MESSAGES),
    page("texts/", texts.listing, name="texts", may=Permission.VIEW_MESSAGES),
    page("texts/<slug:name>/", texts.text, name="text", may=Permission.VIEW_MESSAGES),
    page("texts/<slug:name>/<slug:language>/edit", texts.edit, name="edit-text", may=Permission.EDIT_TEMPLATES),
    page("my-calendar/", desk.subscription, name="my-calendar", may=Permission.VIEW_CALENDAR),
    page("my-calendar/subscribe", desk.subscribe, name="calendar-subscribe", may=Permission.VIEW_CALENDAR),
    page("display", display.display, name="display", may=Permission.VIEW_CALENDAR),
]
