// The recorded graph: its steps, its numbers, its sums over paths. Nothing here touches the page.
//
// record.nodes[i]       name, role, scope; of an operation also op (a key of F and S),
//                       operands (the place of a node, or [number]), formula and slopes (places in record.formulas)
// record.frames[0]      data, slopes and grads that Python computed
// record.practice       of an exercise only: its questions, see practice.js
// record.film           of a film only: what moved, see film.js; frames[0] is its last moment
// record.closed         keys of operations whose rules do not read symbols: what depends on them stays as recorded

function readNumber(x) {
  return typeof x === "string" ? Number(x) : x;
}

class Engine {
  constructor(record) {
    this.record = record;
    this.nodes = record.nodes;
    this.output = record.output;
    this.edges = []; // in the order of the backward pass
    this.below = this.nodes.map(() => []); // the edges from a node to its operands
    this.above = this.nodes.map(() => []); // the edges that lead away from it, in the order of the backward pass
    for (let target = this.nodes.length - 1; target >= 0; target--) {
      (this.nodes[target].operands || []).forEach((source, slot) => {
        if (typeof source !== "number") return;
        const edge = { number: this.edges.length, source, target, slot, id: `n${target}e${slot}` };
        this.edges.push(edge);
        this.below[target].push(edge);
        this.above[source].push(edge);
      });
    }
    // Step 0 shows nothing computed; then a step for each node, operands first; then one for each edge, last node first.
    this.count = this.nodes.length + this.edges.length;
    this.base = this.first = this.recorded(0);
    this.now = this.base;
    this.changed = new Map();
    this.open = this.reachable();
  }

  // Which nodes may change: those with no closed operation on any way up.
  reachable() {
    const closed = new Set(this.record.closed);
    const open = this.nodes.map(() => true);
    for (const { source, target } of this.edges) {
      if (closed.has(this.nodes[target].op) || !open[target]) open[source] = false;
    }
    return open;
  }

  recorded(frame) {
    const { data, slopes, grads } = this.record.frames[frame];
    return {
      data: data.map(readNumber), slopes: slopes.map((row) => row.map(readNumber)), grads: grads.map(readNumber),
      errors: new Map(),
    };
  }

  isFrozen(node) {
    return this.nodes[node].role === "frozen";
  }

  // Change leaves, and run the graph again: forward, then backward.
  set(leaf, number) {
    if (Object.is(this.base.data[leaf], number)) this.changed.delete(leaf);
    else this.changed.set(leaf, number);
    this.now = this.changed.size ? this.compute(this.changed) : this.base;
  }

  // Take other numbers of leaves as those recorded, as of another moment of a film; what was changed stays changed.
  // Without any, those that Python computed.
  load(leaves) {
    this.base = this.first;
    if (leaves) this.base = this.compute(leaves);
    this.now = this.changed.size ? this.compute(this.changed) : this.base;
  }

  reset() {
    this.changed.clear();
    this.now = this.base;
  }

  compute(changes, base = this.base) {
    const data = [], slopes = [], errors = new Map();
    this.nodes.forEach((node, i) => {
      if (node.op === undefined) {
        data.push(changes.has(i) ? changes.get(i) : base.data[i]);
        slopes.push([]);
        return;
      }
      const numbers = node.operands.map((x) => (typeof x === "number" ? data[x] : readNumber(x[0])));
      if (numbers.some((x) => x === undefined)) {
        data.push(undefined);
        slopes.push(numbers.map(() => undefined));
        return;
      }
      const out = F[node.op] ? F[node.op](...numbers) : base.data[i];
      if (numbers.every(Number.isFinite) && !Number.isFinite(out)) {
        errors.set(i, this.failure(node, numbers, out));
        data.push(undefined);
        slopes.push(numbers.map(() => undefined));
        return;
      }
      data.push(out);
      slopes.push(S[node.op] ? S[node.op](out, ...numbers) : base.slopes[i]);
    });
    return { data, slopes, errors, grads: errors.size ? this.nodes.map(() => undefined) : this.sweep(slopes) };
  }

  // Pass each adjoint on along every edge, up to `last` edges; a zero adjoint passes zero, whatever the slope.
  sweep(slopes, last = this.edges.length) {
    const grads = this.nodes.map(() => 0);
    grads[this.output] = 1;
    for (let k = 0; k < last; k++) {
      const { source, target, slot } = this.edges[k];
      grads[source] += grads[target] === 0 ? 0 : grads[target] * slopes[target][slot];
    }
    return grads.map((grad, i) => (this.isFrozen(i) ? null : grad));
  }

  // Whether an edge is asked for, and so kept to itself; never but in an exercise.
  hides() {
    return false;
  }

  slope(edge) {
    return this.now.slopes[edge.target][edge.slot];
  }

  adjoint(node) {
    return this.isFrozen(node) ? 0 : this.now.grads[node];
  }

  flow(edge) {
    const adjoint = this.adjoint(edge.target);
    if (adjoint === undefined) return undefined;
    return adjoint === 0 ? 0 : adjoint * this.slope(edge);
  }

  // Say which kind of failure it is, as the errors of the engine do.
  failure(node, numbers, out) {
    const about = this.record.operations[node.op];
    const zeroDivision = (about.name === "truediv" && numbers[1] === 0) || (about.name === "reciprocal" && numbers[0] === 0)
      || (about.name === "pow" && numbers[0] === 0 && numbers[1] < 0);
    if (zeroDivision) return { short: "÷ 0", text: "divides by zero", cure: "Keep the divisor away from 0." };
    const atEnd = (about.domain || []).some((ends, i) => ends.some((end) => readNumber(end) === numbers[i]));
    if (!Number.isNaN(out) && !atEnd) {
      return { short: "too large", text: "is larger than the largest float, 1.8e308", cure: "Scale the operands down." };
    }
    return { short: "undefined", text: "is undefined", cure: about.needs ? `${about.name} needs ${about.needs}.` : "" };
  }

  // --- steps ---------------------------------------------------------------------------------------------------------

  step(position) {
    if (position === 0) return { kind: "start" };
    if (position <= this.nodes.length) return { kind: "node", node: position - 1 };
    return { kind: "edge", edge: this.edges[position - 1 - this.nodes.length] };
  }

  stepOf(edge) {
    return this.nodes.length + 1 + edge.number;
  }

  // The numbers as they stand after some steps: undefined what is not computed, and how much of each sum is there.
  at(position) {
    const passed = Math.max(0, position - this.nodes.length);
    const whole = this.now;
    const data = whole.data.map((x, i) => (i < position ? x : undefined));
    const backward = (passed > 0 || position === this.count) && !whole.errors.size;
    const partial = backward ? this.sweep(whole.slopes, passed) : [];
    const received = this.nodes.map((_, i) => {
      if (!backward) return 0;
      if (i === this.output) return 1;
      const arrived = this.above[i].filter((edge) => edge.number < passed).length;
      return arrived / this.above[i].length;
    });
    const grads = this.nodes.map((_, i) => (this.isFrozen(i) ? null : received[i] ? partial[i] : undefined));
    return { data, grads, received, passed, backward };
  }

  // --- paths ---------------------------------------------------------------------------------------------------------

  // The paths from the output down to a node: the `wanted` largest products, their number, and what the rest adds.
  paths(node, wanted) {
    const ranked = new Map([[node, [{ number: 1, edge: null, rank: 0 }]]]);
    const count = new Map([[node, 1]]), total = new Map([[node, 1]]);
    const times = (x, slope) => (x === 0 || slope === 0 ? 0 : x * slope);
    for (let i = node + 1; i < this.nodes.length; i++) {
      const below = this.below[i].filter((edge) => count.has(edge.source));
      if (!below.length) continue;
      count.set(i, below.reduce((sum, edge) => sum + count.get(edge.source), 0));
      total.set(i, below.reduce((sum, edge) => sum + times(total.get(edge.source), this.slope(edge)), 0));
      const steps = below.flatMap((edge) => ranked.get(edge.source).map((step, rank) => (
        { number: times(step.number, this.slope(edge)), edge, rank })));
      if (steps.length > 1) steps.sort((a, b) => Math.abs(b.number) - Math.abs(a.number));
      ranked.set(i, steps.slice(0, wanted));
    }
    const top = this.output;
    if (!count.has(top)) return { paths: [], count: 0, total: 0, rest: 0, edges: new Set(), nodes: new Set() };
    const paths = ranked.get(top).map((_, first) => {
      const edges = [];
      for (let at = top, rank = first; at !== node;) {
        const step = ranked.get(at)[rank];
        edges.push(step.edge);
        at = step.edge.source;
        rank = step.rank;
      }
      return { number: ranked.get(top)[first].number, edges };
    });
    const nodes = new Set([...count.keys()]);
    const edges = new Set(this.edges.filter((edge) => nodes.has(edge.source) && nodes.has(edge.target)));
    const shown = paths.reduce((sum, path) => sum + path.number, 0);
    const rest = count.get(top) > paths.length ? total.get(top) - shown : 0;
    return { paths, count: count.get(top), total: total.get(top), rest, edges, nodes };
  }
}
