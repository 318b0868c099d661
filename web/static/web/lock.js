// Nobody at the screen for a while: it is covered, and the session opens nothing until the password is given again.
// The page stays below with all that was typed. Every window of the browser counts as the same screen.

const LOOK_MS = 10_000;
const cover = document.getElementById("lock");
const form = cover.querySelector("form");
const menu = document.querySelector("[data-lock]");
const longest = Number(cover.dataset.minutes) * 60_000;
const windows = new BroadcastChannel("screen");
let used = Date.now();
let locked = false;

function covered(is) {
  locked = is;
  document.documentElement.toggleAttribute("data-locked", is);
  if (is && !cover.open) cover.showModal();
  if (!is) cover.close();
}

async function lock() {
  covered(true);
  windows.postMessage("lock");
  try {
    await fetch(menu.action, { method: "POST", body: new FormData(menu), redirect: "manual" });
  } catch {
    // the server cannot be reached, so nothing more can be seen anyway
  }
}

function using() {
  if (locked) return;
  if (Date.now() - used > LOOK_MS) windows.postMessage("use");
  used = Date.now();
}

function look() {
  if (longest && !locked && Date.now() - used > longest) lock();
}

/** Signing in gives the session another token: the forms of this page need it. */
function renew(page) {
  const token = page.querySelector("input[name=csrfmiddlewaretoken]")?.value;
  for (const field of document.querySelectorAll("input[name=csrfmiddlewaretoken]")) field.value = token ?? field.value;
}

async function unlock() {
  const says = cover.querySelector("[role=alert]");
  says.textContent = "";
  try {
    const answer = await fetch(form.action, { method: "POST", body: new FormData(form) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    renew(page);
    form.elements.password.value = "";
    if (page.querySelector(".frame")) {
      covered(false);
      windows.postMessage("open");
      used = Date.now();
      return;
    }
    says.textContent = page.querySelector(".note.bad")?.textContent.trim() || "This did not work. Try again in a few minutes.";
  } catch {
    says.textContent = "The server could not be reached. Try again in a moment.";
  }
  form.elements.password.focus();
}

menu.addEventListener("submit", (event) => {
  event.preventDefault();
  lock();
});
form.addEventListener("submit", (event) => {
  event.preventDefault();
  unlock();
});
// what a field that lost the focus to the cover asks for would lead to the sign-in page
document.addEventListener("htmx:before:request", (event) => {
  if (!locked) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, { capture: true });
cover.addEventListener("keydown", (event) => event.stopPropagation()); // the keys of the page below do nothing
cover.addEventListener("cancel", (event) => event.preventDefault());
cover.addEventListener("close", () => { if (locked) cover.showModal(); });
windows.addEventListener("message", async ({ data }) => {
  if (data === "use") used = Date.now();
  else if (data === "lock") covered(true);
  else if (data === "open") {
    used = Date.now();
    const answer = await fetch(form.elements.next.value);
    renew(new DOMParser().parseFromString(await answer.text(), "text/html"));
    covered(false);
  }
});
for (const name of ["pointerdown", "keydown", "wheel", "touchmove"]) document.addEventListener(name, using, { capture: true, passive: true });
document.addEventListener("visibilitychange", look);
setInterval(look, LOOK_MS);
