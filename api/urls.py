"""Addresses of the API. Those of things end in a slash, those that do something end in a verb."""

from django.urls import path, re_path

from api.v1.views import (
    appointments,
    availability,
    courses,
    document,
    me,
    messages,
    patients,
    protocols,
    resources,
    sites,
    visits,
)

urlpatterns = [
    path("schema", document.Document.as_view()),
    path("me/", me.Me.as_view()),
    path("sites/", sites.SiteList.as_view()),
    path("sites/<uuid:key>/", sites.SiteDetail.as_view()),
    path("patients/", patients.PatientList.as_view()),
    path("patients/<uuid:key>/", patients.PatientDetail.as_view()),
    path("protocols/", protocols.ProtocolList.as_view()),
    path("protocols/<uuid:key>/", protocols.ProtocolDetail.as_view()),
    path("resources/", resources.ResourceList.as_view()),
    path("resources/<uuid:key>/", resources.ResourceDetail.as_view()),
    path("resources/<uuid:key>/switch-off", resources.ResourceSwitchOff.as_view()),
    path("resources/<uuid:key>/switch-on", resources.ResourceSwitchOn.as_view()),
    path("availability/", availability.Availability.as_view()),
    path("courses/", courses.CourseList.as_view()),
    path("courses/propose", courses.CoursePropose.as_view()),
    path("courses/why-not", courses.CourseWhyNot.as_view()),
    path("courses/<uuid:key>/", courses.CourseDetail.as_view()),
    path("courses/<uuid:key>/cancel", courses.CourseCancel.as_view()),
    path("courses/<uuid:key>/messages/", messages.CourseMessages.as_view()),
    path("visits/", visits.VisitList.as_view()),
    path("visits/<uuid:key>/place", visits.VisitPlace.as_view()),
    path("visits/<uuid:key>/why-not", visits.VisitWhyNot.as_view()),
    path("appointments/", appointments.AppointmentList.as_view()),
    path("appointments/<uuid:key>/", appointments.AppointmentDetail.as_view()),
    path("appointments/<uuid:key>/move", appointments.AppointmentMove.as_view()),
    path("appointments/<uuid:key>/cancel", appointments.AppointmentCancel.as_view()),
    path("appointments/<uuid:key>/status", appointments.AppointmentStatus.as_view()),
    re_path(r"", document.Nothing.as_view()),
]
