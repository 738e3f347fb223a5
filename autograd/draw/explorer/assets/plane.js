// The decision: what the graph makes of each point of the plane of its two inputs, painted behind the examples.

const COARSE = 26, FINE = 80; // points along a side, while the training moves and when it rests
const SMALL_SIDE = 156; // pixels
const COLOURS = ["leaf", "flow-line", "output", "fold", "parameter", "operation", "focus", "ink"];
const BETWEEN_PAINTS = 14; // milliseconds of work before the page may breathe

class PlaneView {
  constructor(engine, { inputs, outputs, points, level, span, classes }) {
    Object.assign(this, { engine, inputs, outputs, points, level, span, classes });
    this.canvas = document.getElementById("plane");
    this.canvas.parentElement.hidden = false;
    this.canvas.addEventListener("click", () => this.enlarge());
    const range = (axis) => {
      const all = points.map((point) => point[axis]);
      const [low, high] = [Math.min(...all), Math.max(...all)], room = (high - low || 1) * 0.14;
      return [low - room, high + room];
    };
    this.ranges = [range(0), range(1)];
    this.labels = [...new Set(points.map((point) => point[2]))].sort((a, b) => a - b);
    this.program = this.moving();
    new ResizeObserver(() => this.show()).observe(this.canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.show());
    new MutationObserver(() => this.show()).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  }

  // Lay it large over the page, or put it back.
  enlarge() {
    this.large = this.canvas.classList.toggle("large");
  }

  // The nodes between the inputs and the outputs, in order: all others are the same at every point.
  moving() {
    const { nodes, below } = this.engine;
    const needed = new Set(this.outputs);
    for (let i = nodes.length - 1; i >= 0; i--) if (needed.has(i)) for (const edge of below[i]) needed.add(edge.source);
    const moves = new Set(this.inputs);
    return nodes.flatMap(({ op, operands }, node) => {
      if (op === undefined || !needed.has(node) || !operands.some((x) => moves.has(x))) return [];
      moves.add(node);
      const numbers = operands.map((x) => (typeof x === "number" ? 0 : readNumber(x[0])));
      const places = operands.flatMap((x, slot) => (typeof x === "number" ? [[slot, x]] : []));
      return [{ node, f: F[op], numbers, places }];
    });
  }

  // Compute the outputs at a point, in a scratch copy of the graph's numbers.
  outputsAt(data, x, y) {
    [data[this.inputs[0]], data[this.inputs[1]]] = [x, y];
    for (const { node, f, numbers, places } of this.program) {
      for (const [slot, source] of places) numbers[slot] = data[source];
      data[node] = f(...numbers);
    }
    return this.outputs.map((node) => data[node]);
  }

  // One number for what is painted: of a single output how far it is above the level; of several, which is the largest.
  reading(outputs) {
    if (outputs.length === 1) return outputs[0] - this.level;
    return outputs.some(Number.isNaN) ? NaN : outputs.indexOf(Math.max(...outputs));
  }

  // How many examples lie on their side of the border.
  right() {
    if (!this.classes || this.labels.length < 2) return null;
    const data = [...this.engine.now.data];
    const ok = this.points.filter(([x, y, target]) => {
      const reading = this.reading(this.outputsAt(data, x, y));
      return this.outputs.length > 1 ? reading === target : reading > 0 === target > this.labels[0];
    });
    return { right: ok.length, of: this.points.length };
  }

  show(quick = false) {
    clearTimeout(this.later);
    if (!this.canvas.clientWidth) return;
    if (quick) {
      this.finish(this.sample(COARSE));
      this.later = setTimeout(() => this.show(), 140);
    } else this.work(this.sample(FINE));
  }

  // Go over the points of the plane, row by row.
  * sample(side) {
    const [xs, ys] = this.ranges.map(([low, high]) => Array.from({ length: side }, (_, i) => low + ((high - low) * (i + 0.5)) / side));
    const data = [...this.engine.now.data], field = new Float64Array(side * side);
    for (let row = 0; row < side; row++) {
      for (let column = 0; column < side; column++) {
        field[row * side + column] = this.reading(this.outputsAt(data, xs[column], ys[side - 1 - row]));
      }
      yield null;
    }
    this.paint(field, side);
  }

  finish(rows) {
    while (!rows.next().done);
  }

  work(rows) {
    const until = performance.now() + BETWEEN_PAINTS;
    while (performance.now() < until) if (rows.next().done) return;
    this.later = setTimeout(() => this.work(rows), 0);
  }

  // Colours as numbers, from the style sheet.
  colours() {
    const style = getComputedStyle(document.documentElement);
    const read = (name) => style.getPropertyValue(`--${name}`).trim();
    const numbers = (text) => [1, 3, 5].map((at) => parseInt(text.slice(at, at + 2), 16));
    return { paper: numbers(read("paper")), kinds: COLOURS.map((name) => numbers(read(name))), text: COLOURS.map(read), ink: read("ink"), back: read("paper") };
  }

  paint(field, side) {
    const { canvas } = this, ratio = window.devicePixelRatio || 1;
    const [width, height] = [canvas.clientWidth, canvas.clientHeight];
    [canvas.width, canvas.height] = [width * ratio, height * ratio];
    const pen = canvas.getContext("2d"), colours = this.colours();
    pen.scale(ratio, ratio);
    const small = new OffscreenCanvas(side, side), image = new ImageData(side, side);
    field.forEach((reading, i) => {
      const [kind, strength] = this.outputs.length > 1 ? [reading, 0.8] : [reading > 0 ? 1 : 0, Math.min(1, Math.abs(reading) / this.span)];
      const share = Number.isNaN(reading) ? 0 : 0.08 + 0.42 * strength;
      const colour = colours.kinds[(kind || 0) % colours.kinds.length];
      for (let c = 0; c < 3; c++) image.data[4 * i + c] = colours.paper[c] + share * (colour[c] - colours.paper[c]);
      image.data[4 * i + 3] = 255;
    });
    small.getContext("2d").putImageData(image, 0, 0);
    pen.drawImage(small, 0, 0, width, height);
    if (this.outputs.length === 1 && this.classes) this.border(pen, field, side, width, height, colours.ink);
    for (const [x, y, target] of this.points) this.example(pen, x, y, target, colours);
    const [x, y] = this.inputs.map((node) => this.engine.now.data[node]);
    pen.lineWidth = 2;
    pen.strokeStyle = colours.ink;
    pen.beginPath();
    pen.arc(...this.spot(x, y), 7.5 * this.zoom, 0, 7);
    pen.stroke();
  }

  // How much larger signs are drawn than in a small picture.
  get zoom() {
    return Math.max(1, Math.sqrt(this.canvas.clientWidth / SMALL_SIDE));
  }

  spot(x, y) {
    const share = (number, [low, high]) => (number - low) / (high - low);
    return [share(x, this.ranges[0]) * this.canvas.clientWidth, (1 - share(y, this.ranges[1])) * this.canvas.clientHeight];
  }

  // The line where the output is at its level, square by square (marching squares, Lorensen and Cline 1987).
  border(pen, field, side, width, height, ink) {
    const [w, h] = [width / side, height / side];
    pen.beginPath();
    for (let row = 0; row + 1 < side; row++) {
      for (let column = 0; column + 1 < side; column++) {
        const corners = [[column, row], [column + 1, row], [column + 1, row + 1], [column, row + 1]];
        const crossed = corners.flatMap(([x, y], i) => {
          const [u, v] = corners[(i + 1) % 4], a = field[y * side + x], b = field[v * side + u];
          if (a > 0 === b > 0 || !Number.isFinite(a) || !Number.isFinite(b)) return [];
          const share = a / (a - b);
          return [[(x + 0.5 + share * (u - x)) * w, (y + 0.5 + share * (v - y)) * h]];
        });
        for (let i = 0; i + 1 < crossed.length; i += 2) {
          pen.moveTo(...crossed[i]);
          pen.lineTo(...crossed[i + 1]);
        }
      }
    }
    pen.lineWidth = 1.8;
    pen.strokeStyle = ink;
    pen.stroke();
  }

  // An example: its class is a colour and a shape.
  example(pen, x, y, target, { text, back, kinds, paper }) {
    const [u, v] = this.spot(x, y), kind = this.classes ? this.labels.indexOf(target) : 0, r = 3.6 * this.zoom;
    pen.beginPath();
    if (kind % 3 === 0) pen.arc(u, v, r, 0, 7);
    else if (kind % 3 === 1) pen.rect(u - r * 0.9, v - r * 0.9, r * 1.8, r * 1.8);
    else for (let i = 0; i < 3; i++) pen.lineTo(u + 1.2 * r * Math.sin((i * 2 * Math.PI) / 3), v - 1.2 * r * Math.cos((i * 2 * Math.PI) / 3));
    pen.closePath();
    if (this.classes) pen.fillStyle = text[kind % text.length];
    else {
      const away = (target - this.level) / this.span, colour = kinds[away > 0 ? 1 : 0], share = Math.min(1, Math.abs(away));
      pen.fillStyle = `rgb(${paper.map((c, i) => Math.round(c + share * (colour[i] - c))).join(" ")})`;
    }
    pen.fill();
    pen.lineWidth = 1.2;
    pen.strokeStyle = back;
    pen.stroke();
  }
}
