// Walking through the steps: over a folded part in one, into it, or out of it.

class Walk {
  constructor(engine, fold) {
    this.engine = engine;
    this.fold = fold;
  }

  // What of the drawing a step is about; steps about the same are taken together.
  about(position) {
    const { fold } = this, step = this.engine.step(position);
    if (step.kind === "start") return "start";
    if (step.kind === "node") return `forward ${fold.home[step.node] ?? step.node}`;
    const { edge } = step, box = fold.home[edge.target];
    return box !== null ? `backward ${box}` : fold.home[edge.source] !== null ? `backward ${fold.linkKey(edge)}` : `edge ${edge.number}`;
  }

  // Whether the next step is about something else.
  stops(position) {
    return position <= 0 || position >= this.engine.count || this.about(position) !== this.about(position + 1);
  }

  next(position, by) {
    let at = Math.max(0, Math.min(this.engine.count, position + by));
    while (!this.stops(at)) at += by;
    return at;
  }

  // The node that a step is at, the box that hides it, and the innermost part around that is open.
  place(position) {
    const { fold } = this, step = this.engine.step(position);
    if (step.kind === "start") return {};
    const ends = step.kind === "node" ? [step.node] : [step.edge.target, step.edge.source];
    const node = ends.find((end) => fold.home[end] !== null) ?? ends[0];
    const around = fold.parts.around(node), outermost = around.findIndex((path) => fold.folded.has(path));
    return { node, box: fold.boxOf(node), open: around[(outermost < 0 ? around.length : outermost) - 1] };
  }

  // The first step about what this one is about.
  start(position) {
    let at = position;
    while (at > 0 && this.about(at - 1) === this.about(position)) at--;
    return at;
  }
}
