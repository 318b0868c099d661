// How long places are held is counted down; buttons of the form say which they are; the focus follows what was replaced.

function countDown() {
  for (const element of document.querySelectorAll("[data-until]")) {
    const seconds = Math.round((new Date(element.dataset.until) - Date.now()) / 1000);
    element.textContent = seconds > 0
      ? ` (${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} left)`
      : ": the time is over. Booking still works if nobody took the places.";
  }
}

// Many protocols are narrowed down by what is typed; the one chosen stays, Enter chooses the first. Without it all are listed.

const plain = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
const offers = () => [...document.querySelectorAll("input[name=protocol]")];

function showNarrowing() {
  for (const field of document.querySelectorAll(".narrow-down")) field.hidden = false;
}

function narrow(typed) {
  const words = plain(typed).split(/\s+/).filter(Boolean);
  for (const each of offers()) {
    const label = each.closest("label");
    const named = plain([...label.querySelectorAll(".title, .title + .hint")].map((part) => part.textContent).join(" "));
    label.hidden = !each.checked && !words.every((word) => named.includes(word));
  }
  const left = offers().filter((each) => !each.closest("label").hidden).length;
  document.dispatchEvent(new CustomEvent("say", { detail: `${left} of ${offers().length} protocols.` }));
}

document.addEventListener("input", (event) => { if (event.target.matches("[data-narrows]")) narrow(event.target.value); });
// what is typed here is no wish: nothing is planned anew for it
document.addEventListener("change", (event) => { if (event.target.matches("[data-narrows]")) event.stopPropagation(); }, { capture: true });
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.target.matches("[data-narrows]")) return;
  event.preventDefault();
  offers().find((each) => !each.closest("label").hidden)?.click();
});

showNarrowing();
document.addEventListener("htmx:after:settle", showNarrowing);
document.addEventListener("htmx:finally:request", showNarrowing);

// What takes long is said after a second, as it is shown by then.
let still;
document.addEventListener("htmx:before:request", ({ detail }) => {
  if (detail.ctx.target?.id !== "booking") return;
  clearTimeout(still);
  still = setTimeout(() => document.dispatchEvent(new CustomEvent("say", { detail: "Still looking for a plan." })), 1000);
});
document.addEventListener("htmx:finally:request", () => clearTimeout(still));

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
