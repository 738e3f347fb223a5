// Places for cards and boxes, and paths for arrows, where something is folded: to the right, or down.

const MARGIN = 9; // points around the drawing
const AISLE = [28, 150]; // points between layers without texts: the broader they are, the more
const ALONG_TEXT = 13; // points before and behind the texts
const ALONG_BARE = 5; // and of one that is seen only while its arrow is in hand
const BEND = 14; // points into a layer that it crosses, within which an arrow may still bend
const LANES = 7; // points between arrows that arrive at one card

// Where everything lies. items: {thing, last}, by which they are ordered; arrows: {line, from, to, text}, those items and
// the size of the text, or null. A pose has the size, a corner for each thing, and path, head and text of each line.
function arrange(items, arrows, direction) {
  const down = direction === "down";
  const breadth = ({ width, height }) => (down ? width : height);
  const length = ({ width, height }) => (down ? height : width);
  for (const item of items) {
    const { place } = item.thing;
    Object.assign(item, { solid: true, port: 0, seed: item.last, breadth: breadth(place), length: length(place) });
  }
  const ways = arrows.map(({ from, to, text, line }) => ({ from, to, line, text: text && { breadth: breadth(text), length: length(text), port: down ? -breadth(text) / 2 : 0 }, room: text ? 0 : length(line.spot) }));
  const onward = rank(items, ways);
  const layers = layered(items, ways.filter((way) => onward.has(way)));
  spread(layers);
  const every = layers.flat();
  const edge = (item, side) => item.middle + (side * item.breadth) / 2;
  const top = Math.min(...every.map((item) => edge(item, -1))) - MARGIN;
  const wide = Math.max(...every.map((item) => edge(item, 1))) - top + MARGIN;
  const aisle = Math.min(AISLE[1], Math.max(AISLE[0], wide * 0.08));
  let at = MARGIN;
  for (const layer of layers) {
    const most = Math.max(0, ...layer.map((item) => item.length));
    const between = layer.length && layer[0].rank % 2, bare = Math.max(0, ...layer.map(({ room = 0 }) => room && room + 2 * ALONG_BARE));
    const extent = !between ? most : most ? Math.max(aisle / 2, bare, most + 2 * ALONG_TEXT) : Math.max(aisle, bare);
    for (const item of layer) {
      item.free = between && !most; // an arrow may cross the layer anywhere
      item.middle -= top;
      const inset = item.solid ? (extent - item.length) / 2 : 0;
      [item.start, item.end] = [at + inset, at + extent - inset];
    }
    at += extent;
  }
  const size = down ? { width: wide, height: at + MARGIN } : { width: at + MARGIN, height: wide };
  const point = (along, across) => (down ? [across, along] : [along, across]);
  const cards = new Map(items.map((item) => [item.thing, point(item.start, item.middle - item.breadth / 2)]));
  const lanes = share(ways);
  const lines = new Map(ways.map((way) => [way.line, route(way, lanes.get(way), down, point)]));
  return { direction, size, cards, lines };
}

// Let the arrows of a card arrive side by side, in the order in which they come.
function share(ways) {
  const arriving = new Map();
  for (const way of ways) {
    if (!arriving.has(way.to)) arriving.set(way.to, []);
    arriving.get(way.to).push(way);
  }
  const lanes = new Map();
  for (const [to, some] of arriving) {
    const from = (way) => (way.way?.length ? way.way[way.way.length - 1] : way.from).middle;
    some.sort((one, other) => from(one) - from(other));
    const apart = Math.min(LANES, (to.breadth - 16) / some.length);
    some.forEach((way, i) => lanes.set(way, (i - (some.length - 1) / 2) * apart));
  }
  return lanes;
}

// The path of an arrow, its head, and the corner of its text, which it runs through, or stands beside where it leads down.
function route({ line, from, to, way = [], text }, lane, down, point) {
  const points = [[from.end, from.middle]];
  let corner = null;
  for (const place of way) {
    if (place.free) continue;
    const across = place.middle + place.port;
    const bend = place.solid ? 0 : Math.min(BEND, (place.end - place.start) / 3);
    points.push([place.start + bend, across], [place.end - bend, across]);
    if (place.solid) corner = point((place.start + place.end - text.length) / 2, place.middle - place.breadth / 2);
  }
  const [x, y] = [to.start, to.middle + lane];
  points.push([x, y]);
  const bare = corner === null; // its text is seen only while it is the step in hand: in the middle of the last stretch
  if (bare) {
    const [along, across] = [0, 1].map((axis) => (points[points.length - 2][axis] + points[points.length - 1][axis]) / 2);
    const [left, top] = point(along, across);
    corner = [left - line.spot.width / 2, top - line.spot.height / 2];
  }
  const write = (along, across) => point(along, across).map((number) => number.toFixed(1)).join(" ");
  let d = `M${write(...points[0])}`;
  points.slice(1).forEach(([along, across], i) => {
    const [before, beside] = points[i];
    const bend = along < before ? 40 : (along - before) * 0.45;
    d += `C${write(before + bend, beside)} ${write(along - bend, across)} ${write(along, across)}`;
  });
  return [d, `M${write(x, y)}L${write(x - 8, y - 3.2)} ${write(x - 8, y + 3.2)}Z`, ...corner, bare];
}
