// The board keeps itself new: every 20 seconds, never while a field has the focus. Focus, scroll and selection stay.

const EVERY_MS = 20_000;
let asking = false;

function mayRenew(day) {
  const active = document.activeElement;
  const typing = day.contains(active) && active.matches("input:not([type=checkbox]), textarea, select");
  const isSeen = !document.hidden && !document.documentElement.hasAttribute("data-locked");
  return isSeen && !typing && !document.body.classList.contains("dragging") && !day.querySelector("form[data-sent]");
}

async function renew() {
  const day = document.getElementById("day");
  if (!day || asking || !mayRenew(day)) return;
  asking = true;
  const scroll = document.getElementById("board-scroll");
  const at = [scroll?.scrollLeft ?? 0, scroll?.scrollTop ?? 0, window.scrollX, window.scrollY];
  const focused = day.contains(document.activeElement) ? document.activeElement.id : "";
  const before = document.getElementById("freshness")?.textContent;
  try {
    const answer = await fetch(location.href, { headers: { "X-Since": day.dataset.updated } });
    if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("day");
    if (!fresh || !mayRenew(day)) return;
    await window.htmx.swap({ sourceElement: day, target: day, text: fresh.outerHTML, swap: "outerMorph", push: "false" });
    const now = document.getElementById("board-scroll");
    if (now) [now.scrollLeft, now.scrollTop] = at;
    window.scrollTo(at[2], at[3]);
    if (focused && document.activeElement?.id !== focused) document.getElementById(focused)?.focus({ preventScroll: true });
    document.dispatchEvent(new CustomEvent("board:new"));
    const line = document.getElementById("freshness");
    if (line?.dataset.news && line.textContent !== before) document.dispatchEvent(new CustomEvent("say", { detail: line.dataset.news }));
  } catch {
    const line = document.getElementById("freshness");
    if (line && !line.dataset.failed) {
      line.dataset.failed = "yes";
      line.textContent += ". It could not be brought up to date since; what you press is still checked.";
    }
  } finally {
    asking = false;
  }
}

setInterval(renew, EVERY_MS);
document.addEventListener("visibilitychange", renew);
// for tests: brings the board up to date now
document.addEventListener("renew", renew);
