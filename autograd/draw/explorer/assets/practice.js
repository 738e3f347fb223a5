// Practice: what is asked for is hidden wherever the page shows it, and answers are judged at points that Python chose.
//
// record.practice.questions[i]   kind, upper, lower, text, about (what upper is made of), hints, solution, edges (node and place of the operand of each)
// record.practice.milestones     the nodes whose names an answer may use
// record.practice.pairs          neighbours among them
// record.practice.beside         names of what is no part of the graph but may stand in an answer; definitions: of each
// record.practice.given          leaves, and nodes that only Python computes
// record.practice.here           the recorded point: numbers and slopes of what is given, numbers of what is beside,
//                                and rounding: a bound of that of each question's derivative
// record.practice.trials, frozen random points; in the second frozen leaves have their own numbers
// record.practice.stuck          names that have one number at all points

const TOLERANCE = 1e-7, ROUNDED = 5e-4, NEARLY = 0.02, DIGITS = 3; // as in autograd/answers.py

// An engine that does not tell what is asked for. Every part of the page reads its numbers from it.
class VeiledEngine extends Engine {
  constructor(record) {
    super(record);
    this.shown = new Set(); // edges whose slope is known by now
    this.given = new Set(); // nodes whose gradient is
    this.asked = new Set(record.practice.questions.flatMap(({ edges }) => edges.map(([node, slot]) => `n${node}e${slot}`)));
    this.slopesAsked = record.practice.ask === "slopes";
    this.veiled = true;
  }

  get now() {
    return this.veiled ? (this.masked ??= this.mask(this.whole)) : this.whole;
  }

  set now(whole) {
    this.whole = whole;
    this.masked = null;
  }

  mask({ data, slopes, grads, errors }) {
    return {
      data, errors,
      slopes: slopes.map((row, target) => row.map((slope, slot) => (this.hides({ id: `n${target}e${slot}` }) ? undefined : slope))),
      grads: grads.map((grad, node) => (grad === null || this.given.has(node) || node === this.output ? grad : undefined)),
    };
  }

  hides(edge) {
    return this.veiled && this.slopesAsked && !this.shown.has(edge.id);
  }

  // Do something with all numbers at hand.
  plainly(work) {
    const before = this.veiled;
    this.veiled = false;
    try {
      return work();
    } finally {
      this.veiled = before;
    }
  }

  // Uncover edges and a gradient; with an edge those beside it that nobody asks for.
  reveal(edges, node) {
    for (const [target, slot] of edges) {
      this.shown.add(`n${target}e${slot}`);
      for (const { id } of this.below[target]) if (!this.asked.has(id)) this.shown.add(id);
    }
    if (node !== null) this.given.add(node);
    this.masked = null;
  }

  lift(veiled) {
    this.veiled = veiled;
    this.masked = null;
    if (veiled) for (const known of [this.shown, this.given]) known.clear();
  }

  compute(changes, base = this.whole) {
    return this.plainly(() => super.compute(changes, base));
  }

  flow(edge) {
    return this.veiled ? undefined : super.flow(edge);
  }

  at(position) {
    const state = this.plainly(() => super.at(position));
    if (!this.veiled) return state;
    return { ...state, grads: state.grads.map((grad, node) => (grad === null || this.given.has(node) || node === this.output ? grad : undefined)) };
  }

  paths(node, wanted) {
    const found = this.plainly(() => super.paths(node, wanted));
    if (!this.veiled) return found;
    return { ...found, total: this.now.grads[node], rest: undefined, paths: found.paths.map(({ edges }) => ({ edges, number: undefined })) };
  }
}

// --- what is due, and what is said ---------------------------------------------------------------------------------------

// Multiply and add along all ways from one node down to another that pass nothing that is held.
function differentiate(engine, { slopes }, upper, lower, held = new Set()) {
  const flowing = new Map([[upper, 1]]);
  for (let node = upper; node > lower; node--) {
    const adjoint = flowing.get(node);
    if (!adjoint || (held.has(node) && node !== upper)) continue;
    for (const { source, slot } of engine.below[node]) {
      const slope = slopes[node][slot];
      if (slope) flowing.set(source, (flowing.get(source) || 0) + adjoint * slope);
    }
  }
  return flowing.get(lower) || 0;
}

function agree(one, other, tolerance = TOLERANCE, rounding = 0) {
  if (!Number.isFinite(one) || !Number.isFinite(other)) return one === other;
  return Math.abs(one - other) <= Math.max(tolerance * Math.max(Math.abs(one), Math.abs(other)), rounding);
}

function pairAgrees({ got, due, rounding }) {
  return agree(got, due, TOLERANCE, rounding);
}

// Bound the rounding error of a multiple of what is due, such as its opposite.
function scaleRounding(rounding, target, due) {
  return due ? rounding * Math.abs(target / due) : rounding;
}

// Bound the rounding error of a formula by how far it moves with the last digits of the numbers in it.
function roundingOf(answer, numbers, got) {
  let moved = 0;
  for (const name of answer.names) {
    const shifts = [1, -1].map((sign) => answer.compute(new Map(numbers).set(name, numbers.get(name) * (1 + 4 * sign * Number.EPSILON))));
    moved += Math.max(0, ...shifts.filter(Number.isFinite).map((number) => Math.abs(number - got)));
  }
  return moved;
}

class Judge {
  constructor(engine) {
    this.engine = engine;
    const { milestones, pairs, beside, stuck, here, trials, frozen } = engine.record.practice;
    Object.assign(this, { milestones, pairs, beside, stuck, held: new Set(milestones) });
    this.names = [...milestones.map((node) => engine.nodes[node].name), ...beside];
    this.here = { ...engine.whole, ...this.readPoint(here) };
    const compute = (point) => ({ ...this.compute(point), ...this.readPoint(point) });
    [this.trials, this.frozen] = [trials, frozen].map((points) => points.map(compute).filter(({ errors }) => !errors.size));
  }

  readPoint({ beside, rounding }) {
    return { beside: beside.map(readNumber), rounding: rounding.map(readNumber) };
  }

  compute({ numbers, slopes }) {
    const base = { data: [], slopes: [] };
    this.engine.record.practice.given.forEach((node, i) => {
      base.data[node] = readNumber(numbers[i]);
      base.slopes[node] = slopes[i].map(readNumber);
    });
    return this.engine.compute(new Map(), base);
  }

  due({ kind, upper, lower }) {
    const { engine, held } = this, top = engine.output;
    if (kind === "gradient") return (state) => differentiate(engine, state, top, lower);
    const slope = (state) => differentiate(engine, state, upper, lower, held);
    return kind === "slope" ? slope : (state) => differentiate(engine, state, top, upper) * slope(state);
  }

  factors({ kind }) {
    const { engine, held } = this, name = (node) => engine.nodes[node].name;
    const slopes = kind === "slope" ? [] : this.pairs.map(([upper, lower]) => [`∂${name(upper)}/∂${name(lower)}`, (state) => differentiate(engine, state, upper, lower, held)]);
    const beside = this.beside.map((known, i) => [known, (state) => state.beside[i]]);
    return [...slopes, ...this.milestones.map((node) => [name(node), (state) => state.data[node]]), ...beside];
  }

  // The paths whose sum a gradient is; none where they are many.
  paths({ kind, lower }) {
    if (kind !== "gradient") return [];
    const ended = [], open = [[]];
    while (open.length && open.length + ended.length <= 12) {
      const path = open.pop(), end = path.length ? path[path.length - 1][1] : this.engine.output;
      if (end === lower) ended.push(path);
      else open.push(...this.pairs.filter(([upper]) => upper === end).map((pair) => [...path, pair]));
    }
    if (open.length || ended.length < 2) return [];
    return ended.map((path) => (state) => path.reduce((product, [upper, lower]) => product * differentiate(this.engine, state, upper, lower, this.held), 1));
  }

  numbers({ data, beside }) {
    const all = [...this.milestones.map((node) => data[node]), ...beside];
    return new Map(all.map((number, i) => [this.names[i], number]));
  }

  // Bound the rounding error of what is due at a point.
  rounding(question, { rounding }) {
    return rounding[this.engine.record.practice.questions.indexOf(question)];
  }

  judge(written, question) {
    const text = written.trim();
    const plain = text.match(/^[+\-−]?(\d+(?:[.,]\d*)?|[.,]\d+)(?:[eE]([+\-−]?\d+))?$/);
    if (plain && !this.names.some((name) => name.length > 1 && /^e/i.test(name) && text.includes(name))) return this.judgeNumber(text.replace(",", ".").replaceAll("−", "-"), plain, question);
    const answer = readFormula(text, this.names);
    return answer.names.size ? this.judgeFormula(answer, question) : this.judgeArithmetic(answer, question);
  }

  judgeNumber(text, [, mantissa, exponent], question) {
    const number = Number(text), due = this.due(question)(this.here), rounding = this.rounding(question, this.here);
    if (!Number.isFinite(number)) throw new ReadingError(`${text} is beyond the largest float, about 1.8e308.`);
    const [, decimals = ""] = mantissa.replace(",", ".").split(".");
    const digits = mantissa.replace(/[.,]/, "").replace(/^0+/, "").length;
    const unit = 10 ** (Number((exponent || "0").replace("−", "-")) - decimals.length);
    const fits = (target) => agree(number, target, TOLERANCE, scaleRounding(rounding, target, due)) || (digits > 1 && Math.abs(number - target) <= 0.5000001 * unit);
    if (agree(number, due, TOLERANCE, rounding) || (digits >= DIGITS && fits(due))) return { right: true, words: "Right." };
    if (fits(-due)) return { right: false, words: "The sign is wrong." };
    if (fits(due)) return { right: false, words: `Right to ${digits} digits: give ${DIGITS} or more.` };
    if (digits >= DIGITS && Math.abs(number - due) < unit) return { right: false, words: "Nearly: the last digit is off." };
    return { right: false, words: this.compareNumbers(fits, due, question) || "No." };
  }

  judgeArithmetic(answer, question) {
    const number = answer.compute(new Map()), due = this.due(question)(this.here), rounding = this.rounding(question, this.here);
    if (!Number.isFinite(number)) return { right: false, words: "It has no value." };
    const fits = (target) => agree(number, target, ROUNDED, scaleRounding(rounding, target, due));
    if (fits(due)) return { right: true, words: "Right." };
    if (fits(-due)) return { right: false, words: "The sign is wrong." };
    return { right: false, words: this.compareNumbers(fits, due, question) || `That is ${numberText(number)}: no.` };
  }

  compareNumbers(fits, due, question) {
    const paths = this.paths(question);
    if (paths.some((path) => fits(path(this.here)))) return `That is one of the ${paths.length} paths: add up the others.`;
    if (!due) return "No: something on the way is 0.";
    const missing = this.factors(question).map(([name, factor]) => [name, factor(this.here)])
      .filter(([, number]) => number && Math.abs(number) !== 1 && Number.isFinite(number) && fits(due / number));
    if (new Set(missing.map(([, number]) => number)).size === 1) return `Is the factor ${missing[0][0]} missing? With it the number is right.`;
    if (!missing.length && fits(due / 2)) return "Half of it: a factor 2 is missing.";
    if (!missing.length && fits(2 * due)) return "Twice too large.";
    return "";
  }

  compare(answer, question, trials) {
    const due = this.due(question);
    return [this.here, ...trials].map((state) => {
      const numbers = this.numbers(state), got = answer.compute(numbers);
      return { state, got, due: due(state), rounding: this.rounding(question, state) + roundingOf(answer, numbers, got) };
    }).filter(({ got }) => Number.isFinite(got));
  }

  judgeFormula(answer, question) {
    const wrong = (words) => ({ right: false, words });
    const stuck = this.stuck.find((name) => answer.names.has(name));
    if (stuck) return wrong(`A formula cannot be compared here: ${stuck} sits at a kink or an end of its domain. Give the number.`);
    const enough = (pairs, trials) => pairs.length >= Math.min(3, 1 + trials.length);
    const pairs = this.compare(answer, question, this.trials);
    const all = (change) => pairs.every((pair) => pairAgrees({ ...pair, ...change(pair) }));
    if (!enough(pairs, this.trials)) return wrong("It has no value at these numbers.");
    if (pairs.every(pairAgrees)) return { right: true, words: "Right." };
    const kept = this.frozen.length ? this.compare(answer, question, this.frozen) : [];
    if (kept.length && enough(kept, this.frozen) && kept.every(pairAgrees)) return { right: true, words: "Right, with the numbers that stay as they are put in." };
    if (all(({ got }) => ({ got: -got }))) return wrong("The sign is wrong.");
    const paths = this.paths(question);
    if (paths.some((path) => all(({ state }) => ({ due: path(state) })))) return wrong(`That is one of the ${paths.length} paths: add up the others.`);
    const ratio = pairs[0].got / pairs[0].due;
    if (ratio && pairs.every((pair) => pair.due && agree(pair.got / pair.due, ratio))) return wrong(this.sayFactor(ratio));
    for (const [name, factor] of this.factors(question)) {
      if (pairs.every(({ state }) => !factor(state))) continue; // with it everything agrees
      if (all(({ state, got }) => ({ got: got * factor(state) }))) return wrong(`The factor ${name} is missing.`);
      if (all(({ state, due, rounding }) => ({ due: due * factor(state), rounding: rounding * Math.abs(factor(state)) }))) return wrong(`The factor ${name} is one too many.`);
    }
    const number = answer.compute(this.numbers(this.here));
    if (Number.isNaN(number)) return wrong("No.");
    if (agree(number, this.due(question)(this.here), TOLERANCE, this.rounding(question, this.here))) return wrong("The number is right here, but at other numbers the formula is not.");
    return wrong(`No: with the numbers here it gives ${numberText(number)}.`);
  }

  sayFactor(ratio) {
    if (Math.abs(ratio - 1) < NEARLY) return "Nearly: a number in it was rounded, or is not quite right.";
    for (const number of [2, 3, 4]) {
      for (const [sign, words] of [[1, "A factor"], [-1, "The sign is wrong, and a factor"]]) {
        if (agree(sign * ratio * number, 1)) return `${words} ${number} is missing.`;
        if (agree(sign * ratio, number)) return `${words} ${number} is too many.`;
      }
    }
    return `It is ${numberText(ratio)} times what it should be: a number in it is wrong.`;
  }
}
