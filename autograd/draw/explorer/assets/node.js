// The chosen node: its numbers, another number for a leaf, and its paths to the output.

const PATHS = 5; // paths that are written out, those with the largest products
const STEPS_ASIDE = 200; // of a leaf's slider, to each side
const FACTORS = 8; // factors of a path that are written out

// By how much a leaf's number changes for a pixel of a drag, or a place of its slider: a hundredth of its size, or of 1.
function stepOfLeaf(start) {
  return (Number.isFinite(start) ? Math.max(1, Math.abs(start)) : 1) / 100;
}

// Copy text; where a page may not, it is marked, to be copied by hand.
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = make("textarea", { class: "unseen", readonly: "" });
    field.value = text;
    document.body.append(field);
    field.select();
    const done = document.execCommand("copy");
    field.remove();
    return done;
  }
}

class NodePanel extends Panel {
  constructor(engine, formulas, actions) {
    super(engine, formulas, actions);
    this.chosen = document.getElementById("chosen");
  }

  showChosen(node, position, found) {
    this.chosen.hidden = node === null;
    if (node === null) {
      this.chosen.replaceChildren();
      this.shown = null;
      return;
    }
    const { engine, formulas } = this;
    const entry = engine.nodes[node];
    if (this.shown === node) { // keep what the reader is typing in
      this.showNumbers(node, position);
      this.chosen.querySelector(".sums").replaceChildren(...this.pathParts(node, found));
      if (this.refill && !this.chosen.querySelector(".change")?.parentElement.contains(document.activeElement)) this.refill();
      return;
    }
    this.shown = node;
    this.refill = null;
    const about = entry.op === undefined ? null : engine.record.operations[entry.op];
    const close = make("button", { type: "button", class: "close", "aria-label": "Choose nothing (Esc)", title: "Choose nothing (Esc)", onclick: () => this.actions.choose(null) }, "×");
    const parts = [make("h2", {}, make("span", { class: "way" }, { parameter: "Parameter", frozen: "Frozen leaf", leaf: "Leaf" }[entry.role] || "Node"),
      make("span", { class: "full" }, entry.name), close)];
    if (about) {
      parts.push(this.row(about.name, formulas.line(formulas.name(node), "=", formulas.written(node, this.tree(entry.formula), false)),
        ...(about.summary ? [make("p", { class: "aside" }, about.summary)] : [])));
    }
    parts.push(make("div", { class: "numbers" }));
    if (entry.scope) parts.push(this.row("part", make("p", {}, entry.scope), ...this.foldButton(entry.scope)));
    if (!engine.veiled) parts.push(entry.op === undefined ? this.whatIf(node) : this.jumps(node));
    parts.push(...this.overTime(node));
    parts.push(make("div", { class: "sums" }, ...this.pathParts(node, found)));
    this.chosen.replaceChildren(...parts);
    this.showNumbers(node, position);
  }

  // The numbers of the chosen node, as they stand at a step.
  showNumbers(node, position) {
    const numbers = [...this.numbersOf(node), this.number("data", node, position), this.number("grad", node, position)];
    this.chosen.querySelector(".numbers").replaceChildren(...numbers);
  }

  // A number as the picture has it, to six digits, and all of them on hover; before its step it is marked as final.
  number(word, node, position) {
    const { engine } = this;
    const [number, there] = word === "data" ? [engine.now.data[node], engine.at(position).data[node]] : [engine.now.grads[node], engine.at(position).received[node] === 1];
    const shown = make("output", { class: "exact", id: `exact-${word}`, title: exactText(number) }, number === null ? "frozen" : numberText(number));
    const final = number !== undefined && number !== null && (there === undefined || there === false);
    return this.row(word, make("div", {}, shown, ...(final ? [make("small", { class: "final" }, " final: not there yet at this step")] : [])));
  }

  // The formula of an operation with the numbers of now in it.
  numbersOf(node) {
    const { op, formula } = this.engine.nodes[node];
    if (op === undefined || this.engine.now.data[node] === undefined) return [];
    return [this.row("numbers", this.formulas.line(this.formulas.written(node, this.tree(formula), true)))];
  }

  // What a film adds: the node over the whole training.
  overTime() {
    return [];
  }

  foldButton(scope) {
    if (!this.actions.canFold(scope)) return [];
    return [make("button", { type: "button", class: "small", onclick: () => this.actions.fold(scope, true) }, "fold it")];
  }

  jumps(node) {
    const forward = make("button", { type: "button", class: "small", onclick: () => this.actions.go(node + 1) }, "where it is computed");
    const [edge] = this.engine.below[node];
    const parts = [forward];
    if (edge) parts.push(make("button", { type: "button", class: "small", onclick: () => this.actions.go(this.engine.stepOf(edge)) }, "where its gradient flows on"));
    return this.row("jump to", make("div", { class: "buttons" }, ...parts));
  }

  whatIf(node) {
    const { engine } = this;
    if (!engine.open[node]) {
      return this.row("what if", make("p", { class: "aside" }, "An operation above it is known to Python only, so it cannot be changed here."));
    }
    const box = make("input", { type: "text", id: "leaf", "aria-label": `Number of ${engine.nodes[node].name}`, "aria-describedby": "leaf-trouble", autocomplete: "off", spellcheck: "false" });
    const slider = make("input", { type: "range", id: "leaf-slider", "aria-label": `Change ${engine.nodes[node].name}` });
    const back = make("button", { type: "button", class: "small", id: "leaf-back", title: "Back to the number that it was recorded with" }, "reset");
    const fill = () => {
      const start = engine.base.data[node];
      const step = stepOfLeaf(start), middle = Number.isFinite(start) ? start : 0;
      Object.assign(slider, { min: middle - STEPS_ASIDE * step, max: middle + STEPS_ASIDE * step, step });
      box.value = String(engine.now.data[node]);
      slider.value = engine.now.data[node];
      box.removeAttribute("aria-invalid");
      trouble.textContent = "";
    };
    const trouble = make("p", { class: "trouble", id: "leaf-trouble", role: "status" });
    box.addEventListener("input", () => {
      let number;
      trouble.textContent = "";
      try {
        number = readPlainNumber(box.value);
      } catch (error) {
        if (!(error instanceof ReadingError)) throw error;
        trouble.textContent = `${error.message} ${engine.nodes[node].name} is still ${numberText(engine.now.data[node])}.`;
      }
      box.toggleAttribute("aria-invalid", number === undefined);
      if (number === undefined) return;
      slider.value = number;
      this.actions.change(node, number);
    });
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.preventDefault();
      fill();
      box.blur();
    });
    slider.addEventListener("input", () => {
      const number = Number(Number(slider.value).toPrecision(6));
      box.value = String(number);
      this.actions.change(node, number);
    });
    back.addEventListener("click", () => {
      this.actions.change(node, engine.base.data[node]);
      fill();
    });
    this.refill = fill;
    fill();
    return this.row("what if", make("div", { class: "change" }, box, back), trouble, slider);
  }

  // All paths to the output with the product of each, and their sum.
  pathParts(node, found) {
    const { engine, formulas } = this;
    const top = engine.output;
    if (node === top || !found.count || engine.now.errors.size) return [];
    const many = found.count > 1;
    const head = many ? `${found.count > 1e15 ? numberText(found.count) : found.count.toLocaleString("en")} paths to ${engine.nodes[top].name}` : `The path to ${engine.nodes[top].name}`;
    const rows = found.paths.map((path, i) => {
      const cut = (pieces) => (pieces.length <= FACTORS ? pieces : [...pieces.slice(0, FACTORS / 2), math("mo", "…"), ...pieces.slice(-FACTORS / 2)]);
      const join = (pieces, sign) => pieces.flatMap((piece, k) => (k ? [sign, piece] : [piece]));
      const factors = path.edges.map((edge) => formulas.derivative(edge.target, edge.source));
      const numbers = path.edges.map((edge, k) => {
        const slope = engine.slope(edge);
        return slope < 0 && k ? braced(mathNumber(slope)) : mathNumber(slope);
      });
      const row = make("li", { tabindex: 0 },
        formulas.line(...join(cut(factors), "·")),
        formulas.line("=", ...join(cut(numbers), "×"), ...(numbers.length > 1 ? ["=", this.lit(mathNumber(path.number))] : [])));
      for (const name of ["pointerenter", "focus"]) row.addEventListener(name, () => this.actions.light(path));
      for (const name of ["pointerleave", "blur"]) row.addEventListener(name, () => this.actions.light(null));
      const name = [...path.edges.map((edge) => engine.nodes[edge.target].name), engine.nodes[node].name].join(" → ");
      row.setAttribute("aria-label", `path ${i + 1}: ${name}`);
      const copy = make("button", { type: "button", class: "small copy", title: name, "aria-label": `Copy the path ${name}` }, "copy");
      copy.addEventListener("click", () => copyText(name).then((done) => { copy.textContent = done ? "copied" : "press Ctrl+C"; }));
      row.append(copy);
      return row;
    });
    const parts = [make("h3", {}, head), make("ol", { class: "paths" }, ...rows)];
    const others = found.count - found.paths.length;
    if (others > 0) parts.push(make("p", { class: "rest" }, `the other ${others > 1e15 ? numberText(others) : others.toLocaleString("en")} together: ${numberText(found.rest)}`));
    if (many) parts.push(make("p", { class: "total" }, formulas.line("sum", "=", formulas.derivative(top, node), "=", this.lit(mathNumber(found.total)))));
    return parts;
  }
}
