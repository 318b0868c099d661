"""What the access log says of an address: its pattern, as the address itself may hold the code of a patient's link."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

ROUTE = "courseline.route"
"""Where Gunicorn's ``%({courseline.route}e)s`` finds it; ``-`` for static files and addresses there are none of."""


def named(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware that leaves the pattern, ``/v/<str:token>``, for the server's log."""

    def answer(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        match = request.resolver_match
        request.META[ROUTE] = f"/{match.route}" if match else "-"
        return response

    return answer
