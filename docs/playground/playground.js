// The page: an editor, what a program printed, and four views of the number that it ends with.
const $ = (id) => document.getElementById(id);
const code = $("code"), lines = $("lines"), printed = $("console"), status = $("status");
const VIEWS = ["values", "derivation", "picture", "explorer"];
const MAX_CHARACTERS = 100_000; // of a program that a link brings
const state = { worker: null, ready: false, running: false, waiting: false, failed: false, since: 0, saved: {} };

// The program in the address: its bytes, compressed, in the letters that addresses have.
const through = async (bytes, stream) => new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
async function pack(text) {
  const bytes = await through(new TextEncoder().encode(text), new CompressionStream("deflate-raw"));
  return btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
async function unpack(packed) {
  const bytes = Uint8Array.from(atob(packed.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    text += decoder.decode(part.value, { stream: true });
    if (text.length > MAX_CHARACTERS) throw new RangeError("too long");
  }
  return text + decoder.decode();
}
async function addressOf() {
  const name = $("examples").value;
  const state = examples[name] === code.value ? `example=${name}` : `code=${await pack(code.value)}`;
  return `${location.href.split("#")[0]}#${state}`;
}

// The editor
function number(wrong) {
  const count = code.value.split("\n").length;
  lines.replaceChildren(...Array.from({ length: count }, (_, i) => {
    const line = document.createElement("span");
    line.textContent = i + 1;
    if (i + 1 === wrong) line.className = "wrong";
    return line;
  }));
  lines.scrollTop = code.scrollTop;
}
function write(text) {
  code.value = text;
  code.scrollTop = code.scrollLeft = 0;
  number();
}
const put = (text) => document.execCommand("insertText", false, text); // the one way that can be undone
function indent(back) {
  const start = code.value.lastIndexOf("\n", code.selectionStart - 1) + 1;
  if (code.selectionStart === code.selectionEnd && !back) return put(" ".repeat(4 - ((code.selectionStart - start) % 4)));
  const chosen = code.value.slice(start, code.selectionEnd);
  const moved = back ? chosen.replace(/^ {1,4}/gm, "") : chosen.replace(/^(?=.)/gm, "    ");
  if (moved === chosen) return;
  code.setSelectionRange(start, code.selectionEnd);
  moved ? put(moved) : document.execCommand("delete");
  code.setSelectionRange(start, start + moved.length);
}
let leaving = false; // Escape, then Tab, leaves the editor
code.addEventListener("keydown", (event) => {
  if (event.key === "Tab" && !leaving && !event.ctrlKey && !event.altKey && !event.metaKey) {
    event.preventDefault();
    indent(event.shiftKey);
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey && !event.isComposing) {
    event.preventDefault();
    const before = code.value.slice(code.value.lastIndexOf("\n", code.selectionStart - 1) + 1, code.selectionStart);
    put(`\n${before.match(/^ */)[0]}${/:\s*(#.*)?$/.test(before) ? "    " : ""}`);
  }
  if (event.key !== "Shift") leaving = event.key === "Escape";
});
code.addEventListener("input", () => number());
code.addEventListener("scroll", () => { lines.scrollTop = code.scrollTop; });

// The views
function choose(view, focus) {
  for (const each of VIEWS) {
    const tab = $(`tab-${each}`);
    tab.ariaSelected = String(each === view);
    tab.tabIndex = each === view ? 0 : -1;
    $(each).hidden = each !== view;
  }
  if (focus) $(`tab-${view}`).focus();
  $("save").hidden = !state.saved[view];
  if (state.saved[view]) Object.assign($("save"), state.saved[view]);
}
const chosen = () => VIEWS.find((view) => !$(view).hidden);
for (const view of VIEWS) {
  $(`tab-${view}`).addEventListener("click", () => choose(view));
  $(`tab-${view}`).addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step) choose(VIEWS[(VIEWS.indexOf(view) + step + VIEWS.length) % VIEWS.length], true);
  });
}
function say(view, text) {
  const line = document.createElement("p");
  line.className = "none";
  line.textContent = text;
  $(view).replaceChildren(line);
}
function keep(view, name, type, text) {
  if (state.saved[view]) URL.revokeObjectURL(state.saved[view].href);
  state.saved[view] = { href: URL.createObjectURL(new Blob([text], { type })), download: name };
}
function forget() {
  for (const kept of Object.values(state.saved)) URL.revokeObjectURL(kept.href);
  state.saved = {};
  choose(chosen());
}
function frame(view, html, title, sandbox) {
  const inside = document.createElement("iframe");
  inside.setAttribute("sandbox", sandbox);
  inside.title = title;
  inside.srcdoc = html;
  $(view).replaceChildren(inside);
}
// What a program makes is shown without being run: frames of their own origin, and nothing but plain elements here.
const KEPT = new Set("TABLE THEAD TBODY TR TH TD P OL LI DIV math mfrac mrow mo mi mn msub msup msubsup mtext msqrt mroot munder mover munderover mstyle mspace mtable mtr mtd mpadded".split(" "));
const ALLOWED = new Set(["class", "displaystyle", "stretchy", "fence", "linethickness", "mathvariant", "width", "lspace", "rspace", "form"]);
function plain(html) {
  const body = new DOMParser().parseFromString(html, "text/html").body;
  for (const element of body.querySelectorAll("*")) {
    if (!KEPT.has(element.tagName)) element.replaceWith(element.textContent);
    else for (const { name } of [...element.attributes]) if (!ALLOWED.has(name)) element.removeAttribute(name);
  }
  return [...body.childNodes];
}
const SHOW = {
  values({ title, html }) {
    const head = document.createElement("h2");
    head.textContent = title;
    $("values").replaceChildren(head, ...plain(html));
  },
  derivation({ html }) { $("derivation").replaceChildren(...plain(html)); },
  picture({ name, html }) {
    const style = [
      ":root { color-scheme: light dark }", // else a dark page's frame is white
      "html, body { height: 100%; margin: 0 }",
      "body { display: grid; place-items: safe center; padding: 12px; box-sizing: border-box }",
      "svg { background: #fff; border-radius: 10px }",
      "@media (max-width: 400px) { body { place-items: start } svg { max-width: 720px !important } }", // to be read
    ].join("\n");
    frame("picture", `<!DOCTYPE html><meta charset="utf-8"><style>${style}</style>${html}`, `Picture of ${name}`, "");
    keep("picture", `${name}.svg`, "image/svg+xml", html);
  },
  explorer({ name, html }) {
    frame("explorer", html, `Explorer of ${name}`, "allow-scripts");
    keep("explorer", `${name}.html`, "text/html", html);
  },
};
function print(text, kind) {
  const down = printed.scrollHeight - printed.scrollTop - printed.clientHeight < 20;
  const part = document.createElement("span");
  if (kind) part.className = kind;
  part.textContent = text;
  printed.append(part);
  if (down) printed.scrollTop = printed.scrollHeight;
}

// The worker
function settle(running) {
  state.running = running;
  $("run").hidden = running;
  $("stop").hidden = !running;
  $("run").disabled = !state.ready;
}
function start(why) {
  state.worker?.terminate();
  state.ready = false;
  status.value = why;
  settle(false);
  const worker = (state.worker = new Worker("worker.js", { type: "module" }));
  worker.onmessage = ({ data: { kind, content } }) => worker === state.worker && hear(kind, content);
  worker.onerror = () => hear("broken", "its script could not be loaded");
}
function hear(kind, content) {
  if (kind === "ready") {
    state.ready = true;
    status.value = `Python ${content} is ready.`;
    settle(false);
    if (state.waiting) run();
  } else if (kind === "broken") {
    status.value = `Python could not be started: ${content}.`;
  } else if (kind === "broke") {
    const stack = content.startsWith("RangeError") ? " A chain of thousands of operations is more than a browser's stack holds when it is dropped." : "";
    print(`Python itself broke down: ${content}.${stack}\n`, "error");
    start("Python broke down, and is starting again …");
  } else if (kind === "console") {
    print(content);
  } else if (kind === "error") {
    print(content.text, "error");
    number(content.line);
    status.value = content.line ? `Stopped by an error on line ${content.line}.` : "Stopped by an error.";
    state.failed = true;
  } else if (kind === "nothing") {
    for (const view of VIEWS) say(view, content);
    forget();
  } else if (kind === "done") {
    $("result").classList.toggle("old", state.failed);
    if (!state.failed) status.value = `Done in ${((performance.now() - state.since) / 1000).toFixed(2)} s.`;
    settle(false);
    choose(chosen());
  } else if (content.trouble) {
    say(kind, content.trouble);
  } else {
    SHOW[kind](content);
    if (kind === "values") $("result").classList.remove("old");
  }
}
async function run() {
  if (!state.ready) { state.waiting = true; return; }
  if (state.running) return;
  Object.assign(state, { waiting: false, failed: false, since: performance.now() });
  printed.replaceChildren();
  number();
  status.value = "Running …";
  $("result").classList.add("old");
  settle(true);
  state.worker.postMessage(code.value);
  history.replaceState(null, "", await addressOf());
}
$("run").addEventListener("click", run);
$("stop").addEventListener("click", () => {
  print("Stopped.\n", "error");
  start("Stopped. Python is starting again …");
});
addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); run(); }
});

// Examples and links
const examples = Object.fromEntries(await (await fetch("examples.json")).json());
$("examples").addEventListener("change", () => {
  const name = $("examples").value;
  if (!name) return;
  history.replaceState(null, "", `#example=${name}`);
  read();
});
$("link").addEventListener("click", async () => {
  const address = await addressOf();
  history.replaceState(null, "", address);
  try {
    await navigator.clipboard.writeText(address);
    status.value = "The link is on the clipboard.";
  } catch {
    status.value = "The link stands in the address bar: copy it there.";
  }
});
async function read() {
  const [, kind, content] = location.hash.match(/^#(code|example)=(.*)$/) ?? [, "example", Object.keys(examples)[0]];
  if (kind === "example" && Object.hasOwn(examples, content)) {
    $("examples").value = content;
    write(examples[content]);
    run();
    return;
  }
  $("examples").value = "";
  try {
    if (kind === "example") throw new RangeError("unknown");
    write(await unpack(content));
    for (const view of VIEWS) say(view, "This program came with the link. Read it, then press Run.");
    forget();
    printed.replaceChildren();
  } catch {
    write("");
    for (const view of VIEWS) say(view, "This link is damaged: nothing can be read from it. Choose an example, or ask for the link again.");
    forget();
  }
}
addEventListener("hashchange", read);
start("Python is starting …");
await read();
