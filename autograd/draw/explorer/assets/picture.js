// The drawing: it reads its geometry from the SVG that Python wrote, and shows the numbers of a step on it.

const SVG = "http://www.w3.org/2000/svg";

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, content] of Object.entries(attributes)) element.setAttribute(name, content);
  element.append(...children);
  return element;
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

// Write a number where a shorter one may have stood: what is too wide for its place is squeezed into it.
function writeFitting(element, text, room) {
  if (element.textContent === text) return;
  element.textContent = text;
  element.removeAttribute("textLength");
  if (text.length > 7 && element.getComputedTextLength() > room) {
    element.setAttribute("textLength", room);
    element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

const MANY = 150; // nodes from which on only what is in view is drawn

class Picture {
  constructor(engine) {
    this.engine = engine;
    this.svg = document.getElementById("picture");
    this.world = document.getElementById("world");
    this.above = document.getElementById("above");
    this.cards = engine.nodes.map((_, i) => this.readCard(document.getElementById(`n${i}`)));
    this.ghosts = new Map([...this.world.querySelectorAll(".ghost")].map((group) => [group.id, { ...this.readCard(group), of: Number(group.dataset.of) }]));
    this.lines = engine.edges.map((edge) => this.readLine(document.getElementById(edge.id)));
    this.size = { width: Number(this.svg.getAttribute("width")), height: Number(this.svg.getAttribute("height")) };
    this.original = this.size;
    this.fold = new Fold(this);
  }

  readCard(group) {
    const [x, y] = group.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
    const box = group.querySelector(".card");
    const [width, height] = ["width", "height"].map((name) => Number(box.getAttribute(name)));
    const place = { x, y, width, height };
    return {
      group, place, home: { ...place }, away: false, looks: group.getAttribute("class"), label: group.getAttribute("aria-label"),
      data: group.querySelector(".data"), grad: group.querySelector(".grad"),
    };
  }

  readLine(group) {
    const label = group.querySelector(".label"), box = label.querySelector("rect");
    const [x, y] = label.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
    const [line, tip] = [group.querySelector(".line"), group.querySelector(".tip")];
    const rule = group.querySelector(".rule");
    return {
      group, line, tip, label, d: line.getAttribute("d"), away: false, home: { d: line.getAttribute("d"), tip: tip.getAttribute("d"), label: { x, y } },
      looks: group.getAttribute("class"), ghost: group.dataset.ghost, number: group.querySelector(".number"), flow: group.querySelector(".flow"),
      width: Number(box.getAttribute("width")), height: Number(box.getAttribute("height")),
      ruleLength: rule ? rule.textContent.length : 0,
    };
  }

  // Show the numbers and lights of a step. `light` has sets of nodes and edges for each kind of light.
  show(position, light) {
    const { engine } = this;
    const state = engine.at(position);
    const finished = position === engine.count;
    const largest = Math.max(...engine.edges.map((edge) => Math.abs(engine.flow(edge) || 0)).filter(Number.isFinite), 0);
    this.cards.forEach((card, i) => {
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
    });
    for (const ghost of this.ghosts.values()) {
      const looks = [ghost.looks];
      if (ghost.of >= position && !finished) looks.push("future");
      for (const [kind, members] of Object.entries(light.nodes)) if (kind !== "now" && members.has(ghost.of)) looks.push(kind);
      if (light.dim && !light.dim.nodes.has(ghost.of)) looks.push("dim");
      this.dress(ghost, looks.join(" "));
    }
    engine.edges.forEach((edge, k) => {
      const line = this.lines[k];
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
    });
    this.fold.show(position, light);
  }

  // Take what lies outside the view, in the drawing's own points, out of a large drawing: the rest then moves smoothly.
  cull(left, top, right, bottom) {
    if (this.cards.length < MANY) return;
    const reach = 40;
    const show = (thing, x1, y1, x2, y2) => {
      const out = thing.away || x2 < left - reach || x1 > right + reach || y2 < top - reach || y1 > bottom + reach;
      if (thing.out === out) return;
      thing.out = out;
      thing.group.style.display = out ? "none" : "";
    };
    for (const card of [...this.cards, ...this.ghosts.values(), ...this.fold.boxes.values()]) {
      const { x, y, width, height } = card.place;
      show(card, x, y, x + width, y + height);
    }
    for (const line of [...this.lines, ...this.fold.links.values()]) {
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
    if (thing.worn !== looks) thing.group.setAttribute("class", (thing.worn = looks));
  }

  describe(position) {
    const state = this.engine.at(position);
    this.cards.forEach((card, i) => {
      const { name, role, op } = this.engine.nodes[i];
      const kind = op === undefined ? role : this.engine.record.operations[op].name;
      const grad = state.grads[i] === null ? "frozen" : numberText(state.grads[i], 4);
      card.group.setAttribute("aria-label", `${name}, ${kind}, data ${numberText(state.data[i], 4)}, grad ${grad}`);
    });
    this.engine.edges.forEach((edge, k) => {
      const [from, to] = [edge.source, edge.target].map((node) => this.engine.nodes[node].name);
      const { number, flow, group } = this.lines[k];
      const flows = flow.textContent ? `, flow ${flow.textContent.replace("← ", "")}` : "";
      group.setAttribute("role", "img");
      group.setAttribute("aria-label", `edge ${from} to ${to}, slope ${number.textContent}${flows}`);
    });
  }

  // Let a dot run back along an edge while it is the step in hand.
  send(edge, milliseconds) {
    cancelAnimationFrame(this.running);
    this.above.replaceChildren();
    if (!edge || milliseconds < 150 || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const line = this.lines[edge.number];
    if (line.group.classList.contains("folded")) return;
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

  // Where an edge starts: at its operand, or at a ghost of it, a small card beside a use that is far away.
  startOf(edge) {
    const ghost = this.fold.boxes.size ? undefined : this.ghosts.get(this.lines[edge.number].ghost);
    return ghost ? ghost.place : this.boxOf(edge.source);
  }

  // Where a node is seen: its card, or the box it is folded into.
  boxOf(node) {
    const box = this.fold.boxOf(node);
    return box ? box.place : this.cards[node].place;
  }
}
