// Cards and arrows as elements: read from the drawing that Python wrote, or made when they are first seen.

const SVG = "http://www.w3.org/2000/svg";
const CARD = 54; // points that a card is high
const CORNERS = { leaf: 16, frozen: 16, parameter: 3 };

function draw(tag, attributes, ...children) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, content] of Object.entries(attributes)) element.setAttribute(name, content);
  element.append(...children);
  return element;
}

function write(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

// Write a number where a shorter one may have stood: what is too wide for its place is squeezed into it.
function writeFitting(element, text, room) {
  if (element.textContent === text) return;
  element.textContent = text;
  element.removeAttribute("textLength");
  if (text.length > 7 && element.getComputedTextLength() > room) {
    element.setAttribute("textLength", room);
    element.setAttribute("lengthAdjust", "spacingAndGlyphs");
  }
}

const ruler = document.createElement("canvas").getContext("2d");

// How wide a text is, in points.
function measure(text, size, bold = false) {
  ruler.font = `${bold ? 700 : 400} ${size}px Helvetica, Arial, "Liberation Sans", "DejaVu Sans", sans-serif`;
  return ruler.measureText(text).width;
}

function numbersOf(group, ...names) {
  return names.map((name) => Number(group.getAttribute(name)));
}

function cornerOf(group) {
  return group.getAttribute("transform").match(/-?[\d.]+/g).map(Number);
}

function readCard(group) {
  const [x, y] = cornerOf(group);
  const [width, height] = numbersOf(group.querySelector(".card"), "width", "height");
  return {
    group, place: { x, y, width, height }, away: false, looks: group.getAttribute("class"),
    data: group.querySelector(".data"), grad: group.querySelector(".grad"),
  };
}

function readLine(group) {
  const label = group.querySelector(".label"), [x, y] = cornerOf(label);
  const [line, tip] = [group.querySelector(".line"), group.querySelector(".tip")];
  const [width, height] = numbersOf(label.querySelector("rect"), "width", "height");
  return {
    group, line, tip, label, d: line.getAttribute("d"), away: false, spot: { x, y, width, height },
    looks: group.getAttribute("class"), ghost: group.dataset.ghost, number: group.querySelector(".number"), flow: group.querySelector(".flow"),
  };
}

function makeCard(engine, i) {
  const { name, role, op, unnamed } = engine.nodes[i];
  const look = i === engine.output && op !== undefined ? "output" : role;
  const title = shorten(name, NAME);
  const sign = op === undefined ? "" : engine.record.operations[op].sign;
  const head = measure(title, 14, true) + (sign ? 12 + measure(sign, 12.5) : 0);
  const width = Math.ceil(20 + Math.max(head, 33 + measure("−0.12345", 12.5)));
  const group = draw("g", { id: `n${i}`, class: `node ${look}${unnamed ? " unnamed" : ""}`, tabindex: 0, role: "button", transform: "translate(0 0)" },
    draw("rect", { class: "card", width, height: CARD, rx: CORNERS[look] ?? 6 }));
  if (look === "output") group.append(draw("rect", { class: "inner", x: 3, y: 3, width: width - 6, height: CARD - 6, rx: 4 }));
  if (look === "parameter") group.append(draw("rect", { class: "bar", width: 5, height: CARD, rx: 2 }));
  group.append(draw("text", { class: "name", x: 10, y: 17 }, title), draw("text", { class: "sign", x: width - 10, y: 17 }, sign));
  for (const [word, y] of [["data", 33], ["grad", 47]]) {
    group.append(draw("text", { class: "word", x: 10, y }, word), draw("text", { class: word, x: 43, y }));
  }
  document.getElementById("cards").append(group);
  return readCard(group);
}

function makeLine(engine, { id, source }) {
  const texts = [draw("text", { class: "slope", x: 6, y: 12 }, draw("tspan", { class: "number" })), draw("text", { class: "flow", x: 6, y: 30 })];
  const group = draw("g", { id, class: `edge${engine.isFrozen(source) ? " still" : ""}`, "data-source": source },
    draw("path", { class: "line", d: "" }), draw("path", { class: "tip", d: "" }),
    draw("g", { class: "label", transform: "translate(0 0)" }, draw("rect", { width: 66, height: 34 }), ...texts));
  document.getElementById("edges").append(group);
  return readLine(group);
}
