"""Patients."""

from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from api.endpoint import Endpoint
from api.v1.serializers.patients import (
    PatientChangeSerializer,
    PatientQuery,
    PatientRegistrationSerializer,
    PatientSerializer,
)
from clinics.actions import patients
from clinics.models import Patient, Site
from clinics.permissions import Permission
from core import clock


class PatientList(Endpoint):
    """The clinic's patients."""

    permissions = {"GET": Permission.VIEW_PATIENTS, "POST": Permission.EDIT_PATIENTS}
    keyable = frozenset({"POST"})
    etagged = frozenset({"POST"})
    query_serializer = PatientQuery
    paged = True

    @extend_schema(responses=PatientSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Lists patients, or finds them by words from their details."""
        rows = Patient.objects.present()
        if "search" in self.query:
            rows = rows.matching(self.query["search"])
        if "site" in self.query:
            rows = rows.filter(site_id=self.query["site"])
        return self.page(rows, PatientSerializer)

    @extend_schema(request=PatientRegistrationSerializer, responses={201: PatientSerializer})
    def post(self, request: Request) -> Response:
        """Registers a patient."""
        details = self.read(PatientRegistrationSerializer)
        site = self.named(Site.objects.filter(is_active=True), details.pop("site"), "site")
        key, repeated = self.once(lambda: patients.register(site=site, by=self.user, now=clock.now(), **details).pk)
        patient = self.found(Patient.objects.all(), key)
        return self.answer(patient, PatientSerializer, status=201, repeated=repeated)


class PatientDetail(Endpoint):
    """One patient."""

    permissions = {"GET": Permission.VIEW_PATIENTS, "PATCH": Permission.EDIT_PATIENTS}
    versioned = frozenset({"PATCH"})
    etagged = frozenset({"GET", "PATCH"})

    @extend_schema(responses=PatientSerializer)
    def get(self, request: Request, key: UUID) -> Response:
        """Shows a patient."""
        return self.answer(self.found(Patient.objects.all(), key), PatientSerializer)

    @extend_schema(request=PatientChangeSerializer, responses=PatientSerializer)
    def patch(self, request: Request, key: UUID) -> Response:
        """Changes details; those not named stay."""
        patient = self.found(Patient.objects.all(), key)
        changed = patients.edit(
            patient=patient, by=self.user, now=clock.now(), version=self.version, **self.read(PatientChangeSerializer)
        )
        return self.answer(changed, PatientSerializer)
