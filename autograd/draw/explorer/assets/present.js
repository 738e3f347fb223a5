// For a hall, and for paper: larger texts, the drawing with the step alone, the whole screen; and the whole drawing in print.

const TEXTS = [0.85, 1, 1.2, 1.45, 1.75, 2.1]; // sizes of the texts

function resize(by) {
  const at = Math.max(0, Math.min(TEXTS.length - 1, TEXTS.indexOf(camera.text) + by));
  camera.text = TEXTS[at];
  document.documentElement.style.setProperty("--text", camera.text);
  find("smaller").disabled = at === 0;
  find("larger").disabled = at === TEXTS.length - 1;
  camera.settle();
}

function present(on = !document.documentElement.classList.contains("presenting")) {
  document.documentElement.classList.toggle("presenting", on);
}

function fillScreen() {
  const asked = document.fullscreenElement ? document.exitFullscreen?.() : document.documentElement.requestFullscreen?.();
  asked?.catch(() => {}); // a frame that may not
}

for (const [id, press] of [["smaller", () => resize(-1)], ["larger", () => resize(1)], ["present", () => present()], ["leave", () => present(false)], ["full", fillScreen]]) {
  find(id).addEventListener("click", press);
}
Object.assign(KEYS, {
  a: () => resize(-1), A: () => resize(1), p: () => present(), f: fillScreen,
  Escape: () => (chosen === null ? present(false) : choose(null)),
});

window.addEventListener("beforeprint", () => {
  const { width, height } = picture.size;
  camera.printing = true;
  picture.svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  for (const name of ["width", "height"]) picture.svg.removeAttribute(name);
  picture.world.removeAttribute("transform");
  document.getElementById("sheet").style.transform = "";
  picture.cull(0, 0, width, height);
});
window.addEventListener("afterprint", () => {
  camera.printing = false;
  camera.resized();
});
