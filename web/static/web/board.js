// The board by keyboard: one tab stop, arrows in time and across resources, and what a focused visit can do.
// Everything here leads to addresses that links and forms of the page reach as well.

const QUARTER = 15;
const day = () => document.getElementById("day");
const stops = () => [...document.querySelectorAll("#board .stop")];
const go = (id) => document.getElementById(id)?.click();

let current = "";
let opener = "";

// --- one tab stop ---

function rove() {
  const all = stops();
  if (!all.length) return;
  const chosen = all.find((each) => each.id === current) ?? all.find((each) => each.closest(".card")) ?? all[0];
  for (const each of document.querySelectorAll("#board :is(a, button, input)")) {
    if (each.type !== "hidden" && each.type !== "checkbox" && each !== chosen) each.tabIndex = -1;
  }
  chosen.tabIndex = 0;
  current = chosen.id;
}

document.addEventListener("focusin", (event) => {
  if (!event.target.matches?.("#board .stop")) return;
  current = event.target.id;
  rove();
});

// --- arrows ---

const middle = (element) => {
  const box = element.getBoundingClientRect();
  return box.top + Math.min(box.height, 40) / 2;
};

function beside(stop, step) {
  const columns = [...document.querySelectorAll("#board .column")];
  let number = columns.indexOf(stop.closest(".column")) + step;
  for (; columns[number]; number += step) {
    const there = [...columns[number].querySelectorAll(".stop")];
    if (there.length) {
      const at = middle(stop);
      return there.reduce((best, each) => (Math.abs(middle(each) - at) < Math.abs(middle(best) - at) ? each : best));
    }
  }
  return null;
}

function neighbour(stop, key) {
  const column = [...stop.closest(".column").querySelectorAll(".stop")];
  const rtl = document.dir === "rtl";
  switch (key) {
    case "ArrowUp": return column[column.indexOf(stop) - 1];
    case "ArrowDown": return column[column.indexOf(stop) + 1];
    case "ArrowLeft": return beside(stop, rtl ? 1 : -1);
    case "ArrowRight": return beside(stop, rtl ? -1 : 1);
    case "Home": return column[0];
    case "End": return column.at(-1);
    default: return undefined;
  }
}

// --- what a focused visit can do ---

/** To the page that shows what a move would do. `minutes` are counted from midnight. */
function propose(card, minutes, resource) {
  const asked = new URLSearchParams({
    on: document.getElementById("board").dataset.on,
    at: `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(minutes % 60).padStart(2, "0")}`,
  });
  if (resource) asked.set("resource", resource);
  location.assign(`/visits/${card.dataset.visit}/move?${asked}#change`);
}

document.addEventListener("propose", ({ detail }) => propose(detail.card, detail.minutes, detail.resource));

const mayMove = (card) => card?.dataset.visit && card.dataset.status === "booked" && "mayMove" in document.getElementById("board").dataset;

function moved(stop, event) {
  const card = stop.closest(".card");
  if (!mayMove(card)) return false;
  const starts = Number(card.dataset.starts);
  if (!event.shiftKey && event.key === "ArrowUp") propose(card, Math.max(starts - QUARTER, 0));
  else if (!event.shiftKey && event.key === "ArrowDown") propose(card, Math.min(starts + QUARTER, 1425));
  else if (event.shiftKey && (event.key === "ArrowLeft" || event.key === "ArrowRight")) {
    const columns = [...card.closest(".group").querySelectorAll(".column")];
    const to = columns[columns.indexOf(card.closest(".column")) + (event.key === "ArrowLeft" ? -1 : 1)];
    if (to) propose(card, starts, to.dataset.resource);
  } else return false;
  return true;
}

function acted(stop, key) {
  const card = stop.closest(".card");
  if (!card) return false;
  if (key === "a") card.querySelector(".presses button")?.click();
  else if (key === "m" && mayMove(card)) location.assign(`/visits/${card.dataset.visit}/move`);
  else return false;
  return true;
}

document.addEventListener("keydown", (event) => {
  if (!day() || event.ctrlKey || event.metaKey) return;
  const stop = event.target.closest?.("#board .stop");
  if (event.altKey) {
    const typing = event.target.matches?.("input, select, textarea");
    if (stop && moved(stop, event)) event.preventDefault();
    else if (!event.shiftKey && !typing && event.key === "ArrowLeft") { event.preventDefault(); go("previous-day"); }
    else if (!event.shiftKey && !typing && event.key === "ArrowRight") { event.preventDefault(); go("next-day"); }
    return;
  }
  if (event.key === "Escape" && document.getElementById("close-beside")) {
    go("close-beside");
    return;
  }
  if (!stop) return;
  const to = neighbour(stop, event.key);
  if (to) {
    event.preventDefault();
    to.focus();
    to.scrollIntoView({ block: "nearest", inline: "nearest" });
  } else if (acted(stop, event.key.toLowerCase())) event.preventDefault();
});

// --- what is shown beside the board: the focus goes there and comes back ---

let beforeSwap = "";

/** How far down a free gap it was pressed; null by keyboard, and where gaps are not as tall as they are long. */
let pressedAt = null;

document.addEventListener("click", (event) => {
  const stop = event.target.closest?.("#board .stop");
  if (stop) opener = current = stop.id;
  const gap = stop?.closest(".gap");
  const box = gap && event.detail && getComputedStyle(gap).position === "absolute" ? gap.getBoundingClientRect() : null;
  pressedAt = box && (event.clientY - box.top) / box.height;
});

/** Of the quarter hours on offer, the one at which the gap was pressed. The last one begins half an hour before its end. */
function chooseStart() {
  const starts = document.getElementById("gap-at");
  if (!starts || pressedAt === null) return;
  const quarters = starts.options.length + 1;
  starts.selectedIndex = Math.min(Math.floor(pressedAt * quarters), starts.options.length - 1);
}

const shown = () => document.getElementById("beside-title")?.textContent ?? "";

document.addEventListener("htmx:before:swap", () => { beforeSwap = shown(); });
document.addEventListener("htmx:after:settle", settled);
document.addEventListener("htmx:finally:request", settled);

function settled() {
  rove();
  count();
  const is = shown();
  if (is && is !== beforeSwap) {
    document.getElementById("beside-title").focus({ preventScroll: false });
    chooseStart();
  } else if (!is && beforeSwap) document.getElementById(opener)?.focus();
  beforeSwap = is;
}

// --- selecting ---

let chosen = new Set();

function count() {
  const button = document.getElementById("replace-selected");
  if (!button) {
    chosen = new Set();
    return;
  }
  for (const box of document.querySelectorAll("#board input[type=checkbox]")) box.checked = chosen.has(box.value);
  const many = chosen.size;
  button.textContent = many ? `Re-place ${many} ${many === 1 ? "visit" : "visits"}…` : "Re-place the selected visits…";
}

/** With Shift: everything between the box pressed last and this one, in the order of the page. */
function range(box) {
  const boxes = [...document.querySelectorAll("#board input[type=checkbox]")];
  const [from, to] = [boxes.findIndex((each) => each.id === pressedLast), boxes.indexOf(box)];
  return from < 0 ? [box] : boxes.slice(Math.min(from, to), Math.max(from, to) + 1);
}

let pressedLast = "";
let shifted = false;

document.addEventListener("click", (event) => { shifted = event.shiftKey; }, { capture: true });

document.addEventListener("change", (event) => {
  if (!event.target.matches?.("#board input[type=checkbox]")) return;
  for (const box of shifted ? range(event.target) : [event.target]) {
    if (event.target.checked) chosen.add(box.value);
    else chosen.delete(box.value);
  }
  pressedLast = event.target.id;
  count();
});

// --- when the page was opened ---

rove();
beforeSwap = shown();
const line = document.querySelector(".now-line");
const scroll = document.getElementById("board-scroll");
if (line && scroll && !location.hash) scroll.scrollTop = Math.max(line.offsetTop - 160, 0);
