// Dragging a visit: a way to its Move… page with the new time filled in. Nothing changes before that page is confirmed.

const THRESHOLD = 8;
const QUARTER = 15;
let drag = null;

const board = () => document.getElementById("board");
const say = (sentence) => document.dispatchEvent(new CustomEvent("say", { detail: sentence }));

function clock(minutes) {
  const [hour, rest] = [Math.floor(minutes / 60), minutes % 60];
  if (!rest && hour % 12 === 0) return hour ? "midday" : "midnight";
  return `${hour % 12 || 12}${rest ? `:${String(rest).padStart(2, "0")}` : ""}${hour < 12 ? "am" : "pm"}`;
}

/** Where the card would be: the column under the pointer, the nearest quarter hour. */
function target(x, y) {
  const column = [...board().querySelectorAll(".column")].find((each) => {
    const box = each.getBoundingClientRect();
    return x >= box.left && x < box.right;
  });
  if (!column) return null;
  const list = column.querySelector("ol").getBoundingClientRect();
  const perMinute = list.height / (Number(board().dataset.hours) * 60);
  const raw = (y - drag.grip - list.top) / perMinute + Number(board().dataset.hour) * 60;
  const starts = Math.round(raw / QUARTER) * QUARTER;
  return { column, list, perMinute, starts, refusal: refusal(column, starts) };
}

/** Why a place cannot be, as far as the board knows; the page that follows knows everything. */
function refusal(column, starts) {
  const own = drag.card.closest(".column");
  if (column.dataset.kind !== own.dataset.kind) return `${column.querySelector("h3").textContent} is of another kind`;
  const first = Number(board().dataset.hour) * 60;
  if (starts < first || starts + drag.minutes > first + Number(board().dataset.hours) * 60) return "Outside the hours of this day";
  for (const entry of column.querySelectorAll("li.card, li.closed")) {
    if (entry === drag.card || entry.dataset.visit === drag.card.dataset.visit) continue;
    if (Number(entry.dataset.first) < starts + drag.minutes && Number(entry.dataset.last) > starts) {
      if (entry.matches(".closed")) return `Closed: ${entry.querySelector(".why")?.textContent ?? "not open then"}`;
      if (column.dataset.lanes === "1") return `Taken: ${entry.querySelector("b").textContent}`;
    }
  }
  return "";
}

function begin() {
  document.body.classList.add("dragging");
  drag.ghost = drag.card.cloneNode(true);
  drag.ghost.removeAttribute("id");
  drag.ghost.querySelectorAll("[id]").forEach((each) => each.removeAttribute("id"));
  drag.ghost.classList.add("ghost");
  drag.ghost.inert = true;
  drag.bubble = document.createElement("p");
  drag.bubble.className = "drag-says";
  document.body.append(drag.bubble);
  const own = drag.card.closest(".column").dataset.kind;
  for (const column of board().querySelectorAll(".column")) column.classList.toggle("no-target", column.dataset.kind !== own);
}

function show(event) {
  const at = target(event.clientX, event.clientY);
  drag.at = at;
  drag.bubble.style.insetInlineStart = `${event.clientX + 14}px`;
  drag.bubble.style.insetBlockStart = `${event.clientY + 14}px`;
  if (!at) {
    drag.ghost.remove();
    drag.bubble.textContent = "Not on the board";
    return;
  }
  drag.bubble.textContent = at.refusal || `${clock(at.starts)}, ${at.column.querySelector("h3").textContent}`;
  drag.bubble.classList.toggle("refused", Boolean(at.refusal));
  drag.ghost.classList.toggle("refused", Boolean(at.refusal));
  at.column.querySelector("ol").append(drag.ghost);
  drag.ghost.style.insetBlockStart = `${(at.starts - Number(board().dataset.hour) * 60) * at.perMinute}px`;
}

function end() {
  if (!drag) return;
  drag.ghost?.remove();
  drag.bubble?.remove();
  document.body.classList.remove("dragging");
  for (const column of document.querySelectorAll("#board .no-target")) column.classList.remove("no-target");
  drag = null;
}

document.addEventListener("pointerdown", (event) => {
  const card = event.target.closest?.(".as-board .card[data-visit][data-status=booked]");
  if (!card || event.button !== 0 || event.pointerType === "touch" || event.target.closest("button, input")) return;
  if (!("mayMove" in board().dataset)) return;
  const box = card.getBoundingClientRect();
  drag = { card, x: event.clientX, y: event.clientY, grip: event.clientY - box.top, minutes: card.dataset.last - card.dataset.first, ghost: null };
});

document.addEventListener("pointermove", (event) => {
  if (!drag) return;
  if (!drag.ghost) {
    if (Math.hypot(event.clientX - drag.x, event.clientY - drag.y) < THRESHOLD) return;
    begin();
  }
  event.preventDefault();
  show(event);
});

document.addEventListener("pointerup", () => {
  if (!drag?.ghost) {
    drag = null;
    return;
  }
  const { card, at } = drag;
  const moves = at && !at.refusal && (at.starts !== Number(card.dataset.first) || at.column !== card.closest(".column"));
  const resource = at && at.column !== card.closest(".column") ? at.column.dataset.resource : "";
  const why = at?.refusal;
  end();
  // the click that follows the drop is not one on the card
  document.addEventListener("click", (event) => { event.preventDefault(); event.stopPropagation(); }, { capture: true, once: true });
  if (moves) document.dispatchEvent(new CustomEvent("propose", { detail: { card, minutes: at.starts + Number(card.dataset.starts) - Number(card.dataset.first), resource } }));
  else if (why) say(`Not moved. ${why}.`);
});

document.addEventListener("pointercancel", end);
document.addEventListener("dragstart", (event) => { if (event.target.closest?.("#board")) event.preventDefault(); });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && drag?.ghost) {
    event.stopPropagation();
    end();
  }
}, { capture: true });
