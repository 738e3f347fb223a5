// The panel: the step in hand, in words and formulas.

function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, content] of Object.entries(attributes)) {
    if (name === "onclick") element.addEventListener("click", content);
    else element.setAttribute(name, content);
  }
  element.append(...children);
  return element;
}

const LEAVES = 12; // leaves that the overview lists
const CHILDREN = 6; // terms of a sum that are written out

class Panel {
  constructor(engine, formulas, actions) {
    this.engine = engine;
    this.formulas = formulas;
    this.actions = actions;
  }

  reference(node) {
    const button = make("button", { type: "button", class: "name", onclick: () => this.actions.choose(node, true) });
    button.append(this.formulas.line(this.formulas.name(node)));
    button.setAttribute("aria-label", this.engine.nodes[node].name);
    return button;
  }

  tree(place) {
    return place === null || place === undefined ? null : this.engine.record.formulas[place];
  }

  row(word, ...lines) {
    return make("div", { class: "row" }, make("span", { class: "word" }, word), make("div", { class: "lines" }, ...lines));
  }

  lit(element) {
    const row = math("mrow", element);
    row.setAttribute("class", "lit");
    return row;
  }
}

class StepPanel extends Panel {
  constructor(engine, formulas, actions) {
    super(engine, formulas, actions);
    this.now = document.getElementById("now");
    this.opening = !/(?:^#|&)step=\d+/.test(location.hash); // no step was asked for yet
  }

  showStep(position) {
    const { engine } = this;
    this.now.hidden = Boolean(this.quiet);
    if (this.quiet) {
      this.now.replaceChildren();
      return;
    }
    const step = engine.step(position);
    if (this.opening && position === engine.count) {
      this.now.replaceChildren(...this.overview());
      this.now.dataset.kind = "start";
      return;
    }
    this.opening = false;
    const parts = step.kind === "start" ? this.start() : step.kind === "node" ? this.forward(step.node) : this.backward(step.edge);
    if (position === engine.count) parts.push(make("p", { class: "done" }, "That was the last step: every gradient is there."));
    this.now.replaceChildren(...parts);
    this.now.dataset.kind = step.kind;
  }

  heading(way, ...rest) {
    return make("h2", {}, make("span", { class: "way" }, way), ...rest);
  }

  // What a page shows before its first step is asked for: the finished drawing, and the gradients of the leaves.
  overview() {
    const { engine, formulas } = this;
    const leaves = engine.nodes.map((_, i) => i).filter((i) => engine.nodes[i].op === undefined && !engine.isFrozen(i));
    const rows = leaves.slice(0, LEAVES).map((leaf) => make("tr", {},
      make("th", { scope: "row" }, this.reference(leaf)),
      make("td", {}, numberText(engine.now.data[leaf])), make("td", {}, numberText(engine.now.grads[leaf]))));
    const head = make("tr", {}, ...["leaf", "data"].map((word) => make("th", { scope: "col" }, word)),
      make("th", { scope: "col" }, formulas.line(math("mrow", math("mo", "∂"), formulas.name(engine.output)), "/", math("mo", "∂"), math("mtext", "leaf"))));
    const parts = [this.heading("Finished"), make("p", {}, "Every number and every gradient is there. Press play to see how they come about, step by step, "
      + "or choose a node to see its paths.")];
    if (rows.length) parts.push(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)));
    if (leaves.length > LEAVES) parts.push(make("p", { class: "aside" }, `and ${leaves.length - LEAVES} more leaves`));
    return parts;
  }

  start() {
    const { engine } = this;
    return [
      this.heading("Start"),
      make("p", {}, `Nothing is computed yet. Forward takes ${engine.nodes.length} steps, one for each node; `
        + `backward takes ${engine.edges.length}, one for each edge.`),
    ];
  }

  forward(node) {
    const { engine, formulas } = this;
    const { op, formula, role } = engine.nodes[node];
    const heading = this.heading("Forward", this.reference(node));
    const value = mathNumber(engine.now.data[node]);
    if (op === undefined) {
      const what = { parameter: "A parameter: its number is given.", frozen: "A frozen leaf: its number is given, and no gradient is asked for." };
      return [heading, make("p", {}, what[role] || "A leaf: its number is given."),
        make("div", { class: "lines beats" }, formulas.line(formulas.name(node), "=", value))];
    }
    const about = engine.record.operations[op];
    const tree = this.tree(formula);
    const error = engine.now.errors.get(node);
    if (error) return [heading, this.failure(node, error)];
    if (engine.now.data[node] === undefined) return [heading, this.blocked()];
    return [
      heading,
      make("p", {}, about.summary ? `${about.name}: ${about.summary}` : about.name),
      make("div", { class: "lines beats" },
        formulas.line(formulas.name(node), "=", formulas.written(node, tree, false)),
        formulas.line("=", formulas.written(node, tree, true)),
        formulas.line("=", value)),
    ];
  }

  failure(node, error) {
    const { engine, formulas } = this;
    const tree = this.tree(engine.nodes[node].formula);
    return make("div", { class: "trouble" },
      make("p", {}, "This number does not exist:"),
      formulas.line(formulas.written(node, tree, true)),
      make("p", {}, `It ${error.text}. ${error.cure}`), make("p", {}, "What depends on it, and all gradients, stay open."));
  }

  blocked() {
    const [first] = this.engine.now.errors.keys();
    return make("div", { class: "trouble" }, make("p", {}, "Not computed, as something it depends on has no number: ", this.reference(first)));
  }

  backward(edge) {
    const { engine, formulas } = this;
    const { source, target, slot } = edge;
    const heading = this.heading("Backward", this.reference(target), make("span", { class: "arrow" }, "→"), this.reference(source));
    if (engine.now.errors.size) return [heading, this.blocked()];
    const adjoint = engine.adjoint(target), slope = engine.slope(edge), flow = engine.flow(edge);
    const top = engine.output;
    const known = target === top ? [formulas.derivative(top, top), "=", math("mn", "1")] : [formulas.derivative(top, target), "=", mathNumber(adjoint)];
    const about = engine.record.operations[engine.nodes[target].op];
    const rows = [
      this.row("gradient in hand", formulas.line(...known)),
      this.row("slope of the edge", this.slopeLine(edge)),
    ];
    if (engine.isFrozen(source)) {
      rows.push(this.row("what flows", make("p", {}, `Nothing: ${engine.nodes[source].name} is frozen.`)));
      return [heading, make("div", { class: "beats" }, ...rows)];
    }
    const times = adjoint === 0
      ? make("p", {}, "The gradient in hand is 0, and so is what flows, whatever the slope.")
      : formulas.line(mathNumber(adjoint), "×", slope < 0 ? braced(mathNumber(slope)) : mathNumber(slope), "=", this.lit(mathNumber(flow)));
    rows.push(this.row("what flows", times));
    rows.push(this.row("the sum so far", ...this.sum(edge)));
    const parts = [heading, make("div", { class: "beats" }, ...rows)];
    if (!Number.isFinite(flow)) {
      parts.push(make("p", { class: "trouble" }, "The gradient stops being finite here: the slope is infinite or undefined at these numbers."));
    }
    if (about && about.convention) parts.push(make("p", { class: "aside" }, `${about.name}: ${about.convention}.`));
    return parts;
  }

  slopeLine(edge) {
    const { engine, formulas } = this;
    if (engine.hides(edge)) return formulas.line(formulas.derivative(edge.target, edge.source), "=", math("mo", "?"));
    const tree = this.tree(engine.nodes[edge.target].slopes[edge.slot]);
    const pieces = [formulas.derivative(edge.target, edge.source)];
    if (tree && tree[0] !== "mn") pieces.push("=", formulas.written(edge.target, tree, false));
    const compound = tree && tree[0] !== "mn" && tree[0] !== "slot";
    if (compound && JSON.stringify(tree).includes('"slot"')) pieces.push("=", formulas.written(edge.target, tree, true));
    const [slope, minus] = [engine.slope(edge), tree && tree[0] === "mrow" && !JSON.stringify(tree).includes('"slot"')];
    if (!minus) pieces.push("=", mathNumber(slope));
    return formulas.line(...pieces);
  }

  // The sum over all edges that lead away from the operand, as far as it is built (lecture L5.4).
  sum(edge) {
    const { engine, formulas } = this;
    const { source } = edge, top = engine.output;
    const all = engine.above[source];
    const at = all.indexOf(edge);
    const first = Math.max(0, Math.min(at - CHILDREN + 2, all.length - CHILDREN));
    const shown = all.slice(first, first + CHILDREN);
    const cut = { before: first > 0 ? ["…", "+"] : [], after: first + CHILDREN < all.length ? ["+", "…"] : [] };
    const join = (pieces) => pieces.flatMap((piece, i) => (i ? ["+", piece] : [piece]));
    const symbols = shown.map((each) => {
      const term = math("mrow", formulas.derivative(top, each.target), math("mo", "·"), formulas.derivative(each.target, source));
      return each === edge ? this.lit(term) : term;
    });
    const numbers = shown.map((each, i) => {
      const number = first + i <= at ? mathNumber(engine.flow(each)) : math("mo", "…");
      const signed = first + i <= at && engine.flow(each) < 0 && i ? braced(number) : number;
      return each === edge ? this.lit(signed) : signed;
    });
    const total = all.slice(0, at + 1).reduce((sum, each) => sum + engine.flow(each), 0);
    const left = all.length - at - 1;
    const lines = [formulas.line(formulas.derivative(top, source), "=", ...cut.before, ...join(symbols), ...cut.after)];
    if (all.length > 1) lines.push(formulas.line("=", ...cut.before, ...join(numbers), ...cut.after));
    lines.push(formulas.line("=", mathNumber(total), ...(left ? ["+", "…"] : [])));
    if (left) lines.push(make("p", { class: "aside" }, `${left} more term${left > 1 ? "s" : ""} to come`));
    return lines;
  }
}
