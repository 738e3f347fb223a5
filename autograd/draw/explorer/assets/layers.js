// Layers: items in columns along the arrows, few crossings, each close to the middle of its neighbours (Sugiyama, Tagawa
// and Toda 1981). What is said of layers from left to right goes for layers from top to bottom, too.
//
// An item is a card, a box, or the place where an arrow crosses a layer. It has a rank (its layer), a breadth (across the
// arrows), and once placed a middle; arrows meet it at its port, so far from the middle. Cards have even ranks; the texts of arrows stand in the layers between.

const BETWEEN = 14; // points between boxes of a layer
const BESIDE = 3; // and between arrows that cross one
const STRAIGHT = 4; // times that it is worth more that a long arrow is straight than that a card is amid its neighbours
const ROUNDS = 80; // of moving each item amid its neighbours

// How far apart the middles of neighbours in a layer have to be.
function distance(one, other) {
  return (one.breadth + other.breadth) / 2 + (one.solid || other.solid ? BETWEEN : BESIDE);
}

// Give each item its rank: behind all it is computed from. Only an arrow within a cycle may lead back.
function rank(items, arrows) {
  const ring = cycles(items, arrows);
  const onward = arrows.filter(({ from, to }) => ring.get(from) !== ring.get(to) || from.last < to.last);
  const after = new Map(items.map((item) => [item, new Set()])), before = new Map(items.map((item) => [item, new Set()]));
  for (const { from, to } of onward) {
    after.get(from).add(to);
    before.get(to).add(from);
  }
  const order = [], waiting = new Map(items.map((item) => [item, before.get(item).size]));
  const ready = items.filter((item) => !waiting.get(item));
  while (ready.length) {
    const item = ready.pop();
    order.push(item);
    for (const next of after.get(item)) {
      waiting.set(next, waiting.get(next) - 1);
      if (!waiting.get(next)) ready.push(next);
    }
  }
  for (const item of items) item.rank = 0;
  for (const item of order) for (const next of after.get(item)) next.rank = Math.max(next.rank, item.rank + 2);
  for (const item of order.reverse()) { // close to where most of its arrows end
    const next = after.get(item);
    if (next.size && before.get(item).size <= next.size) item.rank = Math.min(...[...next].map((other) => other.rank)) - 2;
  }
  return new Set(onward);
}

// Number the cycles: items that can be reached from each other have one number (Tarjan 1972).
function cycles(items, arrows) {
  const after = new Map(items.map((item) => [item, []]));
  for (const { from, to } of arrows) after.get(from).push(to);
  const seen = new Map(), low = new Map(), held = [], number = new Map();
  const visit = (item) => {
    seen.set(item, seen.size);
    low.set(item, seen.get(item));
    held.push(item);
    for (const next of after.get(item)) {
      if (!seen.has(next)) visit(next);
      if (!number.has(next)) low.set(item, Math.min(low.get(item), low.get(next)));
    }
    if (low.get(item) < seen.get(item)) return;
    for (let other = null; other !== item;) number.set((other = held.pop()), seen.get(item));
  };
  for (const item of items) if (!seen.has(item)) visit(item);
  return number;
}

// Part the items into layers, with a place for each arrow wherever it crosses one: its text has the last.
function layered(items, arrows) {
  const layers = Array.from({ length: Math.max(...items.map((item) => item.rank)) + 1 }, () => []);
  for (const item of items) {
    item.near = [];
    layers[item.rank].push(item);
  }
  for (const arrow of arrows) {
    const { from, to, text } = arrow;
    let last = from;
    arrow.way = [];
    for (let rank = from.rank + 1; rank < to.rank; rank++) {
      const share = (rank - from.rank) / (to.rank - from.rank);
      const own = rank === to.rank - 1 && text;
      const place = { passing: true, solid: Boolean(own), breadth: own ? text.breadth : 4, length: own ? text.length : 0, port: own ? text.port : 0, near: [last], rank, room: rank === to.rank - 1 ? arrow.room : 0, seed: from.seed + share * (to.seed - from.seed) };
      layers[rank].push(place);
      arrow.way.push(place);
      last.near.push(place);
      last = place;
    }
    last.near.push(to);
    to.near.push(last);
  }
  for (const layer of layers) layer.sort((a, b) => a.seed - b.seed);
  return layers;
}

// Move each item as close to the middle of its neighbours as the order within the layer allows.
function spread(layers) {
  for (const layer of layers) {
    let y = 0;
    layer.forEach((item, i) => {
      if (i) y += distance(layer[i - 1], item);
      item.middle = y;
    });
    for (const item of layer) item.middle -= y / 2;
  }
  for (let round = 0; round < ROUNDS; round++) {
    for (const layer of round % 2 ? [...layers].reverse() : layers) {
      settle(layer, layer.map((item) => {
        let sum = 0, weight = 0;
        for (const other of item.near) {
          const worth = item.passing && other.passing ? STRAIGHT : 1;
          sum += worth * (other.middle + other.port);
          weight += worth;
        }
        return weight ? sum / weight - item.port : item.middle;
      }));
    }
  }
}

// Least squares with distances to keep: pool neighbours that would overlap (Ayer et al. 1955).
function settle(layer, wanted) {
  const offsets = [];
  let offset = 0;
  layer.forEach((item, i) => {
    if (i) offset += distance(layer[i - 1], item);
    offsets.push(offset);
  });
  const pools = [];
  layer.forEach((_, i) => {
    const worth = layer[i].passing ? STRAIGHT : 1;
    let pool = { sum: worth * (wanted[i] - offsets[i]), weight: worth, size: 1 };
    while (pools.length && pools[pools.length - 1].sum / pools[pools.length - 1].weight > pool.sum / pool.weight) {
      const last = pools.pop();
      pool = { sum: pool.sum + last.sum, weight: pool.weight + last.weight, size: pool.size + last.size };
    }
    pools.push(pool);
  });
  let at = 0;
  for (const { sum, weight, size } of pools) for (let i = 0; i < size; i++, at++) layer[at].middle = sum / weight + offsets[at];
}
