// The film: a second axis of time, the steps of a training, along which the leaves move.
//
// record.film           leaves (places of nodes), steps (of training, one a moment), numbers (base64 of little-endian floats
//                       of so many bytes, the leaves of one moment after the other), losses, measured (what they are of), epoch
//                       (steps of one), notes, and of two inputs a plane (see plane.js)

const WHOLE = 9000; // milliseconds that a film takes at single speed …
const QUICKEST = 45, SLOWEST = 900; // … but no moment less or more than so many
const SAMPLES = 120; // moments at which every node is computed, for curves over the training
const SLICE = 12; // milliseconds of work before the page may breathe

class Film {
  constructor(record) {
    Object.assign(this, { steps: record.steps, losses: record.losses.map((x) => x ?? undefined), epoch: record.epoch, measured: record.measured });
    this.leaves = record.leaves;
    this.count = this.steps.length;
    this.numbers = this.decode(record.numbers, record.bytes);
    this.at = this.count - 1;
    this.speed = 1;
    this.playing = false;
    this.samples = this.sampled();
    this.states = [];
    this.overviews = [];
    this.chart = new Chart(find("curve"), this.count, { log: spreads(this.losses) });
    this.gradients = new Gradients(find("spreads"), this);
    this.plane = record.plane ? new PlaneView(engine, record.plane) : null;
    this.wire();
    this.showCurves();
    const notes = record.notes.map((note) => make("p", { class: "aside" }, `${note[0].toUpperCase()}${note.slice(1)}.`));
    if (notes.length) find("legend").before(make("details", { id: "film-notes" }, make("summary", {}, "About this film"), ...notes));
    this.computeAll(0);
  }

  decode(text, bytes) {
    const raw = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    const view = new DataView(raw.buffer), read = bytes === 8 ? "getFloat64" : "getFloat32";
    return Float64Array.from({ length: raw.length / bytes }, (_, i) => view[read](i * bytes, true));
  }

  wire() {
    const { count } = this;
    find("moment").max = count - 1;
    for (const [id, to] of [["first", () => 0], ["back", () => this.at - 1], ["next", () => this.at + 1], ["last", () => count - 1]]) {
      find(`moment-${id}`).addEventListener("click", () => this.go(to()));
    }
    find("moment-play").addEventListener("click", () => this.toggle());
    find("moment-speed").addEventListener("change", () => { this.speed = Number(find("moment-speed").value); });
    find("moment").addEventListener("input", () => this.go(Number(find("moment").value)));
    find("log-scale").checked = this.chart.log;
    find("log-scale").addEventListener("change", () => {
      this.chart.log = find("log-scale").checked;
      this.chart.draw();
    });
    find("course-shown").addEventListener("click", () => this.showGradients(find("curve").checkVisibility()));
    find("spreads").addEventListener("pointerdown", (event) => this.go(this.chart.momentAt(event)));
    const curve = find("curve");
    curve.addEventListener("pointerdown", (event) => {
      curve.setPointerCapture(event.pointerId);
      this.go(this.chart.momentAt(event));
    });
    curve.addEventListener("pointermove", (event) => {
      if (curve.hasPointerCapture(event.pointerId)) this.go(this.chart.momentAt(event));
    });
    find("moment").addEventListener("keydown", (event) => {
      if (event.key !== " ") return;
      event.preventDefault();
      this.toggle();
    });
    window.addEventListener("hashchange", () => this.follow());
  }

  // The leaves at a moment, as the engine takes them.
  leavesAt(moment) {
    const start = moment * this.leaves.length;
    return new Map(this.leaves.map((leaf, i) => [leaf, this.numbers[start + i]]));
  }

  // --- where we are ----------------------------------------------------------------------------------------------------

  // Go to the last moment that is not after the step of training in the address, as in #frame=37.
  follow() {
    const [, digits] = location.hash.match(/(?:^#|&)frame=(\d+)/) || [];
    const after = digits === undefined ? -1 : this.steps.findIndex((step) => step > Number(digits));
    const moment = digits === undefined ? this.at : after < 0 ? this.count - 1 : Math.max(0, after - 1);
    this.go(moment, { address: false });
  }

  go(moment, { address = true, playing = false } = {}) {
    if (!playing) this.pause();
    const before = this.at;
    this.at = Math.max(0, Math.min(this.count - 1, Math.round(moment)));
    player.moment = this.steps[this.at];
    if (address) player.sign(!panel.opening);
    if (this.at === before) {
      this.showMoment();
      return;
    }
    engine.load(this.at === this.count - 1 ? null : this.leavesAt(this.at));
    afterChange();
    clearTimeout(showStep.later);
    showStep.later = setTimeout(() => picture.describe(player.position), 300);
  }

  showMoment() {
    const step = this.steps[this.at], last = this.steps[this.count - 1], loss = this.losses[this.at];
    const about = [];
    if (this.epoch) about.push(`epoch ${Math.max(1, Math.ceil(step / this.epoch)).toLocaleString("en")}`);
    if (loss !== undefined) about.push(`loss ${numberText(loss, 4)}`);
    if (this.plane) {
      this.plane.show(true);
      const score = this.plane.right();
      if (score) about.push(`${score.right} of ${score.of} right`);
      find("plane").setAttribute("aria-label", `The decision over ${this.plane.inputs.map((i) => engine.nodes[i].name).join(" and ")} after step ${step}${score ? `: ${score.right} of ${score.of} examples right` : ""}`);
    }
    find("moment-counter").textContent = `step ${step.toLocaleString("en")} of ${last.toLocaleString("en")}`;
    find("moment-about").textContent = about.join(" · ");
    find("moment").value = this.at;
    find("moment").setAttribute("aria-valuetext", [`step ${step} of ${last} of the training`, ...about].join(", "));
    find("moment-first").disabled = find("moment-back").disabled = this.at === 0;
    find("moment-next").disabled = find("moment-last").disabled = this.at === this.count - 1;
    for (const chart of [this.chart, this.gradients, ...this.overviews]) chart.mark(this.at);
  }

  // --- playing ---------------------------------------------------------------------------------------------------------

  get beat() {
    return Math.min(SLOWEST, Math.max(QUICKEST, WHOLE / this.count)) / this.speed;
  }

  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    player.pause();
    this.playing = true;
    this.dress();
    this.go(this.at === this.count - 1 ? 0 : this.at + 1, { playing: true });
    this.later();
  }

  later(spent = 0) {
    this.timer = setTimeout(() => {
      if (!this.playing) return;
      if (this.at === this.count - 1) {
        this.pause();
        return;
      }
      const start = performance.now();
      this.go(this.at + 1, { playing: true });
      this.later(performance.now() - start);
    }, Math.max(8, this.beat - spent));
  }

  pause() {
    clearTimeout(this.timer);
    if (!this.playing) return;
    this.playing = false;
    this.dress();
  }

  dress() {
    find("moment-play-icon").setAttribute("d", this.playing ? "M4 3h3v10H4zM9 3h3v10H9z" : "M4 2.5v11L13 8z");
    for (const name of ["aria-label", "title"]) find("moment-play").setAttribute(name, this.playing ? "Pause the training (t)" : "Play the training (t)");
    find("now").setAttribute("aria-live", this.playing ? "off" : "polite");
  }

  // --- curves ----------------------------------------------------------------------------------------------------------

  sampled() {
    const every = Math.max(1, Math.ceil(this.count / SAMPLES));
    const samples = Array.from({ length: Math.ceil(this.count / every) }, (_, i) => i * every);
    if (samples[samples.length - 1] !== this.count - 1) samples.push(this.count - 1);
    return samples;
  }

  // Compute the graph at the sampled moments, a few at a time, then draw what is made of them.
  computeAll(from) {
    const until = performance.now() + SLICE;
    let k = from;
    for (; k < this.samples.length && performance.now() < until; k++) {
      const { data, grads } = engine.compute(this.leavesAt(this.samples[k]), engine.first);
      this.states.push({ data, grads });
    }
    if (k < this.samples.length) {
      setTimeout(() => this.computeAll(k), 0);
      return;
    }
    this.showCurves();
    for (const chart of [this.gradients, ...this.overviews]) chart.fill();
  }

  // Show how the gradients lie instead of the loss, or the loss again.
  showGradients(wanted) {
    find("film").classList.toggle("gradients", wanted);
    write(find("course-shown"), wanted ? "loss" : "gradients");
    find("course-shown").title = wanted ? "Show the loss over the training (g)" : "Show how each layer's gradients are distributed over the training (g)";
    this.writeKey();
    for (const chart of [this.chart, this.gradients]) chart.draw(); // only what is seen has a size
  }

  get complete() {
    return this.states.length === this.samples.length;
  }

  showCurves() {
    const { name } = engine.nodes[engine.output];
    const own = this.complete ? this.states.map(({ data }) => data[engine.output]) : [];
    const close = (x, y) => y === undefined || Math.abs(x - y) <= 1e-6 * Math.abs(y);
    const same = own.every((x, i) => close(x, this.losses[this.samples[i]]));
    const known = this.losses.some(Number.isFinite);
    const lines = [];
    if (known) lines.push({ look: "curve", places: this.losses.map((_, i) => i), numbers: this.losses });
    if (own.length && !(known && same)) lines.push({ look: known ? "curve own" : "curve", places: this.samples, numbers: own });
    else if (own.length && known) lines.push({ look: "curve none", places: this.samples, numbers: own });
    if (!known) this.chart.log = find("log-scale").checked = spreads(own);
    this.keys = [...(known ? [["drawn", this.measured]] : []),
      ...(own.length && !(known && same) ? [[known ? "drawn own" : "drawn", `${name}, drawn below`]] : [])];
    this.writeKey();
    find("curve").setAttribute("aria-label", `${this.measured} over ${this.steps[this.count - 1]} steps of training`);
    this.chart.show(lines);
  }

  // Say what the lines are.
  writeKey() {
    const { name } = engine.nodes[engine.output];
    const keys = find("film").matches(".gradients")
      ? [["drawn back", `sizes of ∂${name}/∂w, the middle`], ["drawn half", "half of them"], ["drawn range", "all of them"],
        ...(this.gradients.ends?.length ? [["", `each strip: ≤ ${this.gradients.ends.join(" to ")}, logarithmic`]] : [])] : this.keys;
    find("curve-key").replaceChildren(...keys.map(([look, text]) => make("span", { class: look }, text)));
  }

  // A node over the training: its number and its gradient, each on a scale of its own.
  overTime(node) {
    this.overviews = [];
    const rows = [["data", "curve"], ["grad", "curve back"]].filter(([what]) => what === "data" || !engine.isFrozen(node)).map(([what, look]) => {
      const svg = draw("svg", { class: "overview", role: "img" });
      const ends = make("span", { class: "ends" });
      const chart = new Chart(svg, this.count, { axis: false });
      chart.fill = () => {
        const numbers = this.states.map((state) => state[what === "data" ? "data" : "grads"][node]);
        chart.show([{ look, places: this.samples, numbers }]);
        const known = numbers.filter(Number.isFinite);
        const text = known.length ? `${numberText(known[0], 3)} → ${numberText(known[known.length - 1], 3)}` : "";
        write(ends, text);
        svg.setAttribute("aria-label", `${what} of ${engine.nodes[node].name} over the training: ${text}`);
      };
      chart.at = this.at;
      if (this.complete) chart.fill();
      this.overviews.push(chart);
      return make("div", { class: "over" }, make("small", {}, what), svg, ends);
    });
    return [nodePanel.row("over the training", ...rows)];
  }
}

const film = new Film(record.film);
nodePanel.overTime = (node) => film.overTime(node);
const { Escape: leave } = KEYS;
Object.assign(KEYS, {
  ",": () => film.go(film.at - 1), ".": () => film.go(film.at + 1), "<": () => film.go(0), ">": () => film.go(film.count - 1),
  t: () => film.toggle(), g: () => film.showGradients(find("curve").checkVisibility()),
  d: () => film.plane?.enlarge(), Escape: () => (film.plane?.large ? film.plane.enlarge() : leave()),
});
player.show = (position) => { // one of the two plays at a time
  if (player.playing) film.pause();
  showStep(position);
};
watchers.push(() => film.showMoment());
find("transport").prepend(make("h2", { class: "way" }, "Graph"));
film.follow();
window.explorer = Object.freeze({ ...window.explorer, film });
