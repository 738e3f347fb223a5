// The player: which step is shown, and when the next one comes.

const BEAT = 1800; // milliseconds of a step at single speed

class Player {
  constructor(engine, show) {
    this.engine = engine;
    this.show = show;
    this.position = 0;
    this.playing = false;
    this.speed = 1;
    this.stride = (position, by) => position + by;
    this.parts = Object.fromEntries(["first", "back", "play", "next", "last", "position", "counter", "speed", "track"].map((id) => [id, document.getElementById(id)]));
    const { parts } = this;
    parts.position.max = engine.count;
    parts.track.style.setProperty("--split", engine.count ? engine.nodes.length / engine.count : 1);
    parts.first.addEventListener("click", () => this.go(0));
    parts.last.addEventListener("click", () => this.go(engine.count));
    parts.back.addEventListener("click", () => this.walk(-1));
    parts.next.addEventListener("click", () => this.walk(1));
    parts.play.addEventListener("click", () => this.toggle());
    parts.position.addEventListener("input", () => this.go(Number(parts.position.value)));
    parts.speed.addEventListener("change", () => { this.speed = Number(parts.speed.value); });
    window.addEventListener("hashchange", () => this.follow());
  }

  get beat() {
    return BEAT / this.speed;
  }

  // Go to the step in the address, as in #step=17; without one to `otherwise`.
  follow(otherwise = this.position) {
    const [, digits] = location.hash.match(/(?:^#|&)step=(\d+)/) || [];
    this.go(digits === undefined ? otherwise : Number(digits), { address: false });
  }

  go(position, { address = true, playing = false } = {}) {
    if (!playing) this.pause();
    this.position = Math.max(0, Math.min(this.engine.count, Math.round(position)));
    const { parts } = this;
    parts.position.value = this.position;
    parts.position.setAttribute("aria-valuetext", this.spoken());
    parts.counter.textContent = `${this.position} / ${this.engine.count}`;
    parts.back.disabled = parts.first.disabled = this.position === 0;
    parts.last.disabled = this.position === this.engine.count;
    parts.next.disabled = parts.last.disabled && !this.fresh();
    parts.track.style.setProperty("--done", this.engine.count ? this.position / this.engine.count : 1);
    if (address) this.sign();
    this.show(this.position);
  }

  // Whether no step was asked for yet; the page says.
  fresh() {
    return false;
  }

  // Go a step on, or back; `stride` says how far that is. The first one begins where the page has opened with everything done.
  walk(by) {
    this.go(this.stride(by > 0 && this.fresh() ? 0 : this.position, by));
  }

  // What else belongs into the address; the page says.
  more() {
    return [];
  }

  // Keep where we are in the address: the step, in a film the moment, the node that is chosen, and numbers that were changed.
  sign(step = true) {
    const parts = this.moment === undefined ? [] : [`frame=${this.moment}`];
    if (step) parts.push(`step=${this.position}`);
    parts.push(...this.more());
    try {
      history.replaceState(null, "", `#${parts.join("&")}`);
    } catch { /* a frame without an address of its own */ }
  }

  spoken() {
    const step = this.engine.step(this.position), name = (node) => this.engine.nodes[node].name;
    if (step.kind === "start") return "start";
    if (step.kind === "node") return `forward, ${name(step.node)}`;
    return `backward, from ${name(step.edge.target)} to ${name(step.edge.source)}`;
  }

  toggle() {
    if (this.playing) {
      this.pause();
      return;
    }
    const from = this.position === this.engine.count ? 0 : this.stride(this.position, 1);
    this.playing = true;
    this.dress();
    this.go(from, { playing: true });
    this.later();
  }

  later() {
    this.timer = setTimeout(() => {
      if (!this.playing) return;
      if (this.position === this.engine.count) {
        this.pause();
        return;
      }
      this.go(this.stride(this.position, 1), { playing: true });
      this.later();
    }, this.beat);
  }

  pause() {
    clearTimeout(this.timer);
    if (!this.playing) return;
    this.playing = false;
    this.dress();
  }

  dress() {
    document.getElementById("play-icon").setAttribute("d", this.playing ? "M4 3h3v10H4zM9 3h3v10H9z" : "M4 2.5v11L13 8z");
    for (const name of ["aria-label", "title"]) this.parts.play.setAttribute(name, this.playing ? "Pause (space)" : "Play (space)");
    document.documentElement.classList.toggle("playing", this.playing);
  }
}
