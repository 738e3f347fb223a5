// The camera: which part of the drawing is seen, and how large. Drag or scroll to move, pinch or Ctrl and scroll to zoom.

const LARGEST_SCALE = 4;
const SMALLEST_TEXT = { few: 11, many: 8 }; // pixels of the smallest text at rest, of a small drawing and of a large one
const SMALL = 25; // boxes of a small drawing
const TEXT_POINTS = 11.5; // the smallest text of the drawing
const FAR = 0.46; // below this scale the texts of arrows are left out
const TINY = 0.2; // and below this one all texts, but for those of the step in hand
const PATIENCE = 300; // milliseconds of a gesture until the drawing is drawn sharp again
const FLIGHT = 350; // milliseconds of a movement
const RIM = 12; // pixels that stay free around what has to be seen

function around(places) {
  const left = Math.min(...places.map(({ x }) => x)), top = Math.min(...places.map(({ y }) => y));
  const right = Math.max(...places.map(({ x, width }) => x + width)), bottom = Math.max(...places.map(({ y, height }) => y + height));
  return { x: left, y: top, width: right - left, height: bottom - top };
}

class Camera {
  constructor(picture, stage) {
    this.picture = picture;
    this.stage = stage;
    this.sheet = document.getElementById("sheet");
    this.scale = this.wanted = this.text = 1;
    this.x = this.y = 0;
    this.kept = null; // what the last step wants to be seen
    this.applied = () => {}; // what wants to know where the camera is, and what is kept in view
    this.pointers = new Map();
    this.moved = 0;
    this.inFrame = window.parent !== window; // a notebook scrolls past unless Ctrl is held
    stage.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
    stage.addEventListener("pointerdown", (event) => this.down(event));
    stage.addEventListener("pointermove", (event) => this.drag(event));
    for (const name of ["pointerup", "pointercancel", "pointerleave"]) {
      stage.addEventListener(name, (event) => this.pointers.delete(event.pointerId));
    }
    new ResizeObserver(() => this.resized()).observe(stage);
  }

  get view() {
    return { width: this.stage.clientWidth, height: this.stage.clientHeight };
  }

  // The scale at which everything is seen.
  get all() {
    const { width, height } = this.view, { size } = this.picture;
    return Math.min(width / size.width, height / size.height);
  }

  // The least scale at which texts can be read.
  get readable() {
    return (SMALLEST_TEXT[this.picture.boxes > SMALL ? "many" : "few"] * this.text) / TEXT_POINTS;
  }

  resized() {
    const { width, height } = this.view;
    if (!width || this.printing) return;
    this.picture.svg.setAttribute("width", width);
    this.picture.svg.setAttribute("height", height);
    this.picture.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    const before = this.seen;
    if (before && before.width === width && before.height === height) {
      this.apply();
      return;
    }
    this.seen = { width, height };
    this.settle();
  }

  // Show as much as fits, and of the rest what the last step wants to be seen.
  settle() {
    this.fit();
    if (this.kept) this.look(this.kept, { time: 0 });
  }

  // Where the drawing may be at a scale: in the middle where it fits, else not much beyond its edges.
  bounded(x, y, scale) {
    const { width, height } = this.view, { size } = this.picture;
    const within = (at, whole, view) => {
      const room = view - whole * scale;
      return room > -1 ? room / 2 : Math.min(60, Math.max(room - 60, at));
    };
    return [within(x, size.width, width), within(y, size.height, height)];
  }

  // Move the drawing to where the camera is. In the midst of a gesture only its picture is stretched, which is quick;
  // it is drawn sharp a moment later.
  apply(midst = false) {
    const { width, height } = this.view;
    [this.x, this.y] = this.bounded(this.x, this.y, this.scale);
    const { style } = this.sheet, { drawn } = this;
    clearTimeout(this.sharpen);
    if (midst && drawn && performance.now() - drawn.time < PATIENCE) {
      const by = this.scale / drawn.scale;
      style.transform = `translate(${this.x - drawn.x * by}px, ${this.y - drawn.y * by}px) scale(${by})`;
      this.sharpen = setTimeout(() => this.apply(), 90);
      return;
    }
    style.transform = "";
    this.drawn = { x: this.x, y: this.y, scale: this.scale, time: performance.now() };
    this.picture.world.setAttribute("transform", `translate(${this.x.toFixed(2)} ${this.y.toFixed(2)}) scale(${this.scale.toFixed(4)})`);
    this.stage.classList.toggle("far", this.scale < FAR);
    this.stage.classList.toggle("tiny", this.scale < TINY);
    this.picture.cull(-this.x / this.scale, -this.y / this.scale, (width - this.x) / this.scale, (height - this.y) / this.scale);
    this.applied();
  }

  // Show everything, as large as can be; where it would be too small to read, what is around the output.
  fit(whole = false) {
    this.stop();
    this.picture.turn(this.view);
    const { width, height } = this.view, { all } = this;
    this.scale = this.wanted = whole ? all : Math.max(all, this.readable);
    const output = this.picture.boxOf(this.picture.engine.output);
    this.x = width / 2 - (output.x + output.width / 2) * this.scale;
    this.y = height / 2 - (output.y + output.height / 2) * this.scale;
    this.apply();
  }

  zoom(factor, at, midst = false) {
    const { width, height } = this.view, { all } = this;
    const [x, y] = at || [width / 2, height / 2];
    const scale = Math.min(Math.max(LARGEST_SCALE, 2 * all), Math.max(Math.min(1, 0.9 * all), this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = this.wanted = scale;
    this.stop();
    this.apply(midst);
  }

  place(event) {
    const box = this.stage.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  }

  wheel(event) {
    const zooms = event.ctrlKey || event.metaKey;
    if (!zooms && this.inFrame) return;
    event.preventDefault();
    const unit = event.deltaMode ? 30 : 1;
    if (zooms) this.zoom(Math.exp(-event.deltaY * unit * 0.006), this.place(event), true);
    else {
      this.stop();
      this.x -= (event.shiftKey && !event.deltaX ? event.deltaY : event.deltaX) * unit;
      this.y -= (event.shiftKey && !event.deltaX ? 0 : event.deltaY) * unit;
      this.apply();
    }
  }

  down(event) {
    if (event.button) return;
    this.pointers.set(event.pointerId, this.place(event));
    if (this.pointers.size === 1) this.moved = 0;
    this.stop();
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const now = this.place(event);
    const others = [...this.pointers].filter(([id]) => id !== event.pointerId).map(([, point]) => point);
    this.moved += Math.hypot(now[0] - before[0], now[1] - before[1]);
    this.pointers.set(event.pointerId, now);
    if (this.moved > 4 && !this.stage.hasPointerCapture(event.pointerId)) this.stage.setPointerCapture(event.pointerId);
    if (others.length) {
      const [other] = others;
      const far = (point) => Math.max(1, Math.hypot(point[0] - other[0], point[1] - other[1]));
      this.zoom(far(now) / far(before), [(now[0] + other[0]) / 2, (now[1] + other[1]) / 2], true);
    } else {
      this.x += now[0] - before[0];
      this.y += now[1] - before[1];
      this.apply();
    }
  }

  stop() {
    cancelAnimationFrame(this.running);
  }

  // Move so that places are seen: as little as can be, at the wanted scale unless only a smaller one holds them all.
  // `besides` holds what should be seen too if that needs no other scale.
  look(places, { besides = [], time = FLIGHT, keep = true } = {}) {
    this.stop(); // first: a flight under way would go on to where the last step was
    if (keep) this.kept = places;
    if (!this.seen) return;
    const { width, height } = this.view;
    const holds = (box, scale) => box.width * scale <= width - 2 * RIM && box.height * scale <= height - 2 * RIM;
    const whole = around([...places, ...besides]);
    const box = holds(whole, this.wanted) ? whole : around(places);
    const scale = Math.min(this.wanted, (width - 2 * RIM) / box.width, (height - 2 * RIM) / box.height);
    // At another scale the middle of the view stays where it is.
    const [x, y] = [this.x, this.y].map((at, axis) => {
      const middle = (axis ? height : width) / 2;
      return middle - ((middle - at) * scale) / this.scale;
    });
    const shift = (from, length, view, edge) => {
      const rim = Math.max(0, Math.min(edge, (view - length) / 2));
      return from < rim ? rim - from : Math.min(0, view - rim - from - length);
    };
    const [dx, dy] = [
      shift(x + box.x * scale, box.width * scale, width, Math.min(110, width / 5)),
      shift(y + box.y * scale, box.height * scale, height, Math.min(40, height / 8)),
    ];
    if (!dx && !dy && scale === this.scale) this.applied();
    else this.fly(...this.bounded(x + dx, y + dy, scale), scale, matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : time);
  }

  fly(x, y, scale, time) {
    const { width, height } = this.view;
    const centre = (at, size, by) => (size / 2 - at) / by;
    const from = { x: centre(this.x, width, this.scale), y: centre(this.y, height, this.scale), scale: this.scale };
    const to = { x: centre(x, width, scale), y: centre(y, height, scale) };
    const start = performance.now();
    const move = (now) => {
      const done = time ? Math.min(1, Math.max(0, (now - start) / time)) : 1;
      const eased = 1 - (1 - done) ** 3;
      this.scale = from.scale * (scale / from.scale) ** eased;
      this.x = width / 2 - (from.x + (to.x - from.x) * eased) * this.scale;
      this.y = height / 2 - (from.y + (to.y - from.y) * eased) * this.scale;
      this.apply();
      if (done < 1) this.running = requestAnimationFrame(move);
    };
    if (time) this.running = requestAnimationFrame(move);
    else move(start);
  }
}
