// The tangent: how one node moves with another around its number, the others being held.

const TANGENT = { width: 260, height: 150, margin: 26, points: 81 };

// Compute a node from another number of a node below it. What is `fixed`, a set of nodes, keeps its number; the rest follows.
function follow(engine, upper, lower, number, fixed = new Set()) {
  const data = new Map([[lower, number]]);
  for (let node = lower + 1; node <= upper; node++) {
    const { op, operands } = engine.nodes[node];
    if (op === undefined || (fixed.has(node) && node !== upper) || !operands.some((place) => data.has(place)) || !F[op]) continue;
    data.set(node, F[op](...operands.map((place) => (typeof place !== "number" ? readNumber(place[0]) : data.has(place) ? data.get(place) : engine.now.data[place]))));
  }
  return data.has(upper) ? data.get(upper) : undefined;
}

// Draw the curve of a node over one below it, with the tangent at the point; null where there is nothing to draw: a straight
// line, which is its own tangent, only where it was asked for.
function drawTangent(engine, upper, lower, slope, fixed, bentOnly = false) {
  const x = engine.now.data[lower], y = engine.now.data[upper];
  if (![x, y, slope].every(Number.isFinite) || !engine.open[lower]) return null;
  const { width, height, margin, points } = TANGENT;
  const reach = Math.max(1, Math.abs(x)) * 1.2;
  const xs = Array.from({ length: points }, (_, i) => x - reach + (2 * reach * i) / (points - 1));
  const curve = xs.map((at) => [at, follow(engine, upper, lower, at, fixed)]).filter(([, value]) => Number.isFinite(value));
  if (curve.length < 2) return null;
  const bent = curve.some(([at, value]) => Math.abs(value - y - slope * (at - x)) > 1e-9 * (Math.abs(y) + Math.abs(slope) * reach + 1e-300));
  if (bentOnly && !bent) return null;
  const heights = curve.map(([, value]) => value);
  let [low, high] = [Math.min(...heights), Math.max(...heights)];
  const steep = Math.abs(slope) * reach; // the tangent is seen, however flat the curve, and a pole does not flatten it
  low = Math.max(low, y - 3 * Math.max(steep, 1e-12 + Math.abs(y) * 1e-9));
  high = Math.min(high, y + 3 * Math.max(steep, 1e-12 + Math.abs(y) * 1e-9));
  if (!steep) [low, high] = [Math.min(...heights), Math.max(...heights)];
  const room = (high - low || Math.abs(y) || 1) * 0.15;
  [low, high] = [low - room, high + room];
  const across = (at) => margin + ((at - x + reach) / (2 * reach)) * (width - 2 * margin);
  const up = (at) => height - margin - ((at - low) / (high - low)) * (height - 2 * margin);
  const inside = ([, value]) => value >= low && value <= high;
  const path = curve.map((point, i) => (inside(point) ? `${i && inside(curve[i - 1]) ? "L" : "M"}${across(point[0]).toFixed(1)} ${up(point[1]).toFixed(1)}` : "")).join("");
  const far = Math.min(reach, slope ? (high - low) / Math.abs(slope) / 2 : reach) * 0.9;
  const [upperName, lowerName] = [upper, lower].map((node) => engine.nodes[node].name);
  const text = (content, attributes) => draw("text", attributes, content);
  return draw("svg", { class: "tangent", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `${upperName} over ${lowerName}, around ${lowerName} = ${numberText(x, 4)}, with the tangent there` },
    draw("path", { class: "axis", d: `M${margin} ${height - margin}H${width - margin}M${margin} ${margin - 8}V${height - margin}` }),
    draw("path", { class: "curve", d: path }),
    draw("path", { class: "touch", d: `M${across(x - far).toFixed(1)} ${up(y - slope * far).toFixed(1)}L${across(x + far).toFixed(1)} ${up(y + slope * far).toFixed(1)}` }),
    draw("path", { class: "drop", d: `M${across(x)} ${up(y)}V${height - margin}` }),
    draw("circle", { class: "point", cx: across(x), cy: up(y), r: 3.6 }),
    text(upperName, { x: 4, y: 12 }), text(lowerName, { x: width - 4, y: height - 8, "text-anchor": "end" }),
    text(numberText(x, 4), { x: across(x), y: height - 8, "text-anchor": "middle" }));
}

// Move a node by a little, and say how much the output follows: what a slope promises, checked.
function nudge(engine, node, slope) {
  const x = engine.now.data[node], y = engine.now.data[engine.output];
  const size = 10 ** Math.floor(Math.log10(Math.max(Math.abs(x), 1e-2)) - 4);
  if (![x, y, slope].every(Number.isFinite) || !engine.open[node] || node === engine.output) return null;
  const moved = follow(engine, engine.output, node, x + size);
  return Number.isFinite(moved) ? { by: size, follows: moved - y, promised: slope * size } : null;
}
