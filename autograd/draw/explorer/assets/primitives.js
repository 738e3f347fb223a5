// Functions of the catalogue that a symbol cannot read, and that the page therefore has to bring itself.
// F holds functions, S slopes; everything else in both is generated from the operations' own rules.

const F = Object.create(null);
const S = Object.create(null);

// Adds up without losing what a large term swallows (Neumaier 1974), as Python's sum does.
function compensated(terms) {
  let sum = 0, lost = 0;
  for (const x of terms) {
    const next = sum + x;
    lost += Math.abs(sum) >= Math.abs(x) ? sum - next + x : x - next + sum;
    sum = next;
  }
  return Number.isFinite(lost) ? sum + lost : sum;
}

for (const name of [
  "exp", "expm1", "log", "log1p", "log2", "log10", "sqrt", "cbrt", "hypot", "sin", "cos", "tan", "asin", "acos",
  "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sign", "abs",
]) F[name] = Math[name];

F.pow = (x, y) => (x === 1 || (x === -1 && Math.abs(y) === Infinity) ? 1 : x ** y);
F.greater = (x, y) => (x > y ? 1 : 0);
F.equal = (x, y) => (x === y ? 1 : 0);
F.step = (x) => (x > 0 ? 1 : 0);
F.where = (condition, x, y) => (condition === 0 ? y : x);
F.minimum = (x, y) => (x < y || Number.isNaN(x) ? x : y);
F.maximum = (x, y) => (x > y || Number.isNaN(x) ? x : y);
F.mod = (x, y) => {
  const rest = x % y;
  return rest === 0 ? (y < 0 ? -0 : 0) : rest < 0 === y < 0 ? rest : rest + y;
};
F.floordiv = (x, y) => {
  const quotient = (x - F.mod(x, y)) / y, whole = Math.floor(quotient);
  return quotient - whole > 0.5 ? whole + 1 : whole;
};
function halfToEven(x) {
  const low = Math.floor(x), rest = x - low;
  return rest < 0.5 || (rest === 0.5 && low % 2 === 0) ? low : low + 1;
}
F.round = (x, digits) => {
  const places = halfToEven(digits), scale = 10 ** Math.abs(places);
  if (places < 0) return scale < Infinity ? halfToEven(x / scale) * scale : 0;
  if (!(Math.abs(x * scale) < 2 ** 52) || places > 100) return x;
  // toFixed is exact but for halves, which it rounds up; those are the numbers that end with the place's own power of 2.
  return (x * 2 ** (places + 1)) % 1 === 0 ? halfToEven(x * scale) / scale : Number(x.toFixed(places));
};
F.relu = (x) => (x <= 0 ? 0 : x);
F.total = (...xs) => compensated(xs);
F.dot = (...operands) => {
  const half = Math.floor(operands.length / 2);
  const sum = compensated(operands.slice(0, half).map((w, i) => w * operands[half + i]));
  return operands.length % 2 ? sum + operands[operands.length - 1] : sum;
};
F.logsumexp = (...xs) => {
  const shift = Math.max(...xs);
  if (!Number.isFinite(shift)) return shift;
  return shift + Math.log1p(compensated([-1, ...xs.map((x) => Math.exp(x - shift))]));
};

F.choose = (which, ...choices) => choices[which] ?? NaN;

// The error function by its series, all of whose terms have one sign (Abramowitz and Stegun 7.1.6).
function erfSeries(x) {
  let term = x, sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * Math.exp(-x * x) * sum;
}

// Its complement for x ≥ 1 by a continued fraction, from its end up (Abramowitz and Stegun 7.1.14).
function erfcFraction(x) {
  let tail = x;
  for (let n = 400; n > 0; n--) tail = x + n / 2 / tail;
  return Math.exp(-x * x) / tail / Math.sqrt(Math.PI);
}

F.erf = (x) => (Math.abs(x) < 2 ? erfSeries(x) || x : Number.isNaN(x) ? x : Math.sign(x) * (1 - erfcFraction(Math.abs(x))));
F.erfc = (x) => (x < 0.5 ? 1 - F.erf(x) : x < 1 ? 1 - erfSeries(x) : erfcFraction(x));

// The logarithm of the gamma function by Stirling's series beyond 15 (Abramowitz and Stegun 6.1.40), below by recurrence.
F.lgamma = (x) => {
  if (x === 1 || x === 2) return 0; // exactly, for the sign of what follows
  if (x <= 0) return x % 1 === 0 ? Infinity : Math.log(Math.PI / Math.abs(Math.sin(Math.PI * x))) - F.lgamma(1 - x);
  let product = 1;
  for (; x < 15; x++) product *= x;
  const square = 1 / (x * x);
  const series = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square * (1 / 1680 - square / 1188)))) / x;
  return (x - 0.5) * Math.log(x) - x + 0.5 * Math.log(2 * Math.PI) + series - Math.log(product);
};
