// The hours of a week as strips to drag on. What is sent is the text of each day: a strip shows it and writes into it.

const FIRST = 6 * 60;
const LAST = 22 * 60;
const STEP = 30;
const TIME = /^(\d{1,2})(?:[:.](\d{2}))?\s*(am|pm)?$/i;
const NAMED = { midday: 720, noon: 720 };
let drag = null;

const cut = (minute) => Math.min(Math.max(minute, FIRST), LAST);
const share = (minute) => ((cut(minute) - FIRST) / (LAST - FIRST)) * 100;
const clock = (minute) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;

// --- the text, as the server reads it ---

function time(text) {
  const found = TIME.exec(text.trim());
  if (!found) return NAMED[text.trim().toLowerCase()] ?? NaN;
  const half = found[3]?.toLowerCase();
  return ((half ? Number(found[1]) % 12 : Number(found[1])) + (half === "pm" ? 12 : 0)) * 60 + Number(found[2] ?? 0);
}

/** Pairs of minutes from midnight; null where the text is not understood here. */
function read(text) {
  if (["", "-", "–", "closed", "off", "none"].includes(text.trim().toLowerCase())) return [];
  const pairs = text.split(/\s*(?:,|;|\band\b)\s*/i).filter(Boolean).map((part) => part.split(/\s*(?:-|–|\bto\b|\buntil\b)\s*/i).map(time));
  return pairs.every((pair) => pair.length === 2 && pair[0] < pair[1] && pair[1] < 1440) ? pairs : null;
}

/** The hours with what was dragged over added, or taken away. */
function changed(pairs, [from, to], adds) {
  const left = pairs.flatMap(([start, end]) => [[start, Math.min(end, from)], [Math.max(start, to), end]]).filter(([start, end]) => start < end);
  if (!adds) return left;
  const all = [...left, [from, to]].sort((one, other) => one[0] - other[0]);
  return all.slice(1).reduce((done, [start, end]) => {
    const last = done.at(-1);
    if (start > last[1]) return [...done, [start, end]];
    last[1] = Math.max(last[1], end);
    return done;
  }, [all[0]]);
}

// --- the strips ---

function show(strip, pairs) {
  strip.replaceChildren(...(pairs ?? []).filter(([start, end]) => end > FIRST && start < LAST).map(([start, end]) => {
    const bar = document.createElement("span");
    bar.style.insetInlineStart = `${share(start)}%`;
    bar.style.inlineSize = `${share(end) - share(start)}%`;
    return bar;
  }));
}

/** The half hour under the pointer, from its start to its end. */
function under(event, strip) {
  const box = strip.getBoundingClientRect();
  const along = document.dir === "rtl" ? box.right - event.clientX : event.clientX - box.left;
  const minute = Math.floor((FIRST + (along / box.width) * (LAST - FIRST)) / STEP) * STEP;
  const start = Math.min(Math.max(minute, FIRST), LAST - STEP);
  return [start, start + STEP];
}

function dragged(event) {
  const [start, end] = under(event, drag.strip);
  const over = [Math.min(drag.began[0], start), Math.max(drag.began[1], end)];
  drag.pairs = changed(drag.before.map((pair) => [...pair]), over, drag.adds);
  show(drag.strip, drag.pairs);
}

function strip(field) {
  const made = field.parentElement.querySelector(".week-strip");
  show(made, read(field.value));
  field.addEventListener("input", () => show(made, read(field.value)));
  made.addEventListener("pointerdown", (event) => {
    const before = read(field.value);
    if (!before || event.button) return;
    const began = under(event, made);
    drag = { strip: made, field, before, began, adds: !before.some(([start, end]) => start < began[1] && end > began[0]) };
    made.setPointerCapture(event.pointerId);
    dragged(event);
  });
  made.addEventListener("pointermove", (event) => { if (drag?.strip === made) dragged(event); });
  made.addEventListener("pointercancel", () => { drag = null; show(made, read(field.value)); });
  made.addEventListener("pointerup", () => {
    if (drag?.strip !== made) return;
    field.value = drag.pairs.map(([start, end]) => `${clock(start)} to ${clock(end)}`).join(", ");
    drag = null;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.dispatchEvent(new CustomEvent("say", { detail: `${field.labels[0]?.textContent}: ${field.value || "closed"}` }));
  });
}

for (const field of document.querySelectorAll(".week-line input")) strip(field);
