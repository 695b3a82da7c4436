"use strict";

// The list that is live: rows come rendered from the server, which made all text harmless.
const rows = document.getElementById("rows");
const KEPT = 500;
let stream = null, paused = false, last = "", waiting = [], panelAt = 0, panelTimer = 0;

const byId = (id) => document.getElementById(id);
const above = () => window.scrollY < 120 && !paused;

function place(item) { // newest first, wherever in time it comes from; what is there is passed by
  if (byId(item.id)) return;
  let before = rows.firstElementChild;
  while (before && before.dataset.place > item.dataset.place) before = before.nextElementSibling;
  rows.insertBefore(item, before);
  if (rows.children.length > KEPT) rows.lastElementChild.remove();
  byId("empty")?.remove();
}

function flush() {
  waiting.forEach(place);
  waiting = [];
  byId("more").hidden = true;
}

function came(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  const item = holder.content.querySelector("li");
  if (byId(item.id) || waiting.some((other) => other.id === item.id)) return;
  if (above()) place(item);
  else {
    waiting.push(item);
    byId("more").hidden = false;
    byId("more").textContent = byId("more").dataset.text.replace("#", waiting.length);
  }
  panelTimer ||= setTimeout(renewPanel, Math.max(300, panelAt + 3000 - Date.now()));
}

async function renewPanel() {
  const answer = await fetch(byId("panel").dataset.url).catch(() => null);
  if (answer?.ok) byId("panel").innerHTML = await answer.text();
  [panelAt, panelTimer] = [Date.now(), 0];
}

function say() {
  const live = byId("live"), open = stream?.readyState === EventSource.OPEN;
  live.textContent = paused ? live.dataset.paused : open ? live.dataset.on : live.dataset.off;
  live.classList.toggle("on", open && !paused);
}

function listen() {
  stream?.close();
  stream = null;
  if (!document.hidden) {
    const url = new URL(rows.dataset.live, location.href);
    if (last) url.searchParams.set("after", last);
    stream = new EventSource(url);
    stream.onopen = stream.onerror = say;
    stream.addEventListener("row", (event) => { last = event.lastEventId; came(event.data); });
    stream.addEventListener("gauges", (event) => { byId("gauges").innerHTML = event.data; });
    stream.addEventListener("missed", () => {
      stream.close();
      byId("more").hidden = false;
      byId("more").textContent = byId("more").dataset.missed;
      byId("more").onclick = () => location.reload();
    });
  }
  say();
}

if (rows?.dataset.live) {
  // A browser has six connections to a host: a tab that nobody sees gives its own back.
  document.addEventListener("visibilitychange", listen);
  byId("more").onclick = () => { window.scrollTo(0, 0); flush(); };
  byId("pause").onclick = () => {
    paused = !paused;
    byId("pause").setAttribute("aria-pressed", paused);
    if (!paused) flush();
    say();
  };
  listen();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.onclick = async () => {
    await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
    button.textContent = button.dataset.done;
  };
}

document.addEventListener("keydown", (event) => {
  const links = [...document.querySelectorAll("#rows > li > a")];
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.matches("input, textarea, select")) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const step = { j: 1, k: -1 }[event.key];
  if (step && links.length) {
    const now = links.indexOf(document.activeElement);
    links[Math.min(links.length - 1, Math.max(0, now + step))].focus();
  } else if (event.key === "/") document.querySelector(".find input").focus();
  else if (event.key === "p") byId("pause")?.click();
  else return;
  event.preventDefault();
});
