// A curve over the moments of a training, with a mark at the one that is shown.

const SIDE = 11; // pixels at both ends: half of the slider's thumb, so that curve and slider stay in line
const FEW = 40; // moments that are each shown by a bead
const LOG_FROM = 30; // how many times the largest number is the smallest before a scale is logarithmic at first

class Chart {
  // `lines` are [look, numbers, …]: numbers[i] is at moment places[i], undefined where it is not known.
  constructor(svg, moments, { log = false, axis = true } = {}) {
    Object.assign(this, { svg, moments, log, axis, lines: [], at: 0 });
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  show(lines) {
    this.lines = lines;
    this.draw();
  }

  // Where a moment is on something as wide as the curve.
  place(moment, width) {
    return SIDE + ((width - 2 * SIDE) * moment) / Math.max(1, this.moments - 1);
  }

  x(moment) {
    return this.place(moment, this.width);
  }

  draw() {
    const { clientWidth, clientHeight } = this.svg;
    if (!clientWidth) return;
    this.width = clientWidth;
    this.height = clientHeight;
    const scaled = (number) => (this.log ? (number > 0 ? Math.log10(number) : undefined) : number);
    const lines = this.lines.map(({ look, places, numbers }) => ({ look, points: numbers.map((number, i) => [places[i], scaled(number)])
      .filter(([, y]) => Number.isFinite(y)) }));
    const all = lines.flatMap(({ points }) => points.map(([, y]) => y));
    this.svg.replaceChildren();
    if (!all.length) return;
    let [low, high] = [Math.min(...all), Math.max(...all)];
    if (low === high) [low, high] = [low - Math.max(1e-12, Math.abs(low) * 0.1), high + Math.max(1e-12, Math.abs(high) * 0.1)];
    const [top, bottom] = this.axis ? [17, this.height - 8] : [6, this.height - 6];
    this.y = (number) => bottom - ((bottom - top) * (scaled(number) - low)) / (high - low);
    const y = (number) => bottom - ((bottom - top) * (number - low)) / (high - low);
    const value = (number) => numberText(this.log ? 10 ** number : number, 2);
    if (this.axis) {
      for (const edge of [high, low]) {
        this.svg.append(draw("path", { class: "grid", d: `M0 ${y(edge)}H${this.width}` }));
        const text = draw("text", { x: 1, y: y(edge) - 5 });
        text.textContent = value(edge);
        this.svg.append(text);
      }
    }
    for (const { look, points } of lines) {
      const beads = this.axis && this.moments <= FEW && look === "curve" ? points : [];
      const way = points.map(([moment, number]) => `${this.x(moment).toFixed(1)} ${y(number).toFixed(1)}`);
      this.svg.append(draw("path", { class: look, d: way.length > 1 ? `M${way.join("L")}` : `M${way[0]}h0.1` }));
      for (const [moment, number] of beads) this.svg.append(draw("circle", { class: "beads", r: 3, cx: this.x(moment), cy: y(number) }));
    }
    this.head = draw("path", { class: "playhead" });
    this.dot = draw("circle", { class: "playdot", r: this.axis ? 5 : 3.5 });
    this.svg.append(this.head, this.dot);
    this.mark(this.at);
  }

  // Put the mark at a moment, on the first line that has a number there.
  mark(moment) {
    this.at = moment;
    if (!this.head?.isConnected) return;
    const x = this.x(moment);
    this.head.setAttribute("d", `M${x.toFixed(1)} 0V${this.height}`);
    const number = this.lines.map(({ places, numbers }) => numbers[places.indexOf(moment)]).find(Number.isFinite);
    const y = number === undefined ? NaN : this.y(number);
    this.dot.style.display = Number.isFinite(y) ? "" : "none";
    if (!Number.isFinite(y)) return;
    this.dot.setAttribute("cx", x.toFixed(1));
    this.dot.setAttribute("cy", y.toFixed(1));
  }

  // The moment under the pointer.
  momentAt(event) {
    const { left, width } = event.currentTarget.getBoundingClientRect();
    const share = (event.clientX - left - SIDE) / Math.max(1, width - 2 * SIDE);
    return Math.round(Math.max(0, Math.min(1, share)) * (this.moments - 1));
  }
}

// Whether numbers spread over so many powers of ten that only a logarithmic scale shows them all.
function spreads(numbers) {
  const known = numbers.filter(Number.isFinite);
  return known.length > 1 && Math.min(...known) > 0 && Math.max(...known) / Math.min(...known) > LOG_FROM;
}
