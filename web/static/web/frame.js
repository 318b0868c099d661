// What every page adds to plain forms and links. Without it all of them still work.

const status = document.getElementById("status");

/** Says one short sentence to screen readers. A live region speaks only when it changes after the page was read. */
export function say(sentence) {
  if (!status || !sentence) return;
  status.textContent = "";
  setTimeout(() => { status.textContent = sentence; }, 100);
}

function sayMessages() {
  const messages = document.querySelectorAll("#messages .note");
  say([...messages].map((message) => message.textContent.trim()).join(" "));
}

document.addEventListener("keydown", (event) => {
  const command = event.ctrlKey || event.metaKey;
  if (command && event.key.toLowerCase() === "k") {
    const find = document.querySelector("[data-find]");
    if (find) {
      event.preventDefault();
      find.focus();
      find.select();
    }
  }
  if (command && event.key === "Enter") {
    const form = document.activeElement?.closest("form[method=post]");
    form?.requestSubmit(form.querySelector("[data-main]"));
  }
  if (event.key === "Escape") {
    const menu = document.querySelector("details.menu[open]");
    if (menu) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  }
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});

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

document.addEventListener("htmx:before:request", (event) => event.detail.ctx.target?.setAttribute?.("aria-busy", "true"));
document.addEventListener("htmx:finally:request", (event) => {
  event.detail.ctx.target?.removeAttribute?.("aria-busy");
  sayMessages();
  say(document.querySelector("[data-say]")?.dataset.say);
});

sayMessages();
