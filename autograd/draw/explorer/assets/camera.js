// The camera: which part of the drawing is seen, and how large. Drag or scroll to move, pinch or Ctrl and scroll to zoom.

const LARGEST_SCALE = 3;
const READABLE = { wide: 0.6, narrow: 0.85 }; // the scale from which texts can be read, on a desk and on a phone
const FAR = 0.46; // below this scale the texts of arrows are left out
const PATIENCE = 300; // milliseconds of a gesture until the drawing is drawn sharp again
const TINY = 0.2; // and below this one all texts

class Camera {
  constructor(picture, stage) {
    this.picture = picture;
    this.stage = stage;
    this.sheet = document.getElementById("sheet");
    this.scale = 1;
    this.x = this.y = 0;
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

  get smallest() {
    const { width, height } = this.view, { size } = this.picture;
    return Math.min(1, (width / size.width) * 0.9, (height / size.height) * 0.9);
  }

  get readable() {
    return this.view.width > 600 ? READABLE.wide : READABLE.narrow;
  }

  resized() {
    const { width, height } = this.view;
    this.picture.svg.setAttribute("width", width);
    this.picture.svg.setAttribute("height", height);
    this.picture.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    if (!this.seen && width) {
      this.seen = true;
      this.fit();
    } else this.apply();
  }

  // Move the drawing to where the camera is. In the midst of a gesture only its picture is stretched, which is quick;
  // it is drawn sharp a moment later.
  apply(midst = false) {
    const { width, height } = this.view, { size } = this.picture;
    const within = (at, whole, view) => {
      const room = view - whole * this.scale;
      return room > -1 ? room / 2 : Math.min(60, Math.max(room - 60, at));
    };
    this.x = within(this.x, size.width, width);
    this.y = within(this.y, size.height, height);
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
  }

  // Show everything; where it would be too small to read, its end.
  fit(whole = false) {
    const { width, height } = this.view, { size } = this.picture;
    const all = Math.min(1.25, width / size.width, height / size.height);
    this.stop();
    this.scale = whole ? all : Math.max(all, this.readable);
    this.x = (width - size.width * this.scale) / (whole || all >= this.readable ? 2 : 1);
    this.y = (height - size.height * this.scale) / 2;
    if (!whole && all < this.readable) this.reveal(this.picture.boxOf(this.picture.engine.output), false);
    this.apply();
  }

  zoom(factor, at, midst = false) {
    const { width, height } = this.view;
    const [x, y] = at || [width / 2, height / 2];
    const scale = Math.min(LARGEST_SCALE, Math.max(this.smallest, this.scale * factor));
    this.x = x - ((x - this.x) * scale) / this.scale;
    this.y = y - ((y - this.y) * scale) / this.scale;
    this.scale = scale;
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

  // Move so that a place is seen, with some room around it; not at all where it is seen already.
  reveal(place, smooth = true) {
    const { width, height } = this.view;
    const reach = Math.min(110, width / 5), margin = Math.min(40, height / 8);
    const shift = (from, length, view, edge) => {
      if (length + 2 * edge > view) return (view - length) / 2 - from;
      return from < edge ? edge - from : from + length > view - edge ? view - edge - from - length : 0;
    };
    const dx = shift(this.x + place.x * this.scale, place.width * this.scale, width, reach);
    const dy = shift(this.y + place.y * this.scale, place.height * this.scale, height, margin);
    if (!dx && !dy) return;
    this.stop();
    const [x, y] = [this.x, this.y];
    if (!smooth || matchMedia("(prefers-reduced-motion: reduce)").matches) {
      this.x = x + dx;
      this.y = y + dy;
      this.apply();
      return;
    }
    const start = performance.now();
    const move = (time) => {
      const done = Math.min(1, Math.max(0, (time - start) / 350));
      const eased = 1 - (1 - done) ** 3;
      this.x = x + dx * eased;
      this.y = y + dy * eased;
      this.apply();
      if (done < 1) this.running = requestAnimationFrame(move);
    };
    this.running = requestAnimationFrame(move);
  }
}
