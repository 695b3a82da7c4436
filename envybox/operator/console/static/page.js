"use strict";

// On every page: keys, the clipboard, and the URL that one posts to, kept in this browser.
const one = (selector) => document.querySelector(selector);
const help = one("#keys"), url = one("#url");

one("#help").onclick = () => help.showModal();

for (const button of document.querySelectorAll("[data-copy]")) {
  button.onclick = async () => {
    const source = one(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = button.dataset.done;
    } catch { // a browser has no clipboard for plain HTTP from another machine
      source.closest("details")?.setAttribute("open", "");
      getSelection().selectAllChildren(source);
    }
  };
}

if (url) {
  url.value ||= localStorage.getItem("replay-url") ?? "";
  url.form.addEventListener("submit", () => localStorage.setItem("replay-url", url.value));
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || help.open) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const links = [...document.querySelectorAll(".rows > li > a")];
  const step = { j: 1, k: -1 }[event.key];
  const now = links.indexOf(document.activeElement);
  if (step && links.length) links[Math.min(links.length - 1, Math.max(0, now + step))].focus();
  else if (event.key === "/") one(".find input").focus();
  else if (event.key === "r") url?.focus();
  else if (event.key === "p") one("#pause")?.click();
  else if (event.key === "?") help.showModal();
  else return;
  event.preventDefault();
});
