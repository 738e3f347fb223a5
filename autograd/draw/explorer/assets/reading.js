// Formulas as people write them: 4·y³, 2(y − 1)x, e^(−s), [s > 0], ½, 1/3, 0,5. The grammar is that of autograd/spelling.py.

const RAISED = new Map([..."⁰0¹1²2³3⁴4⁵5⁶6⁷7⁸8⁹9⁺+⁻-ᵃaᵇbᶜcᵈdᵉeᶠfᵍgʰhⁱiʲjᵏkˡlᵐmⁿnᵒoᵖpʳrˢsᵗtᵘuᵛvʷwˣxʸyᶻz"]
  .reduce((pairs, sign, i, all) => (i % 2 ? pairs : [...pairs, [sign, all[i + 1]]]), []));
const WORDS = new Map(Object.entries({
  ln: "log", "σ": "sigmoid", "√": "sqrt", "∛": "cbrt", "log₂": "log2", "log₁₀": "log10", tg: "tan", arcsin: "asin",
  arccos: "acos", arctan: "atan", max: "maximum", min: "minimum",
}));
const WRITTEN = new Map(Object.entries({
  "**": "^", "^": "^", "//": "//", "<=": "≤", ">=": "≥", "==": "=", "≤": "≤", "≥": "≥", "=": "=", "<": "<", ">": ">", "+": "+",
  "-": "−", "−": "−", "–": "−", "*": "·", "·": "·", "⋅": "·", "∙": "·", "×": "·", "/": "/", "÷": "/", "∕": "/", "%": "%", ",": ",",
}));
const FRACTIONS = new Map(Object.entries({
  "½": 1 / 2, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 1 / 4, "¾": 3 / 4, "⅕": 1 / 5, "⅖": 2 / 5, "⅗": 3 / 5, "⅘": 4 / 5, "⅙": 1 / 6, "⅚": 5 / 6,
  "⅐": 1 / 7, "⅛": 1 / 8, "⅜": 3 / 8, "⅝": 5 / 8, "⅞": 7 / 8, "⅑": 1 / 9, "⅒": 1 / 10,
}));
const BY_PLACE = new Set(["dot", "choose"]); // operations whose operands are no plain list
const CONSTANTS = new Map(Object.entries({ "π": Math.PI, pi: Math.PI, e: Math.E }));
const CLOSING = { "(": ")", "[": "]", "{": "}", "⌊": "⌋" };
const MOST_NAMES = 12; // names that a refusal lists
const LONGEST = 2000; // characters that are read

class ReadingError extends Error {}

// Read a formula whose names are in `names`: which of them it has, and a function of their numbers (a Map).
function readFormula(written, names = []) {
  if (written.length > LONGEST) throw new ReadingError(`It has ${written.length} characters; at most ${LONGEST} are read.`);
  const text = /^\s*[+\-−]?\d+,\d+\s*$/.test(written) ? written.replace(",", ".") : written;
  try {
    return new Reading(text, names).whole();
  } catch (error) {
    throw error instanceof RangeError ? new ReadingError("It is nested too deeply.") : error;
  }
}

class Reading {
  constructor(text, names) {
    this.text = text;
    this.known = new Map(names.map((name) => [name, name]));
    const lower = (digits) => [...digits].map((digit) => "₀₁₂₃₄₅₆₇₈₉"[digit]).join("");
    for (const name of names) {
      const [, stem, digits] = name.match(/^(.*?)(\d*)$/s);
      const others = [stem && digits ? stem + lower(digits) : "", name.endsWith("⟩") ? name.slice(0, -1).replace("⟨", "_") : ""];
      for (const other of others) if (other && !this.known.has(other)) this.known.set(other, name);
    }
    this.longestFirst = [...this.known.keys()].sort((a, b) => b.length - a.length);
    this.used = new Set();
    this.tokens = this.split();
    this.at = 0;
  }

  refuse(why) {
    throw new ReadingError(why);
  }

  // --- words and signs -------------------------------------------------------------------------------------------------

  split() {
    const tokens = [];
    for (let at = 0; at < this.text.length;) {
      const rest = this.text.slice(at), character = String.fromCodePoint(rest.codePointAt(0));
      const name = this.longestFirst.find((known) => rest.startsWith(known)) || "";
      const word = this.wordOf(rest);
      const number = rest.match(/^(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+\-−]?\d+)?/);
      if (/\s/.test(character)) at += character.length;
      else if (name && name.length >= word.length) {
        tokens.push(this.named(name));
        at += name.length;
      } else if (number) {
        this.refuseTwoReadings(number[0], rest);
        const [spaced, fraction] = rest.slice(number[0].length).match(/^\s*([¼½¾⅐-⅞])/) || [""];
        if (tokens.at(-1)?.digits) this.refuse(`${tokens.at(-1).digits} ${number[0]} may be one number or a product: write which.`);
        tokens.push({ kind: "number", number: this.mixed(number[0], fraction), digits: number[0] });
        at += number[0].length + spaced.length;
      } else if (word) {
        tokens.push(...this.word(word));
        at += word.length;
      } else if (RAISED.has(character)) {
        const raised = [...rest].slice(0, [...rest].findIndex((c) => !RAISED.has(c)) >>> 0);
        tokens.push({ kind: "raised", value: this.raised(raised.map((c) => RAISED.get(c)).join("")) });
        at += raised.join("").length;
      } else if (character === "√" || character === "∛") {
        tokens.push({ kind: "function", name: WORDS.get(character) });
        at += 1;
      } else if (WRITTEN.has(rest.slice(0, 2)) || WRITTEN.has(character)) {
        const sign = WRITTEN.has(rest.slice(0, 2)) ? rest.slice(0, 2) : character;
        tokens.push({ kind: "sign", sign: WRITTEN.get(sign) });
        at += sign.length;
      } else if ("()[]{}⌊⌋|".includes(character)) {
        tokens.push({ kind: "bracket", sign: character });
        at += 1;
      } else if (FRACTIONS.has(character)) {
        tokens.push({ kind: "number", number: FRACTIONS.get(character) });
        at += 1;
      } else this.refuse(`The sign ${character} means nothing here.`);
    }
    return tokens;
  }

  // A number that a fraction may follow: 2½ is 2.5, not a product.
  mixed(number, fraction) {
    if (fraction && !/^\d+$/.test(number)) this.refuse(`${number}${fraction} may be a sum or a product: write which.`);
    return Number(number.replace("−", "-")) + (fraction ? FRACTIONS.get(fraction) : 0);
  }

  // Refuse 2E2 where E2 is a name: it may be that name doubled, or 200.
  refuseTwoReadings(number, rest) {
    const [mantissa] = number.split(/[eE]/), name = this.longestFirst.find((known) => rest.slice(mantissa.length).startsWith(known)) || "";
    if (name.length > 1 && mantissa !== number) this.refuse(`${number} may be ${mantissa}·${name} or ${numberText(Number(number.replace("−", "-")))}: write which.`);
  }

  wordOf(rest) {
    let end = 0;
    for (const character of rest) {
      if (RAISED.has(character) || !/[\p{L}\p{N}_]/u.test(character) || (!end && /\p{N}/u.test(character))) break;
      end += character.length;
    }
    return rest.slice(0, end);
  }

  named(spelling) {
    const name = this.known.get(spelling);
    this.used.add(name);
    return { kind: "name", name };
  }

  word(word) {
    const name = WORDS.get(word) || word;
    if (F[name] && !BY_PLACE.has(name)) return [{ kind: "function", name }];
    if (CONSTANTS.has(word)) return [{ kind: "number", number: CONSTANTS.get(word) }];
    const parts = [];
    for (let rest = word; rest;) {
      const part = this.longestFirst.find((known) => rest.startsWith(known));
      if (!part) {
        const known = [...new Set(this.known.values())];
        const names = known.length ? ` The names are ${known.slice(0, MOST_NAMES).join(", ")}${known.length > MOST_NAMES ? ", …" : ""}.` : "";
        this.refuse(`There is no ${word} here.${names}`);
      }
      parts.push(this.named(part));
      rest = rest.slice(part.length);
    }
    return parts;
  }

  raised(exponent) {
    const [, sign, stem] = exponent.match(/^([+-]*)(.*)$/);
    const minus = [...sign].filter((c) => c === "-").length % 2 ? -1 : 1;
    if (/^\d+$/.test(stem)) return () => minus * Number(stem);
    if (!stem || /^\d/.test(stem)) this.refuse(`Write the exponent ${exponent} after ^.`);
    const factors = this.word(stem).map((token) => this.value(token));
    return (numbers) => factors.reduce((product, factor) => product * factor(numbers), minus);
  }

  value({ kind, number, name }) {
    if (kind === "function") this.refuse(`${name} is an operation: write ${name}(…).`);
    return kind === "number" ? () => number : (numbers) => numbers.get(name);
  }

  // --- the formula: comparisons, sums, products, signs, powers, operands -------------------------------------------------

  whole() {
    const compute = this.comparison();
    if (this.at < this.tokens.length) {
      const { kind, sign } = this.tokens[this.at];
      this.refuse(kind === "bracket" ? `The ${sign} closes nothing.` : `${sign || "Something"} is out of place.`);
    }
    return { names: this.used, compute };
  }

  peek(kind, ...signs) {
    const token = this.tokens[this.at];
    return token !== undefined && token.kind === kind && (!signs.length || signs.includes(token.sign)) ? token : null;
  }

  comparison() {
    const left = this.sum();
    const token = this.peek("sign", "<", ">", "≤", "≥", "=");
    if (!token) return left;
    this.at++;
    const right = this.sum();
    const holds = { "<": (x, y) => x < y, ">": (x, y) => x > y, "≤": (x, y) => x <= y, "≥": (x, y) => x >= y, "=": (x, y) => x === y }[token.sign];
    return (numbers) => (holds(left(numbers), right(numbers)) ? 1 : 0);
  }

  sum() {
    let left = this.product();
    for (let token; (token = this.peek("sign", "+", "−"));) {
      this.at++;
      const [before, after] = [left, this.product()];
      left = token.sign === "+" ? (numbers) => before(numbers) + after(numbers) : (numbers) => before(numbers) - after(numbers);
    }
    return left;
  }

  product() {
    const apply = { "·": (x, y) => x * y, "/": (x, y) => x / y, "%": F.mod, "//": F.floordiv };
    let left = this.signed();
    for (;;) {
      const token = this.peek("sign", "·", "/", "%", "//");
      if (token) this.at++;
      else if (!this.startsOperand()) return left;
      const [before, after, f] = [left, token ? this.signed() : this.power(), apply[token ? token.sign : "·"]];
      left = (numbers) => f(before(numbers), after(numbers));
    }
  }

  // Whether what comes next is multiplied without a sign, as in 2x(y − 1).
  startsOperand() {
    const token = this.tokens[this.at];
    if (!token) return false;
    if (token.kind === "bracket") return token.sign === "|" ? !this.insideBars : token.sign in CLOSING;
    return token.kind !== "sign" && token.kind !== "raised";
  }

  signed() {
    const token = this.peek("sign", "+", "−");
    if (!token) return this.power();
    this.at++;
    const inner = this.signed();
    return token.sign === "−" ? (numbers) => -inner(numbers) : inner;
  }

  power() {
    const base = this.operand();
    if (!this.peek("sign", "^")) return base;
    this.at++;
    const exponent = this.signed();
    return (numbers) => F.pow(base(numbers), exponent(numbers));
  }

  operand() {
    const token = this.tokens[this.at++];
    if (!token) this.refuse("Something is missing at its end.");
    let inner;
    if (token.kind === "bracket") inner = this.bracket(token.sign);
    else if (token.kind === "function") inner = this.call(token.name);
    else if (token.kind === "sign" || token.kind === "raised") this.refuse(`Something is missing before ${token.sign || "what is raised"}.`);
    else inner = this.value(token);
    return this.raise(inner);
  }

  raise(base) {
    const token = this.peek("raised");
    if (!token) return base;
    this.at++;
    return (numbers) => F.pow(base(numbers), token.value(numbers));
  }

  bracket(opening) {
    const outside = this.insideBars;
    if (opening === "|") {
      this.insideBars = true;
      const inner = this.sum();
      this.insideBars = outside;
      this.close("|");
      return (numbers) => Math.abs(inner(numbers));
    }
    if (!(opening in CLOSING)) this.refuse(`The ${opening} closes nothing.`);
    this.insideBars = false;
    const inner = this.comparison();
    this.insideBars = outside;
    this.close(CLOSING[opening]);
    return opening === "⌊" ? (numbers) => F.floordiv(inner(numbers), 1) : inner;
  }

  close(sign) {
    if (!this.peek("bracket", sign)) this.refuse(`A ${sign} is missing.`);
    this.at++;
  }

  call(name) {
    const power = this.peek("raised");
    if (power) this.at++;
    const operands = [];
    if (this.peek("bracket", "(")) {
      const outside = this.insideBars;
      this.insideBars = false;
      this.at++;
      do operands.push(this.comparison()); while (this.peek("sign", ",") && this.at++ !== undefined);
      this.insideBars = outside;
      this.close(")");
    } else {
      operands.push(this.operand());
      const { kind, sign } = this.tokens[this.at] || {};
      if (kind === "number" || kind === "name" || sign in CLOSING) this.refuse(`Where does ${name} end? Write ${name}(…) with brackets.`);
    }
    const apply = (numbers) => F[name](...operands.map((operand) => operand(numbers)));
    return power ? (numbers) => F.pow(apply(numbers), power.value(numbers)) : apply;
  }
}

// Read a number: 0.5, 0,5, ½, 1/3, 2e−3, √2. What cannot be read, or is infinite, is refused in words.
function readPlainNumber(written) {
  if (!written.trim()) throw new ReadingError("Write a number.");
  if (/^[+\-−]?(nan|inf(inity)?|∞)$/i.test(written.trim())) throw new ReadingError(`${written.trim()} is no finite number.`);
  const number = readFormula(written).compute(new Map());
  if (Number.isNaN(number)) throw new ReadingError(`${written.trim()} has no value.`);
  if (!Number.isFinite(number)) throw new ReadingError(`${written.trim()} is not finite.`);
  return number;
}
