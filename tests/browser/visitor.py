"""Somebody at a browser: windows that write down what went wrong, and a keyboard."""

from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Response, expect

from clinics.models import User

PATIENCE_MS = 20_000
"""How long a busy machine may take to show what is waited for."""
expect.set_options(timeout=PATIENCE_MS)

REPORT_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`);
});
"""
FOCUSED = """() => {
  const element = document.activeElement;
  const label = element.labels?.[0]?.innerText ?? "";
  return (element.getAttribute("aria-label") ?? "") + " " + label + " " + (element.innerText ?? "");
}"""


@dataclass
class Window:
    """One page in its own browser context."""

    page: Page
    complaints: list[str] = field(default_factory=list)
    received: list[Response] = field(default_factory=list)
    presses: int = 0

    def heard(self, said: ConsoleMessage) -> None:
        """Keeps what the browser complains of."""
        if said.type == "error":
            self.complaints.append(said.text)

    def press(self, key: str) -> None:
        """Presses a key and counts it."""
        self.page.keyboard.press(key)
        self.presses += 1

    def tab_to(self, name: str, *, most: int = 30) -> None:
        """Tabs forward to what is called so."""
        for _ in range(most):
            self.press("Tab")
            if name in self.focused():
                return
        raise AssertionError(f"{name} is not reached within {most} tabs")

    def focused(self) -> str:
        """What the focused element is called."""
        return " ".join(str(self.page.evaluate(FOCUSED)).split())


class Visitor:
    """Opens windows on the server, signed in or not."""

    def __init__(self, browser: Browser, address: str) -> None:
        self.browser = browser
        self.address = address
        self.contexts: list[BrowserContext] = []

    def open(self, user: User | None = None, *, width: int = 1366, height: int = 768, **options: Any) -> Window:
        """A window of its own, without a shared cookie; ``options`` are those of a Playwright context."""
        context = self.browser.new_context(
            base_url=self.address,
            viewport={"width": width, "height": height},
            reduced_motion="reduce",
            **options,
        )
        context.set_default_timeout(PATIENCE_MS)
        self.contexts.append(context)
        if user is not None:
            client = Client()
            client.force_login(user)
            value = client.cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": self.address}])
        context.add_init_script(REPORT_VIOLATIONS)
        window = Window(context.new_page())
        window.page.on("console", window.heard)
        window.page.on("pageerror", lambda error: window.complaints.append(str(error)))
        # a lambda, as Playwright cannot take a method written in C
        window.page.on("response", lambda response: window.received.append(response))  # noqa: PLW0108
        return window

    def leave(self) -> None:
        """Closes every window."""
        for context in self.contexts:
            context.close()
