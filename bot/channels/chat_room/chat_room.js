// The chat room's page: a start page that finds people, and a chat over one WebSocket.
// Whatever people wrote reaches the page through textContent only.
"use strict";

const RECENT = "chat-room-recent";
const RECENT_KEPT = 5;
const SHOWN = 600; // what the page keeps of each chat; the server gives 200 lines to a tab that joins

document.addEventListener("DOMContentLoaded", () => {
  if (document.body.classList.contains("chat")) startChat();
  else startChoice();
});

// The start page: typing narrows the list

function startChoice() {
  const find = document.getElementById("find");
  if (!find) return;
  const narrow = () => {
    const words = find.value.trim().toLowerCase().split(/\s+/);
    for (const person of document.querySelectorAll("[data-person]")) {
      const text = person.dataset.words.toLowerCase();
      person.hidden = !words.every((word) => text.includes(word));
    }
    for (const role of document.querySelectorAll("[data-role]")) {
      role.hidden = !role.querySelector("[data-person]:not([hidden])");
    }
    document.getElementById("nobody").hidden = Boolean(document.querySelector("[data-person]:not([hidden])"));
  };
  find.addEventListener("input", narrow);
  find.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.isComposing) return;
    const found = document.querySelectorAll("[data-person]:not([hidden]) a");
    if (found.length === 1) found[0].click();
  });
  narrow();
}

// The chat

function startChat() {
  const me = { ...document.body.dataset };
  const room = {
    me,
    panes: new Map(),
    active: null,
    names: [],
    outbox: new Map(), // id → what is not yet confirmed, in the order in which it was said
    socket: null,
    wait: 500,
  };
  showRecent(me);
  setUpViewer();
  connect(room);
  for (const back of ["online", "focus"]) window.addEventListener(back, () => connect(room));
  document.addEventListener("visibilitychange", () => showUnread(room));
  window.matchMedia("(min-width: 900px)").addEventListener("change", () => showPane(room, room.active));
}

function connect(room) {
  if (room.socket && room.socket.readyState <= WebSocket.OPEN) return;
  clearTimeout(room.timer);
  const address = new URL("socket" + location.search, location.href);
  address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(address);
  room.socket = socket;
  socket.addEventListener("message", (event) => hear(room, JSON.parse(event.data)));
  socket.addEventListener("close", (event) => {
    if (event.code === 4404) return location.replace("./");
    showConnection("lost");
    room.timer = setTimeout(() => connect(room), room.wait);
    room.wait = Math.min(room.wait * 2, 5000);
  });
}

function showConnection(state) {
  document.body.dataset.connection = state;
  document.getElementById("connection").hidden = state === "open";
}

function hear(room, message) {
  if (message.type === "welcome") welcome(room, message);
  if (message.type === "line") addLine(room, room.panes.get(message.chat), message.line, true);
  if (message.type === "kept") setState(room, message.id, "kept");
  if (message.type === "refused") refuse(room, message.id, message.reason);
}

function welcome(room, message) {
  room.wait = 500;
  room.names = [...new Set([room.me.bot, ...message.names])].sort((a, b) => b.length - a.length);
  const known = room.panes.size > 0;
  for (const chat of message.chats) {
    const pane = room.panes.get(chat.key) ?? makePane(room, chat);
    for (const line of chat.lines) addLine(room, pane, line, known);
    showExamples(pane);
  }
  if (!room.active) showPane(room, message.chats[0].key);
  showConnection("open");
  for (const waiting of [...room.outbox.values()]) transmit(room, waiting);
}

// Panes: a group or the private chat

function makePane(room, chat) {
  const root = fromTemplate("pane-template");
  const pane = {
    key: chat.key,
    name: chat.name,
    isPrivate: chat.key === "private",
    root,
    lines: root.querySelector(".lines"),
    newer: root.querySelector(".newer"),
    examples: root.querySelector(".examples"),
    text: root.querySelector("textarea"),
    problem: root.querySelector(".problem"),
    bubbles: new Map(),
    lastDay: null,
    unread: 0,
    atEnd: true, // whether the newest line stays in view when something grows or the keyboard opens
  };
  root.dataset.chat = chat.key;
  root.querySelector("h2").textContent = chat.name;
  root.querySelector(".about").textContent = chat.about;
  root.setAttribute("aria-label", chat.name);
  pane.text.placeholder = pane.isPrivate ? `悄悄对${chat.name}说…` : "在群里说…";
  pane.text.setAttribute("aria-label", pane.text.placeholder);
  pane.tab = makeTab(room, pane);
  setUpComposer(room, pane);
  setUpExamples(room, pane);
  pane.newer.addEventListener("click", () => toBottom(pane));
  pane.lines.addEventListener("scroll", () => {
    pane.atEnd = atBottom(pane);
    if (pane.atEnd) pane.newer.hidden = true;
  });
  new ResizeObserver(() => { if (pane.atEnd) toBottom(pane); }).observe(pane.lines);
  room.panes.set(chat.key, pane);
  document.getElementById("panes").append(root);
  const groups = [...room.panes.values()].filter((each) => !each.isPrivate).length;
  document.body.dataset.groups = String(groups);
  return pane;
}

function makeTab(room, pane) {
  const tab = fromTemplate("tab-template");
  tab.dataset.tab = pane.key;
  tab.querySelector(".tab-name").textContent = pane.name;
  tab.addEventListener("click", () => showPane(room, pane.key));
  document.getElementById("tabs").append(tab);
  return tab;
}

function showPane(room, key) {
  if (!key) return;
  room.active = key;
  for (const pane of room.panes.values()) {
    pane.root.classList.toggle("active", pane.key === key);
    pane.tab.setAttribute("aria-selected", String(pane.key === key));
  }
  // at a desktop's width the private chat stands beside the group, which must not vanish for it
  const groups = [...room.panes.values()].filter((pane) => !pane.isPrivate);
  if (!groups.some((pane) => pane.key === key)) {
    const beside = groups.find((pane) => pane.root.classList.contains("beside")) ?? groups[0];
    for (const pane of groups) pane.root.classList.toggle("beside", pane === beside);
  } else {
    for (const pane of groups) pane.root.classList.toggle("beside", pane.key === key);
  }
  showUnread(room);
}

function showUnread(room) {
  let all = 0;
  for (const pane of room.panes.values()) {
    if (isSeen(pane)) pane.unread = 0;
    const badge = pane.tab.querySelector(".badge");
    badge.hidden = pane.unread === 0;
    badge.textContent = pane.unread > 99 ? "99+" : String(pane.unread);
    all += pane.unread;
  }
  const title = `${room.me.name} · ${room.me.bot}聊天室`;
  document.title = all ? `(${all}) ${title}` : title;
}

function isSeen(pane) {
  return !document.hidden && pane.root.getClientRects().length > 0;
}

function atBottom(pane) {
  return pane.lines.scrollHeight - pane.lines.scrollTop - pane.lines.clientHeight < 80;
}

function toBottom(pane) {
  pane.atEnd = true;
  pane.lines.scrollTop = pane.lines.scrollHeight;
  pane.newer.hidden = true;
}

// Lines

function addLine(room, pane, line, isNew) {
  if (!pane) return;
  const mine = line.sender === room.me.me && !line.bot;
  const before = pane.bubbles.get(line.id);
  if (before && before.dataset.placed) {
    if (mine && line.state === "kept") setState(room, line.id, "kept");
    return;
  }
  const follow = mine || pane.atEnd;
  before?.remove();
  const root = drawLine(room, pane, line, mine);
  root.dataset.placed = "yes";
  if (line.day !== pane.lastDay) pane.lines.append(drawDay(line.day));
  pane.lastDay = line.day;
  pane.bubbles.set(line.id, root);
  pane.lines.append(root);
  if (mine && line.state === "failed" && !room.outbox.has(line.id)) setState(room, line.id, "failed", "没有送到,请再说一次。");
  else if (mine) setState(room, line.id, line.state === "kept" ? "kept" : "sent");
  // what this tab still waits for stays below what has been said
  for (const waiting of room.outbox.values()) {
    const bubble = pane.bubbles.get(waiting.id);
    if (bubble && !bubble.dataset.placed) pane.lines.append(bubble);
  }
  forgetOldest(pane);
  showExamples(pane);
  if (follow) toBottom(pane);
  else if (isNew) pane.newer.hidden = false;
  if (isNew && !mine && !isSeen(pane)) pane.unread += 1;
  showUnread(room);
}

function forgetOldest(pane) {
  while (pane.lines.childElementCount > SHOWN) {
    const oldest = pane.lines.firstElementChild;
    pane.bubbles.delete(oldest.dataset.id);
    oldest.remove();
  }
}

function drawDay(day) {
  const root = document.createElement("p");
  root.className = "day";
  root.textContent = day;
  return root;
}

function drawLine(room, pane, line, mine) {
  const root = fromTemplate("line-template");
  const avatar = root.querySelector(".avatar");
  root.classList.toggle("mine", mine);
  root.classList.toggle("bot", line.bot);
  root.dataset.id = line.id;
  root.dataset.sender = line.sender;
  avatar.textContent = line.initial;
  avatar.classList.add(`tone-${line.tone}`);
  root.querySelector(".from b").textContent = line.name;
  root.querySelector(".from span").textContent = line.bot ? "社区助手" : line.role;
  for (const time of root.querySelectorAll("time")) time.textContent = line.time;
  const bubble = root.querySelector(".bubble");
  if (line.picture) drawPicture(pane, bubble, line);
  else if (line.file) drawFile(bubble);
  else drawText(room, bubble, line);
  return root;
}

function drawText(room, bubble, line) {
  const mentioned = new Map(line.mentions.map((mention) => [`@${mention.name}`, mention.id]));
  const names = [...new Set([...mentioned.keys(), ...room.names.map((name) => `@${name}`)])];
  const pattern = names.sort((a, b) => b.length - a.length).map(escapePattern).join("|");
  for (const part of line.text.split(new RegExp(`(${pattern})`, "u"))) {
    if (!names.includes(part)) {
      bubble.append(part);
      continue;
    }
    const mark = document.createElement("span");
    mark.className = "mentioned";
    mark.textContent = part;
    mark.classList.toggle("to-me", mentioned.get(part) === room.me.me || part === `@${room.me.name}`);
    bubble.append(mark);
  }
  if (line.text.length > 800 || line.text.split("\n").length > 24) fold(bubble);
}

function fold(bubble) {
  bubble.classList.add("folded");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "unfold";
  button.textContent = "展开全文";
  button.addEventListener("click", () => {
    button.textContent = bubble.classList.toggle("folded") ? "展开全文" : "收起";
  });
  bubble.after(button);
}

function drawPicture(pane, bubble, line) {
  bubble.classList.add("photo");
  const button = document.createElement("button");
  button.type = "button";
  button.setAttribute("aria-label", `${line.name}的照片,点开看大图`);
  const image = document.createElement("img");
  image.alt = "照片";
  image.src = line.local ?? `photos/${line.picture}`;
  image.addEventListener("load", () => { if (pane.atEnd) toBottom(pane); });
  image.addEventListener("error", () => drawVideo(pane, bubble, image.src));
  button.append(image);
  button.addEventListener("click", () => openViewer(image.src));
  bubble.append(button);
}

// What is no picture may be a short video; what is neither is gone.
function drawVideo(pane, bubble, source) {
  const video = document.createElement("video");
  video.controls = true;
  video.addEventListener("loadedmetadata", () => { if (pane.atEnd) toBottom(pane); });
  video.addEventListener("error", () => {
    bubble.classList.replace("photo", "gone");
    bubble.textContent = "照片打不开,或者已经清理了";
  });
  video.src = source;
  bubble.replaceChildren(video);
}

function drawFile(bubble) {
  bubble.classList.add("gone");
  bubble.textContent = "一个不能显示的文件";
}

function setState(room, id, state, reason = "") {
  const waiting = room.outbox.get(id);
  if (state === "kept") {
    room.outbox.delete(id);
    if (waiting?.local) URL.revokeObjectURL(waiting.local);
  }
  const bubble = [...room.panes.values()].map((pane) => pane.bubbles.get(id)).find(Boolean);
  if (!bubble) return;
  bubble.dataset.state = state;
  const words = { waiting: "发送中…", sent: "发送中…", kept: "✓ 已送到", failed: reason };
  const shown = bubble.querySelector(".state span");
  shown.textContent = words[state];
  if (state !== "failed" || !waiting) return;
  const again = document.createElement("button");
  again.type = "button";
  again.textContent = "再发一次";
  again.addEventListener("click", () => transmit(room, waiting));
  shown.append(" ", again);
}

function refuse(room, id, reason) {
  const waiting = id && room.outbox.get(id);
  if (!waiting) return;
  waiting.refused = true;
  setState(room, id, "failed", reason);
}

// Saying

function say(room, pane, text) {
  post(room, pane, { kind: "text", text });
}

function sendPhotos(room, pane, files) {
  for (const file of files) {
    if (file.size > Number(room.me.photoLimit)) complain(pane, "照片太大了,最多20MB,请换一张小一点的。");
    else post(room, pane, { kind: "photo", file, local: URL.createObjectURL(file) });
  }
}

// Shows the bubble at once and keeps it until the program has confirmed it.
function post(room, pane, what) {
  const waiting = { ...what, id: newId(), chat: pane.key };
  room.outbox.set(waiting.id, waiting);
  const line = {
    id: waiting.id, sender: room.me.me, name: room.me.name, role: room.me.role, initial: room.me.initial,
    tone: room.me.tone, bot: false, text: waiting.text ?? "", picture: waiting.local ? "local" : null,
    local: waiting.local, file: false, mentions: [], time: "",
  };
  const bubble = drawLine(room, pane, line, true);
  pane.bubbles.set(waiting.id, bubble);
  pane.lines.append(bubble);
  setState(room, waiting.id, "waiting");
  showExamples(pane);
  toBottom(pane);
  transmit(room, waiting);
}

function transmit(room, waiting) {
  if (room.socket.readyState !== WebSocket.OPEN) return;
  if (waiting.refused) setState(room, waiting.id, "waiting");
  waiting.refused = false;
  if (waiting.kind === "photo") upload(room, waiting);
  else room.socket.send(JSON.stringify({ id: waiting.id, chat: waiting.chat, text: waiting.text }));
}

async function upload(room, waiting) {
  if (waiting.uploading) return;
  waiting.uploading = true;
  const address = new URLSearchParams(location.search);
  const form = new FormData();
  for (const [name, value] of [["as", address.get("as")], ["name", address.get("name") ?? ""],
    ["chat", waiting.chat], ["id", waiting.id]]) form.append(name, value);
  form.append("photo", waiting.file);
  try {
    const answer = await fetch("photos", { method: "POST", body: form });
    if (!answer.ok) refuse(room, waiting.id, (await answer.json()).problem ?? "照片没有送到。");
  } catch (error) {
    if (!(error instanceof TypeError) && !(error instanceof SyntaxError)) throw error;
    // no connection: the next welcome sends it again, under the same id
    refuse(room, waiting.id, "照片还没有送到。");
  } finally {
    waiting.uploading = false;
  }
}

function newId() {
  if (crypto.randomUUID) return crypto.randomUUID();
  // outside https and localhost a browser has no randomUUID
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

// The composer

function setUpComposer(room, pane) {
  const form = pane.root.querySelector("form");
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    sendText(room, pane);
  });
  pane.text.addEventListener("keydown", (event) => {
    // while an input method composes, Enter chooses a word; keyCode 229 is how Safari says so
    if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
    event.preventDefault();
    sendText(room, pane);
  });
  pane.text.addEventListener("input", () => { complain(pane, ""); grow(pane); });
  pane.text.addEventListener("paste", (event) => {
    const images = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
    if (images.length === 0) return;
    event.preventDefault();
    sendPhotos(room, pane, images);
  });
  const mention = pane.root.querySelector(".mention");
  mention.hidden = pane.isPrivate;
  mention.addEventListener("click", () => insert(pane, `@${room.me.bot} `));
  const input = pane.root.querySelector(".photo-input");
  input.addEventListener("change", () => {
    complain(pane, "");
    sendPhotos(room, pane, [...input.files]);
    input.value = "";
  });
}

function sendText(room, pane) {
  const text = pane.text.value.trim();
  if (!text) return;
  if (text.length > Number(room.me.textLimit)) {
    complain(pane, "这条太长了,最多20万字,请分几次发。");
    return;
  }
  pane.text.value = "";
  complain(pane, "");
  grow(pane);
  say(room, pane, text);
  pane.text.focus();
}

function insert(pane, words) {
  pane.text.focus();
  pane.text.setRangeText(words, pane.text.selectionStart, pane.text.selectionEnd, "end");
  grow(pane);
}

function grow(pane) {
  pane.text.style.height = "auto";
  const border = pane.text.offsetHeight - pane.text.clientHeight;
  pane.text.style.height = `${Math.min(pane.text.scrollHeight + border, 170)}px`;
}

function complain(pane, words) {
  pane.problem.textContent = words;
}

function setUpExamples(room, pane) {
  const bot = `@${room.me.bot} `;
  const words = pane.isPrivate
    ? ["帮助", "查 0001", "反映 楼道灯坏了"]
    : [`${bot}3号楼2单元电梯坏了,老人下不了楼`, `${bot}帮助`, "报名 修家电"];
  pane.examples.querySelector("p").textContent = pane.isPrivate ? "还没有说过话。可以这样问:" : "还没有人说话。可以这样说:";
  for (const example of words) {
    const chip = document.createElement("button");
    chip.type = "button";
    chip.className = "example";
    chip.textContent = example;
    chip.addEventListener("click", () => { pane.text.value = ""; insert(pane, example); });
    pane.examples.append(chip);
  }
}

function showExamples(pane) {
  pane.examples.hidden = pane.bubbles.size > 0;
}

// Photos, large

function setUpViewer() {
  const viewer = document.getElementById("viewer");
  viewer.addEventListener("click", () => viewer.close());
}

function openViewer(address) {
  const viewer = document.getElementById("viewer");
  viewer.querySelector("img").src = address;
  viewer.showModal();
}

// The people played last, one click away

function showRecent(me) {
  const others = readRecent().filter((person) => person.id !== me.me);
  for (const person of others) {
    const link = document.createElement("a");
    link.className = `avatar tone-${person.tone}`;
    link.href = person.address;
    link.textContent = person.initial;
    link.title = `换成${person.name}`;
    link.setAttribute("aria-label", link.title);
    document.getElementById("recent").append(link);
  }
  const mine = { id: me.me, name: me.name, initial: me.initial, tone: me.tone, address: `./${location.search}` };
  try {
    localStorage.setItem(RECENT, JSON.stringify([mine, ...others].slice(0, RECENT_KEPT)));
  } catch (error) {
    if (!(error instanceof DOMException)) throw error; // a browser that keeps nothing
  }
}

function readRecent() {
  try {
    const kept = JSON.parse(localStorage.getItem(RECENT) ?? "[]");
    return Array.isArray(kept) ? kept.filter((person) => String(person.address).startsWith("./?")) : [];
  } catch (error) {
    if (!(error instanceof DOMException) && !(error instanceof SyntaxError)) throw error;
    return [];
  }
}

// Helpers

function fromTemplate(id) {
  return document.getElementById(id).content.firstElementChild.cloneNode(true);
}

function escapePattern(text) {
  return text.replace(/[.*+?^${}()|[\]\\/-]/gu, "\\$&");
}
