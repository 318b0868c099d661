// How long places are held is counted down; buttons of the form say which they are; the focus follows what was replaced.

function countDown() {
  for (const element of document.querySelectorAll("[data-until]")) {
    const seconds = Math.round((new Date(element.dataset.until) - Date.now()) / 1000);
    element.textContent = seconds > 0
      ? ` (${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left)`
      : ": the time is over. Booking still works if nobody took the places.";
  }
}

countDown();
setInterval(countDown, 1000);

document.addEventListener("htmx:finally:request", countDown);

// A button says which it is, as it does in a plain form: htmx sends that only of the button that submits the form.
document.addEventListener("htmx:config:request", (event) => {
  const { sourceElement, request } = event.detail.ctx;
  if (sourceElement.matches("button[name]")) request.body.set(sourceElement.name, sourceElement.value);
});

// After a part was replaced, the focus goes where the page wants it; if its place was folded away, to the plan.
document.addEventListener("htmx:finally:request", () => {
  const active = document.activeElement;
  if (active !== document.body && active?.checkVisibility()) return;
  const wanted = document.querySelector("#booking [autofocus]") ?? document.querySelector("#plan-title[tabindex]");
  wanted?.focus();
});
