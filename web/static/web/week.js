// The hours of a week as strips to drag on. What is sent is the text of each day: a strip shows it and writes into it.
// The server alone reads such text; a strip that does not know yet what its text means is not dragged on.

const FIRST = 6 * 60;
const LAST = 22 * 60;
const STEP = 30;
const WAIT_MS = 150;
const known = new WeakMap(); // field: the text that was read, and its pairs of minutes from midnight; none where it is no hours
let drag = null;

const cut = (minute) => Math.min(Math.max(minute, FIRST), LAST);
const share = (minute) => ((cut(minute) - FIRST) / (LAST - FIRST)) * 100;
const clock = (minute) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;
const pairsOf = (field) => (known.get(field)?.text === field.value ? known.get(field).pairs : null);

/** Asks what the texts of these fields mean and shows it. What was typed meanwhile is asked for by itself. */
async function read(fields) {
  const texts = fields.map((field) => field.value);
  const address = fields[0].closest("[data-reads]").dataset.reads;
  let found = [];
  try {
    const answer = await fetch(`${address}?${new URLSearchParams(texts.map((text) => ["text", text]))}`);
    if (answer.ok && !answer.redirected) found = (await answer.json()).read;
  } catch {
    found = []; // without an answer the text is sent as it is
  }
  fields.forEach((field, number) => {
    if (field.value !== texts[number]) return;
    known.set(field, { text: texts[number], pairs: found[number] ?? null });
    show(stripOf(field), pairsOf(field));
  });
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

const stripOf = (field) => field.parentElement.querySelector(".week-strip");

function strip(field) {
  const made = stripOf(field);
  let timer;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    if (known.get(field)?.text !== field.value) timer = setTimeout(read, WAIT_MS, [field]);
  });
  made.addEventListener("pointerdown", (event) => {
    const before = pairsOf(field);
    if (!before || event.button) return;
    const began = under(event, made);
    drag = { strip: made, field, before, began, adds: !before.some(([start, end]) => start < began[1] && end > began[0]) };
    made.setPointerCapture(event.pointerId);
    dragged(event);
  });
  made.addEventListener("pointermove", (event) => { if (drag?.strip === made) dragged(event); });
  made.addEventListener("pointercancel", () => { drag = null; show(made, pairsOf(field)); });
  made.addEventListener("pointerup", () => {
    if (drag?.strip !== made) return;
    field.value = drag.pairs.map(([start, end]) => `${clock(start)} to ${clock(end)}`).join(", ");
    known.set(field, { text: field.value, pairs: drag.pairs });
    drag = null;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    document.dispatchEvent(new CustomEvent("say", { detail: `${field.labels[0]?.textContent}: ${field.value || "closed"}` }));
  });
}

const fields = [...document.querySelectorAll(".week-line input")];
for (const field of fields) strip(field);
if (fields.length) read(fields);
