// The drawing: which cards and arrows are seen, where they lie, and the numbers of a step on them.

const MANY = 150; // cards from which on only what is in view is drawn
const CLEARLY = 1.25; // times that a drawing is larger in another direction, so that it is turned at once

class Picture {
  constructor(engine) {
    this.engine = engine;
    this.svg = document.getElementById("picture");
    this.world = document.getElementById("world");
    this.above = document.getElementById("above");
    this.drawn = document.getElementById("n0") !== null; // a large graph is drawn when it is looked at
    this.cards = engine.nodes.map((_, i) => (this.drawn ? readCard(document.getElementById(`n${i}`)) : undefined));
    this.lines = engine.edges.map((edge) => (this.drawn ? readLine(document.getElementById(edge.id)) : undefined));
    this.ghosts = new Map([...this.world.querySelectorAll(".ghost")].map((group) => [group.id, { ...readCard(group), of: Number(group.dataset.of) }]));
    this.size = { width: Number(this.svg.getAttribute("width")), height: Number(this.svg.getAttribute("height")) };
    this.nodes = []; // what is seen by itself
    this.edges = [];
    this.poses = this.drawn ? [this.written(), ...(engine.record.turned ? [this.turned(engine.record.turned)] : [])] : [];
    this.fold = new Fold(this);
  }

  get boxes() {
    return this.nodes.length + this.fold.boxes.size;
  }

  // Show these cards and arrows by themselves, and no others.
  reveal(node, edge) {
    const { engine } = this;
    const choose = (things, all, wanted, make) => all.filter((one, k) => {
      const shown = wanted(one);
      if (shown) things[k] ??= make(engine, one);
      if (things[k]) this.hide(things[k], !shown);
      return shown;
    });
    this.nodes = choose(this.cards, engine.nodes.map((_, i) => i), node, makeCard);
    this.edges = choose(this.lines, engine.edges, edge, makeLine);
    for (const ghost of this.ghosts.values()) this.hide(ghost, this.fold.boxes.size > 0); // set in layers, arrows start at the cards
  }

  hide(thing, away) {
    if (thing.away === away && !thing.out) return;
    thing.away = thing.out = away;
    thing.group.style.display = away ? "none" : "";
  }

  // --- how it lies: to the right, or down ------------------------------------------------------------------------------

  // The places that the page was written with.
  written() {
    return {
      direction: this.world.getAttribute("class"),
      size: this.size,
      cards: new Map([...this.cards, ...this.ghosts.values()].map((card) => [card, [card.place.x, card.place.y]])),
      lines: new Map(this.lines.map((line) => [line, [line.d, line.tip.getAttribute("d"), line.spot.x, line.spot.y]])),
    };
  }

  turned({ direction, size: [width, height], cards, ghosts, lines }) {
    const order = new Map([...document.getElementById("edges").children].map((group, k) => [group, k]));
    const corners = [...cards, ...ghosts];
    return {
      direction,
      size: { width, height },
      cards: new Map([...this.cards, ...this.ghosts.values()].map((card, i) => [card, corners[i]])),
      lines: new Map(this.lines.map((line) => [line, lines[order.get(line.group)]])),
    };
  }

  // Lie in the direction in which everything is seen larger; `loose`, as before unless that is much larger.
  turn({ width, height }, loose = false) {
    const folded = this.fold.boxes.size > 0 || !this.drawn;
    const poses = folded ? this.fold.lay() : this.poses;
    const scale = ({ size }) => Math.min(width / size.width, height / size.height);
    let best = poses.reduce((one, other) => (scale(other) > scale(one) ? other : one));
    const same = poses.find(({ direction }) => direction === this.world.getAttribute("class")) || best;
    if (loose && scale(best) < CLEARLY * scale(same)) best = same;
    this.lie(best);
  }

  lie(pose) {
    if (this.pose === pose) return;
    this.pose = pose;
    this.size = pose.size;
    this.world.setAttribute("class", pose.direction);
    for (const [thing, [x, y]] of pose.cards) {
      Object.assign(thing.place, { x, y });
      thing.group.setAttribute("transform", `translate(${x} ${y})`);
    }
    for (const [line, [d, tip, x, y, bare]] of pose.lines) {
      line.line.setAttribute("d", (line.d = d));
      line.tip.setAttribute("d", tip);
      Object.assign(line.spot, { x, y });
      line.label.setAttribute("transform", `translate(${x} ${y})`);
      line.label.classList.toggle("bare", Boolean(bare));
    }
  }

  // Show the numbers and lights of a step. `light` has sets of nodes and edges for each kind of light.
  show(position, light) {
    const { engine } = this;
    const state = engine.at(position);
    const finished = position === engine.count;
    const sizes = engine.edges.map((edge) => Math.abs(engine.flow(edge) || 0)).filter(Number.isFinite);
    const largest = sizes.reduce((one, other) => Math.max(one, other), 0);
    for (const i of this.nodes) {
      const card = this.cards[i];
      const error = engine.now.errors.get(i);
      const failed = error && i < position;
      const room = card.place.width - 60;
      writeFitting(card.data, failed ? error.short : numberText(state.data[i], 4), room);
      const partial = state.grads[i] !== null && state.received[i] > 0 && state.received[i] < 1;
      const grad = state.grads[i] === null ? "frozen" : numberText(state.grads[i], 4) + (partial ? " …" : "");
      writeFitting(card.grad, grad, room);
      const looks = [card.looks];
      if (i >= position && !finished) looks.push("future");
      if (partial) looks.push("partial");
      if (state.grads[i] === undefined || state.grads[i] === null) looks.push("pending");
      if (failed) looks.push("failed");
      if (engine.changed.has(i)) looks.push("changed");
      for (const [kind, members] of Object.entries(light.nodes)) if (members.has(i)) looks.push(kind);
      if (light.dim && !light.dim.nodes.has(i)) looks.push("dim");
      this.dress(card, looks.join(" "));
    }
    for (const ghost of this.ghosts.values()) {
      const looks = [ghost.looks];
      if (ghost.of >= position && !finished) looks.push("future");
      for (const [kind, members] of Object.entries(light.nodes)) if (kind !== "now" && members.has(ghost.of)) looks.push(kind);
      if (light.dim && !light.dim.nodes.has(ghost.of)) looks.push("dim");
      this.dress(ghost, looks.join(" "));
    }
    for (const edge of this.edges) {
      const line = this.lines[edge.number];
      const known = edge.target < position && !engine.now.errors.has(edge.target);
      write(line.number, known ? numberText(engine.slope(edge), 4) : "—");
      const flowed = state.backward && edge.number < state.passed;
      const still = engine.isFrozen(edge.source);
      const flow = flowed && !still ? engine.flow(edge) : undefined;
      write(line.flow, flowed && !still ? `← ${numberText(flow, 4)}` : "");
      const looks = [line.looks];
      if (!known && !finished) looks.push("future");
      if (flowed && !still) looks.push(flow === 0 ? "nothing" : "flowed");
      for (const [kind, members] of Object.entries(light.edges)) if (members.has(edge)) looks.push(kind);
      if (light.dim && !light.dim.edges.has(edge)) looks.push("dim");
      this.dress(line, looks.join(" "));
      const share = flow && largest && Number.isFinite(flow) ? Math.sqrt(Math.abs(flow) / largest) : 0;
      const thick = (1.3 + 3.2 * share).toFixed(2);
      if (line.thick !== thick) line.line.style.setProperty("--thick", (line.thick = thick));
    }
    this.fold.show(position, state, light);
  }

  // Take what lies outside the view, in the drawing's own points, out of a large drawing: the rest then moves smoothly.
  cull(left, top, right, bottom) {
    if (this.boxes < MANY) return;
    const reach = 40;
    const show = (thing, x1, y1, x2, y2) => {
      const out = thing.away || x2 < left - reach || x1 > right + reach || y2 < top - reach || y1 > bottom + reach;
      if (thing.out === out) return;
      thing.out = out;
      thing.group.style.display = out ? "none" : "";
    };
    for (const card of [...this.nodes.map((i) => this.cards[i]), ...this.ghosts.values(), ...this.fold.boxes.values()]) {
      const { x, y, width, height } = card.place;
      show(card, x, y, x + width, y + height);
    }
    for (const line of [...this.edges.map((edge) => this.lines[edge.number]), ...this.fold.links.values()]) {
      if (line.spanned !== line.d) {
        const numbers = line.d.match(/-?[\d.]+/g).map(Number);
        const [xs, ys] = [0, 1].map((axis) => numbers.filter((_, i) => i % 2 === axis));
        line.span = [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
        line.spanned = line.d;
      }
      show(line, ...line.span);
    }
  }

  dress(thing, looks) {
    if (thing.worn === looks) return;
    thing.group.setAttribute("class", (thing.worn = looks));
    if (thing.label && looks.split(" ").includes("now")) thing.group.parentNode.append(thing.group); // no other arrow crosses its text
  }

  describe(position) {
    const state = this.engine.at(position);
    for (const i of this.nodes) {
      const { name, role, op } = this.engine.nodes[i];
      const kind = op === undefined ? role : this.engine.record.operations[op].name;
      const grad = state.grads[i] === null ? "frozen" : numberText(state.grads[i], 4);
      this.cards[i].group.setAttribute("aria-label", `${name}, ${kind}, data ${numberText(state.data[i], 4)}, grad ${grad}`);
    }
    for (const edge of this.edges) {
      const [from, to] = [edge.source, edge.target].map((node) => this.engine.nodes[node].name);
      const { number, flow, group } = this.lines[edge.number];
      const flows = flow.textContent ? `, flow ${flow.textContent.replace("← ", "")}` : "";
      group.setAttribute("role", "img");
      group.setAttribute("aria-label", `edge ${from} to ${to}, slope ${number.textContent}${flows}`);
    }
  }

  // Let a dot run back along an edge while it is the step in hand.
  send(edge, milliseconds) {
    cancelAnimationFrame(this.running);
    this.above.replaceChildren();
    if (!edge || milliseconds < 150 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const line = this.lineOf(edge);
    if (!line) return;
    const path = line.line, length = path.getTotalLength();
    const dot = draw("circle", { r: 5, class: "pulse" });
    this.above.append(dot);
    const start = performance.now();
    const move = (time) => {
      const done = Math.min(1, Math.max(0, (time - start) / milliseconds));
      const eased = done * done * (3 - 2 * done);
      const point = path.getPointAtLength(length * (1 - eased));
      dot.setAttribute("cx", point.x);
      dot.setAttribute("cy", point.y);
      if (done < 1) this.running = requestAnimationFrame(move);
      else dot.remove();
    };
    this.running = requestAnimationFrame(move);
  }

  // What an edge is shown by: its own arrow, or that of all between two boxes; by nothing within one box.
  lineOf(edge) {
    const line = this.lines[edge.number];
    return line && !line.away ? line : this.fold.linkOf(edge);
  }

  // What of an edge has to be seen: where it starts, its operand or a ghost of it beside a far use, its text, its end.
  placesOf(edge) {
    const line = this.lineOf(edge), ghost = this.fold.boxes.size ? undefined : this.ghosts.get(line?.ghost);
    return [ghost ? ghost.place : this.boxOf(edge.source), this.boxOf(edge.target), ...(line ? [line.spot] : [])];
  }

  // Where a node is seen: its card, or the box it is folded into.
  boxOf(node) {
    return (this.fold.boxOf(node) || this.cards[node]).place;
  }
}
