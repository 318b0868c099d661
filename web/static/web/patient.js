// Ticks are kept without leaving the page. Without this file each is a form like any other.
document.addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-tick]");
  const button = event.submitter;
  if (!form || !button) return;
  event.preventDefault();
  if (form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  const body = new URLSearchParams(new FormData(form, button));
  try {
    const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = page.getElementById("ready");
    if (!answer.ok || !fresh) throw new Error("not the page");
    document.getElementById("ready").replaceWith(document.adoptNode(fresh));
    document.getElementById(button.id)?.focus();
  } catch {
    form.ariaBusy = "false";
    form.removeAttribute("data-tick");
    form.requestSubmit(button);
  }
});
