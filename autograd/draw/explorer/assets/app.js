// The parts put together: what is lit, and what choosing and changing do.

const find = (id) => document.getElementById(id);
const record = await readRecord(find("record"));
const engine = record.practice ? new VeiledEngine(record) : new Engine(record);
document.documentElement.classList.remove("static");
find("overview")?.remove();

const picture = new Picture(engine);
const { fold } = picture;
const camera = new Camera(picture, find("stage"));
const minimap = new Minimap(find("map"), camera);
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
const walk = new Walk(engine, fold);
const panel = new StepPanel(engine, formulas, actions);
const nodePanel = new NodePanel(engine, formulas, actions);
const player = new Player(engine, showStep);
player.fresh = () => panel.opening && player.position === engine.count;
player.more = () => {
  const name = (node) => encodeURIComponent(engine.nodes[node].name);
  const numbers = [...engine.changed].map(([node, number]) => `${name(node)}:${number}`);
  return [...(chosen === null ? [] : [`chosen=${name(chosen)}`]), ...(numbers.length ? [`numbers=${numbers.join(",")}`] : []), ...foldedInAddress()];
};
const parts = new PartPanel(engine, fold, walk);
player.stride = (position, by) => walk.next(position, by);

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
  find("now").classList.toggle("settled", position === showStep.shown); // what was there already does not appear anew
  if (position !== showStep.shown && !player.playing) find("panel").scrollTop = 0; // the step is above what was chosen
  showStep.shown = position;
  panel.showStep(position);
  if (chosen !== null) nodePanel.showNumbers(chosen, position);
  refresh();
  parts.show(position);
  clearTimeout(showStep.later);
  showStep.later = setTimeout(() => picture.describe(position), 300);
  if (panel.opening) return;
  const step = engine.step(position);
  document.documentElement.style.setProperty("--beat", `${player.playing ? Math.min(player.beat, 2500) : 500}ms`);
  picture.send(step.kind === "edge" && !engine.isFrozen(step.edge.source) ? step.edge : null, player.playing ? player.beat * 0.75 : 700);
  const time = player.playing ? Math.min(FLIGHT, player.beat / 2) : FLIGHT;
  if (step.kind === "node") camera.look([picture.boxOf(step.node)], { besides: engine.below[step.node].flatMap((edge) => picture.placesOf(edge)), time });
  if (step.kind === "edge") camera.look(picture.placesOf(step.edge), { time });
  if (position === 0) camera.look([picture.boxOf(0)], { time }); // as large as before a step that needed more room
}

// --- choosing, changing, folding -------------------------------------------------------------------------------------

function choose(node, reveal = false) {
  chosen = node;
  path = null;
  found = node === null ? null : engine.paths(node, PATHS);
  if (node !== null && fold.boxOf(node)) bringOut(node);
  nodePanel.showChosen(node, player.position, found);
  player.sign(!panel.opening);
  refresh();
  if (node === null) return;
  if (reveal) camera.look([picture.boxOf(node)], { keep: false });
  hideTip();
  const [low, { top, bottom: end }, stage] = [nodePanel.chosen, find("panel"), find("stage")].map((element) => element.getBoundingClientRect());
  const below = top > stage.top; // the panel, on a narrow page
  if (!asked && (low.bottom > end || below)) nodePanel.chosen.scrollIntoView({ block: "start" });
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
  find("now").classList.add("settled");
  panel.showStep(player.position);
  nodePanel.showChosen(chosen, player.position, found);
  showTitle();
  const bar = find("what-if");
  bar.hidden = !engine.changed.size;
  const changes = [...engine.changed].slice(0, 4).map(([node, number]) => `${engine.nodes[node].name} = ${numberText(number)} (recorded: ${numberText(engine.base.data[node])})`);
  const more = engine.changed.size > 4 ? `, and ${engine.changed.size - 4} more` : "";
  const undo = make("button", { type: "button", class: "small", id: "undo", title: "Back to the numbers that were recorded" }, "reset all");
  undo.addEventListener("click", () => {
    engine.reset();
    afterChange();
    if (nodePanel.refill) nodePanel.refill();
    player.sign(!panel.opening);
  });
  bar.replaceChildren(make("p", {}, make("span", { class: "way" }, "What if"), `${changes.join(", ")}${more}`), undo);
  for (const watch of watchers) watch();
  clearTimeout(showStep.later);
  showStep.later = setTimeout(() => picture.describe(player.position), 300);
}

function showTitle() {
  const error = [...engine.now.errors][0];
  const { name } = engine.nodes[engine.output];
  write(find("title"), error ? `${name}: ${engine.nodes[error[0]].name} ${error[1].text}` : `${name} = ${numberText(engine.now.data[engine.output])}`);
}
