// The parts put together: what is lit, and what choosing, changing and folding do.

const record = JSON.parse(document.getElementById("record").textContent);
const engine = record.practice ? new VeiledEngine(record) : new Engine(record);
const find = (id) => document.getElementById(id);
document.documentElement.classList.remove("static");

const picture = new Picture(engine);
const { fold } = picture;
const camera = new Camera(picture, find("stage"));
const watchers = []; // what wants to know when numbers have changed
let chosen = null, hovered = null, path = null, found = null;
let asked = null; // what a question is about

const formulas = new Formulas(engine, (element, node) => {
  element.addEventListener("pointerenter", () => hover(node, null));
  element.addEventListener("pointerleave", () => hover(null));
});
const actions = {
  choose, change, canFold: (scope) => fold.members.has(scope),
  fold: (scope, closed) => setFold(scope, closed),
  go: (position) => player.go(position),
  light: (one) => {
    path = one;
    refresh();
  },
};
const panel = new StepPanel(engine, formulas, actions);
const nodePanel = new NodePanel(engine, formulas, actions);
const player = new Player(engine, showStep);
player.fresh = () => panel.opening && player.position === engine.count;
player.more = () => {
  const name = (node) => encodeURIComponent(engine.nodes[node].name);
  const numbers = [...engine.changed].map(([node, number]) => `${name(node)}:${number}`);
  return [...(chosen === null ? [] : [`chosen=${name(chosen)}`]), ...(numbers.length ? [`numbers=${numbers.join(",")}`] : [])];
};

// --- what is lit ---------------------------------------------------------------------------------------------------

function lights() {
  const step = panel.opening ? { kind: "start" } : engine.step(player.position);
  const light = {
    nodes: { now: new Set(), near: new Set(), chosen: new Set(chosen === null ? [] : [chosen]), hovered: new Set(hovered === null ? [] : [hovered]) },
    edges: { now: new Set(), near: new Set(), lit: new Set() },
    dim: null,
  };
  if (asked) {
    light.nodes.now.add(asked.lower);
    light.nodes.near.add(asked.upper);
    for (const edge of asked.edges) light.edges.lit.add(edge);
  } else if (step.kind === "node") {
    light.nodes.now.add(step.node);
    for (const edge of engine.below[step.node]) {
      light.nodes.near.add(edge.source);
      light.edges.near.add(edge);
    }
  } else if (step.kind === "edge") {
    light.nodes.now.add(step.edge.target);
    light.nodes.near.add(step.edge.source);
    light.edges.now.add(step.edge);
  }
  if (found && found.count && chosen !== engine.output) {
    const edges = path ? new Set(path.edges) : found.edges;
    const nodes = path ? new Set([chosen, ...path.edges.map((edge) => edge.target)]) : found.nodes;
    light.edges.lit = edges;
    light.dim = { nodes: new Set([...nodes, ...light.nodes.now, ...light.nodes.near]), edges: new Set([...edges, ...light.edges.now]) };
  }
  return light;
}

function refresh() {
  picture.show(player.position, lights());
}

function showStep(position) {
  panel.showStep(position);
  refresh();
  clearTimeout(showStep.later);
  showStep.later = setTimeout(() => picture.describe(position), 300);
  if (panel.opening) return;
  const step = engine.step(position);
  document.documentElement.style.setProperty("--beat", `${player.playing ? Math.min(player.beat, 2500) : 500}ms`);
  picture.send(step.kind === "edge" && !engine.isFrozen(step.edge.source) ? step.edge : null, player.playing ? player.beat * 0.75 : 700);
  if (step.kind === "node" && camera.seen) camera.reveal(picture.boxOf(step.node));
  if (step.kind === "edge" && camera.seen && position < engine.count) camera.reveal(picture.startOf(step.edge));
}

// --- choosing, changing, folding -------------------------------------------------------------------------------------

function choose(node, reveal = false) {
  chosen = node;
  path = null;
  found = node === null ? null : engine.paths(node, PATHS);
  if (node !== null && fold.boxOf(node)) unfoldFor(node);
  nodePanel.showChosen(node, player.position, found);
  player.sign(!panel.opening);
  refresh();
  if (node === null) return;
  if (reveal) camera.reveal(picture.boxOf(node));
  hideTip();
  const [low, end] = [nodePanel.chosen, find("panel")].map((element) => element.getBoundingClientRect().bottom);
  if (!asked && (low > end || matchMedia("(max-width: 760px)").matches)) nodePanel.chosen.scrollIntoView({ block: "start" });
}

function change(node, number) {
  engine.set(node, number);
  afterChange();
  player.sign(!panel.opening);
}

// Take the chosen node and the numbers of leaves from the address, as in #chosen=w&numbers=w:2.5.
function followAddress() {
  const given = (word) => location.hash.match(new RegExp(`(?:^#|&)${word}=([^&]*)`))?.[1];
  const decode = (text) => { try { return decodeURIComponent(text); } catch { return text; } };
  const find = (name) => engine.nodes.findIndex((node) => node.name === decode(name));
  for (const pair of asked ? [] : (given("numbers") || "").split(",").filter(Boolean)) {
    const [name, number] = pair.split(":");
    const node = find(name);
    if (node >= 0 && engine.nodes[node].op === undefined && engine.open[node] && number && Number.isFinite(Number(number))) engine.set(node, Number(number));
  }
  if (engine.changed.size) afterChange();
  const node = find(given("chosen") || "");
  if (node >= 0) choose(node);
}

function afterChange() {
  if (chosen !== null) found = engine.paths(chosen, PATHS);
  refresh();
  panel.showStep(player.position);
  nodePanel.showChosen(chosen, player.position, found);
  showTitle();
  const bar = find("what-if");
  bar.hidden = !engine.changed.size;
  const changes = [...engine.changed].slice(0, 4).map(([node, number]) => `${engine.nodes[node].name} = ${numberText(number)} (recorded: ${numberText(engine.base.data[node])})`);
  const more = engine.changed.size > 4 ? `, and ${engine.changed.size - 4} more` : "";
  const undo = make("button", { type: "button", class: "small", id: "undo" }, "all as recorded");
  undo.addEventListener("click", () => {
    engine.reset();
    afterChange();
    if (nodePanel.refill) nodePanel.refill();
    player.sign(!panel.opening);
  });
  bar.replaceChildren(make("p", {}, make("span", { class: "way" }, "What if"), `${changes.join(", ")}${more}`), undo);
  for (const watch of watchers) watch();
}

function showTitle() {
  const error = [...engine.now.errors][0];
  const { name } = engine.nodes[engine.output];
  write(find("title"), error ? `${name}: ${engine.nodes[error[0]].name} ${error[1].text}` : `${name} = ${numberText(engine.now.data[engine.output])}`);
}

function setFold(scope, closed) {
  const folded = new Set(fold.folded);
  if (closed) folded.add(scope);
  else folded.delete(scope);
  applyFold(folded);
  camera.reveal(closed ? picture.boxOf(fold.members.get(scope)[0]) : picture.boxOf(Math.max(...fold.members.get(scope))), false);
}

function unfoldFor(node) {
  const folded = new Set([...fold.folded].filter((scope) => !fold.members.get(scope).includes(node)));
  applyFold(folded);
}

function applyFold(folded) {
  fold.set(folded);
  refresh();
  camera.apply();
  showParts();
}

function showParts() {
  if (!fold.scopes.length) return;
  find("parts").hidden = false;
  const buttons = [make("button", { type: "button", class: "small", id: "unfold-all", onclick: () => { applyFold(new Set()); camera.fit(); } }, "unfold all")];
  for (let depth = fold.depth; depth > 0; depth--) {
    const label = fold.depth === 1 ? "fold all" : `fold to depth ${depth}`;
    buttons.push(make("button", { type: "button", class: "small fold-level", onclick: () => { applyFold(new Set(fold.level(depth))); camera.fit(); } }, label));
  }
  const rows = fold.scopes.map((scope) => {
    const depth = scope.split("/").length;
    const box = make("input", { type: "checkbox" });
    box.checked = !fold.folded.has(scope);
    box.disabled = [...fold.folded].some((outer) => scope.startsWith(`${outer}/`));
    box.addEventListener("change", () => setFold(scope, !box.checked));
    const label = make("label", { class: `depth${Math.min(depth, 4)}`, title: scope }, box, make("span", {}, scope.split("/").pop()), make("small", {}, `${fold.members.get(scope).length}`));
    label.addEventListener("pointerenter", () => lightScope(scope));
    label.addEventListener("pointerleave", () => lightScope(null));
    return label;
  });
  const list = find("parts").querySelector("div");
  const at = list.querySelector(".scopes")?.scrollTop || 0;
  list.replaceChildren(make("div", { class: "buttons" }, ...buttons), make("div", { class: "scopes" }, ...rows));
  list.querySelector(".scopes").scrollTop = at;
}

function lightScope(scope) {
  const light = lights();
  if (scope) light.nodes.hovered = new Set(fold.members.get(scope));
  picture.show(player.position, light);
}
