// The parts of a graph: what can be folded. A part is known by its path, such as "step 3/layer1"; all it holds may be
// shown as one box. Numbered parts in a row, such as step 1, step 2 …, are a run, known by "step ×": while that is
// gathered, those of them that are folded and follow one another share a box.

const MIN_RUN = 3; // parts of a run
const MAX_CHAIN = 6; // parts, one after the other, that are shown one by one
const SMALL_PART = 30; // nodes of a part that opens with all that is in it
const REPEATS = /^(example|term|step|block) \d+$/; // parts that are found by what repeats, not by scopes

class Parts {
  constructor(engine) {
    this.members = new Map(); // path → its nodes, with those of the parts inside
    this.sizes = new Map(); // scope → how many nodes lie in it and in no part of it
    this.outer = new Map([["", []]]); // scope → the paths of the parts around, outermost first
    engine.nodes.forEach(({ scope = "" }, i) => {
      if (!this.outer.has(scope)) {
        const names = scope.split("/");
        this.outer.set(scope, names.map((_, depth) => names.slice(0, depth + 1).join("/")));
      }
      this.sizes.set(scope, (this.sizes.get(scope) || 0) + 1);
      for (const path of this.outer.get(scope)) {
        if (!this.members.has(path)) this.members.set(path, []);
        this.members.get(path).push(i);
      }
    });
    for (const [path, nodes] of this.members) if (nodes.length < 2) this.members.delete(path);
    for (const [scope, paths] of this.outer) this.outer.set(scope, paths.filter((path) => this.members.has(path)));
    this.paths = [...this.members.keys()].sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
    this.depth = Math.max(0, ...this.paths.map((path) => this.depthOf(path)));
    this.scopeOf = (node) => engine.nodes[node].scope || "";
    this.findRuns(engine);
  }

  depthOf(path) {
    return path.split("/").length;
  }

  findRuns(engine) {
    this.runs = new Map(); // run → the paths of its parts, in their order
    this.runOf = new Map();
    for (const path of this.paths) {
      const [, stem] = path.match(/^(.*\D)\d+$/) || [];
      if (stem === undefined) continue;
      const run = `${stem}×`;
      if (!this.runs.has(run)) this.runs.set(run, []);
      this.runs.get(run).push(path);
    }
    for (const [run, paths] of this.runs) {
      if (paths.length < MIN_RUN) this.runs.delete(run);
      else for (const path of paths) this.runOf.set(path, run);
    }
    this.chains = new Set(); // runs whose parts are computed one from the other
    for (const { source, target } of engine.edges) {
      const [from, to] = [this.outer.get(this.scopeOf(source)), this.outer.get(this.scopeOf(target))];
      const depth = from.findIndex((path, i) => path !== to[i]);
      const run = depth < 0 ? undefined : this.runOf.get(from[depth]);
      if (run !== undefined && run === this.runOf.get(to[depth])) this.chains.add(run);
    }
  }

  // The parts inside one, those next to it only.
  within(path) {
    return this.paths.filter((inner) => inner.startsWith(`${path}/`) && this.depthOf(inner) === this.depthOf(path) + 1);
  }

  // The parts at a depth, and those further out that have none inside.
  level(depth) {
    const whole = new Set(this.paths.flatMap((path) => (path.includes("/") ? [path.slice(0, path.lastIndexOf("/"))] : [])));
    return this.paths.filter((path) => this.depthOf(path) === depth || (this.depthOf(path) < depth && !whole.has(path)));
  }

  // What is folded so that each part at a depth is one box.
  foldedTo(depth) {
    const level = this.level(depth);
    return new Set([...level, ...level.map((path) => this.runOf.get(path)).filter((run) => this.chains.has(run) && this.runs.get(run).length > MAX_CHAIN)]);
  }

  // For each folded part the box that it is shown in: [key, paths].
  boxes(folded) {
    const boxes = new Map();
    for (const path of folded) if (this.members.has(path)) boxes.set(path, [path, [path]]);
    for (const [run, paths] of this.runs) {
      if (!folded.has(run)) continue;
      let box = null;
      for (const path of paths) {
        if (!folded.has(path)) box = null;
        else if (box) box[1].push(path);
        else box = [`${run}${path}`, [path]];
        if (box) boxes.set(path, box);
      }
    }
    return boxes;
  }

  // For each scope the box that hides its nodes, null for none.
  homes(folded) {
    const boxes = this.boxes(folded);
    return new Map([...this.outer].map(([scope, paths]) => {
      const outermost = paths.find((path) => folded.has(path));
      return [scope, outermost === undefined ? null : boxes.get(outermost)];
    }));
  }

  // How many boxes and cards a drawing with these parts folded has.
  count(folded) {
    const boxes = new Set();
    let single = 0;
    for (const [scope, box] of this.homes(folded)) {
      if (box) boxes.add(box[0]);
      else single += this.sizes.get(scope) || 0;
    }
    return single + boxes.size;
  }

  // What is folded at first: as much as has to be for a drawing of so many boxes.
  overview(most) {
    return (this.begun ??= this.choose(most));
  }

  choose(most) {
    const views = [new Set()];
    for (let depth = this.depth; depth > 0; depth--) {
      const level = this.level(depth);
      const runs = [...new Set(level.map((path) => this.runOf.get(path)).filter((run) => run !== undefined))];
      const long = runs.filter((run) => this.chains.has(run) && this.runs.get(run).length > MAX_CHAIN);
      for (const gathered of [long, runs]) {
        for (const ends of [2, 1, 0]) views.push(new Set([...this.without(level, ends), ...gathered]));
      }
    }
    return views.find((folded) => this.count(folded) <= most) || views[views.length - 1] || new Set();
  }

  // Parts without those in the first, or in the first and the last, of what repeats.
  without(level, ends) {
    const open = [];
    for (const [run, paths] of this.runs) {
      if (run.includes("/") || !(REPEATS.test(paths[0]) || (this.chains.has(run) && paths.length > MAX_CHAIN))) continue;
      open.push(...(ends > 0 ? [paths[0]] : []), ...(ends > 1 && this.chains.has(run) ? [paths[paths.length - 1]] : []));
    }
    return level.filter((path) => !open.some((end) => path === end || path.startsWith(`${end}/`)));
  }

  // What is folded once a part is opened: of a large one what is next inside it.
  opened(path, folded) {
    const next = new Set([...folded].filter((inner) => inner !== path && !inner.startsWith(`${path}/`)));
    if (this.members.get(path).length <= SMALL_PART) return next;
    for (const inner of this.within(path)) {
      next.add(inner);
      const run = this.runOf.get(inner);
      if (run !== undefined && (this.runs.get(run).length > MAX_CHAIN)) next.add(run);
    }
    return next;
  }

  // The parts around a node, outermost first.
  around(node) {
    return this.outer.get(this.scopeOf(node));
  }
}
