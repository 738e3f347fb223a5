// Folding: the nodes of a scope become one box. Unfolded, the drawing is as Graphviz laid it out; where something is
// folded the rest is set in layers again, in the order that Graphviz found where that crosses less.

const AISLE = [64, 240]; // points between layers: the taller they are, the more

class Fold {
  constructor(picture) {
    this.picture = picture;
    this.engine = picture.engine;
    this.members = new Map(); // scope → its nodes, with those of the scopes inside
    this.engine.nodes.forEach(({ scope }, i) => {
      if (!scope) return;
      const parts = scope.split("/");
      parts.forEach((_, depth) => {
        const path = parts.slice(0, depth + 1).join("/");
        if (!this.members.has(path)) this.members.set(path, []);
        this.members.get(path).push(i);
      });
    });
    for (const [path, nodes] of this.members) if (nodes.length < 2) this.members.delete(path);
    this.scopes = [...this.members.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    this.depth = Math.max(0, ...this.scopes.map((path) => path.split("/").length));
    this.folded = new Set();
    this.boxes = new Map(); // scope → box
    this.home = this.engine.nodes.map(() => null); // the folded scope that hides a node
    this.links = new Map();
  }

  boxOf(node) {
    return this.boxes.get(this.home[node]);
  }

  // The scopes at a depth: folding all of them gives the overview of that depth.
  level(depth) {
    return this.scopes.filter((path) => path.split("/").length === depth);
  }

  // How many boxes a drawing with these scopes folded has.
  count(folded) {
    const homes = this.engine.nodes.map((node, i) => this.outermost(node, folded) || i);
    return new Set(homes).size;
  }

  outermost(node, folded) {
    if (!node.scope || !folded.size) return null;
    const parts = node.scope.split("/");
    for (let depth = 1; depth <= parts.length; depth++) {
      const path = parts.slice(0, depth).join("/");
      if (folded.has(path)) return path;
    }
    return null;
  }

  set(folded) {
    this.folded = new Set(folded);
    this.home = this.engine.nodes.map((node) => this.outermost(node, this.folded));
    for (const box of this.boxes.values()) box.group.remove();
    for (const link of this.links.values()) link.group.remove();
    this.boxes.clear();
    this.links.clear();
    const { picture, engine } = this;
    picture.cards.forEach((card, i) => {
      this.hide(card, this.home[i] !== null);
    });
    const shown = new Set(this.home);
    for (const path of this.scopes) if (shown.has(path)) this.boxes.set(path, this.makeBox(path));
    engine.edges.forEach((edge, k) => {
      const folded = this.home[edge.source] !== null || this.home[edge.target] !== null;
      this.hide(picture.lines[k], folded);
      const [from, to] = [this.home[edge.source] ?? edge.source, this.home[edge.target] ?? edge.target];
      if (!folded || from === to) return;
      const key = JSON.stringify([from, to]);
      if (!this.links.has(key)) this.links.set(key, this.makeLink(from, to));
      this.links.get(key).edges.push(edge);
    });
    for (const ghost of picture.ghosts.values()) this.hide(ghost, this.boxes.size > 0); // drawn anew, arrows start at the cards
    if (this.boxes.size) this.arrange();
    else this.restore();
  }

  hide(thing, away) {
    thing.away = thing.out = away;
    thing.group.style.display = away ? "none" : "";
  }

  makeBox(path) {
    const nodes = this.members.get(path);
    const title = path.length > 26 ? `…${path.slice(-25)}` : path;
    const group = draw("g", { class: "node fold", tabindex: 0, role: "button", "aria-label": `${path}, ${nodes.length} nodes, folded` });
    const text = draw("text", { class: "name", x: 12, y: 26 }, title);
    const size = draw("text", { class: "word", x: 12, y: 46 }, `${nodes.length} nodes`);
    const more = draw("text", { class: "sign plus" }, "+");
    group.append(text, size);
    document.getElementById("cards").append(group);
    const width = Math.ceil(Math.max(text.getComputedTextLength() + 50, 118)), height = 58;
    group.prepend(
      draw("rect", { class: "behind", x: 5, y: -5, width, height, rx: 6 }),
      draw("rect", { class: "card", width, height, rx: 6 }),
    );
    more.setAttribute("x", width - 10);
    more.setAttribute("y", 26);
    group.append(more);
    group.dataset.scope = path;
    return { group, path, nodes, looks: "node fold", place: { x: 0, y: 0, width, height } };
  }

  makeLink(from, to) {
    const line = draw("path", { class: "line" }), tip = draw("path", { class: "tip" });
    const group = draw("g", { class: "edge link" }, line, tip);
    document.getElementById("edges").append(group);
    return { group, line, tip, from, to, edges: [], looks: "edge link" };
  }

  show(position, light) {
    const finished = position === this.engine.count;
    for (const box of this.boxes.values()) {
      const looks = [box.looks];
      if (box.nodes.every((i) => i >= position) && !finished) looks.push("future");
      for (const [kind, members] of Object.entries(light.nodes)) if (box.nodes.some((i) => members.has(i))) looks.push(kind);
      if (light.dim && !box.nodes.some((i) => light.dim.nodes.has(i))) looks.push("dim");
      this.picture.dress(box, looks.join(" "));
    }
    for (const link of this.links.values()) {
      const looks = [link.looks];
      for (const [kind, members] of Object.entries(light.edges)) if (link.edges.some((edge) => members.has(edge))) looks.push(kind);
      if (light.dim && !link.edges.some((edge) => light.dim.edges.has(edge))) looks.push("dim");
      this.picture.dress(link, looks.join(" "));
    }
  }

  restore() {
    const { picture } = this;
    for (const card of picture.cards) this.put(card, card.home.x, card.home.y);
    for (const line of picture.lines) {
      line.line.setAttribute("d", (line.d = line.home.d));
      line.tip.setAttribute("d", line.home.tip);
      line.label.setAttribute("transform", `translate(${line.home.label.x} ${line.home.label.y})`);
      line.label.style.display = "";
    }
    picture.size = picture.original;
  }

  put(thing, x, y) {
    Object.assign(thing.place, { x, y });
    thing.group.setAttribute("transform", `translate(${x.toFixed(1)} ${y.toFixed(1)})`);
  }

  // --- layers --------------------------------------------------------------------------------------------------------

  arrange() {
    const { picture, engine } = this;
    const middle = (place) => place.y + place.height / 2;
    const items = new Map();
    picture.cards.forEach((card, i) => {
      if (!card.away) items.set(i, { thing: card, last: i, seed: middle(card.home) });
    });
    for (const box of this.boxes.values()) {
      const seeds = box.nodes.map((i) => middle(picture.cards[i].home));
      items.set(box.path, { thing: box, last: Math.max(...box.nodes), seed: seeds.reduce((a, b) => a + b, 0) / seeds.length });
    }
    for (const item of items.values()) Object.assign(item, { before: new Set(), after: new Set(), rank: 0 });
    for (const edge of engine.edges) {
      const from = items.get(this.home[edge.source] ?? edge.source), to = items.get(this.home[edge.target] ?? edge.target);
      if (from === to || from.last > to.last) continue; // a path that leaves a scope and comes back to it
      from.after.add(to);
      to.before.add(from);
    }
    const order = [...items.values()].sort((a, b) => a.last - b.last);
    for (const item of order) for (const next of item.after) next.rank = Math.max(next.rank, item.rank + 1);
    for (const item of order.reverse()) { // close to where most of its arrows end
      if (item.after.size && item.before.size <= item.after.size) item.rank = Math.min(...[...item.after].map((next) => next.rank)) - 1;
    }
    const all = [...items.values()];
    const named = layered(all.map((item) => Object.assign(item, { drawn: item.seed, seed: item.last })));
    const crossed = crossings(named);
    for (const item of all) item.seed = item.drawn;
    const drawn = layered(all);
    const layers = crossings(drawn) < crossed ? drawn : layered(all.map((item) => Object.assign(item, { seed: item.last })));
    spread(layers);
    this.route(layers, items);
  }

  route(layers, items) {
    const { picture, engine } = this;
    const everything = layers.flat();
    const top = Math.min(...everything.map((item) => item.middle - item.height / 2)) - 24;
    const wide = layers.map((layer) => Math.max(0, ...layer.map((item) => (item.thing ? item.thing.place.width : 0))));
    const tall = Math.max(...everything.map((item) => item.middle + item.height / 2)) - top;
    const room = layers.map(() => Math.min(AISLE[1], Math.max(AISLE[0], tall * 0.11)));
    const single = (edge) => engine.above[edge.source].length === 1; // its text can stand beside its operand
    engine.edges.forEach((edge, k) => {
      const line = picture.lines[k];
      if (!line.away && single(edge)) {
        const rank = items.get(edge.source).rank;
        room[rank] = Math.max(room[rank], line.width + 30);
      }
    });
    const left = [];
    layers.reduce((x, _, rank) => ((left[rank] = x), x + wide[rank] + room[rank]), 24);
    for (const item of everything) {
      item.middle -= top;
      item.left = left[item.rank] + (item.thing ? (wide[item.rank] - item.thing.place.width) / 2 : 0);
      item.right = left[item.rank] + wide[item.rank] - (item.thing ? (wide[item.rank] - item.thing.place.width) / 2 : 0);
      if (item.thing) this.put(item.thing, item.left, item.middle - item.height / 2);
    }
    const last = layers.length - 1;
    picture.size = {
      width: left[last] + wide[last] + 24,
      height: Math.max(...everything.map((item) => item.middle + item.height / 2)) + 24,
    };
    engine.edges.forEach((edge, k) => {
      const line = picture.lines[k];
      if (line.away) return;
      const [from, to] = [items.get(edge.source), items.get(edge.target)];
      this.lead(line, from, to, edge.slot);
      line.label.style.display = single(edge) ? "" : "none";
      line.label.setAttribute("transform", `translate(${from.right + 6} ${from.middle - line.height - 1})`);
    });
    for (const link of this.links.values()) this.lead(link, items.get(link.from), items.get(link.to), 0);
  }

  lead(line, from, to, slot) {
    const twin = [...from.after].includes(to) ? 0 : 1; // an arrow back to a scope that was left
    const side = (slot % 2 ? 1 : -1) * Math.min(slot, 3) * 3;
    const points = [[from.right, from.middle]];
    for (const gap of (from.ways.get(to) || [])) points.push([gap.left, gap.middle], [gap.right, gap.middle]);
    points.push([to.left, to.middle + side]);
    let d = `M${points[0][0].toFixed(1)} ${points[0][1].toFixed(1)}`;
    points.slice(1).forEach(([x, y], i) => {
      const [a, b] = points[i];
      const bend = twin ? 40 : Math.max(12, (x - a) * 0.45);
      d += `C${(a + bend).toFixed(1)} ${b.toFixed(1)} ${(x - bend).toFixed(1)} ${y.toFixed(1)} ${x.toFixed(1)} ${y.toFixed(1)}`;
    });
    const [x, y] = points[points.length - 1];
    line.line.setAttribute("d", (line.d = d));
    line.tip.setAttribute("d", `M${x} ${y}L${x - 8} ${y - 3.2} ${x - 8} ${y + 3.2}Z`);
  }
}
