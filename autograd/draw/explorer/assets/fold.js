// Folding: a part, or several that follow one another, becomes one box that keeps its numbers. Where nothing is folded the
// drawing is as Graphviz laid it out; else it is set in layers, always in the same order.

const TITLE = 26; // characters of a box's title
const MAX_TEXTS = 48; // arrows up to which each has its text; of more, those that are their operand's only one
const BOX = { height: 54, least: 132 };
const TEXT = { width: 84, height: 34 }; // of an arrow that leads to a box or from one

class Fold {
  constructor(picture) {
    this.picture = picture;
    this.engine = picture.engine;
    this.parts = new Parts(this.engine);
    this.summary = new Summary(this.engine, this);
    this.folded = new Set();
    this.pins = new Set([this.engine.output]); // nodes that no box hides
    this.boxes = new Map(); // key → box
    this.links = new Map();
    this.home = this.engine.nodes.map(() => null); // the key of the box that hides a node
  }

  get members() {
    return this.parts.members;
  }

  boxOf(node) {
    return this.boxes.get(this.home[node]);
  }

  // The link that an edge is shown by.
  linkOf(edge) {
    return this.links.get(this.linkKey(edge));
  }

  linkKey({ source, target }) {
    return `${this.home[source] ?? source}→${this.home[target] ?? target}`;
  }

  // Fold these parts and gather these runs, and nothing else.
  set(folded) {
    this.folded = new Set(folded);
    const { picture, engine, parts } = this;
    const homes = parts.homes(this.folded), boxes = new Map();
    this.home = engine.nodes.map((_, i) => {
      const box = this.pins.has(i) ? null : homes.get(parts.scopeOf(i));
      if (!box) return null;
      if (!boxes.has(box[0])) boxes.set(box[0], { key: box[0], paths: box[1], nodes: [] });
      boxes.get(box[0]).nodes.push(i);
      return box[0];
    });
    for (const thing of [...this.boxes.values(), ...this.links.values()]) thing.group.remove();
    const end = ([, { nodes }]) => nodes[nodes.length - 1];
    this.boxes = new Map([...boxes].sort((a, b) => end(a) - end(b)));
    for (const box of this.boxes.values()) this.makeBox(box);
    this.links.clear();
    picture.reveal((i) => this.home[i] === null, (edge) => this.home[edge.source] === null && this.home[edge.target] === null);
    for (const edge of engine.edges) {
      const [from, to] = [this.home[edge.source] ?? edge.source, this.home[edge.target] ?? edge.target];
      if (from === to || (typeof from === "number" && typeof to === "number")) continue;
      const key = `${from}→${to}`;
      if (!this.links.has(key)) this.links.set(key, this.makeLink(from, to));
      this.links.get(key).edges.push(edge);
    }
    this.summary.renew();
    this.poses = null;
  }

  // How it may lie: to the right and down.
  lay() {
    if (this.poses) return this.poses;
    const { picture, engine } = this, items = new Map();
    for (const i of picture.nodes) items.set(i, { thing: picture.cards[i], last: i });
    for (const box of this.boxes.values()) items.set(box.key, { thing: box, last: Math.max(...this.summary.outs(box)) });
    const leaving = new Map();
    const arrows = [...picture.edges.map((edge) => ({ line: picture.lines[edge.number], from: edge.source, to: edge.target })),
      ...[...this.links.values()].map((link) => ({ line: link, from: link.from, to: link.to }))];
    for (const { from } of arrows) leaving.set(from, (leaving.get(from) || 0) + 1);
    for (const arrow of arrows) {
      arrow.text = arrows.length <= MAX_TEXTS || leaving.get(arrow.from) === 1 ? arrow.line.spot : null;
      [arrow.from, arrow.to] = [items.get(arrow.from), items.get(arrow.to)];
    }
    for (const item of items.values()) { // a leaf stands where it is used first
      const uses = engine.nodes[item.last].op === undefined ? arrows.filter(({ from }) => from === item).map(({ to }) => to.last) : [];
      if (uses.length) item.last = Math.min(...uses) - 1 + item.last / engine.nodes.length;
    }
    return (this.poses = ["right", "down"].map((direction) => arrange([...items.values()], arrows, direction)));
  }

  // --- boxes ---------------------------------------------------------------------------------------------------------

  titleOf({ paths: [path], paths: { length } }) {
    const short = (text) => (text.length > TITLE ? `…${text.slice(1 - TITLE)}` : text);
    return length > 1 ? `${short(this.parts.runOf.get(path).slice(0, -1).trim())} × ${length}` : short(path);
  }

  makeBox(box) {
    const { paths, nodes } = box, last = paths[paths.length - 1];
    const number = (path) => path.match(/\d+$/)[0];
    const name = draw("text", { class: "name", x: 10, y: 17 }, this.titleOf(box));
    const sign = draw("text", { class: "sign", y: 17 }, paths.length > 1 ? `${number(paths[0])} … ${number(last)}` : `${nodes.length} nodes`);
    const about = paths.length > 1 ? `${paths[0]} to ${last}` : paths[0];
    const group = draw("g", { class: "node fold", tabindex: 0, role: "button", "aria-label": `${about}, ${nodes.length} nodes, folded: press to open` });
    group.dataset.box = box.key;
    const room = measure(name.textContent, 14, true) + measure(sign.textContent, 12.5) + 32;
    const width = Math.ceil(Math.max(room, BOX.least)), { height } = BOX;
    sign.setAttribute("x", width - 10);
    group.append(draw("rect", { class: "behind", x: 5, y: -5, width, height, rx: 6 }), draw("rect", { class: "card", width, height, rx: 6 }), name, sign);
    const outs = this.summary.outs(box);
    [["data", 33], ["grad", 47]].forEach(([word, y]) => {
      group.append(draw("text", { class: "word", x: 10, y }, word));
      box[word] = this.makeNumbers(group, word, outs.length, { x: 43, y, width: width - 53 });
    });
    document.getElementById("cards").append(group);
    Object.assign(box, { group, looks: "node fold", place: { x: 0, y: 0, width, height } });
  }

  // A place for numbers: a text for one, and for several a strip of them with their count.
  makeNumbers(group, look, count, { x, y, width }) {
    const text = draw("text", { class: look, x, y });
    group.append(text);
    if (count === 1) return { text, width };
    const shown = `${count}`, room = measure(shown, 11.5) + 6;
    text.setAttribute("x", x + width - room + 6);
    text.textContent = shown;
    return { heat: new Heat(group, 1, count, { x, y: y - 10, width: width - room, height: 11 }) };
  }

  showNumbers({ text, width, heat }, numbers, sign = "") {
    if (heat) heat.show((_, i) => numbers[i]);
    else writeFitting(text, numbers[0] === undefined && sign ? "" : sign + (numbers[0] === null ? "frozen" : numberText(numbers[0], 4)), width);
  }

  // --- links ---------------------------------------------------------------------------------------------------------

  makeLink(from, to) {
    const line = draw("path", { class: "line" }), tip = draw("path", { class: "tip" });
    const label = draw("g", { class: "label" }, draw("rect", { width: TEXT.width, height: TEXT.height }));
    const group = draw("g", { class: "edge link" }, line, tip, label);
    const key = (group.dataset.link = `${from}→${to}`);
    document.getElementById("edges").append(group);
    const end = this.boxes.get(to) ?? to;
    return { key, group, line, tip, label, from, to, end, edges: [], looks: "edge link", spot: { x: 0, y: 0, ...TEXT } };
  }

  // The texts of a link are made when its edges are known and it is first seen.
  dressLink(link) {
    const { label } = link, rows = this.summary.outs(link.end).length, columns = this.summary.sources(link).length;
    link.slope = draw("text", { class: "slope", x: 6, y: 12 });
    label.append(link.slope);
    if (rows * columns > 1) {
      write(link.slope, `${rows}×${columns}`);
      const high = rows > 1 ? 13 : 8;
      link.heat = new Heat(label, rows, columns, { x: 6, y: 13 - high, width: 34, height: high });
      link.slope.setAttribute("x", 44);
    }
    const under = draw("g", { class: "under" });
    label.append(under);
    link.back = this.makeNumbers(under, "flow", columns, { x: columns > 1 ? 18 : 6, y: 30, width: TEXT.width - (columns > 1 ? 24 : 12) });
    if (columns > 1) under.append(draw("text", { class: "flow", x: 6, y: 30 }, "←"));
  }

  showLink(link, known, passed, still) {
    if (!link.slope) this.dressLink(link);
    const jacobian = known ? this.summary.jacobian(link) : null;
    if (link.heat) link.heat.show((row, column) => jacobian?.[row][column]);
    else write(link.slope, known ? numberText(jacobian?.[0][0], 4) : unknown);
    const flows = this.summary.flows(link, still ? 0 : passed);
    this.showNumbers(link.back, flows, "← ");
  }

  // --- a step --------------------------------------------------------------------------------------------------------

  show(position, state, light) {
    const { engine, picture } = this;
    const finished = position === engine.count, broken = engine.now.errors.size > 0;
    const among = (kinds, place) => Object.entries(kinds).map(([kind, members]) => [kind, new Set([...members].map(place))]);
    const nodes = among({ ...light.nodes, ...(light.dim ? { dim: light.dim.nodes } : {}) }, (i) => this.home[i]);
    const edges = among({ ...light.edges, ...(light.dim ? { dim: light.dim.edges } : {}) }, (edge) => this.linkKey(edge));
    const lights = (kinds, key) => kinds.filter(([kind, keys]) => keys.has(key) !== (kind === "dim")).map(([kind]) => kind);
    for (const box of this.boxes.values()) {
      const outs = this.summary.outs(box);
      this.showNumbers(box.data, outs.map((i) => state.data[i]));
      this.showNumbers(box.grad, outs.map((i) => state.grads[i]));
      const looks = [box.looks];
      if (box.nodes[0] >= position && !finished) looks.push("future");
      if (outs.every((i) => state.grads[i] === undefined || state.grads[i] === null)) looks.push("pending");
      looks.push(...lights(nodes, box.key));
      picture.dress(box, looks.join(" "));
    }
    for (const link of this.links.values()) {
      const last = typeof link.end === "number" ? link.end : Math.max(...this.summary.outs(link.end));
      const still = this.summary.sources(link).every((i) => engine.isFrozen(i));
      const known = last < position && !broken;
      this.showLink(link, known, state.backward ? state.passed : 0, still);
      const looks = [link.looks];
      if (still) looks.push("still");
      else if (state.backward && link.edges[0].number < state.passed) looks.push("flowed");
      if (!known && !finished) looks.push("future");
      looks.push(...lights(edges, link.key));
      picture.dress(link, looks.join(" "));
    }
  }
}
