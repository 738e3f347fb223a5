// What a folded part does, in numbers: those that come out of it, their gradients, and on an arrow that leads to it the
// derivatives of what comes out by what goes in, its Jacobian.

const MOST_PRODUCTS = 400000; // products that a Jacobian may take

class Summary {
  constructor(engine, fold) {
    this.engine = engine;
    this.fold = fold;
    this.kept = new Map();
  }

  // Forget what was kept for other parts or other numbers.
  renew() {
    this.kept.clear();
    this.numbers = this.engine.now;
  }

  keep(key, make) {
    if (this.numbers !== this.engine.now) this.renew();
    if (!this.kept.has(key)) this.kept.set(key, make());
    return this.kept.get(key);
  }

  // The nodes of a box that others are computed from; all of them if there are none.
  outs(box) {
    if (typeof box === "number") return [box];
    return (box.outs ??= (() => {
      const { engine, fold } = this;
      const used = box.nodes.filter((i) => i === engine.output || engine.above[i].some((edge) => fold.home[edge.target] !== box.key));
      return used.length ? used : box.nodes;
    })());
  }

  // Where the edges of a link start.
  sources(link) {
    return (link.sources ??= [...new Set(link.edges.map((edge) => edge.source))].sort((a, b) => a - b));
  }

  // What flows back along a link, to each of its sources.
  flows(link, passed) {
    const sums = new Map(this.sources(link).map((source) => [source, undefined]));
    for (const edge of link.edges) {
      if (edge.number < passed) sums.set(edge.source, (sums.get(edge.source) || 0) + (this.engine.flow(edge) || 0));
    }
    return [...sums.values()];
  }

  // The derivative of each number that comes out of the end of a link by each that goes in along it, on all ways inside.
  jacobian(link) {
    return this.keep(link, () => {
      const { engine, fold } = this, outs = this.outs(link.end), sources = this.sources(link);
      const edges = typeof link.end === "number" ? engine.below[link.end]
        : (link.end.edges ??= engine.edges.filter((edge) => fold.home[edge.target] === link.end.key));
      if (outs.length * edges.length > MOST_PRODUCTS) return null;
      return outs.map((out) => {
        const by = new Map([[out, 1]]);
        for (const { source, target, slot } of edges) {
          const so_far = by.get(target);
          if (so_far) by.set(source, (by.get(source) || 0) + so_far * engine.now.slopes[target][slot]);
        }
        return sources.map((source) => by.get(source) || 0);
      });
    });
  }
}
