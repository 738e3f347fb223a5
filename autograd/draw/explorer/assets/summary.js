// What a folded part does, in numbers: those that come out of it, their gradients, and on an arrow that leads to it the
// derivatives of what comes out by what goes in, its Jacobian.

const MOST_PRODUCTS = 300000; // products that a Jacobian may take

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
      const flow = edge.number < passed ? this.engine.flow(edge) : undefined;
      if (flow !== undefined) sums.set(edge.source, (sums.get(edge.source) || 0) + flow);
    }
    return [...sums.values()];
  }

  // The derivative of each number that comes out of the end of a link by each that goes in along it, on all ways inside.
  jacobian(link) {
    return this.keep(link, () => {
      const { engine } = this, sources = this.sources(link), rows = [];
      if (engine.veiled) return null; // an exercise tells nothing
      let products = 0;
      for (const out of this.outs(link.end)) {
        const by = new Map([[out, 1]]);
        for (const node of this.inside(out, link.end)) {
          for (const { source, slot } of engine.below[node]) {
            by.set(source, (by.get(source) || 0) + by.get(node) * engine.now.slopes[node][slot]);
          }
          products += engine.below[node].length;
        }
        if (products > MOST_PRODUCTS) return null;
        rows.push(sources.map((source) => by.get(source) || 0));
      }
      return rows;
    });
  }

  // The computed nodes of a box that a node of it is made of, itself first, each before those that it is computed from.
  inside(out, box) {
    const { engine, fold } = this, found = new Set(), left = [out];
    while (left.length) {
      const node = left.pop();
      if (found.has(node) || (node !== out && fold.home[node] !== box.key) || engine.nodes[node].op === undefined) continue;
      found.add(node);
      for (const { source } of engine.below[node]) left.push(source);
    }
    return [...found].sort((a, b) => b - a);
  }
}
