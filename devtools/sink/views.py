"""The pages that show what the sink caught."""

from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from devtools.phone_network import ledger
from devtools.sink import mailbox


@login_required
def caught_messages(request: HttpRequest) -> HttpResponse:
    """All mails and texts, newest first."""
    caught = mailbox.newest(settings.MESSAGE_SINK_DIR)
    texts = ledger.newest(settings.MESSAGE_SINK_DIR)
    return render(request, "devtools/messages.html", {"caught": caught, "texts": texts, "most": mailbox.SHOWN})


@login_required
def caught_message(request: HttpRequest, name: str) -> HttpResponse:
    """One of them: headers, text, and the HTML as source."""
    caught = mailbox.read(settings.MESSAGE_SINK_DIR, name)
    if caught is None:
        raise Http404
    return render(request, "devtools/message.html", {"caught": caught})
