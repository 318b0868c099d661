// The search in the bar answers while somebody types. Without it the field is a form that leads to the page of results.

const WAIT_MS = 150;
const field = document.getElementById("find");
const box = document.getElementById("found");
let timer;
let asking;
let chosen = -1;

const say = (detail) => document.dispatchEvent(new CustomEvent("say", { detail }));
const options = () => [...box.querySelectorAll("[role=option]")];

function close() {
  box.hidden = true;
  choose(-1);
  field.setAttribute("aria-expanded", "false");
}

function choose(number) {
  const all = options();
  chosen = all.length && number >= 0 ? (number + all.length) % all.length : -1;
  all.forEach((option, index) => option.setAttribute("aria-selected", String(index === chosen)));
  if (chosen < 0) field.removeAttribute("aria-activedescendant");
  else {
    field.setAttribute("aria-activedescendant", all[chosen].id);
    all[chosen].scrollIntoView({ block: "nearest" });
  }
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const address = `${field.form.action}?q=${encodeURIComponent(field.value)}`;
  try {
    const answer = await fetch(address, { headers: { "HX-Request": "true" }, signal: asking.signal });
    if (!answer.ok || answer.status === 204) return close();
    box.innerHTML = await answer.text();
  } catch (error) {
    if (error.name === "AbortError") return;
    return close();
  }
  if (document.activeElement !== field) return;
  box.hidden = false;
  field.setAttribute("aria-expanded", "true");
  choose(field.value.trim() ? 0 : -1); // with nothing typed Enter opens nobody
  const number = options().length;
  say(number === 1 ? "1 result" : `${number} results`);
}

function soon(milliseconds) {
  clearTimeout(timer);
  timer = setTimeout(ask, milliseconds);
}

if (field) {
  field.setAttribute("role", "combobox");
  field.setAttribute("aria-autocomplete", "list");
  field.setAttribute("aria-controls", "found");
  field.setAttribute("aria-expanded", "false");
  field.addEventListener("input", () => {
    choose(-1); // what is shown answers what was typed before
    soon(WAIT_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (box.hidden) soon(0);
      else if (event.key === "ArrowDown") choose(chosen + 1);
      else choose(chosen < 0 ? options().length - 1 : Math.max(chosen - 1, 0));
    } else if (event.key === "Enter" && chosen >= 0) {
      event.preventDefault();
      options()[chosen].click();
    } else if (event.key === "Escape" && !box.hidden) {
      event.preventDefault();
      close();
    }
  });
  document.addEventListener("focusin", (event) => { if (!field.form.contains(event.target)) close(); });
  document.addEventListener("click", (event) => { if (!field.form.contains(event.target)) close(); });
}

document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
  const target = field ?? document.querySelector("[data-find]");
  if (!target) return;
  event.preventDefault();
  target.focus();
  target.select();
  if (target === field) soon(0);
});
