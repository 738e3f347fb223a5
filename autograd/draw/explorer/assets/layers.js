// Layers: items in columns along the arrows, few crossings, each close to the middle of its neighbours (Sugiyama, Tagawa
// and Toda 1981).

const BETWEEN = 22; // points between boxes of a layer
const BESIDE = 3; // and between arrows that cross one

// How far apart the middles of neighbours in a layer have to be.
function distance(one, other) {
  return (one.height + other.height) / 2 + (one.thing || other.thing ? BETWEEN : BESIDE);
}

// How many of the ordered numbers are at most x.
function upTo(ordered, x) {
  let [low, high] = [0, ordered.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ordered[middle] <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

// Part the items into layers, with an empty place wherever an arrow crosses one.
function layered(items) {
  const layers = Array.from({ length: Math.max(...items.map((item) => item.rank)) + 1 }, () => []);
  for (const item of items) {
    item.height = item.thing.place.height;
    item.near = [];
    layers[item.rank].push(item);
  }
  for (const item of items) {
    item.ways = new Map();
    for (const next of item.after) {
      let last = item;
      const way = [];
      for (let rank = item.rank + 1; rank < next.rank; rank++) {
        const share = (rank - item.rank) / (next.rank - item.rank);
        const gap = { height: 6, near: [], seed: item.seed + share * (next.seed - item.seed), rank };
        layers[rank].push(gap);
        way.push(gap);
        last.near.push(gap);
        gap.near.push(last);
        last = gap;
      }
      last.near.push(next);
      next.near.push(last);
      item.ways.set(next, way);
    }
  }
  for (const layer of layers) layer.sort((a, b) => a.seed - b.seed);
  return layers;
}

// Count how often arrows between neighbouring layers cross.
function crossings(layers) {
  let count = 0;
  const place = new Map(layers.flatMap((layer) => layer.map((item, i) => [item, i])));
  for (const layer of layers) {
    const ends = []; // the lower ends of the arrows so far, in order
    for (const item of layer) {
      const to = item.near.filter((other) => other.rank > item.rank).map((other) => place.get(other));
      for (const end of to) count += ends.length - upTo(ends, end);
      for (const end of to) ends.splice(upTo(ends, end), 0, end);
    }
  }
  return count;
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
  for (let round = 0; round < 24; round++) {
    for (const layer of round % 2 ? [...layers].reverse() : layers) {
      const wanted = layer.map((item) => (
        item.near.length ? item.near.reduce((sum, other) => sum + other.middle, 0) / item.near.length : item.middle));
      settle(layer, wanted);
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
    let pool = { sum: wanted[i] - offsets[i], size: 1 };
    while (pools.length && pools[pools.length - 1].sum / pools[pools.length - 1].size > pool.sum / pool.size) {
      const last = pools.pop();
      pool = { sum: pool.sum + last.sum, size: pool.size + last.size };
    }
    pools.push(pool);
  });
  let at = 0;
  for (const { sum, size } of pools) for (let i = 0; i < size; i++, at++) layer[at].middle = sum / size + offsets[at];
}
