// The pointer: what hovering shows, and what a press does.

const TIP_ROWS = 6; // numbers of a folded part that are listed
const CLICK = 6; // pixels that a press may move

function hover(node, event) {
  if (hovered !== node) {
    hovered = node;
    refresh();
  }
  if (node === null || !event) hideTip();
  else showTip(nodeTip(node), event);
}

function nodeTip(node) {
  const { name, op, formula, scope } = engine.nodes[node];
  const state = engine.at(player.position);
  const lines = [make("b", {}, name)];
  if (op !== undefined) {
    const tree = engine.record.formulas[formula];
    lines.push(formulas.line(formulas.name(node), "=", formulas.written(node, tree, false)));
    if (state.data[node] !== undefined) lines.push(formulas.line("=", formulas.written(node, tree, true), "=", mathNumber(state.data[node])));
    const { name: operation, summary } = engine.record.operations[op];
    lines.push(make("small", {}, summary ? `${operation}: ${summary}` : operation));
  }
  const error = engine.now.errors.get(node);
  if (error) lines.push(make("span", { class: "trouble" }, `${error.text}. ${error.cure}`));
  const grad = engine.isFrozen(node) ? "frozen" : exactText(state.grads[node]);
  lines.push(make("span", {}, `data ${exactText(state.data[node])}`), make("span", {}, `grad ${grad}`));
  if (scope) lines.push(make("small", {}, scope));
  return lines;
}

function edgeTip(edge) {
  const lines = [panel.slopeLine(edge)];
  if (engine.isFrozen(edge.source)) lines.push(make("small", {}, "nothing flows back: the leaf is frozen"));
  else if (engine.at(player.position).passed > edge.number && engine.flow(edge) !== undefined) {
    lines.push(make("span", { class: "flowing" }, `← ${exactText(engine.flow(edge))}`));
  } else lines.push(make("small", {}, "nothing has flowed back yet"));
  lines.push(make("small", {}, `press it for its step, ${engine.stepOf(edge)}`));
  return lines;
}

function counted(number, what) {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}

function boxTip(box) {
  const outs = fold.summary.outs(box), { data, grads } = engine.at(player.position);
  const rows = outs.slice(0, TIP_ROWS).map((i) => make("span", {}, `${engine.nodes[i].name} = ${numberText(data[i])}, grad ${grads[i] === null ? "frozen" : numberText(grads[i])}`));
  if (outs.length > TIP_ROWS) rows.push(make("small", {}, `and ${outs.length - TIP_ROWS} more`));
  return [make("b", {}, fold.titleOf(box)), make("small", {}, `${counted(box.nodes.length, "node")}; of it is used:`), ...rows, make("small", {}, "press it to open it")];
}

function linkTip(link) {
  const columns = fold.summary.sources(link).length, rows = fold.summary.outs(link.end).length;
  const ends = [link.from, link.to].map((end) => (typeof end === "number" ? engine.nodes[end].name : fold.titleOf(fold.boxes.get(end))));
  const parts = [make("b", {}, ends.join(" → ")), make("small", {}, counted(link.edges.length, "edge"))];
  if (rows * columns > 1) parts.push(make("span", {}, `the derivatives of ${counted(rows, "number")} by ${counted(columns, "number")}, a row for each of the first`));
  return parts;
}

function showTip(lines, event) {
  if (event.pointerType === "touch") return;
  const tip = find("tip"), stage = find("stage").getBoundingClientRect();
  tip.replaceChildren(...lines);
  tip.hidden = false;
  const left = Math.min(event.clientX - stage.left + 14, stage.width - tip.offsetWidth - 8);
  const below = event.clientY - stage.top + 18;
  tip.style.left = `${Math.max(8, left)}px`;
  tip.style.top = `${below + tip.offsetHeight > stage.height ? Math.max(8, below - tip.offsetHeight - 34) : below}px`;
}

function hideTip() {
  find("tip").hidden = true;
}

const edgeOf = new Map(engine.edges.map((edge) => [edge.id, edge]));

function under(event) {
  const group = event.target.closest?.(".node, .edge");
  if (!group) return {};
  if (group.dataset.box !== undefined) return { box: fold.boxes.get(group.dataset.box) };
  if (group.dataset.link !== undefined) return { link: fold.links.get(group.dataset.link) };
  if (group.dataset.of !== undefined) return { node: Number(group.dataset.of) };
  if (edgeOf.has(group.id)) return { edge: edgeOf.get(group.id) };
  return group.classList.contains("node") ? { node: Number(group.id.slice(1)) } : {};
}

const stage = find("stage");
stage.addEventListener("pointermove", (event) => {
  if (camera.pointers.size) {
    hideTip();
    return;
  }
  const { node, edge, box, link } = under(event);
  if (edge || box || link) {
    hover(null);
    showTip(edge ? edgeTip(edge) : box ? boxTip(box) : linkTip(link), event);
  } else hover(node === undefined ? null : node, event);
});
stage.addEventListener("pointerleave", () => hover(null));
stage.addEventListener("click", (event) => {
  if (camera.moved > CLICK) return;
  const { node, box, edge, link } = under(event);
  if (box) openBox(box);
  else if (edge) player.go(engine.stepOf(edge));
  else if (link) player.go(engine.stepOf(link.edges[0]));
  else choose(node === undefined ? null : node);
});
stage.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  const { node, box } = under(event);
  if (box) openBox(box);
  else if (node !== undefined) choose(node, true);
});
stage.addEventListener("focusin", (event) => {
  const { node } = under(event);
  if (node !== undefined && event.target.matches(":focus-visible")) camera.look([picture.boxOf(node)], { time: 0, keep: false });
});

// The number of a leaf is dragged to the side, before the drawing is.
let drag = null;
stage.addEventListener("pointerdown", (event) => {
  const { node } = under(event);
  if (event.button || !event.target.matches(".data") || node === undefined || engine.nodes[node].op !== undefined || !engine.open[node] || engine.veiled) return;
  event.stopPropagation();
  camera.moved = 0;
  const { data } = engine.now;
  drag = { node, x: event.clientX, from: Number.isFinite(data[node]) ? data[node] : 0, step: stepOfLeaf(engine.base.data[node]) };
}, true);
stage.addEventListener("pointermove", (event) => {
  if (!drag) return;
  event.stopPropagation();
  const moved = event.clientX - drag.x;
  camera.moved = Math.max(camera.moved, Math.abs(moved)); // what follows is no click
  if (camera.moved <= CLICK) return;
  if (!stage.hasPointerCapture(event.pointerId)) stage.setPointerCapture(event.pointerId);
  hideTip();
  change(drag.node, Number((drag.from + moved * drag.step).toPrecision(6)));
}, true);
for (const name of ["pointerup", "pointercancel"]) stage.addEventListener(name, () => { drag = null; }, true);

// A browser scrolls a frame to what has the focus; here the camera moves instead.
stage.addEventListener("scroll", () => { stage.scrollTop = stage.scrollLeft = 0; });
