// The gradients of each layer over a training: of their sizes, on one logarithmic scale for all layers, the middle at each
// moment, the half around it, and the smallest and the largest. A layer that learns nothing lies low.

const MOST_LAYERS = 6; // strips that the film has room for; of more layers the last ones are left out
const LAYER_PIXELS = 32; // of a strip and its line of text …
const TEXT_PIXELS = 15; // which takes so many of them
const POWERS = 12; // of ten below the largest gradient, at most, where the ground lies

class Gradients {
  constructor(svg, film) {
    Object.assign(this, { svg, film, at: film.at });
    const layers = new Map();
    for (const leaf of film.leaves) {
      const { name, scope } = engine.nodes[leaf];
      const layer = scope ? scope.split("/")[0] : name.split("[")[0];
      if (!engine.isFrozen(leaf)) layers.set(layer, [...(layers.get(layer) || []), leaf]);
    }
    const inOrder = [...layers].sort(([one], [other]) => one.localeCompare(other, "en", { numeric: true }));
    this.left = Math.max(0, inOrder.length - MOST_LAYERS);
    this.layers = inOrder.slice(0, MOST_LAYERS).map(([name, leaves]) => ({ name, leaves }));
    svg.style.minHeight = `${this.layers.length * LAYER_PIXELS}px`;
    new ResizeObserver(() => this.draw()).observe(svg);
  }

  // The smallest, the lower quarter, the middle, the upper quarter and the largest of the sizes of some gradients; and how
  // many are zero.
  static spread(gradients) {
    const sizes = gradients.filter(Number.isFinite).map(Math.abs).sort((a, b) => a - b);
    if (!sizes.length) return null;
    const among = (share) => {
      const place = share * (sizes.length - 1), low = Math.floor(place);
      return sizes[low] + (place - low) * (sizes[Math.min(low + 1, sizes.length - 1)] - sizes[low]);
    };
    return { quarters: [0, 0.25, 0.5, 0.75, 1].map(among), zeros: sizes.filter((x) => x === 0).length, count: sizes.length };
  }

  // Take the gradients of all sampled moments.
  fill() {
    for (const layer of this.layers) {
      layer.spreads = this.film.states.map(({ grads }) => Gradients.spread(layer.leaves.map((leaf) => grads[leaf])));
    }
    this.draw();
  }

  draw() {
    const { clientWidth, clientHeight } = this.svg;
    if (!clientWidth || !this.layers.every(({ spreads }) => spreads)) return;
    Object.assign(this, { width: clientWidth, height: clientHeight });
    const sizes = (which) => this.layers.flatMap(({ spreads }) => spreads.filter(Boolean).map(({ quarters }) => quarters[which])).filter((x) => x > 0);
    const [lower, largest] = [sizes(1), sizes(4)]; // a few tiny gradients shall not press the rest together
    const high = largest.length ? Math.log10(Math.max(...largest)) : 0;
    const low = Math.max(Math.log10(Math.min(...(lower.length ? lower : largest), Infinity)), high - POWERS);
    this.ends = largest.length ? [low, high].map((power) => numberText(10 ** power, 2)) : [];
    this.svg.replaceChildren();
    const tall = this.height / this.layers.length, x = (k) => this.film.chart.place(this.film.samples[k], this.width).toFixed(1);
    this.layers.forEach((layer, i) => {
      const ground = (i + 1) * tall - 3, room = tall - 4 - TEXT_PIXELS;
      const y = (size) => (ground - (high > low ? Math.max(0, Math.min(1, (Math.log10(size) - low) / (high - low))) : 0.5) * room).toFixed(1);
      const places = layer.spreads.map((spread, k) => [spread, k]).filter(([spread]) => spread);
      const band = (one, other) => {
        const way = (which, some) => some.map(([{ quarters }, k]) => `${x(k)} ${y(quarters[which])}`).join("L");
        return places.length ? `M${way(one, places)}L${way(other, [...places].reverse())}Z` : "M0 0";
      };
      const middle = places.map(([{ quarters }, k]) => `${x(k)} ${y(quarters[2])}`).join("L");
      this.svg.append(draw("path", { class: "grid", d: `M0 ${ground}H${this.width}` }), draw("path", { class: "range", d: band(0, 4) }),
        draw("path", { class: "half", d: band(1, 3) }), draw("path", { class: "curve back", d: middle ? `M${middle}h0.1` : "M0 0" }));
      layer.text = draw("text", { x: 1, y: i * tall + TEXT_PIXELS - 5 });
      this.svg.append(layer.text);
    });
    this.head = draw("path", { class: "playhead" });
    this.svg.append(this.head);
    this.mark(this.at);
    this.film.writeKey();
  }

  // Put the mark at a moment, and say in words how the gradients lie there.
  mark(moment) {
    this.at = moment;
    if (!this.head?.isConnected) return;
    this.head.setAttribute("d", `M${this.film.chart.place(moment, this.width).toFixed(1)} 0V${this.height}`);
    const said = this.layers.map((layer) => {
      const spread = Gradients.spread(layer.leaves.map((leaf) => engine.now.grads[leaf]));
      const about = spread ? `middle ${numberText(spread.quarters[2], 2)}, largest ${numberText(spread.quarters[4], 2)}` : "no gradients";
      const zeros = spread?.zeros ? `, ${spread.zeros} of ${spread.count} are 0` : "";
      write(layer.text, `${layer.name}: ${about}${zeros}`);
      return layer.text.textContent;
    });
    this.svg.setAttribute("aria-label", `Sizes of the gradients of each layer over the training. Now ${said.join("; ")}${this.left ? `; ${this.left} more layers are not shown` : ""}`);
  }
}
