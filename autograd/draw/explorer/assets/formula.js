// Numbers as text, and formulas as MathML, built element by element: no text is ever read as markup.

const NAME = 22; // characters of a name on a card and in a formula
const MATHML = "http://www.w3.org/1998/Math/MathML";

let unknown = "—"; // stands for a number that is not there

// As Python's format(x, ".4g"), with a typographic minus.
function numberText(x, precision = 6) {
  if (x === undefined) return unknown;
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x < 0 ? "−∞" : "∞";
  if (x === 0) return "0";
  const [mantissa, power] = x.toExponential(precision - 1).split("e");
  const exponent = Number(power);
  const plain = (digits) => (digits.includes(".") ? digits.replace(/\.?0+$/, "") : digits);
  if (exponent >= -4 && exponent < precision) return plain(x.toFixed(precision - 1 - exponent)).replace("-", "−");
  const sign = exponent < 0 ? "−" : "+";
  return `${plain(mantissa).replace("-", "−")}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
}

// All digits, as Python's repr.
function exactText(x) {
  return x === undefined ? unknown : Number.isFinite(x) ? String(x).replace("-", "−") : numberText(x);
}

// Leave out the middle of a name that is longer, as Python's drawings do: the indices that it ends in are kept.
function shorten(name, limit) {
  const characters = [...name];
  if (characters.length <= limit) return name;
  const [indices] = characters.slice(-Math.ceil(limit / 2)).join("").match(/(?:\[\d+\])+(?:⟨\d+⟩)?$/) || [""];
  const tail = Math.max(Math.floor((limit - 1) / 3), indices.length), end = characters.slice(-tail).join("");
  return `${characters.slice(0, limit - 1 - tail).join("")}…${end.replace(/^\p{M}+/u, "")}`;
}

function math(tag, ...children) {
  const element = document.createElementNS(MATHML, tag);
  element.append(...children);
  return element;
}

function mathNumber(x, precision = 6) {
  const shown = numberText(x, precision);
  const negative = shown.startsWith("−");
  const [mantissa, exponent] = shown.replace(/^−/, "").split("e");
  let element = math(/^\d/.test(mantissa) ? "mn" : "mi", mantissa);
  if (exponent !== undefined) {
    const power = String(Number(exponent.replace("−", "-"))).replace("-", "−");
    element = math("mrow", element, math("mo", "×"), math("msup", math("mn", "10"), math("mn", power)));
  }
  return negative ? math("mrow", math("mo", "−"), element) : element;
}

const SIGNS = new Set(["=", "+", "×", "·"]);
const braced = (element) => math("mrow", math("mo", "("), element, math("mo", ")"));

class Formulas {
  constructor(engine, onName) {
    this.engine = engine;
    this.onName = onName; // makes a name answer to the pointer
  }

  // Build a tree; fill(place) gives what stands in a slot.
  build(tree, fill) {
    if (typeof tree === "string") return document.createTextNode(tree);
    const [tag, ...children] = tree;
    if (tag === "slot") return fill(children[0]);
    return math(tag, ...children.map((child) => this.build(child, fill)));
  }

  name(node) {
    const element = math("mrow", math("mi", shorten(this.engine.nodes[node].name, NAME)));
    element.setAttribute("class", "reference");
    element.dataset.node = node;
    this.onName(element, node);
    return element;
  }

  derivative(upper, lower) {
    return math("mfrac", math("mrow", math("mo", "∂"), this.name(upper)), math("mrow", math("mo", "∂"), this.name(lower)));
  }

  // A formula of a node (its own, or a slope's) with names, or with the numbers of now.
  written(node, tree, numbers) {
    const operands = this.engine.nodes[node].operands;
    const fill = (place) => {
      const at = place < 0 ? node : operands[place];
      if (!numbers) return this.name(at);
      const number = this.engine.now.data[at];
      const element = mathNumber(number);
      if (number >= 0 || tree[0] === "slot") return element;
      const safe = braced(element);
      safe.setAttribute("class", "safe");
      return safe;
    };
    const shown = this.build(tree, fill);
    if (!numbers) return shown;
    for (const dot of shown.querySelectorAll("mo")) if (dot.textContent === "·") dot.textContent = "×";
    for (const safe of shown.querySelectorAll(".safe")) { // brackets within brackets
      const [before, after] = [safe.previousElementSibling, safe.nextElementSibling].map((other) => other?.textContent);
      if (["(", "[", "|", ","].includes(before) && [")", ">", "|", ","].includes(after)) safe.replaceWith(safe.children[1]);
    }
    return shown;
  }

  // Mathematics from pieces, elements and signs; it may be broken before a sign that is not inside a fraction, root or power.
  line(...pieces) {
    const open = (piece) => (piece.localName === "mrow" && !piece.hasAttribute("class") && piece.children.length > 1
      && [...piece.children].some((part) => part.localName === "mo" && SIGNS.has(part.textContent)) ? [...piece.children].flatMap(open) : [piece]);
    const parts = pieces.flat().map((piece) => (typeof piece === "string" ? math("mo", piece) : piece)).flatMap(open);
    const chunks = [];
    for (const part of parts) {
      const sign = part.localName === "mo" && SIGNS.has(part.textContent);
      if (sign) for (const side of ["lspace", "rspace"]) part.setAttribute(side, "0.26em");
      if (sign || !chunks.length) chunks.push([]);
      chunks[chunks.length - 1].push(part);
    }
    const line = document.createElement("div");
    line.className = "formula";
    for (const chunk of chunks) {
      const piece = math("math", math("mrow", ...chunk));
      piece.setAttribute("displaystyle", "true");
      line.append(piece, "\u200b"); // a place to break
    }
    return line;
  }
}
