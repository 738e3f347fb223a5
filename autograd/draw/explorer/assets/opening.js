// Opening and folding parts: what the boxes, the list of parts, the keys and the address do.

const BOXES = 60; // boxes that a screen holds
const MAX_OPEN = 600; // nodes that are shown all by themselves
const MAX_ROWS = 80; // parts that are listed

function setFold(path, closed) {
  if (closed) closePart(path);
  else openPart(path);
}

function closePart(path) {
  const run = fold.parts.runOf.get(path), folded = new Set([...fold.folded].filter((inner) => !inner.startsWith(`${path}/`)));
  folded.add(path);
  if (run !== undefined && fold.parts.chains.has(run) && fold.parts.runs.get(run).length > MAX_CHAIN) folded.add(run);
  applyFold(folded);
  lookAt([fold.members.get(path)[0]]);
}

function openPart(path) {
  applyFold(fold.parts.opened(path, fold.folded));
  lookAt(fold.members.get(path));
}

// Open a box: of several parts that share it the first, or the one with a node.
function openBox(box, node) {
  openPart(box.paths.find((path) => node === undefined || fold.members.get(path).includes(node)));
}

function lookAt(nodes) {
  camera.look(nodes.map((node) => picture.boxOf(node)), { time: 0, keep: false });
}

// Let a node have its card: a leaf comes out of its box, of anything else the parts around are opened.
function bringOut(node) {
  let { folded } = fold;
  if (engine.nodes[node].op === undefined) fold.pins.add(node);
  else for (const path of fold.parts.around(node)) if (folded.has(path)) folded = fold.parts.opened(path, folded);
  applyFold(folded);
}

function applyFold(folded) {
  fold.set(folded);
  picture.turn(camera.view, true);
  refresh();
  camera.apply();
  showParts();
  parts.show(player.position);
  player.sign(!panel.opening);
}

// What is folded, for the address, where that is not what a page begins with.
function foldedInAddress() {
  const { folded } = fold, begun = fold.parts.overview(BOXES);
  if (folded.size > MAX_ROWS || (folded.size === begun.size && [...folded].every((path) => begun.has(path)))) return [];
  return [`folded=${[...folded].map(encodeURIComponent).join(",")}`];
}

// What the address says is folded, or what a page begins with.
function foldedAtFirst() {
  const [, given] = location.hash.match(/(?:^#|&)folded=([^&]*)/) || [];
  if (given === undefined) return fold.parts.overview(BOXES);
  const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  return new Set(given.split(",").map(decode).filter((path) => fold.members.has(path) || fold.parts.runs.has(path)));
}

function foldAll(folded) {
  fold.pins = new Set([engine.output]);
  applyFold(folded);
  camera.fit();
}

function showParts() {
  const { paths, depth: deepest } = fold.parts;
  if (!paths.length) return;
  find("parts").hidden = false;
  const button = (text, title, folded) => make("button", { type: "button", class: "small fold-level", title, onclick: () => foldAll(folded) }, text);
  const buttons = [];
  if (engine.nodes.length <= MAX_OPEN) buttons.push(Object.assign(button("open all", "Show every node by itself", new Set()), { id: "unfold-all" }));
  for (let depth = deepest; depth > 0; depth--) {
    const folded = fold.parts.foldedTo(depth);
    if (fold.parts.count(folded) > MAX_OPEN) continue;
    const [path] = fold.parts.level(depth).filter((one) => fold.parts.depthOf(one) === depth);
    const stem = path.split("/").pop().replace(/ ?\d+$/, "");
    if (fold.members.get(path).every((node) => engine.nodes[node].op === undefined)) continue; // the weights of a neuron
    buttons.push(button(`fold every ${stem}`, `One box for each part like ${path}`, folded));
  }
  const seen = paths.filter((path) => !fold.parts.outer.get(path)?.some((outer) => outer !== path && fold.folded.has(outer)));
  const rows = seen.slice(0, MAX_ROWS).map((path) => {
    const box = make("input", { type: "checkbox" });
    box.checked = !fold.folded.has(path);
    box.addEventListener("change", () => setFold(path, !box.checked));
    const label = make("label", { class: `depth${Math.min(fold.parts.depthOf(path), 4)}`, title: `${path}: ticked, its inside is seen` }, box, make("span", {}, path.split("/").pop()), make("small", {}, `${fold.members.get(path).length}`));
    label.addEventListener("pointerenter", () => lightScope(path));
    label.addEventListener("pointerleave", () => lightScope(null));
    return label;
  });
  if (seen.length > MAX_ROWS) rows.push(make("small", {}, `and ${seen.length - MAX_ROWS} more`));
  const list = find("parts").querySelector("div");
  const at = list.querySelector(".scopes")?.scrollTop || 0;
  list.replaceChildren(make("div", { class: "buttons" }, ...buttons), make("p", { class: "aside" }, `A ticked part is open: its inside is seen.${engine.nodes.length > MAX_OPEN ? ` Of more than ${MAX_OPEN} nodes not all can be open at once.` : ""}`), make("div", { class: "scopes" }, ...rows));
  list.querySelector(".scopes").scrollTop = at;
}

function lightScope(scope) {
  const light = lights();
  if (scope) light.nodes.hovered = new Set(fold.members.get(scope));
  picture.show(player.position, light);
}
