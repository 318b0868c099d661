// Lists worked through row by row: arrows go from row to row, 1 to 9 press what a row offers. Only while a row has the focus.

const rowOf = (element) => element?.closest("[data-rows] > li");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches("input, textarea, select")) return;
  const row = rowOf(document.activeElement);
  if (!row) return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    const to = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
    event.preventDefault();
    to?.focus();
  } else if (/^[1-9]$/.test(event.key)) {
    const press = row.querySelector(`[data-press="${event.key}"]`);
    if (press) {
      event.preventDefault();
      press.click();
    }
  }
});

// The address names the row that comes next: that is where the focus goes after the page was read again.
const named = document.getElementById(location.hash.slice(1));
if (named?.matches("[data-rows] > li")) named.focus();

// One row can be reached with Tab; the arrows reach the others.
function oneStop() {
  for (const list of document.querySelectorAll("[data-rows]")) {
    if (!list.querySelector(":scope > li[tabindex='0']")) list.querySelector(":scope > li")?.setAttribute("tabindex", "0");
  }
}

new MutationObserver(oneStop).observe(document.getElementById("content"), { childList: true, subtree: true });
oneStop();
