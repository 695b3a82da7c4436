"use strict";

// The list that is live: rows come drawn by the server, which made all text harmless.
const byId = (id) => document.getElementById(id);
const [rows, live, more, pause, panel] = ["rows", "live", "more", "pause", "panel"].map(byId);
const KEPT = 500, TITLE = document.title;
let stream = null, paused = false, missed = false, last = "", waiting = [], panelAt = 0, renewal = 0;

function place(item) { // newest first, wherever in time it comes from; what is there is passed by
  if (byId(item.id)) return;
  const before = [...rows.children].find((one) => one.dataset.place <= item.dataset.place);
  rows.insertBefore(item, before ?? null);
  if (rows.children.length > KEPT) rows.lastElementChild.remove();
  byId("empty")?.remove();
}

function came(event) {
  last = event.lastEventId;
  const holder = document.createElement("template"); // in which no script would run
  holder.innerHTML = event.data;
  const item = holder.content.querySelector("li");
  if (waiting.some((other) => other.id === item.id)) return;
  if (paused || window.scrollY >= 120) { if (!byId(item.id)) waiting.push(item); } else place(item);
  renewal ||= setTimeout(renew, Math.max(300, panelAt + 3000 - Date.now()));
  say();
}

async function renew() { // the charts and counts, unless somebody is choosing dates in them
  const answer = await fetch(panel.dataset.url).catch(() => null);
  const text = answer?.ok ? await answer.text() : "";
  if (text && !panel.querySelector("details[open]")) panel.innerHTML = text;
  [panelAt, renewal] = [Date.now(), 0];
}

function say() {
  const open = stream?.readyState === EventSource.OPEN, number = waiting.length;
  live.textContent = live.dataset[paused ? "paused" : open ? "on" : "off"];
  live.classList.toggle("on", open && !paused);
  more.hidden = !number && !missed;
  more.textContent = missed ? more.dataset.missed : more.dataset.text.replace("#", number);
  document.title = number ? `(${number}) ${TITLE}` : TITLE;
}

function show() { // what waits, on top
  if (missed) location.reload();
  waiting.splice(0).forEach(place);
  say();
}

function listen() { // a browser has six connections to a host: a tab that nobody sees has none
  stream?.close();
  stream = null;
  if (!document.hidden && !missed) {
    const url = new URL(rows.dataset.live, location.href);
    if (last) url.searchParams.set("after", last);
    stream = new EventSource(url);
    stream.onopen = stream.onerror = say;
    stream.addEventListener("row", came);
    stream.addEventListener("gauges", (event) => { byId("gauges").innerHTML = event.data; });
    stream.addEventListener("missed", () => { missed = true; listen(); });
  }
  say();
}

if (live) {
  document.addEventListener("visibilitychange", listen);
  more.onclick = () => { window.scrollTo(0, 0); show(); };
  pause.onclick = () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", paused);
    if (!paused) show();
    say();
  };
  listen();
}
