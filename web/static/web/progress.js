// Arrows go from score to score of a course's chart and say each in words. The tables beside it hold the same facts.
const STEPS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0], Home: [0, -Infinity], End: [0, Infinity] };

document.addEventListener("keydown", (event) => {
  const step = STEPS[event.key];
  if (!step || !event.target.matches(".chart") || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const scales = [...event.target.querySelectorAll(".scale")]
    .map((scale) => [...scale.querySelectorAll(".point")])
    .filter((points) => points.length);
  if (!scales.length) return;
  event.preventDefault();
  const old = event.target.querySelector(".reached");
  const next = old ? after(scales, old, step) : scales[0].at(["ArrowRight", "Home"].includes(event.key) ? 0 : -1);
  old?.classList.remove("reached");
  next.classList.add("reached");
  next.scrollIntoView({ block: "nearest", inline: "nearest" });
  document.querySelector(".walked").textContent = next.querySelector("title").textContent;
});

function after(scales, old, [down, right]) {
  const row = scales.findIndex((points) => points.includes(old));
  if (!down) {
    const points = scales[row];
    return points[clamped(points.indexOf(old) + right, points)];
  }
  const across = (point) => point.getBoundingClientRect().x;
  return scales[clamped(row + down, scales)].reduce((near, point) =>
    Math.abs(across(point) - across(old)) < Math.abs(across(near) - across(old)) ? point : near,
  );
}

function clamped(number, list) {
  return Math.min(Math.max(number, 0), list.length - 1);
}
