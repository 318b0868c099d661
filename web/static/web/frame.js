// What every page adds to plain forms and links. Without it all of them still work.
// Other scripts speak by sending the document an event "say" with the sentence as its detail.

const status = document.getElementById("status");

/** Says one short sentence to screen readers. A live region speaks only when it changes after the page was read. */
function say(sentence) {
  if (!status || !sentence) return;
  status.textContent = "";
  setTimeout(() => { status.textContent = sentence; }, 100);
}

document.addEventListener("say", (event) => say(event.detail));

function sayMessages() {
  const messages = document.querySelectorAll("#messages .note");
  say([...messages].map((message) => message.textContent.trim()).join(" "));
}

// --- keys ---

const isTyping = (element) => element?.closest("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

function undoLast() {
  const press = document.querySelector("[data-undo]");
  if (press) press.click();
  else say("Nothing to undo here. Recent changes lists the last 24 hours.");
}

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key === "Enter") {
    const form = document.activeElement?.closest("form[method=post]");
    form?.requestSubmit(form.querySelector("[data-main]"));
  }
  if (command && !event.shiftKey && event.key.toLowerCase() === "z" && !isTyping(event.target)) {
    event.preventDefault();
    undoLast();
  }
  if (event.altKey && event.code === "KeyI" && !command) {
    event.preventDefault();
    document.querySelector("[data-share]")?.click();
  }
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

// Letters act only for those who switched them on: whoever dictates would set them off by speaking.
const LETTERS_MS = 1500;
let gone = -Infinity;

document.addEventListener("keydown", (event) => {
  if (document.documentElement.dataset.letters !== "on" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  const key = event.key.toLowerCase();
  if (key === "?") document.getElementById("keys")?.click();
  else if (event.timeStamp - gone < LETTERS_MS) {
    gone = -Infinity;
    document.querySelector(`.rail [data-letter="${CSS.escape(key)}"] a`)?.click();
  } else if (key === "g") gone = event.timeStamp;
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

// --- the offer to undo ends by itself ---

let undoEnds;

function watchUndo() {
  clearTimeout(undoEnds);
  const offer = document.getElementById("undo");
  if (!offer) return;
  undoEnds = setTimeout(() => {
    if (!offer.contains(document.activeElement)) offer.remove();
  }, Number(offer.dataset.seconds) * 1000);
}

// --- sending forms ---

// A second press of a button that already sends its form does nothing; the server would refuse it anyway.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  event.submitter?.setAttribute("aria-disabled", "true");
});

// Coming back with the browser's own button shows the page as it was left: it may be sent again.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[aria-disabled]")) button.removeAttribute("aria-disabled");
});

// --- where somebody was: the focus comes back with the page (the browser itself keeps the scroll) ---

const wasAt = history.state?.focus;

document.addEventListener("focusin", (event) => {
  if (event.target.id !== history.state?.focus) history.replaceState({ ...history.state, focus: event.target.id }, "");
});

if (["back_forward", "reload"].includes(performance.getEntriesByType("navigation")[0]?.type) && !location.hash) {
  document.getElementById(wasAt)?.focus({ preventScroll: true });
}

// --- parts of pages that are replaced ---

document.addEventListener("htmx:before:request", (event) => {
  event.detail.ctx.target?.setAttribute?.("aria-busy", "true");
  document.querySelectorAll("#messages [data-failure]").forEach((each) => each.remove());
});

/** Says above the content what became of a part that could not be had; what was typed stays where it is. */
function told(title, text) {
  const notes = document.getElementById("messages");
  if (!notes) return;
  notes.querySelectorAll("[data-failure]").forEach((each) => each.remove());
  const note = document.createElement("p");
  note.className = "note bad";
  note.dataset.failure = "yes";
  const strong = document.createElement("b");
  strong.textContent = `${title}. `;
  note.append(strong, text);
  notes.prepend(note);
  note.scrollIntoView({ block: "nearest" });
}

// A refusal or a failure is a page of its own without the part that was asked for: it must not empty that part.
document.addEventListener("htmx:before:swap", (event) => {
  const { ctx } = event.detail;
  if (!(ctx.response?.status >= 400)) return;
  const page = new DOMParser().parseFromString(ctx.text, "text/html");
  if (ctx.select && page.querySelector(ctx.select)) return;
  event.preventDefault();
  const [first, ...rest] = page.querySelectorAll("main h1, main .lead, main .panel p:not(:has(a))");
  told(first?.textContent.trim() ?? "This did not work", rest.map((each) => each.textContent.trim()).join(" "));
});

document.addEventListener("htmx:error", (event) => {
  const { ctx } = event.detail;
  if (ctx && !ctx.response) told("The server could not be reached", "Nothing was changed. What you typed is still here: try again in a moment.");
});

document.addEventListener("htmx:finally:request", (event) => {
  event.detail.ctx.target?.removeAttribute?.("aria-busy");
  sayMessages();
  say([...document.querySelectorAll("[data-say]")].map((part) => part.dataset.say).join(" "));
  watchUndo();
});

sayMessages();
watchUndo();
