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
const LONG_NAME = 16; // characters from which on a name is plain text, which may be broken
const LONG_LEAF = 8; // beside two numbers
const LONG_TERM = 14; // and of both fractions of a term
const CHILDREN = 6; // terms of a sum that are written out

class Panel {
  constructor(engine, formulas, actions) {
    this.engine = engine;
    this.formulas = formulas;
    this.actions = actions;
  }

  reference(node, longest = LONG_NAME) {
    const button = make("button", { type: "button", class: "name", onclick: () => this.actions.choose(node, true) });
    const { name } = this.engine.nodes[node];
    button.append(name.length > longest ? make("span", { class: "long" }, shorten(name, NAME)) : this.formulas.line(this.formulas.name(node)));
    button.setAttribute("aria-label", name);
    button.title = name;
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
    if (position === engine.count) parts.push(make("p", { class: "done" }, "That was the last step: every gradient is there."), ...(engine.now.errors.size ? [] : this.gradients()));
    this.now.replaceChildren(...parts);
    this.now.dataset.kind = step.kind;
    write(document.getElementById("spoken"), this.sentence(position));
  }

  heading(way, ...rest) {
    return make("h2", {}, make("span", { class: "way" }, way), ...rest);
  }

  // The gradients of the leaves, as a table.
  gradients() {
    const { engine, formulas } = this;
    const leaves = engine.nodes.map((_, i) => i).filter((i) => engine.nodes[i].op === undefined && !engine.isFrozen(i));
    const rows = leaves.slice(0, LEAVES).map((leaf) => make("tr", {},
      make("th", { scope: "row" }, this.reference(leaf, LONG_LEAF)),
      make("td", {}, numberText(engine.now.data[leaf])), make("td", {}, numberText(engine.now.grads[leaf]))));
    const head = make("tr", {}, ...["leaf", "data"].map((word) => make("th", { scope: "col" }, word)),
      make("th", { scope: "col" }, engine.nodes[engine.output].name.length > LONG_NAME ? "gradient"
        : formulas.line(math("mrow", math("mo", "∂"), formulas.name(engine.output)), "/", math("mo", "∂"), math("mtext", "leaf"))));
    if (!rows.length) return [];
    const table = make("table", { class: "leaves" }, make("thead", {}, head), make("tbody", {}, ...rows));
    return leaves.length > LEAVES ? [table, make("p", { class: "aside" }, `and ${leaves.length - LEAVES} more leaves`)] : [table];
  }

  // What a page shows before its first step is asked for: the finished drawing, and the gradients of the leaves.
  overview() {
    const { engine } = this;
    const [error] = engine.now.errors;
    const odd = engine.nodes.findIndex((_, node) => Number.isNaN(engine.now.data[node]) || Math.abs(engine.now.data[node]) === Infinity);
    const parts = error
      ? [this.heading("Stopped at", this.reference(error[0])), this.failure(...error)]
      : [this.heading("Finished"), make("p", {}, "Every number and every gradient is there. Press play to see how they come about, step by step, "
        + "or choose a node to see its paths.")];
    if (!error && odd >= 0) parts.push(make("p", { class: "trouble" }, `${engine.nodes[odd].name} is ${numberText(engine.now.data[odd])}: what depends on it means little, and so do gradients through it.`));
    return [...parts, ...this.gradients()];
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
    const [numbers, result] = [formulas.line("=", formulas.written(node, tree, true)), formulas.line("=", value)];
    return [
      heading,
      make("p", {}, about.summary ? `${about.name}: ${about.summary}` : about.name),
      make("div", { class: "lines beats" },
        formulas.line(formulas.name(node), "=", formulas.written(node, tree, false)),
        ...(numbers.textContent === result.textContent ? [] : [numbers]), result),
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
    const parts = [heading, make("div", { class: "beats" }, ...rows, make("div", { class: "sum" }, ...this.sum(edge)))];
    if (!Number.isFinite(flow)) {
      parts.push(make("p", { class: "trouble" }, "The gradient stops being finite here: the slope is infinite or undefined at these numbers."));
    }
    const alone = engine.below[target].filter((each) => each.source === source).length === 1;
    const tangent = alone && drawTangent(engine, target, source, slope, { has: () => true }, true);
    if (tangent) parts.push(tangent);
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

  // The sum over all edges that lead away from the operand, as far as it is built (lecture L5.4), term by term.
  sum(edge) {
    const { engine, formulas } = this;
    const { source } = edge, top = engine.output;
    const all = engine.above[source];
    const at = all.indexOf(edge);
    const first = Math.max(0, Math.min(at - CHILDREN + 2, all.length - CHILDREN));
    const cell = (name, ...content) => make("td", name ? { class: name } : {}, ...content);
    const dots = (word) => make("tr", { class: "more" }, make("td", { colspan: 4 }, word));
    let total = 0;
    const rows = all.map((each, i) => {
      const { target } = each;
      const longest = (...nodes) => Math.max(...nodes.map((node) => engine.nodes[node].name.length));
      const long = longest(top, target, source) > LONG_NAME || longest(top, target) + longest(target, source) > LONG_TERM;
      const term = long ? make("span", { class: "long" }, `through ${shorten(engine.nodes[target].name, NAME)}`) : formulas.line(formulas.derivative(top, target), "·", formulas.derivative(target, source));
      if (i > at) return make("tr", { class: "to-come" }, cell("term", term), cell("", "…"), cell("", "…"), cell("", "…"));
      const flow = engine.flow(each), slope = numberText(engine.slope(each), 4);
      total += flow;
      const product = `${numberText(engine.adjoint(target), 4)} ×\u00a0${slope.startsWith("−") ? `(${slope})` : slope}`;
      const row = make("tr", each === edge ? { class: "here" } : {}, cell("term", term), cell("product", product),
        cell("flow", numberText(flow, 4)), cell("total", numberText(total, 4)));
      row.title = `${exactText(engine.adjoint(target))} × ${exactText(engine.slope(each))} = ${exactText(flow)}; together ${exactText(total)}`;
      return row;
    });
    const left = all.length - at - 1, before = first, after = Math.max(0, all.length - first - CHILDREN);
    const shown = [...(before ? [dots(`${before} before`)] : []), ...rows.slice(first, first + CHILDREN), ...(after ? [dots(`${after} more`)] : [])];
    const head = ["term", "arrives × slope", "= flow", "sum"].map((word) => make("th", { scope: "col" }, word));
    const table = make("table", { class: "terms" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...shown));
    const parts = [...(all.length > 1 ? [table] : []), formulas.line(formulas.derivative(top, source), "=", this.lit(mathNumber(total)), ...(left ? ["+", "…"] : []))];
    if (left) parts.push(make("p", { class: "aside" }, `${left} more term${left > 1 ? "s" : ""} to come`));
    else parts.push(...this.check(source, total));
    return parts;
  }

  // Move the operand by a little, and compare how much the output follows with what the sum promises.
  check(node, total) {
    const tried = nudge(this.engine, node, total);
    if (!tried) return [];
    const [upper, lower] = [this.engine.output, node].map((each) => this.engine.nodes[each].name);
    const [moved, follows] = [lower, upper].map((name, i) => (name.length > LONG_NAME ? ["Δ", "Δ of the output"][i] : `Δ${name}`));
    const columns = [[moved, tried.by], [follows, tried.follows], [`grad·${moved}`, tried.promised]];
    const row = (tag, pick) => make("tr", {}, ...columns.map((column) => make(tag, tag === "th" ? { scope: "col" } : {}, pick(column))));
    return [make("table", { class: "terms nudge" }, make("caption", {}, `Checked: nudge ${lower}, and ${upper} follows`), make("thead", {}, row("th", ([name]) => name)), make("tbody", {}, row("td", ([, number]) => numberText(number, 4))))];
  }

  // The step in one sentence, to be heard.
  sentence(position) {
    const { engine } = this;
    const step = engine.step(position), name = (node) => engine.nodes[node].name;
    if (this.quiet || (this.opening && position === engine.count)) return "";
    if (step.kind === "start") return "Start: nothing is computed yet.";
    const [broken] = engine.now.errors.keys();
    if (step.kind === "node") {
      const { node } = step, number = engine.now.data[node];
      if (number === undefined) return `Forward: ${name(node)} has no number.`;
      return `Forward: ${name(node)} is ${numberText(number, 4)}.`;
    }
    const { edge } = step;
    if (broken !== undefined) return `Backward: no gradients, as ${name(broken)} has no number.`;
    const slope = `Backward, from ${name(edge.target)} to ${name(edge.source)}: the slope is ${numberText(engine.slope(edge), 4)}`;
    if (engine.isFrozen(edge.source)) return `${slope}; nothing flows, as ${name(edge.source)} is frozen.`;
    const sum = engine.at(position).grads[edge.source];
    return `${slope}, ${numberText(engine.flow(edge), 4)} flows, and the gradient of ${name(edge.source)} is ${numberText(sum, 4)} by now.`;
  }
}
