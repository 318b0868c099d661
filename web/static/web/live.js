// Lists that keep themselves new: [data-live] is fetched again every 20 seconds and put in place of what is shown.
// Never while a field in it has the focus: then a line says that something changed. Focus and scroll stay.

const EVERY_MS = 20_000;
const FIELDS = "input:not([type=hidden]), textarea, select";

const state = (list, name) => list.querySelector(`[data-state=${name}]`);
const text = (list) => {
  const copy = list.cloneNode(true);
  copy.querySelectorAll("[data-updated], [data-state], input[name=csrfmiddlewaretoken]").forEach((each) => each.remove());
  return copy.textContent.replace(/\s+/g, " ");
};

function mayReplace(list) {
  const active = document.activeElement;
  if (!list.contains(active)) return !list.querySelector("details[open], form[data-sent]");
  return !active.matches(FIELDS) && !list.querySelector("details[open], form[data-sent]");
}

function put(list, fresh) {
  const id = list.contains(document.activeElement) ? document.activeElement.id : "";
  const { scrollX, scrollY } = window;
  list.replaceChildren(...fresh.childNodes);
  window.htmx?.process?.(list);
  if (id) (document.getElementById(id) ?? list.closest("main")).focus({ preventScroll: true });
  window.scrollTo(scrollX, scrollY);
}

async function refresh(list, { asked = false } = {}) {
  let fresh;
  try {
    const answer = await fetch(location.href, { headers: { "X-Refresh": "true" } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    fresh = page.getElementById(list.id);
    if (!fresh) throw new Error("no list");
  } catch {
    const failed = state(list, "failed");
    if (failed) failed.hidden = false;
    return;
  }
  if (asked || mayReplace(list)) put(list, document.importNode(fresh, true));
  else if (text(fresh) !== text(list)) {
    const stale = state(list, "stale");
    if (stale) stale.hidden = false;
  }
}

function all() {
  return document.querySelectorAll("[data-live]");
}

const isSeen = () => !document.hidden && !document.documentElement.hasAttribute("data-locked");

setInterval(() => {
  if (!isSeen()) return;
  for (const list of all()) refresh(list);
}, EVERY_MS);

document.addEventListener("visibilitychange", () => {
  if (isSeen()) for (const list of all()) refresh(list);
});

document.addEventListener("click", (event) => {
  const retry = event.target.closest("[data-retry]");
  const list = retry?.closest("[data-live]");
  if (!list) return;
  event.preventDefault();
  refresh(list, { asked: true });
});

// for tests and other scripts: an event "refresh" at a list brings it up to date now
document.addEventListener("refresh", (event) => refresh(event.target));
