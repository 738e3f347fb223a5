// The whole drawing in a corner of the stage while only a part of it is seen: press or drag there to see another part.

const MAP = { width: 150, height: 100, least: 24 }; // pixels: at the most, and at the least where the drawing is very long
const LEAST_STAGE = 600; // pixels of a stage that is wide enough for one
const MAP_RIM = 10; // pixels between it and the edges of the stage

class Minimap {
  constructor(svg, camera) {
    Object.assign(this, { svg, camera, picture: camera.picture, wanted: true });
    this.cards = draw("path", { class: "cards" });
    this.frame = draw("rect", { class: "frame" });
    svg.append(this.cards, this.frame);
    const go = (event) => svg.hasPointerCapture(event.pointerId) && this.go(event);
    svg.addEventListener("pointerdown", (event) => {
      event.stopPropagation(); // the drawing below is not dragged
      svg.setPointerCapture(event.pointerId);
      go(event);
    });
    svg.addEventListener("pointermove", go);
    svg.addEventListener("click", (event) => event.stopPropagation());
    camera.applied = () => this.follow();
  }

  toggle() {
    this.wanted = !this.wanted;
    this.follow();
  }

  // Put the frame around what is seen now; be away where that is everything, and where it would cover what a step shows.
  follow() {
    const { camera, picture, svg } = this, { width, height } = camera.view;
    const partial = camera.scale > 1.001 * camera.all;
    const useful = this.wanted && partial && width >= LEAST_STAGE;
    if (useful && this.pose !== picture.pose) this.sketch();
    const corner = useful && this.corner(width, height);
    svg.style.display = corner ? "block" : "none";
    if (!corner) return;
    Object.assign(svg.style, { left: `${corner[0]}px`, top: `${corner[1]}px` });
    const seen = { x: -camera.x / camera.scale, y: -camera.y / camera.scale, width: width / camera.scale, height: height / camera.scale };
    const left = Math.max(0, seen.x), top = Math.max(0, seen.y);
    const right = Math.min(picture.size.width, seen.x + seen.width), bottom = Math.min(picture.size.height, seen.y + seen.height);
    for (const [name, number] of Object.entries({ x: left, y: top, width: right - left, height: bottom - top })) {
      this.frame.setAttribute(name, number.toFixed(1));
    }
  }

  // Draw every card as a rectangle, all of them as one shape.
  sketch() {
    const { picture } = this, { width, height } = picture.size;
    this.pose = picture.pose;
    const share = Math.min(MAP.width / width, MAP.height / height);
    this.size = [width, height].map((length) => Math.max(MAP.least, length * share));
    this.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    ["width", "height"].forEach((name, k) => this.svg.setAttribute(name, this.size[k].toFixed(1)));
    const cards = [...picture.nodes.map((i) => picture.cards[i]), ...picture.fold.boxes.values()];
    this.cards.setAttribute("d", cards.map(({ place: { x, y, width, height } }) => `M${x} ${y}h${width}v${height}h${-width}z`).join(""));
  }

  // A corner in which nothing lies that the step wants to be seen, if there is one.
  corner(width, height) {
    const { camera, size: [across, down] } = this, { x, y, scale, kept } = camera;
    const corners = [[1, 1], [0, 1], [1, 0], [0, 0]].map(([right, bottom]) => [
      right ? width - across - MAP_RIM : MAP_RIM, bottom ? height - down - MAP_RIM : MAP_RIM,
    ]);
    const covers = ([left, top]) => (kept || []).some((place) => {
      const [from, above] = [x + place.x * scale, y + place.y * scale];
      return from < left + across && from + place.width * scale > left && above < top + down && above + place.height * scale > top;
    });
    return corners.find((corner) => !covers(corner));
  }

  // See what lies under the pointer in the middle.
  go(event) {
    const { camera, picture } = this, { width, height } = camera.view, box = this.svg.getBoundingClientRect();
    camera.stop();
    camera.x = width / 2 - ((event.clientX - box.left) / box.width) * picture.size.width * camera.scale;
    camera.y = height / 2 - ((event.clientY - box.top) / box.height) * picture.size.height * camera.scale;
    camera.apply();
  }
}
